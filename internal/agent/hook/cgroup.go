package hook

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// cgroup is a control group (v2) around one script. No process can leave it by
// changing its session or parent, so that killing it leaves no survivors. A
// nil cgroup does nothing: not every host lets the agent make one.
type cgroup struct {
	dir string
	fd  *os.File
}

func newCgroup(name string) *cgroup {
	parent, ok := ownCgroup()
	if !ok {
		return nil
	}
	dir := filepath.Join(parent, "slipway-hook-"+name)
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil
	}
	fd, err := os.Open(dir)
	if err == nil {
		_, err = os.Stat(filepath.Join(dir, "cgroup.kill")) // Linux 5.14
	}
	g := &cgroup{dir, fd}
	if err != nil {
		g.remove()
		return nil
	}
	return g
}

// ownCgroup returns the folder of the agent's own control group.
func ownCgroup() (string, bool) {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return "", false
	}
	groups, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return "", false
	}
	for line := range strings.Lines(string(groups)) {
		path, ok := strings.CutPrefix(strings.TrimSpace(line), "0::")
		if !ok || strings.Contains(path, "..") {
			continue
		}
		for mount := range strings.Lines(string(mounts)) {
			where, kind, ok := strings.Cut(mount, " - ")
			if fields := strings.Fields(where); ok && strings.HasPrefix(kind, "cgroup2 ") && len(fields) > 4 {
				return filepath.Join(fields[4], path), true
			}
		}
	}
	return "", false
}

func (g *cgroup) kill() {
	if g != nil {
		_ = os.WriteFile(filepath.Join(g.dir, "cgroup.kill"), []byte("1"), 0)
	}
}

// remove gives up the group. What a successful script left running, a service
// perhaps, moves up to the agent's group and lives on.
func (g *cgroup) remove() {
	if g == nil {
		return
	}
	if g.fd != nil {
		g.fd.Close()
	}
	for range 5 { // processes may be born while others are moved
		err := os.Remove(g.dir)
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			return
		}
		pids, err := os.ReadFile(filepath.Join(g.dir, "cgroup.procs"))
		if err != nil {
			return
		}
		for _, pid := range strings.Fields(string(pids)) {
			_ = os.WriteFile(filepath.Join(filepath.Dir(g.dir), "cgroup.procs"), []byte(pid), 0)
		}
	}
}
