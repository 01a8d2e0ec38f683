package install

import (
	"io"
	"io/fs"
	"os"
	"path"

	"github.com/slipwayhq/slipway/internal/agent/filetime"
)

// copier copies files and links out of an archive. It keeps the source folder
// open, because most files follow a sibling.
type copier struct {
	archive *os.Root
	name    string
	dir     *os.Root
	buffer  []byte
}

func newCopier(archive *os.Root) *copier {
	return &copier{archive: archive, name: ".", dir: archive, buffer: make([]byte, 128<<10)}
}

func (c *copier) close() {
	if c.dir != c.archive {
		c.dir.Close()
	}
	c.name, c.dir = ".", c.archive
}

// in opens the folder of a source.
func (c *copier) in(source string) (*os.Root, string, error) {
	dir, base := path.Split(source)
	dir = path.Clean(dir)
	if dir == c.name {
		return c.dir, base, nil
	}
	r, err := c.archive.OpenRoot(dir)
	if err != nil {
		return nil, "", err
	}
	c.close()
	c.name, c.dir = dir, r
	return r, base, nil
}

// copy makes destination, which does not exist, a copy of the file source:
// content, mode, owner and time.
func (c *copier) copy(source, destination string) error {
	dir, base, err := c.in(source)
	if err != nil {
		return err
	}
	from, err := dir.Open(base)
	if err != nil {
		return err
	}
	defer from.Close()
	info, err := from.Stat()
	if err != nil {
		return err
	}
	to, err := os.OpenFile(destination, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	return c.fill(to, from, info)
}

// link makes destination the same link as source, wherever it leads.
func (c *copier) link(source, destination string) error {
	dir, base, err := c.in(source)
	if err != nil {
		return err
	}
	target, err := dir.Readlink(base)
	if err != nil {
		return err
	}
	return os.Symlink(target, destination)
}

// fill copies content and attributes, and closes to.
func (c *copier) fill(to, from *os.File, info fs.FileInfo) (err error) {
	defer func() {
		if closeErr := to.Close(); err == nil {
			err = closeErr
		}
	}()
	if err := c.content(to, from, info.Size()); err != nil {
		return err
	}
	if uid, gid, ok := fileOwner(info); ok && os.Geteuid() == 0 && (uid != 0 || gid != os.Getegid()) {
		if err := to.Chown(uid, gid); err != nil {
			return err
		}
	}
	if err := to.Chmod(info.Mode().Perm()); err != nil {
		return err
	}
	return filetime.Set(to, info.ModTime())
}

// content copies small files through the buffer and leaves large ones to the
// kernel (copy_file_range), which shares blocks where the file system can.
func (c *copier) content(to, from *os.File, size int64) error {
	if size > int64(len(c.buffer)) {
		_, err := io.Copy(to, from)
		return err
	}
	for size > 0 {
		n, err := from.Read(c.buffer)
		if n > 0 {
			if _, err := to.Write(c.buffer[:n]); err != nil {
				return err
			}
			size -= int64(n)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}
