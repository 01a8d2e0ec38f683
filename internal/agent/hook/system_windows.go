package hook

import (
	"errors"
	"os"
	"os/user"
	"syscall"
)

// Windows has neither process groups nor users to change to without their
// passwords: a script is one process, of the agent's user.

type credential struct{}

func credentialOf(*user.User) (*credential, error) {
	return nil, errors.New("on Windows a script cannot run as another user: leave runas out")
}

func attributes(*credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

func terminateGroup(pid int) error { return killProcess(pid) }
func killGroup(pid int) error      { return killProcess(pid) }

func killProcess(pid int) error {
	p, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	return p.Kill()
}

func groupOf(pid int) (int, error) { return pid, nil }
