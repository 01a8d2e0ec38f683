package kept

import (
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// plain reports whether a file has nothing that a mode and an owner do not
// say: no access list, no capabilities. Its SELinux label comes from its place,
// which is the same for all revisions.
func plain(f *os.File) bool {
	names := make([]byte, 4<<10)
	n, err := unix.Flistxattr(int(f.Fd()), names)
	if err == unix.ENOTSUP {
		return true
	}
	if err != nil {
		return false
	}
	for name := range strings.SplitSeq(strings.Trim(string(names[:n]), "\x00"), "\x00") {
		if name != "" && name != "security.selinux" {
			return false
		}
	}
	return true
}
