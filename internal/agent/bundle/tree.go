package bundle

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"
)

// tree is the folder that an archive is unpacked to. Besides os.Root, which
// keeps every operation inside, it insists that the parents of an entry are
// real folders and never links.
type tree struct {
	root   *os.Root
	budget *budget
	dirs   map[string]dirMeta // the real folders made so far
	last   struct {           // most entries follow a sibling
		name string
		root *os.Root
	}
	// leavesTop is a link whose target lies outside of the archive's topmost
	// folder; it may not stay when that folder becomes the whole.
	leavesTop string
	// See Extraction.
	ignoreOwners, rejectLinks bool
}

// dirMeta is set when everything is written: a folder may be read-only.
type dirMeta struct {
	mode  fs.FileMode
	mtime time.Time
	owner owner
	set   bool
}

func newTree(dir string, b *budget) (*tree, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	t := &tree{root: root, budget: b, dirs: map[string]dirMeta{".": {}}}
	t.last.name, t.last.root = ".", root
	return t, nil
}

// clean checks the name of an entry and returns it without its decorations.
func clean(name string) (string, error) {
	if strings.HasPrefix(name, "/") {
		return "", fmt.Errorf("entry %q has an absolute path", name)
	}
	if strings.IndexByte(name, 0) >= 0 || name == "" {
		return "", fmt.Errorf("entry %q has no valid name", name)
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == ".." {
			return "", fmt.Errorf("entry %q would leave the bundle with \"..\"", name)
		}
	}
	return path.Clean(name), nil
}

// mkdir makes a folder and its parents.
func (t *tree) mkdir(name string) error {
	if _, ok := t.dirs[name]; ok {
		return nil
	}
	if err := t.mkdir(path.Dir(name)); err != nil {
		return err
	}
	err := t.root.Mkdir(name, 0o755)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("entry %q needs a folder where the archive already has a file or link", name)
	}
	t.dirs[name] = dirMeta{}
	return err
}

// parent opens the folder that an entry lies in, and returns the entry's own
// name.
func (t *tree) parent(name string) (*os.Root, string, error) {
	dir, base := path.Split(name)
	dir = path.Clean(dir)
	if dir == t.last.name {
		return t.last.root, base, nil
	}
	if err := t.mkdir(dir); err != nil {
		return nil, "", err
	}
	r, err := t.root.OpenRoot(dir)
	if err != nil {
		return nil, "", err
	}
	t.forget()
	t.last.name, t.last.root = dir, r
	return r, base, nil
}

func (t *tree) forget() {
	if t.last.root != t.root {
		t.last.root.Close()
	}
	t.last.name, t.last.root = ".", t.root
}

// link makes a symbolic link. Since parents are real folders and a target may
// climb only at its start, no chain of such links leads outside.
func (t *tree) link(name, target string) error {
	if t.rejectLinks {
		return fmt.Errorf("link %q: this host takes no bundles with symbolic links (reject_symlinks_in_bundle)", name)
	}
	resolved, err := inside(name, target)
	if err != nil {
		return err
	}
	top, _, nested := strings.Cut(name, "/")
	if nested && resolved != top && !strings.HasPrefix(resolved, top+"/") {
		t.leavesTop = name
	}
	dir, base, err := t.parent(name)
	if err != nil {
		return err
	}
	return replacing(dir, base, func() error { return dir.Symlink(target, base) })
}

func inside(name, target string) (string, error) {
	refused := fmt.Errorf("link %q to %q would leave the bundle", name, target)
	if target == "" || strings.HasPrefix(target, "/") {
		return "", refused
	}
	down := false
	for part := range strings.SplitSeq(target, "/") {
		switch part {
		case "..":
			if down {
				return "", refused
			}
		case "", ".":
		default:
			down = true
		}
	}
	resolved := path.Join(path.Dir(name), target)
	if resolved == ".." || strings.HasPrefix(resolved, "../") {
		return "", refused
	}
	return resolved, nil
}

// hardLink gives a file that was unpacked before a second name.
func (t *tree) hardLink(name, target string) error {
	target, err := clean(target)
	if err != nil {
		return fmt.Errorf("hard link %q would leave the bundle: %w", name, err)
	}
	if _, ok := t.dirs[path.Dir(target)]; !ok {
		return fmt.Errorf("hard link %q names %q, which the archive does not have before it", name, target)
	}
	info, err := t.root.Lstat(target)
	if err != nil || !info.Mode().IsRegular() {
		return fmt.Errorf("hard link %q names %q, which is not a file of the archive before it", name, target)
	}
	if target == name {
		return nil
	}
	if err := t.mkdir(path.Dir(name)); err != nil {
		return err
	}
	return replacing(t.root, name, func() error { return t.root.Link(target, name) })
}

// replacing tries again without what is in the way: the last entry of a name
// wins, as with tar and unzip.
func replacing(dir *os.Root, name string, create func() error) error {
	err := create()
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	if info, statErr := dir.Lstat(name); statErr == nil && info.IsDir() {
		return fmt.Errorf("entry %q needs a file where the archive already has a folder", name)
	}
	if err := dir.Remove(name); err != nil {
		return err
	}
	return create()
}

// finish sets what the folders were packed with.
func (t *tree) finish() error {
	t.forget()
	for name, meta := range t.dirs {
		if !meta.set {
			continue
		}
		if err := t.root.Chmod(name, meta.mode); err != nil {
			return err
		}
		if meta.owner.foreign() {
			if err := t.root.Lchown(name, meta.owner.uid, meta.owner.gid); err != nil {
				return err
			}
		}
		if err := t.root.Chtimes(name, meta.mtime, meta.mtime); err != nil {
			return err
		}
	}
	return nil
}

func (t *tree) close() error {
	t.forget()
	return t.root.Close()
}
