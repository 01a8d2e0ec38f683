//go:build !windows

package install

import (
	"os"

	"golang.org/x/sys/unix"
)

// takeFile takes the file for this process, or fails at once; busy says that
// another one has it.
func takeFile(f *os.File) (busy bool, err error) {
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	return err == unix.EWOULDBLOCK, err //nolint:errorlint // an errno
}

func giveFile(f *os.File) { _ = unix.Flock(int(f.Fd()), unix.LOCK_UN) }
