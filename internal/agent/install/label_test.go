package install

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipwayhq/slipway/internal/appspec"
)

// programs puts stand-ins for semanage and restorecon into the path: SELinux
// itself is rarely at hand. They note how they are called; semanage fails when
// its last argument holds "refused".
func programs(t *testing.T) (calls func() []string) {
	t.Helper()
	dir := t.TempDir()
	log := filepath.Join(dir, "calls")
	for _, name := range []string{"semanage", "restorecon"} {
		script := "#!/bin/sh\necho " + name + ` "$@" >>` + log + "\ncase \"$*\" in *refused*) echo no >&2; exit 1; esac\n"
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	return func() []string {
		text, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Split(strings.TrimSpace(string(text)), "\n")
	}
}

func labelling(paths ...string) []Instruction {
	set := &setting{context: &appspec.Context{User: "system_u", Type: "httpd_sys_content_t", Range: "s0:c1"}}
	list := []Instruction{{Kind: Mkdir, Path: "/ignored"}}
	for _, path := range paths {
		list = append(list, Instruction{Kind: SetContext, Path: path, set: set})
	}
	return list
}

func TestLabels(t *testing.T) {
	calls := programs(t)
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a (1).txt"), filepath.Join(dir, "b")
	for _, path := range []string{a, b} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	added, err := label(t.Context(), labelling(a, b), []string{b})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`semanage fcontext -a -t httpd_sys_content_t -s system_u -r s0:c1 ` + dir + `/a \(1\).txt`,
		"restorecon -v " + a,
		"semanage fcontext -m -t httpd_sys_content_t -s system_u -r s0:c1 " + b,
		"restorecon -v " + b,
	}
	if diff := cmp.Diff(want, calls()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{a}, added); diff != "" {
		t.Errorf("added rules (-want +got):\n%s", diff)
	}
}

func TestLabelThatFailsSaysWhichWereAdded(t *testing.T) {
	programs(t)
	dir := t.TempDir()
	good, bad := filepath.Join(dir, "good"), filepath.Join(dir, "refused")
	for _, path := range []string{good, bad} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	added, err := label(t.Context(), labelling(good, bad), nil)
	if err == nil || !strings.Contains(err.Error(), "settings for the context parameter") {
		t.Errorf("error is %v", err)
	}
	if diff := cmp.Diff([]string{good}, added); diff != "" {
		t.Errorf("added rules (-want +got):\n%s", diff)
	}
}

func TestLabelsNeedSELinux(t *testing.T) {
	t.Parallel()
	if labelled() {
		t.Skip("SELinux is enabled on this host")
	}
	_, err := newSetting(appspec.Permission{Object: "/x", Line: 7, Context: &appspec.Context{Type: "t"}})
	if err == nil || !strings.Contains(err.Error(), "line 7, object /x: context needs SELinux") {
		t.Errorf("error is %v", err)
	}
}

func TestInstructionOfALabel(t *testing.T) {
	t.Parallel()
	l := labelling("/x")[1].line("/archive")
	if l.Type != "semanage" || l.File != "/x" || l.Context.Role != nil || *l.Context.Range != "s0:c1" {
		t.Errorf("line is %+v", l)
	}
}
