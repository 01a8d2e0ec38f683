package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// initLimit is how long a process may take to ask for its first invocation.
const initLimit = 10 * time.Second

// target is a version of a function.
type target struct {
	key     key
	version Version
}

// id is another one for each state that Latest has had.
func (t target) id() string { return arn(t.key) + ":" + t.version.Number + " " + t.version.RevisionID }

// process runs a version: one invocation at a time, which it asks for.
type process struct {
	target  target
	cmd     *exec.Cmd
	api     *http.Server
	scratch string
	log     *logFile
	started time.Time

	work  chan *invocation
	ended chan struct{} // closed when the program has ended
	exit  error         // how it ended; to be read after that

	mu      sync.Mutex
	current *invocation // that the program is at
	init    *outcome    // what it said of why it cannot start
	kills   sync.Once
}

// failure is an error as functions report it.
type failure struct {
	Type    string `json:"errorType,omitempty"`
	Message string `json:"errorMessage"`
}

// outcome is what came of an invocation.
type outcome struct {
	payload []byte
	failed  bool
}

func failed(kind, format string, args ...any) outcome {
	payload, err := json.Marshal(failure{kind, fmt.Sprintf(format, args...)})
	if err != nil {
		panic(err) // two strings always marshal
	}
	return outcome{payload, true}
}

// start starts a process. It must be ended by kill.
func (f *Functions) start(t target) (_ *process, err error) {
	p := &process{target: t, started: time.Now(), work: make(chan *invocation), ended: make(chan struct{})}
	args, err := command(t.version.Config, f.codeDir(t.version.Code), f.path(runtimeDir))
	if err != nil {
		return nil, err
	}
	if p.scratch, err = os.MkdirTemp(f.path(scratchDir), "*"); err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it does not wait
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(p.scratch))
	}
	p.api = &http.Server{Handler: p.runtimeAPI(), ReadHeaderTimeout: initLimit}
	p.log = f.logs.open(t)
	p.cmd = exec.Command(args[0], args[1:]...) //nolint:noctx // it ends by kill
	p.cmd.Dir = f.codeDir(t.version.Code)
	p.cmd.Env = f.environment(t, listener.Addr().String(), p.scratch, os.Getenv("PATH"))
	p.cmd.Stdout, p.cmd.Stderr = (*output)(p), (*output)(p)
	p.cmd.SysProcAttr = groupOfItsOwn()
	p.cmd.WaitDelay = time.Second // for what the program has left behind with its output open
	go p.api.Serve(listener)      //nolint:errcheck // it ends with the process
	if err := f.pool.starter.start(p.cmd); err != nil {
		err = startError(t, err)
		return nil, errors.Join(err, p.api.Close(), os.RemoveAll(p.scratch))
	}
	go p.wait(f)
	return p, nil
}

// startError is a program that cannot be started: the function's fault,
// unless the machine lacks something.
func startError(t target, err error) error {
	var cause *os.PathError
	if errors.As(err, &cause) && !errors.Is(err, syscall.EAGAIN) && !errors.Is(err, syscall.ENOMEM) {
		return &cannotStart{failed("Runtime.InvalidEntrypoint", "RequestId: %s Error: cannot run %s: %v", newID(), filepath.Base(cause.Path), cause.Err)}
	}
	return fmt.Errorf("cannot start a process of %s: %w", t.id(), err)
}

// cannotStart is a function that has no program to run.
type cannotStart struct{ outcome outcome }

func (*cannotStart) Error() string { return "the function's program cannot be started" }

// wait tidies up after the end of the program.
func (p *process) wait(f *Functions) {
	p.exit = p.cmd.Wait()
	close(p.ended)
	p.kill() // what is left of its group
	_ = p.api.Close()
	if err := os.RemoveAll(p.scratch); err != nil {
		f.opts.Log.Warn("cannot remove the scratch folder of a function", "error", err)
	}
	f.pool.gone(p)
}

// kill ends the program and all that it has started.
func (p *process) kill() {
	p.kills.Do(func() {
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) // it may have ended
	})
}

// alive reports whether the program runs.
func (p *process) alive() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// run gives an invocation to the program and waits for what comes of it.
// healthy is false if the program is not good for another one; it has been
// killed then.
func (p *process) run(inv *invocation, limit time.Duration) (out outcome, healthy bool) {
	inv.limit = limit
	first := time.NewTimer(initLimit)
	defer first.Stop()
	select {
	case p.work <- inv:
	case <-p.ended:
		return p.ending(inv), false
	case <-first.C:
		p.kill()
		return failed("Sandbox.Timedout", "RequestId: %s Error: the runtime did not ask for an invocation in %.2f seconds", inv.id, initLimit.Seconds()), false
	}
	begun := time.Now()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case out = <-inv.result:
		healthy = true
	case <-p.ended:
		select {
		case out = <-inv.result: // its last words
		default:
			out = p.ending(inv)
		}
	case <-timer.C:
		p.kill()
		out = failed("Sandbox.Timedout", "RequestId: %s Error: Task timed out after %.2f seconds", inv.id, limit.Seconds())
	}
	p.report(inv, out, time.Since(begun))
	return out, healthy
}

// ending is the outcome of an invocation whose program has ended.
func (p *process) ending(inv *invocation) outcome {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.init != nil {
		return *p.init
	}
	how := "exit status 0"
	if p.exit != nil {
		how = p.exit.Error()
	}
	return failed("Runtime.ExitError", "RequestId: %s Error: Runtime exited with error: %s", inv.id, how)
}

// report writes the end of an invocation to the log.
func (p *process) report(inv *invocation, out outcome, took time.Duration) {
	text := fmt.Sprintf("END RequestId: %s\nREPORT RequestId: %s\tDuration: %.2f ms\n", inv.id, inv.id, float64(took.Microseconds())/1000)
	if out.failed {
		text = fmt.Sprintf("%.2000s\n%s", out.payload, text)
	}
	p.write(inv, []byte(text))
}

// write logs for an invocation, which may be nil.
func (p *process) write(inv *invocation, text []byte) {
	p.log.write(text)
	if inv != nil {
		inv.tail.write(text)
	}
}

// output takes what a program prints.
type output process

func (o *output) Write(text []byte) (int, error) {
	p := (*process)(o)
	p.mu.Lock()
	inv := p.current
	p.mu.Unlock()
	p.write(inv, text)
	return len(text), nil
}
