package kept_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipwayhq/slipway/internal/agent/kept"
)

// put writes a file below a folder, with the folders above it.
func put(t *testing.T, text string, path ...string) string {
	t.Helper()
	name := filepath.Join(path...)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

// made sets when a revision was made, in minutes.
func made(t *testing.T, minute int, dir ...string) {
	t.Helper()
	at := time.Unix(int64(minute)*60, 0)
	if err := os.Chtimes(filepath.Join(dir...), at, at); err != nil {
		t.Fatal(err)
	}
}

func list(t *testing.T, root string) []kept.Revision {
	t.Helper()
	revisions, err := kept.List(root, "journal")
	if err != nil {
		t.Fatal(err)
	}
	return revisions
}

func TestListIsOldestFirst(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for n, name := range []string{"g2/d-B", "g1/d-C", "g1/d-A"} {
		put(t, "x", root, name, "bundle.tar")
		made(t, n, root, name)
	}
	put(t, "x", root, "journal", "running", "x")
	put(t, "x", root, "file")
	put(t, "x", root, "g1", "file")
	var got []string
	for _, r := range list(t, root) {
		got = append(got, r.Group+"/"+r.ID)
	}
	if diff := cmp.Diff([]string{"g2/d-B", "g1/d-C", "g1/d-A"}, got); diff != "" {
		t.Error(diff)
	}
	if revisions := list(t, filepath.Join(root, "nowhere")); len(revisions) != 0 {
		t.Errorf("where nothing is there are %v", revisions)
	}
}

// A file is counted once, whatever its names, and is paid for until the last of
// them goes.
func TestShrinkCountsLinkedFilesOnce(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	ten := "0123456789"
	one := put(t, ten, root, "g/d-1/bundle.tar")
	for n, id := range []string{"d-2", "d-3"} {
		put(t, ten+ten, root, "g", id, "own")
		if err := os.Link(one, filepath.Join(root, "g", id, "bundle.tar")); err != nil {
			t.Fatal(err)
		}
		made(t, n+2, root, "g", id)
	}
	made(t, 1, root, "g", "d-1")
	usage, err := kept.Measure(list(t, root))
	if want := (kept.Usage{Revisions: 3, Bytes: 50}); err != nil || usage != want {
		t.Errorf("they take %+v (%v), want %+v", usage, err, want)
	}
	for budget, want := range map[int64]struct {
		left int64
		gone []string
	}{
		50: {50, nil},
		49: {30, []string{"d-2"}}, // d-1 alone would free nothing
		30: {30, []string{"d-2"}},
		29: {10, []string{"d-2", "d-3"}},
		9:  {0, []string{"d-2", "d-3", "d-1"}},
	} {
		var gone []string
		left, err := kept.Shrink(list(t, root), budget, func(r kept.Revision) (bool, error) {
			gone = append(gone, r.ID)
			return true, nil
		})
		if err != nil || left != want.left || !cmp.Equal(gone, want.gone) {
			t.Errorf("%d bytes: %v go and %d are left (%v), want %+v", budget, gone, left, err, want)
		}
	}
	left, err := kept.Shrink(list(t, root), 0, func(kept.Revision) (bool, error) { return false, nil })
	if err != nil || left != 50 {
		t.Errorf("where nothing may go %d are left (%v)", left, err)
	}
}
