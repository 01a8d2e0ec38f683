package install

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/slipwayhq/slipway/internal/appspec"
)

// Installation says what to install, and where its books are kept.
type Installation struct {
	Archive string // the unpacked revision
	Spec    *appspec.Spec
	// FileExistsBehavior applies where the AppSpec does not say.
	FileExistsBehavior string
	Instructions       string // the file that the plan is written to
	Cleanup            string // the file that lists what the group installed
	// Dir is what relative destinations start from.
	Dir string
}

// Run installs a revision in place of the group's previous one. If the plan
// has conflicts, the host is as it was before.
func Run(ctx context.Context, in Installation) error {
	archive, err := os.OpenRoot(in.Archive)
	if err != nil {
		return fmt.Errorf("cannot open the unpacked revision: %w", err)
	}
	defer archive.Close()
	previous, err := readCleanup(in.Cleanup)
	if err != nil {
		return err
	}
	behavior := in.Spec.FileExistsBehavior
	if behavior == "" {
		behavior = in.FileExistsBehavior
	}
	list, err := makePlan(archive, in.Spec, behavior, in.Dir, previous)
	if err != nil {
		return err
	}
	if err := writeInstructions(in.Instructions, filepath.Clean(in.Archive), list); err != nil {
		return fmt.Errorf("cannot write the instructions: %w", err)
	}
	kept, err := previous.run()
	if err != nil {
		return errors.Join(fmt.Errorf("cannot remove the previous revision: %w", err), rewrite(in.Cleanup, kept))
	}
	rec, err := newRecorder(in.Cleanup, kept)
	if err != nil {
		return fmt.Errorf("cannot write the cleanup file: %w", err)
	}
	return errors.Join(apply(ctx, archive, list, rec), rec.file.Close())
}

// rewrite leaves in the cleanup file what is still to be removed.
func rewrite(path string, lines []string) error {
	rec, err := newRecorder(path, lines)
	if err != nil {
		return err
	}
	return rec.file.Close()
}
