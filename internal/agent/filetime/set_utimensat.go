//go:build linux || freebsd

package filetime

import (
	"fmt"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

func set(f *os.File, t time.Time) error {
	ts, err := unix.TimeToTimespec(t)
	if err != nil {
		return fmt.Errorf("cannot set the time of %s to %s: %w", f.Name(), t, err)
	}
	times := [2]unix.Timespec{ts, ts}
	// utimensat without a path means the file itself (futimens); x/sys offers
	// it only with one.
	_, _, errno := unix.Syscall6(unix.SYS_UTIMENSAT, f.Fd(), 0, uintptr(unsafe.Pointer(&times)), 0, 0, 0)
	if errno != 0 {
		return fmt.Errorf("cannot set the time of %s: %w", f.Name(), errno)
	}
	return nil
}
