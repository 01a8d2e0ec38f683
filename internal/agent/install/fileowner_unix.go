//go:build !windows

package install

import (
	"io/fs"
	"syscall"
)

// fileOwner returns whose a file is.
func fileOwner(info fs.FileInfo) (uid, gid int, ok bool) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, false
	}
	return int(stat.Uid), int(stat.Gid), true
}
