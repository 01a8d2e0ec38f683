package test

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// costBundle is a bundle that TestAgentCost deploys.
type costBundle struct {
	name  string
	kind  string // tar, tgz or zip
	large bool   // one file
	file  string
}

func (b costBundle) key() string { return "cost." + b.kind }

// The AppSpec files: without hooks, or with seven scripts in the events that
// every deployment has.
const (
	costAppSpec = "version: 0.0\nos: linux\nfiles:\n  - source: site\n    destination: web\n"
	costHooks   = `hooks:
  BeforeInstall: [{location: hook.sh}, {location: hook.sh}]
  AfterInstall: [{location: hook.sh}, {location: hook.sh}]
  ApplicationStart: [{location: hook.sh}, {location: hook.sh}]
  ValidateService: [{location: hook.sh}]
`
	costHook = "#!/bin/sh\necho \"$LIFECYCLE_EVENT\"\n"
)

// writeSome writes a piece of a file's content.
type writeSome func(io.Writer, *rand.Rand) error

// writeRepetitive writes what shrinks to less than a fiftieth. Zeros shrink to
// a thousandth, which is refused as a bomb.
func writeRepetitive(w io.Writer, r *rand.Rand) error {
	_, err := fmt.Fprintf(w, "%04d %s\n", r.IntN(10000), strings.Repeat("the same on every line, ", 8))
	return err
}

// writeText writes what compresses about as programs do, to a third or so.
func writeText(w io.Writer, r *rand.Rand) error {
	words := []string{"deploy", "server", "handler", "request", "return", "function", "config", "value", "error", "string", "import", "package", "context", "client"}
	for range 8 {
		if _, err := io.WriteString(w, words[r.IntN(len(words))]+" "); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "%x\n", r.Uint64()>>16)
	return err
}

// writeRandom writes what does not compress, as images and jars do not.
func writeRandom(w io.Writer, r *rand.Rand) error {
	var piece [64]byte
	for i := range piece {
		piece[i] = byte(r.Uint32())
	}
	_, err := w.Write(piece[:])
	return err
}

// packCostBundles makes all bundles.
func packCostBundles(t *testing.T) []costBundle {
	t.Helper()
	const kibi, mebi = 1 << 10, 1 << 20
	dir := t.TempDir()
	var list []costBundle
	for _, shape := range []struct {
		name        string
		kinds       string
		files, size int
		appspec     string
		content     writeSome
	}{
		{"1,000 files of 4 KiB, 7 hooks", "tgz zip tar", 1000, 4 * kibi, costAppSpec + costHooks, writeText},
		{"200 MiB, repetitive", "tgz zip", 1, 200 * mebi, costAppSpec, writeRepetitive},
		{"200 MiB of text", "tgz zip", 1, 200 * mebi, costAppSpec, writeText},
		{"200 MiB, random", "tgz zip", 1, 200 * mebi, costAppSpec, writeRandom},
	} {
		for kind := range strings.FieldsSeq(shape.kinds) {
			b := costBundle{name: shape.name + ", " + kind, kind: kind, large: shape.files == 1}
			if !strings.Contains(b.name, *costBundles) {
				continue
			}
			b.file = filepath.Join(dir, fmt.Sprintf("%d.%s", len(list), kind))
			check(t, packCostBundle(b, shape.files, shape.size, shape.appspec, shape.content))
			list = append(list, b)
		}
	}
	return list
}

func packCostBundle(b costBundle, files, size int, appspec string, content writeSome) error {
	f, err := os.Create(b.file)
	if err != nil {
		return err
	}
	defer f.Close()
	p := newCostPacker(f, b.kind)
	for name, text := range map[string]string{"appspec.yml": appspec, "hook.sh": costHook} {
		w, err := p.add(name, len(text))
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, text); err != nil {
			return err
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for n := range files {
		w, err := p.add(fmt.Sprintf("site/dir%02d/file%04d", n%20, n), size)
		if err != nil {
			return err
		}
		first := &firstBytes{w, size}
		for buffered := bufio.NewWriter(first); first.left > 0; {
			if err := content(buffered, random); err != nil {
				return err
			}
		}
	}
	return p.close()
}

// firstBytes passes on so many bytes and drops the rest.
type firstBytes struct {
	w    io.Writer
	left int
}

func (f *firstBytes) Write(p []byte) (int, error) {
	n, err := f.w.Write(p[:min(len(p), f.left)])
	f.left -= n
	return len(p), err
}

// costPacker writes one kind of archive.
type costPacker struct {
	tar *tar.Writer
	gz  *gzip.Writer // of a tgz
	zip *zip.Writer
}

func newCostPacker(w io.Writer, kind string) costPacker {
	switch kind {
	case "zip":
		return costPacker{zip: zip.NewWriter(w)}
	case "tgz":
		gz := gzip.NewWriter(w)
		return costPacker{tar: tar.NewWriter(gz), gz: gz}
	}
	return costPacker{tar: tar.NewWriter(w)}
}

func (p costPacker) add(name string, size int) (io.Writer, error) {
	packed := time.Date(2026, 1, 2, 3, 4, 6, 0, time.UTC)
	if p.zip != nil {
		h := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: packed}
		h.SetMode(0o755)
		return p.zip.CreateHeader(h)
	}
	return p.tar, p.tar.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(size), Typeflag: tar.TypeReg, ModTime: packed})
}

func (p costPacker) close() error {
	if p.zip != nil {
		return p.zip.Close()
	}
	if err := p.tar.Close(); err != nil || p.gz == nil {
		return err
	}
	return p.gz.Close()
}

func copyFile(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	f, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, source)
	return errors.Join(err, f.Close())
}
