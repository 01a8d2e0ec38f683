package install

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/slipwayhq/slipway/internal/appspec"
)

// Installation says what to install, and where its books are kept.
type Installation struct {
	Archive string // the unpacked revision
	Spec    *appspec.Spec
	// FileExistsBehavior applies where the AppSpec does not say.
	FileExistsBehavior string
	// IdenticalConflict makes a conflict of a file that is there already with
	// exactly the content that is installed, as the official agent does.
	IdenticalConflict bool
	Instructions      string // the file that the plan is written to
	Cleanup           string // the file that lists what the group installed
	// Title says whose the files are, for the conflicts of other groups.
	Title string
	// Dir is what relative destinations start from.
	Dir string
	Log *slog.Logger
}

// Run installs a revision in place of the group's previous one: all of it, or
// nothing. What can fail slowly, copying and permissions, comes before the
// first change of what is installed.
func Run(ctx context.Context, in Installation) error {
	unlock, err := lock(in.Cleanup)
	if err != nil {
		return err
	}
	defer unlock()
	if err := resumeAll(in.Cleanup, in.Log); err != nil {
		return err
	}
	archive, err := os.OpenRoot(in.Archive)
	if err != nil {
		return fmt.Errorf("cannot open the unpacked revision: %w", err)
	}
	defer archive.Close()
	previous, err := readCleanup(in.Cleanup)
	if err != nil {
		return err
	}
	p, err := makePlan(archive, in, previous)
	if err != nil {
		return untouched(err)
	}
	if err := writeInstructions(in.Instructions, filepath.Clean(in.Archive), p.list); err != nil {
		return untouched(fmt.Errorf("cannot write the instructions: %w", err))
	}
	moves, err := p.moves()
	if err != nil {
		return untouched(err)
	}
	x := &exchange{books: in.Cleanup, moves: moves}
	if err := x.begin(); err != nil {
		return untouched(fmt.Errorf("cannot note what is to be changed: %w", err))
	}
	if err := errors.Join(prepare(ctx, archive, p.list), ctx.Err()); err != nil {
		return errors.Join(untouched(err), x.abandon())
	}
	return in.replace(ctx, x, p.list, previous)
}

func untouched(err error) error {
	return fmt.Errorf("%w\nNothing was changed: what was installed before is still installed.", advised(err)) //nolint:staticcheck // whole sentences, for people
}

// replace changes what is installed.
func (in Installation) replace(ctx context.Context, x *exchange, list []Instruction, previous *cleanupList) error {
	err := x.run()
	var labels, added []string
	if err == nil {
		labels = previous.labels()
		added, err = label(ctx, list, labels)
	}
	if err == nil {
		err = in.account(ctx, x, list, previous)
	}
	if err != nil {
		_, _ = unlabel(ctx, added)
		if restoreErr := x.takeBack(); restoreErr != nil {
			return fmt.Errorf("%w\nThe previous revision could not be restored: %w", err, restoreErr)
		}
		return fmt.Errorf("%w\nThe previous revision was restored.", err) //nolint:staticcheck // as above
	}
	left, err := x.finish()
	if err != nil {
		return fmt.Errorf("the revision is installed, but the previous one cannot be removed: %w", err)
	}
	in.report(left)
	return nil
}

// account writes the cleanup file of this installation and commits it.
func (in Installation) account(ctx context.Context, x *exchange, list []Instruction, previous *cleanupList) error {
	kept, err := unlabel(ctx, notIn(previous.labels(), list))
	if err != nil && in.Log != nil {
		in.Log.WarnContext(ctx, "SELinux rules of the previous revision stay", "objects", kept, "error", err)
	}
	if err := writeLines(in.Cleanup+".new", books(list, kept, previous.foreign())); err != nil {
		return fmt.Errorf("cannot write the cleanup file: %w", err)
	}
	if in.Title != "" {
		if err := os.WriteFile(titleFile(in.Cleanup), []byte(in.Title), 0o644); err != nil {
			return fmt.Errorf("cannot write whose the files are: %w", err)
		}
	}
	return x.commit()
}

// books are the lines of the cleanup file.
func books(list []Instruction, labels []string, foreign iter.Seq[string]) iter.Seq[string] {
	return func(yield func(string) bool) {
		for line := range foreign {
			if !yield(line) {
				return
			}
		}
		for _, object := range labels {
			if !yield(labelPrefix + object) {
				return
			}
		}
		for _, i := range list {
			line := i.Path
			switch i.Kind {
			case Mkdir, Copy:
			case SetContext:
				line = labelPrefix + realPath(i.Path)
			default:
				continue
			}
			if !yield(line) {
				return
			}
		}
	}
}

func realPath(path string) string {
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		return resolved
	}
	return path
}

// notIn returns the objects that no instruction labels.
func notIn(objects []string, list []Instruction) []string {
	labelled := map[string]bool{}
	for _, i := range list {
		if i.Kind == SetContext {
			labelled[realPath(i.Path)] = true
		}
	}
	var rest []string
	for _, object := range objects {
		if !labelled[object] {
			rest = append(rest, object)
		}
	}
	return rest
}

func (in Installation) report(left []string) {
	if len(left) > 0 && in.Log != nil {
		in.Log.Warn("what was installed before cannot be removed whole: it holds what is not of the previous revision, or is protected", "left", left)
	}
}

// Recover takes back, or finishes, what an installation that was interrupted
// left. cleanup is the cleanup file of the group. One that is under way, by
// another process, is let alone.
func Recover(cleanup string, log *slog.Logger) error {
	unlock, err := lock(cleanup)
	if errors.Is(err, errBusy) {
		return nil
	}
	if err != nil {
		return err
	}
	defer unlock()
	return resumeAll(cleanup, log)
}

func resumeAll(cleanup string, log *slog.Logger) error {
	for _, state := range []string{staging, undo, done} {
		x := &exchange{books: cleanup}
		err := x.load(state)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = x.resume(state)
		}
		if err != nil {
			return fmt.Errorf("an earlier installation was interrupted: %w", err)
		}
		if log != nil {
			log.Warn("an installation that was interrupted is cleaned up", "books", cleanup, "state", state)
		}
	}
	return nil
}

func (x *exchange) resume(state string) error {
	switch state {
	case staging:
		return x.abandon()
	case undo:
		return x.takeBack()
	}
	_, err := x.finish()
	return err
}

// RecoverAll does the same for all groups whose books are in a folder.
func RecoverAll(dir string, log *slog.Logger) error {
	var errs []error
	for _, state := range []string{staging, undo, done} {
		files, err := filepath.Glob(filepath.Join(dir, "*-cleanup."+state))
		if err != nil {
			return err
		}
		for _, file := range files {
			errs = append(errs, Recover(strings.TrimSuffix(file, "."+state), log))
		}
	}
	return errors.Join(errs...)
}
