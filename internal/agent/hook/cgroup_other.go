//go:build !linux

package hook

import "syscall"

// use does nothing: there are control groups on Linux only.
func (*cgroup) use(*syscall.SysProcAttr) {}
