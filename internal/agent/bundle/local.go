package bundle

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Link makes dst a link to an archive that already lies on this host.
func Link(location, dst string) error {
	info, err := os.Stat(location)
	if err != nil {
		return fmt.Errorf("cannot use the bundle %s: %w", location, err)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("cannot use the bundle %s: it is not a file; the type of a folder is directory", location)
	}
	if location, err = filepath.Abs(location); err != nil {
		return err
	}
	if err := os.Remove(dst); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Symlink(location, dst)
}

// CopyFolder makes dir, replacing what is there, a copy of a revision that
// lies unpacked on this host: with modes, times and links, and for root with
// owners. What is below avoid, the place of all copies, is not a part of it.
func CopyFolder(ctx context.Context, location, dir, avoid string) error {
	given := location
	location, err := realFolder(location)
	if err != nil {
		return fmt.Errorf("cannot use the revision %s: %w", given, err)
	}
	if info, err := os.Stat(location); err != nil || !info.IsDir() {
		return fmt.Errorf("cannot use the revision %s: it is not a folder", location)
	}
	temp := dir + "-temp"
	if err := os.RemoveAll(temp); err != nil {
		return err
	}
	defer os.RemoveAll(temp) //nolint:errcheck // the next one removes what is left
	c := folderCopy{from: location, to: temp, avoid: avoid, buffer: make([]byte, bufferSize)}
	if err := c.all(ctx); err != nil {
		return fmt.Errorf("cannot copy the revision %s: %w", location, err)
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	return os.Rename(temp, dir)
}

func realFolder(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(abs)
}

type folderCopy struct {
	from, to string
	avoid    string // a folder that is not a part of the revision
	buffer   []byte
	folders  []copiedFolder // whose attributes are set when they are filled
}

type copiedFolder struct {
	path string
	info fs.FileInfo
}

func (c *folderCopy) all(ctx context.Context) error {
	err := filepath.WalkDir(c.from, func(path string, e fs.DirEntry, err error) error {
		if err = errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		if path == c.avoid {
			return fs.SkipDir
		}
		below, err := filepath.Rel(c.from, path)
		if err != nil {
			return err
		}
		return c.one(path, filepath.Join(c.to, below), e)
	})
	for n := len(c.folders) - 1; n >= 0 && err == nil; n-- {
		err = keepAttributes(c.folders[n].path, c.folders[n].info)
	}
	return err
}

func (c *folderCopy) one(path, to string, e fs.DirEntry) error {
	switch e.Type() {
	case fs.ModeDir:
		return c.folder(to, path)
	case fs.ModeSymlink:
		target, err := os.Readlink(path)
		if err != nil {
			return err
		}
		return os.Symlink(target, to)
	case 0:
		return c.file(path, to)
	default:
		return fmt.Errorf("%s is a device, pipe or of another kind that a revision may not hold", path)
	}
}

func (c *folderCopy) folder(to, path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	c.folders = append(c.folders, copiedFolder{to, info})
	return os.Mkdir(to, 0o700)
}

func (c *folderCopy) file(path, to string) error {
	from, err := os.Open(path)
	if err != nil {
		return err
	}
	defer from.Close()
	info, err := from.Stat()
	if err != nil {
		return err
	}
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.CopyBuffer(f, from, c.buffer)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return keepAttributes(to, info)
}

// keepAttributes gives a copy what the original has. Set-uid, set-gid and
// sticky bits are for the AppSpec's permissions to give.
func keepAttributes(path string, info fs.FileInfo) error {
	if err := keepOwner(path, info); err != nil {
		return err
	}
	mode := info.Mode().Perm()
	if info.IsDir() {
		mode |= 0o700 // without these bits its owner could not remove it
	}
	return errors.Join(os.Chmod(path, mode), os.Chtimes(path, info.ModTime(), info.ModTime()))
}
