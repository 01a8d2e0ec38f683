package install

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// apply executes the instructions. It records and makes folders in order, and
// has files copied side by side; whatever is about a finished object waits for
// the copies. The first error stops it; what was made until then is in the
// cleanup file.
func apply(ctx context.Context, archive *os.Root, list []Instruction, rec *recorder) error {
	copies := startCopies(archive)
	for _, i := range list {
		if copies.failed() != nil {
			break
		}
		err := ctx.Err()
		if err == nil {
			err = wrap(i, step(copies, i, rec))
		}
		if err != nil {
			copies.fail(err)
		}
	}
	return copies.wait()
}

func wrap(i Instruction, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("cannot install %s: %w", i.Path, err)
}

func step(copies *copies, i Instruction, rec *recorder) error {
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
		copies.add(i)
		return nil
	case Chown:
		if copies.wait() != nil {
			return nil // it is kept where it happened
		}
		return os.Lchown(i.Path, i.Owner.id(), i.Group.id())
	case Chmod:
		if copies.wait() != nil {
			return nil // as above
		}
		return os.Chmod(i.Path, i.Mode)
	}
	return fmt.Errorf("instruction of unknown kind %s", i.Kind)
}
