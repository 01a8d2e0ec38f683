package install

import (
	"context"
	"fmt"
	"os"
)

// prepare executes the instructions on objects that are not yet in their
// place. It makes folders in order, and has files copied side by side;
// whatever is about a finished object waits for the copies. The first error
// stops it.
func prepare(ctx context.Context, archive *os.Root, list []Instruction) error {
	copies := startCopies(archive)
	for _, i := range list {
		if copies.failed() != nil {
			break
		}
		err := ctx.Err()
		if err == nil {
			err = wrap(i, step(copies, i))
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

func step(copies *copies, i Instruction) error {
	switch i.Kind {
	case Mkdir:
		return os.Mkdir(i.place(), 0o755)
	case Copy:
		copies.add(i)
		return nil
	case Chown, Chmod, SetACL:
		if copies.wait() != nil {
			return nil // it is kept where it happened
		}
		return i.set.apply(i.Kind, i.place())
	case SetContext:
		return nil // is about the object's final place; see label
	}
	return fmt.Errorf("instruction of unknown kind %s", i.Kind)
}

func (s *setting) apply(kind Kind, path string) error {
	switch kind {
	case Chown:
		return s.notGiven(os.Lchown(path, s.owner.id(), s.group.id()))
	case Chmod:
		return os.Chmod(path, s.mode)
	default:
		return s.acl.set(path)
	}
}
