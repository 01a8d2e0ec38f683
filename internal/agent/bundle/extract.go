package bundle

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/bzip2"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/klauspost/compress/gzip"
)

// The types of a bundle.
const (
	Tar = "tar"
	Tgz = "tgz"
	Zip = "zip"
)

// Extraction says what to unpack where.
type Extraction struct {
	File   string // the archive
	Type   string // tar, tgz or zip
	Dir    string // where it goes; replaced if it exists
	Limits Limits
	// IgnoreOwners gives everything to the user that unpacks.
	IgnoreOwners bool
	// RejectLinks refuses an archive with symbolic links.
	RejectLinks bool
}

// extract unpacks the archive into the empty folder dir. It refuses an archive
// that holds anything but files, folders and links within itself. leavesTop is
// a link that would lead outside if the archive's top folder were the whole.
func extract(ctx context.Context, x Extraction, dir string) (leavesTop string, err error) {
	f, err := os.Open(x.File)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	t, err := newTree(dir, x.Limits.budget(info.Size()))
	if err != nil {
		return "", err
	}
	t.ignoreOwners, t.rejectLinks = x.IgnoreOwners, x.RejectLinks
	defer func() { err = errors.Join(err, t.close()) }()
	if x.Type == Zip {
		err = extractZip(ctx, t, f, info.Size())
	} else {
		err = extractTar(ctx, t, f, x.Type)
	}
	if err == nil && t.budget.entries == 0 {
		err = errors.New("it is empty")
	}
	if err != nil {
		return "", fmt.Errorf("cannot unpack the bundle as %s: %w", x.Type, readable(err))
	}
	return t.leavesTop, nil
}

// readable replaces the texts of the archive readers that say little.
func readable(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return errors.New("the archive is truncated")
	}
	if errors.Is(err, zip.ErrFormat) || errors.Is(err, zip.ErrChecksum) {
		return errors.New("the archive is damaged, or holds something else than its directory says")
	}
	return err
}

var (
	gzipMagic  = []byte{0x1f, 0x8b}
	bzip2Magic = []byte("BZh")
	zipMagic   = []byte("PK\x03\x04")
	xzMagic    = []byte{0xfd, '7', 'z', 'X', 'Z', 0}
)

// decompress returns the tar stream of an archive. Like GNU tar it goes by the
// first bytes: a compressed archive may be called tar, but a plain one is no
// tgz.
func decompress(f *os.File, bundleType string) (r io.Reader, plain bool, err error) {
	buffered := bufio.NewReaderSize(f, 256<<10)
	head, _ := buffered.Peek(len(xzMagic)) // a shorter archive fails below
	switch {
	case bytes.HasPrefix(head, gzipMagic):
		r, err = gzip.NewReader(buffered)
		return r, false, err
	case len(head) == 0:
		return nil, false, errors.New("it has no bytes")
	case bundleType == Tgz:
		return nil, false, errors.New("it is not compressed with gzip; state the bundle type that it has")
	case bytes.HasPrefix(head, bzip2Magic):
		return bzip2.NewReader(buffered), false, nil
	case bytes.HasPrefix(head, xzMagic):
		return nil, false, errors.New("it is compressed with xz, which is not supported; use gzip")
	case bytes.HasPrefix(head, zipMagic):
		return nil, false, errors.New("it is a zip archive; state the bundle type zip")
	}
	_, err = f.Seek(0, io.SeekStart)
	return f, true, err
}

// mode keeps the permission bits. Set-uid, set-gid and sticky bits are for the
// AppSpec's permissions to give, not for whoever packed the archive.
func mode(m fs.FileMode, fallback fs.FileMode) fs.FileMode {
	if m.Perm() == 0 {
		return fallback // made where files have no mode
	}
	return m.Perm()
}
