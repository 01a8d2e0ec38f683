//go:build !windows

package install

import (
	"path/filepath"
	"syscall"
)

// isMount reports whether another file system begins at dir: such a folder can
// be neither removed nor renamed.
func isMount(dir string) bool {
	own, parent := new(syscall.Stat_t), new(syscall.Stat_t)
	return syscall.Lstat(dir, own) == nil && syscall.Lstat(filepath.Dir(dir), parent) == nil && own.Dev != parent.Dev
}
