package setup

import (
	"io/fs"

	"golang.org/x/sys/windows"
)

// hasModes says whether the modes of files mean something.
const hasModes = false

// freeSpace returns the bytes that are left to this user in a folder.
func freeSpace(dir string) (free uint64, err error) {
	path, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, err
	}
	return free, windows.GetDiskFreeSpaceEx(path, &free, nil, nil)
}

func ownedByUs(fs.FileInfo) bool { return true }

// alive reports whether there is such a process.
func alive(pid int) bool {
	h, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, uint32(pid))
	if err != nil {
		return false
	}
	_ = windows.CloseHandle(h) // it was only asked for
	return true
}
