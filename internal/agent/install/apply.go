package install

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// apply executes the instructions in order. The first error stops it; what was
// made until then is in the cleanup file.
func apply(ctx context.Context, archive *os.Root, list []Instruction, rec *recorder) error {
	c := newCopier(archive)
	defer c.close()
	for _, i := range list {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := step(c, i, rec); err != nil {
			return fmt.Errorf("cannot install %s: %w", i.Path, err)
		}
	}
	return nil
}

func step(c *copier, i Instruction, rec *recorder) error {
	switch i.Kind {
	case Mkdir:
		err := os.Mkdir(i.Path, 0o755)
		if errors.Is(err, fs.ErrExist) {
			return nil // made by somebody else since the plan: not ours to remove
		}
		if err != nil {
			return err
		}
		return rec.write(i.Path)
	case Copy:
		// Recorded before it is copied: half a file is ours as well.
		if err := rec.write(i.Path); err != nil {
			return err
		}
		if i.Link {
			return c.link(i.Source, i.Path)
		}
		return c.copy(i.Source, i.Path)
	case Chown:
		return os.Lchown(i.Path, i.Owner.id(), i.Group.id())
	case Chmod:
		return os.Chmod(i.Path, i.Mode)
	}
	return fmt.Errorf("instruction of unknown kind %s", i.Kind)
}
