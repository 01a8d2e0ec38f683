package bundle

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

func extractTar(ctx context.Context, t *tree, f *os.File, bundleType string) error {
	stream, plain, err := decompress(f, bundleType)
	if err != nil {
		return err
	}
	x := &tarExtractor{tree: t, owners: newOwners(t.ignoreOwners), fill: newFillers(), buffer: make([]byte, bufferSize), small: make(chan []byte, smallBuffers)}
	for range smallBuffers {
		x.small <- make([]byte, smallSize)
	}
	if plain {
		x.file = newTarFile(f)
		stream = x.file
	} else {
		ahead := newReadAhead(stream)
		defer ahead.Close() //nolint:errcheck // it was only read
		stream = ahead
	}
	x.reader = tar.NewReader(stream)
	err = x.all(ctx)
	if fillErr := x.fill.wait(); err == nil {
		err = fillErr
	}
	if err != nil {
		return err
	}
	// A compressed archive ends with its checksum, after the padding of tar.
	if err := drain(stream); err != nil {
		return err
	}
	return t.finish()
}

// maxPadding is how much may follow the end of a tar archive. GNU tar pads to
// 10 KiB by default and can be told to pad to a few megabytes.
const maxPadding = 64 << 20

func drain(r io.Reader) error {
	n, err := io.Copy(io.Discard, io.LimitReader(r, maxPadding))
	if err == nil && n == maxPadding {
		return fmt.Errorf("%w: more than %d bytes follow its end", ErrTooLarge, maxPadding)
	}
	return err
}

type tarExtractor struct {
	tree   *tree
	owners *owners
	reader *tar.Reader
	file   *tarFile // nil when the archive is compressed
	buffer []byte
	fill   *fillers
	small  chan []byte // for files that are read whole and written aside
}

const (
	smallSize    = 64 << 10
	smallBuffers = 16
)

func (x *tarExtractor) all(ctx context.Context) error {
	for {
		h, err := x.reader.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := errors.Join(ctx.Err(), x.fill.failed()); err != nil {
			return err
		}
		if h.Typeflag == tar.TypeXGlobalHeader {
			continue
		}
		if err := x.one(h); err != nil {
			return err
		}
	}
}

func (x *tarExtractor) one(h *tar.Header) error {
	name, err := clean(h.Name)
	if err != nil {
		return err
	}
	e := entry{name: name, mode: h.FileInfo().Mode().Perm(), mtime: h.ModTime, owner: x.owners.of(h)}
	switch h.Typeflag {
	case tar.TypeReg, tar.TypeCont, tar.TypeGNUSparse:
		e.size = h.Size
		if err := x.tree.budget.take(name, e.size); err != nil {
			return err
		}
		return x.regular(e, h)
	case tar.TypeDir:
		if err := x.tree.budget.take(name, 0); err != nil {
			return err
		}
		return x.tree.folder(e)
	case tar.TypeSymlink:
		if err := x.tree.budget.take(name, 0); err != nil {
			return err
		}
		return x.tree.link(name, h.Linkname)
	case tar.TypeLink:
		if err := x.tree.budget.take(name, 0); err != nil {
			return err
		}
		return x.tree.hardLink(name, h.Linkname)
	}
	return fmt.Errorf("entry %q is a device, pipe or of another kind (%q) that a bundle may not hold", h.Name, h.Typeflag)
}

func (x *tarExtractor) regular(e entry, h *tar.Header) error {
	f, err := x.tree.create(e)
	if err != nil {
		return err
	}
	if e.size <= smallSize {
		return x.aside(f, e)
	}
	return write(f, e, func(f *os.File) (int64, error) {
		if x.file != nil && e.size >= directSize && !sparse(h) {
			return x.file.copyTo(f, e.size)
		}
		return pump(f, x.reader, e.size, x.buffer)
	})
}

// aside reads a small file whole and leaves the writing to the fillers.
func (x *tarExtractor) aside(f *os.File, e entry) error {
	content := <-x.small
	n, err := io.ReadFull(x.reader, content[:e.size])
	if err != nil {
		f.Close()
		return err
	}
	x.fill.add(filling{f, e, func(f *os.File, _ []byte) (int64, error) {
		defer func() { x.small <- content }()
		written, err := f.Write(content[:n])
		return int64(written), err
	}})
	return nil
}

func sparse(h *tar.Header) bool {
	if h.Typeflag == tar.TypeGNUSparse {
		return true
	}
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return true
		}
	}
	return false
}
