//go:build !windows

package agent

import "syscall"

// become changes the accounts of the whole process.
func become(uid, gid int, groups []int) error {
	err := syscall.Setgroups(groups)
	if err == nil {
		err = syscall.Setgid(gid)
	}
	if err == nil {
		err = syscall.Setuid(uid)
	}
	return err
}
