package install

import (
	"io/fs"
	"os"
	"path/filepath"
)

// future answers what a path of the host will be once the previous revision
// is cleaned up.
type future struct {
	cleanup *cleanupList
	gone    map[string]bool // what was found out about listed folders
}

func newFuture(l *cleanupList) *future {
	return &future{cleanup: l, gone: map[string]bool{}}
}

// state is what is found at a path.
type state uint8

const (
	absent state = iota + 1
	folder
	file
	// dangling is a link to nothing. It does not count as existing, but has to
	// be replaced and not created.
	dangling
)

// at returns the state of path after the cleanup.
func (f *future) at(path string) (state, error) {
	info, err := os.Lstat(path)
	if isAbsent(err) {
		return absent, nil
	}
	if err != nil {
		return 0, err
	}
	if f.removed(path, info) {
		return absent, nil
	}
	if info.Mode()&fs.ModeSymlink == 0 {
		return kindOf(info), nil
	}
	target, err := os.Stat(path)
	if isAbsent(err) {
		return dangling, nil
	}
	if err != nil {
		return 0, err
	}
	return kindOf(target), nil
}

func kindOf(info fs.FileInfo) state {
	if info.IsDir() {
		return folder
	}
	return file
}

// removed reports whether the cleanup removes path: a listed file, or a listed
// folder in which nothing stays.
func (f *future) removed(path string, info fs.FileInfo) bool {
	if !f.cleanup.set[path] {
		return false
	}
	if !info.IsDir() {
		return true
	}
	if gone, known := f.gone[path]; known {
		return gone
	}
	f.gone[path] = f.emptied(path)
	return f.gone[path]
}

func (f *future) emptied(dir string) bool {
	entries, err := os.ReadDir(dir)
	if err != nil || isMount(dir) {
		return false
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !f.removed(filepath.Join(dir, e.Name()), info) {
			return false
		}
	}
	return true
}
