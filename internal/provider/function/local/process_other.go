//go:build !linux

package local

import (
	"os/exec"
	"syscall"
)

// groupOfItsOwn lets a process be killed with all that it starts. One whose
// server ends first finds that its next invocation cannot be asked for.
func groupOfItsOwn() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// starter starts processes.
type starter struct{}

func newStarter() *starter { return &starter{} }

func (*starter) start(cmd *exec.Cmd) error { return cmd.Start() }

func (*starter) close() {}

// killOrphans can look into other processes on Linux only.
func killOrphans(string) {}
