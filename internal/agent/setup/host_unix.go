//go:build !windows

package setup

import (
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// hasModes says whether the modes of files mean something.
const hasModes = true

// freeSpace returns the bytes that are left to this user in a folder.
func freeSpace(dir string) (uint64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, err
	}
	return uint64(s.Bavail) * uint64(s.Bsize), nil //nolint:unconvert // their types differ between systems
}

func ownedByUs(info fs.FileInfo) bool {
	s, ok := info.Sys().(*syscall.Stat_t)
	return !ok || int(s.Uid) == os.Geteuid()
}

// alive reports whether there is such a process. Signal 0 is none.
func alive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || err == syscall.EPERM //nolint:errorlint // an errno as it is
}
