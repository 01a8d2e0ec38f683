package local

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
)

// What an archive may hold. Lambda's own limits are those of the sizes.
const (
	MaxArchive  = 50 << 20  // bytes of a zip file
	maxUnpacked = 250 << 20 // bytes of what is in it
	maxEntries  = 20_000
)

// store unpacks an archive into the folder of its hash, unless that is there.
// It is complete and on disk when store returns.
func (f *Functions) store(archive []byte) (Code, error) {
	if len(archive) > MaxArchive {
		return Code{}, tooLarge("The zip file has %d bytes; %d are allowed", len(archive), MaxArchive)
	}
	sum := sha256.Sum256(archive)
	code := Code{SHA256: hex.EncodeToString(sum[:]), Size: int64(len(archive))}
	target := f.codeDir(code)
	if _, err := os.Stat(target); err == nil {
		return code, nil
	}
	temp, err := os.MkdirTemp(f.path(unpackDir), "*")
	if err != nil {
		return code, err
	}
	defer os.RemoveAll(temp) //nolint:errcheck // it is gone when all went well; the next start removes it
	if err := unzip(archive, temp); err != nil {
		return code, err
	}
	// Another upload of the same archive may have been faster.
	if err := os.Rename(temp, target); err != nil && !errors.Is(err, fs.ErrExist) {
		return code, err
	}
	return code, syncDir(f.path(codeDir))
}

func (f *Functions) codeDir(c Code) string { return f.path(codeDir, c.SHA256) }

// sweepCode removes code that no version has. It must not run while a process
// may.
func (f *Functions) sweepCode() {
	used := map[string]bool{}
	for _, r := range f.records {
		if r.Deleted {
			continue
		}
		for _, v := range append(r.Versions[:len(r.Versions):len(r.Versions)], r.Latest) {
			used[v.Code.SHA256] = true
		}
	}
	entries, err := os.ReadDir(f.path(codeDir))
	for _, e := range entries {
		if !used[e.Name()] {
			err = errors.Join(err, os.RemoveAll(f.path(codeDir, e.Name())))
		}
	}
	if err != nil {
		f.opts.Log.Warn("cannot remove the code of deleted functions", "error", err)
	}
}

// unzip writes an archive's files below a folder. Nothing in it can name what
// is outside of that.
func unzip(archive []byte, dir string) error {
	z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return invalid("Could not unzip uploaded file. Please check your file, then try to upload again. (%v)", err)
	}
	if len(z.File) > maxEntries {
		return invalid("The zip file has %d entries; %d are allowed", len(z.File), maxEntries)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	left := int64(maxUnpacked)
	for _, entry := range z.File {
		if err := unzipEntry(root, entry, &left); err != nil {
			return err
		}
	}
	return nil
}

// unzipEntry writes one entry. left is how many bytes there may still be.
func unzipEntry(root *os.Root, entry *zip.File, left *int64) error {
	name := path.Clean(strings.TrimSuffix(entry.Name, "/"))
	if !filepath.IsLocal(name) || strings.ContainsAny(name, "\\\x00") {
		return invalid("The zip file's entry %.200q leads out of the function's folder", entry.Name)
	}
	if entry.Mode().IsDir() || strings.HasSuffix(entry.Name, "/") {
		return entryError(entry, root.MkdirAll(name, 0o755))
	}
	if !entry.Mode().IsRegular() {
		return invalid("The zip file's entry %.200q is neither a file nor a folder", entry.Name)
	}
	if entry.UncompressedSize64 > uint64(*left) {
		return invalid("Unzipped size must be smaller than %d bytes", maxUnpacked)
	}
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return entryError(entry, err)
	}
	mode := fs.FileMode(0o644)
	if entry.Mode()&0o111 != 0 || name == "bootstrap" { // many zip programs lose the mode
		mode = 0o755
	}
	in, err := entry.Open()
	if err != nil {
		return entryError(entry, err)
	}
	defer in.Close()
	out, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return entryError(entry, err)
	}
	n, err := io.Copy(out, io.LimitReader(in, *left+1))
	if *left -= n; err == nil && *left < 0 {
		err = invalid("Unzipped size must be smaller than %d bytes", maxUnpacked)
	}
	return entryError(entry, errors.Join(err, out.Sync(), out.Close()))
}

// entryError says which entry cannot be unpacked. That is the archive's fault:
// names that collide, data that is damaged.
func entryError(entry *zip.File, err error) error {
	var known *Error
	if err == nil || errors.As(err, &known) || errors.Is(err, syscall.ENOSPC) {
		return err
	}
	var failed *fs.PathError
	if errors.As(err, &failed) {
		err = failed.Err // without the server's own path
	}
	return invalid("Could not unzip uploaded file: its entry %.200q: %v", entry.Name, err)
}

// Zip packs a folder for [Functions.Create].
func Zip(folder fs.FS) ([]byte, error) {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	if err := errors.Join(z.AddFS(folder), z.Close()); err != nil {
		return nil, fmt.Errorf("cannot pack the function: %w", err)
	}
	return out.Bytes(), nil
}
