package install_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/slipwayhq/slipway/internal/agent/bundle"
	"github.com/slipwayhq/slipway/internal/agent/install"
	"github.com/slipwayhq/slipway/internal/appspec"
)

// BenchmarkDeploy compares what the agent does between the end of a download
// and the end of Install with what a shell script would do: tar x and cp -r.
func BenchmarkDeploy(b *testing.B) {
	for _, shape := range []struct {
		name        string
		files, size int
	}{
		{"1000_files", 1000, 4 << 10},
		{"one_200MB", 1, 200 << 20},
	} {
		for _, kind := range []string{bundle.Tgz, bundle.Tar} {
			file := makeBundle(b, kind, shape.files, shape.size)
			b.Run(shape.name+"/"+kind+"/agent", func(b *testing.B) {
				deployments(b, func(dir string) error { return byAgent(b, file, kind, dir) })
			})
			b.Run(shape.name+"/"+kind+"/tar_and_cp", func(b *testing.B) {
				deployments(b, func(dir string) error { return byShell(file, dir) })
			})
		}
	}
}

// deployments measures deploy with a fresh folder each time. The folders stay
// until the end: ext4 avoids inodes that were deleted a moment ago, and the
// search for others would be most of what is measured.
func deployments(b *testing.B, deploy func(dir string) error) {
	base, n := b.TempDir(), 0
	for b.Loop() {
		n++
		dir := filepath.Join(base, fmt.Sprint(n))
		if err := os.Mkdir(dir, 0o755); err != nil {
			b.Fatal(err)
		}
		if err := deploy(dir); err != nil {
			b.Fatal(err)
		}
	}
}

func byAgent(b *testing.B, file, kind, dir string) error {
	archive := filepath.Join(dir, "deployment-archive")
	if err := bundle.Unpack(b.Context(), bundle.Extraction{File: file, Type: kind, Dir: archive}); err != nil {
		return err
	}
	return install.Run(b.Context(), install.Installation{
		Archive:      archive,
		Spec:         &appspec.Spec{Files: []appspec.File{{Source: "/", Destination: filepath.Join(dir, "app")}}},
		Instructions: filepath.Join(dir, "install.json"),
		Cleanup:      filepath.Join(dir, "cleanup"),
	})
}

func byShell(file, dir string) error {
	const script = `mkdir "$2/archive" && tar xf "$1" -C "$2/archive" && cp -r "$2/archive" "$2/app"`
	return exec.Command("sh", "-c", script, "sh", file, dir).Run()
}

// makeBundle packs files of text that compresses about as programs do.
func makeBundle(b *testing.B, kind string, files, size int) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "bundle."+kind)
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	var out io.WriteCloser = f
	if kind == bundle.Tgz {
		out, _ = gzip.NewWriterLevel(f, gzip.BestSpeed)
	}
	w := tar.NewWriter(out)
	random := rand.New(rand.NewPCG(1, 2))
	var text bytes.Buffer
	for text.Len() < 1<<20 {
		fmt.Fprintf(&text, "%x some words that repeat %d\n", random.Uint64(), random.IntN(1000))
	}
	content := bytes.Repeat(text.Bytes(), size/text.Len()+1)
	for n := range files {
		shift := 0
		if files > 1 {
			shift = random.IntN(1 << 19)
		}
		h := &tar.Header{Name: fmt.Sprintf("dir%02d/file%04d.txt", n%20, n), Mode: 0o644, Size: int64(size), Typeflag: tar.TypeReg}
		if err := w.WriteHeader(h); err != nil {
			b.Fatal(err)
		}
		if _, err := w.Write(content[shift : shift+size]); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	if out != io.WriteCloser(f) {
		if err := out.Close(); err != nil {
			b.Fatal(err)
		}
	}
	return path
}
