package hook

import (
	"fmt"
	"os"
	"os/user"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// identity is the user that a script runs as.
type identity struct {
	user       *user.User          // nil: the agent's own
	credential *syscall.Credential // nil: no change, or not ours to make
}

func identityOf(name string) (identity, error) {
	if name == "" {
		return identity{}, nil
	}
	u, err := user.Lookup(name)
	if err != nil {
		return identity{}, fmt.Errorf("the user %q of runas does not exist on the host", name)
	}
	if u.Uid == strconv.Itoa(os.Geteuid()) {
		return identity{user: u}, nil
	}
	if os.Geteuid() != 0 {
		return identity{user: u}, nil // sudo may be able to; see command
	}
	credential, err := credentialOf(u)
	return identity{u, credential}, err
}

func credentialOf(u *user.User) (*syscall.Credential, error) {
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	c := &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	ids, err := u.GroupIds()
	if err != nil {
		return nil, fmt.Errorf("cannot look up the groups of %s: %w", u.Username, err)
	}
	for _, id := range ids {
		if n, err := strconv.ParseUint(id, 10, 32); err == nil {
			c.Groups = append(c.Groups, uint32(n))
		}
	}
	return c, nil
}

// command returns how the script is started. Root needs no sudo; another user
// needs it to become somebody else.
func (i identity) command(sudo bool, file string) []string {
	other := i.user != nil && i.credential == nil && i.user.Uid != strconv.Itoa(os.Geteuid())
	switch {
	case other:
		return []string{"/usr/bin/sudo", "-n", "-u", i.user.Username, file}
	case sudo && os.Geteuid() != 0:
		return []string{"/usr/bin/sudo", "-n", file}
	}
	return []string{file}
}

// environment makes the variables fit the user.
func (i identity) environment(env []string) []string {
	if i.user == nil {
		return slices.Clone(env)
	}
	env = slices.DeleteFunc(slices.Clone(env), func(v string) bool {
		return strings.HasPrefix(v, "HOME=") || strings.HasPrefix(v, "USER=") || strings.HasPrefix(v, "LOGNAME=")
	})
	return append(env, "HOME="+i.user.HomeDir, "USER="+i.user.Username, "LOGNAME="+i.user.Username)
}
