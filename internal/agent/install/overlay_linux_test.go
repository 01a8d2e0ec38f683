package install

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// The previous revision came with the image of a container: its folders are in
// a lower layer of an overlay, where they cannot be renamed.
func TestRevisionInALowerLayer(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can mount")
	}
	p := newPlace(t)
	layers := t.TempDir()
	for _, name := range []string{"upper", "work"} {
		p.must(os.Mkdir(filepath.Join(layers, name), 0o755))
	}
	lower := filepath.Join(layers, "lower")
	p.must(os.Rename(p.app, lower))
	p.must(os.Mkdir(p.app, 0o755))
	options := "lowerdir=" + lower + ",upperdir=" + filepath.Join(layers, "upper") + ",workdir=" + filepath.Join(layers, "work")
	if err := unix.Mount("overlay", p.app, "overlay", 0, options); err != nil {
		t.Skipf("this host mounts no overlay: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(p.app, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	own := filepath.Join(p.app, "own")
	if err := os.Rename(own, own+"-other"); err == nil {
		t.Skip("this overlay renames the folders of its lower layers")
	}
	interrupted, _, _ := p.prepared()
	p.must(interrupted.run())
	p.must(Recover(interrupted.books, nil)) // died in the middle of it
	p.want(p.previous)
	x, list, previous := p.prepared()
	p.must(p.installation().replace(t.Context(), x, list, previous))
	p.want(p.next)
}
