package hook

import "syscall"

// use has a process start inside the group.
func (g *cgroup) use(attr *syscall.SysProcAttr) {
	if g != nil {
		attr.UseCgroupFD, attr.CgroupFD = true, int(g.fd.Fd())
	}
}
