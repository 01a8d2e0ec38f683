//go:build !windows

package hook

import (
	"fmt"
	"os/user"
	"strconv"
	"syscall"
)

// credential is what makes a process another user's.
type credential = syscall.Credential

func credentialOf(u *user.User) (*credential, error) {
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	c := &credential{Uid: uint32(uid), Gid: uint32(gid)}
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

// attributes start a process in a group of its own.
func attributes(c *credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Credential: c}
}

func terminateGroup(group int) error       { return syscall.Kill(-group, syscall.SIGTERM) }
func killGroup(group int) error            { return syscall.Kill(-group, syscall.SIGKILL) }
func killProcess(pid int) error            { return syscall.Kill(pid, syscall.SIGKILL) }
func groupOf(pid int) (group int, _ error) { return syscall.Getpgid(pid) }
