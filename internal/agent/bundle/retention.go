package bundle

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Prune removes the oldest folders of dir until keep are left, among them
// those named in protected, which are never removed.
func Prune(dir string, keep int, protected ...string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("cannot look for old revisions: %w", err)
	}
	var folders []fs.FileInfo
	for _, e := range entries {
		info, err := e.Info()
		if err == nil && info.IsDir() {
			folders = append(folders, info)
		}
	}
	slices.SortFunc(folders, func(a, b fs.FileInfo) int {
		return cmp.Or(a.ModTime().Compare(b.ModTime()), cmp.Compare(a.Name(), b.Name()))
	})
	excess := len(folders) - keep
	for _, folder := range folders {
		if excess <= 0 {
			break
		}
		if slices.Contains(protected, folder.Name()) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, folder.Name())); err != nil {
			return fmt.Errorf("cannot remove an old revision: %w", err)
		}
		excess--
	}
	return nil
}
