package local

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"syscall"
)

// groupOfItsOwn lets a process be killed with all that it starts. The kernel
// kills it if the server ends first.
func groupOfItsOwn() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// starter starts processes, all from one thread: the kernel's idea of a parent
// that has ended is a thread that has.
type starter struct {
	requests chan startRequest
	ended    chan struct{}
	end      sync.Once
}

type startRequest struct {
	cmd  *exec.Cmd
	done chan error
}

func newStarter() *starter {
	s := &starter{requests: make(chan startRequest), ended: make(chan struct{})}
	go func() {
		runtime.LockOSThread() // and it ends with this goroutine
		for {
			select {
			case r := <-s.requests:
				r.done <- r.cmd.Start()
			case <-s.ended:
				return
			}
		}
	}()
	return s
}

func (s *starter) start(cmd *exec.Cmd) error {
	done := make(chan error, 1)
	select {
	case s.requests <- startRequest{cmd, done}:
		return <-done
	case <-s.ended:
		return errClosed
	}
}

func (s *starter) close() { s.end.Do(func() { close(s.ended) }) }

// killOrphans kills the processes whose environment has the marker: what the
// kernel has not killed, because functions had started it and it had left
// their group.
func killOrphans(marker string) {
	environments, _ := filepath.Glob("/proc/[0-9]*/environ") // the pattern is a good one
	for _, file := range environments {
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil || pid == os.Getpid() {
			continue
		}
		environment, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended, or is somebody else's
		}
		for variable := range bytes.SplitSeq(environment, []byte{0}) {
			if string(variable) == marker {
				_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended
			}
		}
	}
}
