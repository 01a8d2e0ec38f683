//go:build unix

package kept

import (
	"io/fs"
	"syscall"
)

// canLink says that files can be recognised by all their names.
const canLink = true

// fileID tells a file from others, whatever it is called.
type fileID struct{ device, inode uint64 }

// identity returns a file's id and how many names it has.
func identity(info fs.FileInfo) (fileID, uint64) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return fileID{}, 1
	}
	return fileID{uint64(s.Dev), s.Ino}, uint64(s.Nlink) //nolint:unconvert // their types differ between systems
}

// sameOwner reports whether two files belong to the same user and group.
func sameOwner(a, b fs.FileInfo) bool {
	x, okX := a.Sys().(*syscall.Stat_t)
	y, okY := b.Sys().(*syscall.Stat_t)
	return okX && okY && x.Uid == y.Uid && x.Gid == y.Gid
}
