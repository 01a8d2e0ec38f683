package kept_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/slipwayhq/slipway/internal/agent/kept"
)

// archives are three unpacked revisions.
type archives []string

func newArchives(t *testing.T) archives {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("files are not shared on Windows")
	}
	a, group := archives{}, t.TempDir()
	for _, id := range []string{"d-1", "d-2", "d-3"} {
		a = append(a, filepath.Join(group, id, "deployment-archive"))
	}
	return a
}

// link links the archives and returns how many bytes that saved.
func (a archives) link(t *testing.T) int64 {
	t.Helper()
	saved, err := kept.Link(t.Context(), a...)
	if err != nil {
		t.Fatal(err)
	}
	return saved
}

// one reports whether a file of two archives is one.
func (a archives) one(t *testing.T, older, newer int, name string) bool {
	t.Helper()
	x, err := os.Lstat(filepath.Join(a[older], name))
	if err != nil {
		t.Fatal(err)
	}
	y, err := os.Lstat(filepath.Join(a[newer], name))
	if err != nil {
		t.Fatal(err)
	}
	return os.SameFile(x, y)
}

func TestIdenticalFilesBecomeOne(t *testing.T) {
	t.Parallel()
	a := newArchives(t)
	for _, dir := range a {
		put(t, "the same", dir, "lib", "x")
		put(t, "the same", dir, "y")
	}
	if saved := a.link(t); saved != 4*8 {
		t.Errorf("saved %d bytes, want 32", saved)
	}
	for _, name := range []string{"lib/x", "y"} {
		if !a.one(t, 0, 1, name) || !a.one(t, 0, 2, name) || readFile(t, a[2], name) != "the same" {
			t.Errorf("%s is not one file with the content of all", name)
		}
	}
	if saved := a.link(t); saved != 0 {
		t.Errorf("the second time %d bytes are saved", saved)
	}
	// One more, later.
	a = append(a, filepath.Join(filepath.Dir(filepath.Dir(a[0])), "d-4", "deployment-archive"))
	put(t, "the same", a[3], "y")
	if saved := a.link(t); saved != 8 || !a.one(t, 0, 3, "y") {
		t.Errorf("with another revision %d bytes are saved, want 8", saved)
	}
}

// Whatever differs but the time of the last change keeps two files apart, and
// so does a name outside the archives.
func TestWhatDiffersStaysApart(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(t *testing.T, older, newer string){
		"content": func(t *testing.T, _, newer string) { put(t, "the SAME", newer) },
		"length":  func(t *testing.T, _, newer string) { put(t, "the same, and more", newer) },
		"empty": func(t *testing.T, older, newer string) {
			put(t, "", older)
			put(t, "", newer)
		},
		"mode": func(t *testing.T, _, newer string) {
			if err := os.Chmod(newer, 0o755); err != nil {
				t.Fatal(err)
			}
		},
		"owner": func(t *testing.T, _, newer string) {
			if os.Geteuid() != 0 {
				t.Skip("only root gives files away")
			}
			if err := os.Chown(newer, 12345, -1); err != nil {
				t.Fatal(err)
			}
		},
		"a link there": func(t *testing.T, older, newer string) {
			put(t, "the same", filepath.Dir(older), "real")
			if err := errors.Join(os.Remove(older), os.Symlink("real", older)); err != nil {
				t.Fatal(err)
			}
		},
		"a link here": func(t *testing.T, older, newer string) {
			if err := errors.Join(os.Remove(newer), os.Symlink(older, newer)); err != nil {
				t.Fatal(err)
			}
		},
		"the older one is installed": func(t *testing.T, older, _ string) { linkTo(t, older, filepath.Join(t.TempDir(), "app")) },
		"the newer one is installed": func(t *testing.T, _, newer string) { linkTo(t, newer, filepath.Join(t.TempDir(), "app")) },
		"a folder that leads out": func(t *testing.T, older, _ string) {
			outside := t.TempDir()
			put(t, "the same", outside, "x")
			if err := errors.Join(os.RemoveAll(filepath.Dir(older)), os.Symlink(outside, filepath.Dir(older))); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newArchives(t)[:2]
			older, newer := put(t, "the same", a[0], "lib", "x"), put(t, "the same", a[1], "lib", "x")
			change(t, older, newer)
			x, errX := os.Stat(older)
			y, errY := os.Stat(newer)
			if err := errors.Join(errX, errY); err != nil {
				t.Fatal(err)
			}
			a.link(t)
			_, err := os.Lstat(filepath.Join(a[1], ".slipway-link"))
			if a.link(t) != 0 || a.one(t, 0, 1, "lib/x") || !errors.Is(err, os.ErrNotExist) {
				t.Error("they are one file now, or something was left")
			}
			x2, errX := os.Stat(older)
			y2, errY := os.Stat(newer)
			if errX != nil || errY != nil || !os.SameFile(x, x2) || !os.SameFile(y, y2) {
				t.Error("one of them was replaced")
			}
		})
	}
}

func linkTo(t *testing.T, file, elsewhere string) {
	t.Helper()
	if err := os.Link(file, elsewhere); err != nil {
		t.Fatal(err)
	}
}

// What an agent that was killed has left is not in the way, and whoever wants
// to deploy need not wait for the end.
func TestLinkGoesOn(t *testing.T) {
	t.Parallel()
	a := newArchives(t)
	for _, dir := range a {
		put(t, "the same", dir, "x")
	}
	linkTo(t, filepath.Join(a[0], "x"), filepath.Join(a[2], ".slipway-link"))
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, err := kept.Link(stopped, a...); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped with %v", err)
	}
	if saved := a.link(t); saved != 16 || !a.one(t, 0, 2, "x") {
		t.Errorf("%d bytes are saved, want 16", saved)
	}
	if _, err := os.Lstat(filepath.Join(a[2], ".slipway-link")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the leftover: %v", err)
	}
}

func readFile(t *testing.T, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
