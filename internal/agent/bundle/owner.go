package bundle

import (
	"archive/tar"
	"os"
	"os/user"
	"strconv"
)

// owner is who a file belongs to in the archive. Only root can give files
// away, so only root keeps it, as tar does.
type owner struct {
	uid, gid int
	known    bool
}

// foreign reports whether a new file has to be given away.
func (o owner) foreign() bool {
	return o.known && (o.uid != os.Geteuid() || o.gid != os.Getegid())
}

// owners finds the local accounts for the names in an archive.
type owners struct {
	users, groups map[string]int
	ignored       bool
}

func newOwners(ignored bool) *owners {
	return &owners{users: map[string]int{}, groups: map[string]int{}, ignored: ignored}
}

func (o *owners) of(h *tar.Header) owner {
	if os.Geteuid() != 0 || o.ignored {
		return owner{}
	}
	return owner{
		uid: resolve(o.users, h.Uname, h.Uid, func(name string) (string, error) {
			u, err := user.Lookup(name)
			if err != nil {
				return "", err
			}
			return u.Uid, nil
		}),
		gid: resolve(o.groups, h.Gname, h.Gid, func(name string) (string, error) {
			g, err := user.LookupGroup(name)
			if err != nil {
				return "", err
			}
			return g.Gid, nil
		}),
		known: true,
	}
}

// resolve prefers the name to the number: accounts are numbered differently on
// the machine that packed the archive.
func resolve(cache map[string]int, name string, number int, lookup func(string) (string, error)) int {
	if name == "" {
		return number
	}
	id, ok := cache[name]
	if !ok {
		id = -1
		if text, err := lookup(name); err == nil {
			if n, err := strconv.Atoi(text); err == nil {
				id = n
			}
		}
		cache[name] = id
	}
	if id < 0 {
		return number
	}
	return id
}
