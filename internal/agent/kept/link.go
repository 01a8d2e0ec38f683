package kept

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// temporary is the name, at the top of an archive, of a link on its way to its
// place. One that a crash has left there is a file too many in an archive that
// nobody reads any more, until the next Link.
const temporary = ".slipway-link"

// Link makes the files of unpacked revisions one that lie at the same place in
// two that follow each other and have the same content, mode and owner. It
// returns how many bytes were saved. archives are folders on one file system,
// oldest first, to which nobody goes back: a process that still writes to such
// a file writes to several archives.
//
// A file that has a name outside the archives is left alone: what was linked to
// where an application runs is the application's. Nothing outside the archives
// is opened or changed, whatever links lie in them.
func Link(ctx context.Context, archives ...string) (saved int64, err error) {
	if !canLink || len(archives) < 2 {
		return 0, nil
	}
	l := linker{paths: archives, buffers: [2][]byte{make([]byte, 128<<10), make([]byte, 128<<10)}}
	defer l.close()
	for _, dir := range archives {
		root, err := os.OpenRoot(dir)
		if err != nil {
			return 0, err
		}
		l.roots = append(l.roots, root)
		if err := root.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return 0, err
		}
	}
	for n := 1; n < len(archives) && err == nil; n++ {
		err = l.archive(ctx, n)
	}
	return l.saved, err
}

type linker struct {
	paths   []string
	roots   []*os.Root
	buffers [2][]byte
	saved   int64
}

func (l *linker) close() {
	for _, root := range l.roots {
		_ = root.Close() // nothing was written through it
	}
}

// archive links the files of archive n with those of the one before.
func (l *linker) archive(ctx context.Context, n int) error {
	return fs.WalkDir(l.roots[n].FS(), ".", func(name string, e fs.DirEntry, err error) error {
		if err = errors.Join(err, ctx.Err()); err != nil || !e.Type().IsRegular() {
			return err
		}
		return l.file(ctx, n, filepath.FromSlash(name))
	})
}

func (l *linker) file(ctx context.Context, n int, name string) error {
	newer, err := l.roots[n].Lstat(name)
	if err != nil {
		return err
	}
	older, err := l.roots[n-1].Lstat(name)
	if err != nil || !l.may(n, name, older, newer) {
		return nil //nolint:nilerr // what is not in both is not linked
	}
	same, err := l.same(ctx, n, name, older, newer)
	if err != nil || !same {
		return err
	}
	return l.replace(n, name, older)
}

// may reports whether two files could be one, as far as can be seen without
// opening them.
func (l *linker) may(n int, name string, older, newer fs.FileInfo) bool {
	if !older.Mode().IsRegular() || !newer.Mode().IsRegular() || newer.Size() == 0 ||
		older.Size() != newer.Size() || older.Mode() != newer.Mode() || !sameOwner(older, newer) || os.SameFile(older, newer) {
		return false
	}
	if _, names := identity(newer); names != 1 {
		return false
	}
	_, names := identity(older)
	return names == l.names(n, name, older)
}

// names counts the archives before n that have the file under that name.
func (l *linker) names(n int, name string, file fs.FileInfo) (count uint64) {
	for _, root := range l.roots[:n] {
		if info, err := root.Lstat(name); err == nil && os.SameFile(info, file) {
			count++
		}
	}
	return count
}

// same compares the contents of two files that were seen before.
func (l *linker) same(ctx context.Context, n int, name string, older, newer fs.FileInfo) (bool, error) {
	a, okA := open(l.roots[n-1], name, older)
	b, okB := open(l.roots[n], name, newer)
	if okA {
		defer a.Close()
	}
	if okB {
		defer b.Close()
	}
	if !okA || !okB || !plain(a) || !plain(b) {
		return false, nil
	}
	for {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		i, errA := io.ReadFull(a, l.buffers[0])
		j, errB := io.ReadFull(b, l.buffers[1])
		if !bytes.Equal(l.buffers[0][:i], l.buffers[1][:j]) {
			return false, nil
		}
		if errA != nil || errB != nil {
			ends := func(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }
			return ends(errA) && ends(errB), nil
		}
	}
}

// open opens a file if it is still the one that was seen.
func open(root *os.Root, name string, seen fs.FileInfo) (*os.File, bool) {
	f, err := root.Open(name)
	if err != nil {
		return nil, false
	}
	if info, err := f.Stat(); err != nil || !os.SameFile(info, seen) {
		f.Close()
		return nil, false
	}
	return f, true
}

// replace puts a link to the older file in the place of the newer one, in one
// step. The link is looked at before: what has its name may have changed.
func (l *linker) replace(n int, name string, older fs.FileInfo) error {
	root := l.roots[n]
	if err := os.Link(filepath.Join(l.paths[n-1], name), filepath.Join(l.paths[n], temporary)); err != nil {
		return err
	}
	info, err := root.Lstat(temporary)
	if err == nil && !os.SameFile(info, older) {
		return root.Remove(temporary)
	}
	if err == nil {
		err = root.Rename(temporary, name)
	}
	if err == nil {
		l.saved += older.Size()
	}
	return err
}
