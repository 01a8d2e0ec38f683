package bundle

import (
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/slipwayhq/slipway/internal/agent/filetime"
)

// entry is what an archive says about one of its members.
type entry struct {
	name  string
	size  int64
	mode  fs.FileMode
	mtime time.Time
	owner owner
}

func (t *tree) folder(e entry) error {
	if err := t.mkdir(e.name); err != nil || e.name == "." {
		return err
	}
	// Without these bits its owner could not unpack into it or remove it.
	t.dirs[e.name] = dirMeta{mode: e.mode | 0o700, mtime: e.mtime, owner: e.owner, set: true}
	return nil
}

// create opens a new file; write fills and closes it.
func (t *tree) create(e entry) (*os.File, error) {
	dir, base, err := t.parent(e.name)
	if err != nil {
		return nil, err
	}
	var f *os.File
	err = replacing(dir, base, func() (err error) {
		f, err = dir.OpenFile(base, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		return err
	})
	return f, err
}

// write fills f by copy, sets what the archive says about it, and closes it.
func write(f *os.File, e entry, copy func(*os.File) (int64, error)) (err error) {
	defer func() {
		if closeErr := f.Close(); err == nil {
			err = closeErr
		}
	}()
	n, err := copy(f)
	if err != nil {
		return err
	}
	if n != e.size {
		return io.ErrUnexpectedEOF
	}
	if e.owner.foreign() {
		if err := f.Chown(e.owner.uid, e.owner.gid); err != nil {
			return err
		}
	}
	if err := f.Chmod(e.mode); err != nil {
		return err
	}
	return filetime.Set(f, e.mtime)
}

const bufferSize = 256 << 10

// pump copies at most size bytes through buffer. io.Copy would take a smaller
// buffer of its own for every file.
func pump(f *os.File, r io.Reader, size int64, buffer []byte) (int64, error) {
	var total int64
	for total < size {
		n, err := io.ReadFull(r, buffer[:min(int64(len(buffer)), size-total)])
		if n > 0 {
			if _, err := f.Write(buffer[:n]); err != nil {
				return total, err
			}
			total += int64(n)
		}
		if err != nil {
			return total, err
		}
	}
	return total, nil
}
