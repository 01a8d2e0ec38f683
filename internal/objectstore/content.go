package objectstore

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// contents are the files of the store. A content is written under tmp, and
// published under content once it is whole and on disk.
type contents struct{ dir string }

// newID names contents, versions and uploads. It can't be guessed.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

func (c contents) tmp(id string) string  { return filepath.Join(c.dir, "tmp", id) }
func (c contents) path(id string) string { return filepath.Join(c.dir, "content", id[:2], id) }

func (c contents) makeFolders() error {
	if err := os.MkdirAll(filepath.Join(c.dir, "tmp"), 0o700); err != nil {
		return err
	}
	for i := range 256 {
		if err := os.MkdirAll(filepath.Join(c.dir, "content", fmt.Sprintf("%02x", i)), 0o700); err != nil {
			return err
		}
	}
	return errors.Join(syncDir(filepath.Join(c.dir, "content")), syncDir(c.dir))
}

// create writes a new content with fill and brings it to disk, still
// unpublished. A failed one leaves nothing.
func (c contents) create(fill func(io.Writer) error) (id string, err error) {
	id = newID()
	f, err := os.OpenFile(c.tmp(id), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	err = fill(f)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return "", errors.Join(err, os.Remove(c.tmp(id)))
	}
	return id, nil
}

// publish moves a content to its final place, for good.
func (c contents) publish(id string) error {
	if err := os.Rename(c.tmp(id), c.path(id)); err != nil {
		return err
	}
	return syncDir(filepath.Dir(c.path(id)))
}

// link makes an unpublished content of a published one, without copying where
// the file system can.
func (c contents) link(from string) (string, error) {
	id := newID()
	err := os.Link(c.path(from), c.tmp(id))
	if err == nil {
		now := time.Now() // by its age a sweep knows what is being published
		return id, os.Chtimes(c.tmp(id), now, now)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return id, err
	}
	f, err := c.open(from)
	if err != nil {
		return "", err
	}
	defer f.Close()
	return c.create(func(w io.Writer) error {
		_, err := io.Copy(w, f)
		return err
	})
}

func (c contents) open(id string) (*os.File, error) { return os.Open(c.path(id)) }

// discard removes an unpublished content.
func (c contents) discard(id string) { _ = os.Remove(c.tmp(id)) }

// remove removes published contents that no row names any more. What can't be
// removed now is when the store is next opened.
func (c contents) remove(ids ...string) {
	for _, id := range ids {
		if id != "" {
			_ = os.Remove(c.path(id))
		}
	}
}

// sweep removes the files that are not to be kept and were written before a
// moment.
func (c contents) sweep(keep map[string]bool, before time.Time) error {
	if err := sweepDir(filepath.Join(c.dir, "tmp"), nil, before); err != nil {
		return err
	}
	for i := range 256 {
		if err := sweepDir(filepath.Join(c.dir, "content", fmt.Sprintf("%02x", i)), keep, before); err != nil {
			return err
		}
	}
	return nil
}

func sweepDir(dir string, keep map[string]bool, before time.Time) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) || err == nil && (keep[e.Name()] || info.ModTime().After(before)) {
			continue
		}
		if err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name()))); err != nil {
			return err
		}
	}
	return nil
}

// syncDir brings the names in a folder to disk.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
