package install

import (
	"errors"
	"fmt"
	"io/fs"
	"os/user"
	"strconv"
	"syscall"
)

// Account is a user or group of the host; the zero Account means no change.
type Account struct {
	Name string
	ID   int
}

// id is what chown takes: -1 leaves as it is.
func (a Account) id() int {
	if a.Name == "" {
		return -1
	}
	return a.ID
}

func lookupUser(name string) (Account, error) {
	if name == "" {
		return Account{}, nil
	}
	u, err := user.Lookup(name)
	if err != nil {
		return Account{}, fmt.Errorf("%q: no user of this name exists on the host", name)
	}
	id, err := strconv.Atoi(u.Uid)
	return Account{name, id}, err
}

func lookupGroup(name string) (Account, error) {
	if name == "" {
		return Account{}, nil
	}
	g, err := user.LookupGroup(name)
	if err != nil {
		return Account{}, fmt.Errorf("%q: no group of this name exists on the host", name)
	}
	id, err := strconv.Atoi(g.Gid)
	return Account{name, id}, err
}

// fileMode translates octal digits to Go's bits.
func fileMode(digits string) (fs.FileMode, error) {
	n, err := strconv.ParseUint(digits, 8, 32)
	if err != nil || n > 0o7777 {
		return 0, fmt.Errorf("mode %q is not one to four octal digits", digits)
	}
	mode := fs.FileMode(n & 0o777)
	if n&syscall.S_ISUID != 0 {
		mode |= fs.ModeSetuid
	}
	if n&syscall.S_ISGID != 0 {
		mode |= fs.ModeSetgid
	}
	if n&syscall.S_ISVTX != 0 {
		mode |= fs.ModeSticky
	}
	return mode, nil
}

// isAbsent also covers a path that leads through a file: nothing is there, and
// the planned parent says so itself.
func isAbsent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}
