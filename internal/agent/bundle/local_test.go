package bundle_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/slipwayhq/slipway/internal/agent/bundle"
)

func TestCopyFolderKeepsWhatIsThere(t *testing.T) {
	t.Parallel()
	from, to := filepath.Join(t.TempDir(), "from"), filepath.Join(t.TempDir(), "to")
	old := time.Date(2020, 2, 3, 4, 5, 6, 0, time.UTC)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.MkdirAll(filepath.Join(from, "closed"), 0o755))
	must(os.WriteFile(filepath.Join(from, "closed", "run"), []byte("x"), 0o600))
	must(os.Chmod(filepath.Join(from, "closed", "run"), 0o751|os.ModeSetuid))
	must(os.Symlink("nowhere", filepath.Join(from, "link")))
	must(os.Chtimes(filepath.Join(from, "closed", "run"), old, old))
	must(os.Chmod(filepath.Join(from, "closed"), 0o555))
	t.Cleanup(func() { _ = os.Chmod(filepath.Join(from, "closed"), 0o755) })
	must(os.Mkdir(to, 0o755))
	must(os.WriteFile(filepath.Join(to, "older"), nil, 0o600))
	by := filepath.Join(t.TempDir(), "by-a-link")
	must(os.Symlink(from, by))

	must(bundle.CopyFolder(t.Context(), by, to, "/nowhere"))
	info, err := os.Stat(filepath.Join(to, "closed", "run"))
	must(err)
	if info.Mode() != 0o751 || !info.ModTime().Equal(old) {
		t.Errorf("the copy has mode %s and time %s", info.Mode(), info.ModTime())
	}
	if target, err := os.Readlink(filepath.Join(to, "link")); err != nil || target != "nowhere" {
		t.Errorf("the link leads to %q, %v", target, err)
	}
	if info, err := os.Stat(filepath.Join(to, "closed")); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("the folder has mode %v, %v", info.Mode(), err)
	}
	if _, err := os.Stat(filepath.Join(to, "older")); !os.IsNotExist(err) {
		t.Error("what was there before is still there")
	}
}

func TestCopyFolderRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(t.TempDir(), "to")
	for location, want := range map[string]string{
		dir:                        "is a device, pipe or of another kind",
		filepath.Join(dir, "none"): "no such file",
		filepath.Join(dir, "pipe"): "it is not a folder",
	} {
		if err := bundle.CopyFolder(t.Context(), location, to, "/nowhere"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error is %v, want %q", location, err, want)
		}
	}
	if entries, _ := os.ReadDir(filepath.Dir(to)); len(entries) > 0 {
		t.Errorf("%d entries are left", len(entries))
	}
}

func TestLinkToAnArchive(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	archive, dst := filepath.Join(dir, "a.zip"), filepath.Join(dir, "bundle.tar")
	if err := bundle.Link(archive, dst); err == nil {
		t.Error("a missing archive was accepted")
	}
	if err := bundle.Link(dir, dst); err == nil || !strings.Contains(err.Error(), "the type of a folder is directory") {
		t.Errorf("error is %v", err)
	}
	if err := os.WriteFile(archive, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // again over the first
		if err := bundle.Link(archive, dst); err != nil {
			t.Fatal(err)
		}
	}
	if target, err := os.Readlink(dst); err != nil || target != archive {
		t.Errorf("the link leads to %q, %v", target, err)
	}
}
