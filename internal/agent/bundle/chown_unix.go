//go:build !windows

package bundle

import (
	"io/fs"
	"os"
	"syscall"
)

// keepOwner gives a copy to the owner of the original. Only root can.
func keepOwner(path string, info fs.FileInfo) error {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || os.Geteuid() != 0 {
		return nil
	}
	return os.Lchown(path, int(stat.Uid), int(stat.Gid))
}
