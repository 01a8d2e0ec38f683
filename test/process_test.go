package test

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is a program that runs for a test. It is killed when the test ends,
// and with the test program, however that ends.
type process struct {
	cmd    *exec.Cmd
	stdout chan string   // its lines; closed at the end of the output
	ended  chan struct{} // closed at the end of the process
	err    error         // how it ended
	log    logBuffer
}

// start starts a program. Its log is shown when the test fails.
func start(t testing.TB, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{cmd: cmd, stdout: make(chan string, 100), ended: make(chan struct{})}
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = new(syscall.SysProcAttr)
	}
	cmd.SysProcAttr.Setpgid, cmd.SysProcAttr.Pdeathsig = true, syscall.SIGKILL
	cmd.Stderr = &p.log
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go p.watch(out)
	t.Cleanup(func() {
		p.kill()
		text := p.log.bytes()
		if bytes.Contains(text, []byte("DATA RACE")) {
			t.Errorf("%s has a data race", cmd.Path)
		}
		if t.Failed() {
			const most = 8000
			t.Logf("the log of %v:\n%s", cmd.Args, text[max(0, len(text)-most):])
		}
	})
	return p
}

func (p *process) watch(out io.Reader) {
	for lines := bufio.NewScanner(out); lines.Scan(); {
		p.stdout <- lines.Text()
	}
	close(p.stdout)
	p.err = p.cmd.Wait()
	close(p.ended)
}

// kill is kill -9. It returns when the process is gone.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.ended
}

// line waits for the next line on standard output.
func (p *process) line(t testing.TB) string {
	t.Helper()
	select {
	case line, ok := <-p.stdout:
		if !ok {
			<-p.ended
			t.Fatalf("%v ended (%v) where a line was expected:\n%s", p.cmd.Args, p.err, p.log.bytes())
		}
		return line
	case <-time.After(patience):
		t.Fatalf("%v printed no line in %v:\n%s", p.cmd.Args, patience, p.log.bytes())
	}
	return ""
}

// wait waits for the end of the process.
func (p *process) wait(t testing.TB, limit time.Duration) error {
	t.Helper()
	select {
	case <-p.ended:
	case <-time.After(limit):
		t.Fatalf("%v still runs after %v", p.cmd.Args, limit)
	}
	return p.err
}

// logBuffer collects what a process writes, to be read while it runs.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logBuffer) bytes() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Clone(l.buf.Bytes())
}

// patience is how long a test waits for something that takes a moment.
const patience = 30 * time.Second

// eventually waits until a condition holds, at most for limit.
func eventually(t testing.TB, limit time.Duration, what string, holds func() bool) {
	t.Helper()
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-deadline.C:
			t.Fatalf("not in %v: %s", limit, what)
		case <-tick.C:
		}
	}
}

// read returns the content of a file, "" if there is none yet.
func read(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(text)
}

// write makes a file.
func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
