package install

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// labelPrefix begins the line of a cleanup file that is about an SELinux rule
// and not about a file.
const labelPrefix = "semanage\x00"

// labelled reports whether the kernel enforces SELinux labels, or would: its
// file system is mounted where all distributions have it.
func labelled() bool {
	_, err := os.Stat("/sys/fs/selinux/enforce")
	return err == nil
}

// label adds the SELinux rules of the plan and applies them. It returns the
// objects of the rules that it added, also when it fails.
func label(ctx context.Context, list []Instruction, known []string) (added []string, err error) {
	for _, i := range list {
		if i.Kind != SetContext {
			continue
		}
		object, err := filepath.EvalSymlinks(i.Path)
		if err != nil {
			return added, wrap(i, err)
		}
		// A rule of the previous revision is changed: adding it again fails.
		verb := "-a"
		if slices.Contains(known, object) {
			verb = "-m"
		}
		if err := command(ctx, "semanage", fcontext(verb, i, object)...); err != nil {
			return added, wrap(i, err)
		}
		if verb == "-a" {
			added = append(added, object)
		}
		if err := command(ctx, "restorecon", "-v", object); err != nil {
			return added, wrap(i, err)
		}
	}
	return added, nil
}

func fcontext(verb string, i Instruction, object string) []string {
	c := i.set.context
	arguments := []string{"fcontext", verb, "-t", c.Type}
	if c.User != "" {
		arguments = append(arguments, "-s", c.User)
	}
	if c.Range != "" {
		arguments = append(arguments, "-r", c.Range)
	}
	return append(arguments, ruleFor(object))
}

// unlabel removes rules and returns those that it could not remove.
func unlabel(ctx context.Context, objects []string) (kept []string, err error) {
	for _, object := range objects {
		removeErr := errors.New("SELinux is not enabled")
		if labelled() {
			removeErr = command(ctx, "semanage", "fcontext", "-d", ruleFor(object))
		}
		if removeErr != nil {
			kept = append(kept, object)
			err = errors.Join(err, removeErr)
		}
	}
	return kept, err
}

// ruleFor returns the pattern of a rule, which is a regular expression, for a
// path. A dot stays: it also matches itself, and the official agent's rules
// have it so.
func ruleFor(object string) string {
	var b strings.Builder
	for _, c := range object {
		if strings.ContainsRune(`\+*?()[]{}^$|`, c) {
			b.WriteByte('\\')
		}
		b.WriteRune(c)
	}
	return b.String()
}

// command runs a program of the system, without a shell.
func command(ctx context.Context, name string, arguments ...string) error {
	out, err := exec.CommandContext(ctx, name, arguments...).CombinedOutput() //nolint:gosec // the programs are constants
	if err != nil {
		return fmt.Errorf("an error in the settings for the context parameter: %s %s: %w: %s",
			name, strings.Join(arguments, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}
