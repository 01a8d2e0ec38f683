package hook

import (
	"fmt"
	"os"
	"os/user"
	"slices"
	"strconv"
	"strings"
)

// identity is the user that a script runs as.
type identity struct {
	user       *user.User  // nil: the agent's own
	credential *credential // nil: no change, or not ours to make
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
	c, err := credentialOf(u)
	return identity{u, c}, err
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
