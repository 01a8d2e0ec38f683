package install

import "io/fs"

// fileOwner knows no numbers of users on Windows.
func fileOwner(fs.FileInfo) (uid, gid int, ok bool) { return 0, 0, false }
