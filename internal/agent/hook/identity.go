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

const sudoProgram = "/usr/bin/sudo"

// foreign reports whether only sudo can make the script that user's.
func (i identity) foreign() bool {
	return i.user != nil && i.credential == nil && i.user.Uid != strconv.Itoa(os.Geteuid())
}

// reachable makes sure that there is a way to become the user.
func (i identity) reachable(sudo bool) error {
	if !i.foreign() && (!sudo || os.Geteuid() == 0) {
		return nil
	}
	if _, err := os.Stat(sudoProgram); err == nil {
		return nil
	}
	who, key := "root", "sudo"
	if i.foreign() {
		who, key = i.user.Username, "runas"
	}
	return fmt.Errorf("the agent is not root, and this host has no %s to become %s with: run the agent as root, or leave %s out", sudoProgram, who, key)
}

// command returns how the script is started. Root needs no sudo; another user
// needs it to become somebody else.
func (i identity) command(sudo bool, file string) []string {
	switch {
	case i.foreign():
		return []string{sudoProgram, "-n", "-u", i.user.Username, file}
	case sudo && os.Geteuid() != 0:
		return []string{sudoProgram, "-n", file}
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
