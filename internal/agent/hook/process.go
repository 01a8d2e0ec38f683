package hook

import (
	"bytes"
	"crypto/rand"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// markerName is the variable that marks the processes of a hook. They inherit
// it whatever else they change (parent, session, group), so that those which
// left the process group are found without making the agent the reaper of all
// orphans, and so that a process found after a restart is known to be ours.
const markerName = "SLIPWAY_HOOK_PROCESS"

func newMarker() string { return rand.Text() }

// Process identifies the processes of a script beyond the life of the agent.
type Process struct {
	Group   int    `json:"group"`   // process group, and pid of the first process
	Started uint64 `json:"started"` // of the first process, in clock ticks after boot
	Marker  string `json:"marker"`
}

// process is a running script.
type process struct {
	id    Process
	group *cgroup
	done  chan struct{} // closed at its end, when err is set
	err   error
}

func watch(cmd *exec.Cmd, marker string, group *cgroup) *process {
	p := &process{
		id:    Process{Group: cmd.Process.Pid, Started: startTime(cmd.Process.Pid), Marker: marker},
		group: group,
		done:  make(chan struct{}),
	}
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	return p
}

func (p *process) terminate() {
	_ = terminateGroup(p.id.Group) // it may have ended meanwhile
}

// kill ends what is left of the script: its group, its cgroup, and what
// escaped both.
func (p *process) kill() {
	_ = killGroup(p.id.Group)
	p.group.kill()
	for _, pid := range marked(p.id.Marker) {
		_ = killProcess(pid)
	}
}

// KillLeftover kills what still runs of the process group of a script whose
// agent died, and reports whether there was anything. Nothing is killed that
// is not provably of that script.
func KillLeftover(id Process) bool {
	switch {
	case id.Group == 0: // the agent died while it started the process
		killed := false
		for _, pid := range marked(id.Marker) {
			killed = killProcess(pid) == nil || killed
		}
		return killed
	case id.Group <= 1:
		return false
	}
	if id.Started != 0 && startTime(id.Group) == id.Started {
		return killGroup(id.Group) == nil
	}
	killed := false
	for _, pid := range marked(id.Marker) {
		if group, err := groupOf(pid); err == nil && group == id.Group {
			killed = killProcess(pid) == nil || killed
		}
	}
	return killed
}

// marked returns the processes that carry a marker.
func marked(marker string) []int {
	if marker == "" {
		return nil
	}
	entries, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		return nil
	}
	want := []byte(markerName + "=" + marker + "\x00")
	var pids []int
	for _, file := range entries {
		environment, err := os.ReadFile(file)
		if err != nil || !bytes.Contains(environment, want) {
			continue // ended, or of another user
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil && pid != os.Getpid() {
			pids = append(pids, pid)
		}
	}
	return pids
}

// startTime returns when a process was started, 0 if it is not there. With the
// pid it names a process for as long as the machine runs.
func startTime(pid int) uint64 {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if errors.Is(err, os.ErrNotExist) || err != nil {
		return 0
	}
	// The second field, the name, may hold blanks and parentheses.
	_, rest, ok := cutLast(string(text), ")")
	fields := strings.Fields(rest)
	const startField = 22 - 3 // counted from the third field
	if !ok || len(fields) <= startField {
		return 0
	}
	n, _ := strconv.ParseUint(fields[startField], 10, 64) // 0 if the kernel changed
	return n
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}
