package kept

import "io/fs"

// canLink: how many names a file has takes more than looking at it here, and
// without that no file is shared.
const canLink = false

type fileID struct{}

func identity(fs.FileInfo) (fileID, uint64) { return fileID{}, 1 }

func sameOwner(_, _ fs.FileInfo) bool { return false }
