package bundle

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

func extractZip(ctx context.Context, t *tree, f *os.File, size int64) error {
	archive, err := zip.NewReader(f, size)
	if errors.Is(err, zip.ErrFormat) {
		return errors.New("it is not a zip archive, or its end is missing")
	}
	if err != nil {
		return err
	}
	archive.RegisterDecompressor(zip.Deflate, inflaters())
	// The directory of the archive says what it unpacks to: a bomb is refused
	// before the first byte is written. Entries that lie are caught by pump.
	names, err := check(t.budget, archive.File)
	if err != nil {
		return err
	}
	fill := newFillers()
	for i, member := range archive.File {
		err := errors.Join(ctx.Err(), fill.failed())
		if err == nil {
			err = unzip(t, fill, names[i], member)
		}
		if err != nil {
			return errors.Join(err, fill.wait())
		}
	}
	if err := fill.wait(); err != nil {
		return err
	}
	return t.finish()
}

func check(b *budget, members []*zip.File) ([]string, error) {
	names := make([]string, len(members))
	seen := make(map[string]bool, len(members))
	for i, member := range members {
		name := member.Name
		if member.CreatorVersion>>8 == 0 { // made where "\" separates
			name = strings.ReplaceAll(name, `\`, "/")
		}
		name, err := clean(name)
		if err != nil {
			return nil, err
		}
		if seen[name] && !member.Mode().IsDir() {
			return nil, fmt.Errorf("it has two entries of the name %q", name)
		}
		seen[name] = true
		names[i] = name
		if err := b.take(name, int64(member.UncompressedSize64)); err != nil {
			return nil, err
		}
	}
	return names, nil
}

func unzip(t *tree, fill *fillers, name string, member *zip.File) error {
	e := entry{name: name, size: int64(member.UncompressedSize64), mtime: member.Modified}
	switch kind := member.Mode(); {
	case kind.IsDir() || strings.HasSuffix(member.Name, "/"):
		e.mode = mode(kind, 0o755)
		return t.folder(e)
	case kind&fs.ModeSymlink != 0:
		target, err := linkTarget(member)
		if err != nil {
			return err
		}
		return t.link(name, target)
	case kind.IsRegular():
		e.mode = mode(kind, 0o644)
		f, err := t.create(e)
		if err != nil {
			return err
		}
		fill.add(filling{f, e, inflate(member, e.size)})
		return nil
	default:
		return fmt.Errorf("entry %q is a device, pipe or of another kind (%s) that a bundle may not hold", name, kind)
	}
}

// linkTarget reads the target of a symbolic link, which is its content.
func linkTarget(member *zip.File) (string, error) {
	r, err := member.Open()
	if err != nil {
		return "", err
	}
	defer r.Close()
	const longestPath = 4096
	target, err := io.ReadAll(io.LimitReader(r, longestPath))
	return string(target), err
}

// aheadSize is from which size on a member is decompressed beside the writing
// of it: smaller ones are written side by side.
const aheadSize = 1 << 20

// inflate writes the content of a member.
func inflate(member *zip.File, size int64) fillFunc {
	return func(f *os.File, buffer []byte) (int64, error) {
		r, err := member.Open()
		if err != nil {
			return 0, err
		}
		defer r.Close()
		if size >= aheadSize {
			r = newReadAhead(r)
			defer r.Close() // before that of the member
		}
		n, err := pump(f, r, size, buffer)
		if err == nil {
			// Only at the end is the checksum compared, and is it seen that
			// the member is longer than it says.
			err = ended(r)
		}
		return n, err
	}
}

func ended(r io.Reader) error {
	var one [1]byte
	n, err := r.Read(one[:])
	if n > 0 {
		return fmt.Errorf("%w: it is longer than the archive says", ErrTooLarge)
	}
	if err == io.EOF {
		return nil
	}
	return err
}
