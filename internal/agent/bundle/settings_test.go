package bundle_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/slipwayhq/slipway/internal/agent/bundle"
)

func extraction(t *testing.T, archive []byte, kind string) bundle.Extraction {
	t.Helper()
	dir := t.TempDir()
	x := bundle.Extraction{File: filepath.Join(dir, "bundle.tar"), Type: kind, Dir: filepath.Join(dir, "archive")}
	if err := os.WriteFile(x.File, archive, 0o600); err != nil {
		t.Fatal(err)
	}
	return x
}

func TestUnpackRejectsLinksIfAsked(t *testing.T) {
	t.Parallel()
	for kind, archive := range map[string][]byte{
		"tar": makeTar(t, member{name: "a", body: "x"}, member{name: "l", kind: tar.TypeSymlink, link: "a"}),
		"zip": makeZip(t, member{name: "a", body: "x"}, member{name: "l", kind: tar.TypeSymlink, link: "a"}),
	} {
		x := extraction(t, archive, kind)
		if err := bundle.Unpack(t.Context(), x); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		x.RejectLinks = true
		if err := bundle.Unpack(t.Context(), x); err == nil || !strings.Contains(err.Error(), "reject_symlinks_in_bundle") {
			t.Errorf("%s: error is %v", kind, err)
		}
	}
}

func TestUnpackIgnoresOwnersIfAsked(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root gives files away")
	}
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	if err := errors.Join(w.WriteHeader(&tar.Header{Name: "a", Mode: 0o644, Uid: 12345}), w.Close()); err != nil {
		t.Fatal(err)
	}
	x := extraction(t, archive.Bytes(), "tar")
	for _, ignored := range []bool{false, true} {
		x.IgnoreOwners = ignored
		if err := bundle.Unpack(t.Context(), x); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(filepath.Join(x.Dir, "a"))
		if err != nil {
			t.Fatal(err)
		}
		want := uint32(12345)
		if ignored {
			want = 0
		}
		if got := info.Sys().(*syscall.Stat_t).Uid; got != want {
			t.Errorf("ignored %v: owner %d, want %d", ignored, got, want)
		}
	}
}
