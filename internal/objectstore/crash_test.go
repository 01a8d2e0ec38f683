package objectstore_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slipwayhq/slipway/internal/objectstore"
	"github.com/slipwayhq/slipway/internal/sigv4"
)

func TestOpenSweepsWhatACrashLeft(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	store := openStore(t, dir, objectstore.Options{})
	must(t, store.CreateBucket(t.Context(), "shop"))
	got(store.PutObject(t.Context(), "shop", "k", strings.NewReader("kept")))(t)
	must(t, store.Close())
	// A crash while receiving, and one between the rename and the index.
	orphans := []string{filepath.Join(dir, "tmp", "half"), filepath.Join(dir, "content", "ab", "abcdef")}
	for _, name := range orphans {
		must(t, os.WriteFile(name, []byte("half"), 0o600))
	}
	store = openStore(t, dir, objectstore.Options{})
	for _, name := range orphans {
		if _, err := os.Stat(name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s was not removed: %v", name, err)
		}
	}
	_, f, err := store.Get(t.Context(), "shop", "k", "")
	must(t, err)
	defer f.Close()
	equal(t, "content", string(got(io.ReadAll(f))(t)), "kept")
}

func TestFailedPutLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	store := openStore(t, dir, objectstore.Options{})
	must(t, store.CreateBucket(t.Context(), "shop"))
	got(store.PutObject(t.Context(), "shop", "k", strings.NewReader("first")))(t)
	cut := errors.New("connection cut")
	if _, err := store.PutObject(t.Context(), "shop", "k", io.MultiReader(strings.NewReader("half"), failing{cut})); !errors.Is(err, cut) {
		t.Errorf("got %v", err)
	}
	equal(t, "files", countFiles(t, dir), 1)
	got(store.PutObject(t.Context(), "shop", "k", strings.NewReader("second")))(t)
	equal(t, "files after replacing", countFiles(t, dir), 1)
}

func TestOneProcessOnly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	openStore(t, dir, objectstore.Options{})
	if _, err := objectstore.Open(dir, objectstore.Options{}); err == nil || !strings.Contains(err.Error(), "in use by another process") {
		t.Errorf("second open: %v", err)
	}
}

// TestConcurrentReplace reads a key while it is replaced over and over: every
// read sees one whole content.
func TestConcurrentReplace(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	store := openStore(t, dir, objectstore.Options{})
	ctx := context.WithoutCancel(t.Context())
	must(t, store.CreateBucket(ctx, "shop"))
	write := func(b byte) error {
		_, err := store.PutObject(ctx, "shop", "k", bytes.NewReader(bytes.Repeat([]byte{b}, 10_000)))
		return err
	}
	must(t, write('a'))
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 20 {
				if err := write(byte('a' + rand.IntN(26))); err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			for range 50 {
				_, f, err := store.Get(ctx, "shop", "k", "")
				if err != nil {
					t.Error(err)
					return
				}
				b, err := io.ReadAll(f)
				if err != nil || len(b) != 10_000 || bytes.Count(b, b[:1]) != len(b) {
					t.Errorf("mixed content of %d bytes, %v", len(b), err)
				}
				_ = f.Close()
			}
		})
	}
	wg.Wait()
	equal(t, "files", countFiles(t, dir), 1)
}

func countFiles(t *testing.T, dir string) (n int) {
	t.Helper()
	for _, sub := range []string{"tmp", "content"} {
		must(t, filepath.WalkDir(filepath.Join(dir, sub), func(_ string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				n++
			}
			return err
		}))
	}
	return n
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// repeated is a large content that takes no memory.
type repeated struct {
	block []byte
	left  int
}

func (r *repeated) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), r.left)], r.block)
	r.left -= n
	return n, nil
}

// allocated is all that was ever allocated, so that nothing can hide.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

func TestLargePutStaysOutOfMemory(t *testing.T) {
	// Not parallel: it measures what the whole process allocates.
	store, server := serve(t, objectstore.Options{})
	must(t, store.CreateBucket(t.Context(), "shop"))
	const size = 200 << 20
	r := got(http.NewRequest("PUT", server.URL+"/shop/k", &repeated{block: bytes.Repeat([]byte("x"), 1<<16), left: size}))(t)
	r.ContentLength = size
	sigv4.Sign(r, sigv4.UnsignedPayload, rootCredentials, "us-east-1", "s3", time.Now())
	before := allocated()
	resp, body := do(t, r)
	equal(t, "put: "+body, resp.StatusCode, 200)
	if grown := allocated() - before; grown > 16<<20 {
		t.Errorf("client and server together allocated %d MB to put 200 MB", grown>>20)
	}
	o := got(store.Head(t.Context(), "shop", "k", ""))(t)
	equal(t, "size", o.Size, size)
}
