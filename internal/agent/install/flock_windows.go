package install

import (
	"os"

	"golang.org/x/sys/windows"
)

// takeFile takes the file for this process, or fails at once; busy says that
// another one has it.
func takeFile(f *os.File) (busy bool, err error) {
	err = windows.LockFileEx(windows.Handle(f.Fd()),
		windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, new(windows.Overlapped))
	return err == windows.ERROR_LOCK_VIOLATION, err //nolint:errorlint // an errno
}

func giveFile(f *os.File) {
	_ = windows.UnlockFileEx(windows.Handle(f.Fd()), 0, 1, 0, new(windows.Overlapped))
}
