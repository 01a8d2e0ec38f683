package hook

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Output is where the lines of one lifecycle event's scripts go: the
// deployment's own log, the host's log of all deployments, and the tail that
// is reported.
type Output struct {
	mu         sync.Mutex
	deployment string
	own        *os.File
	shared     *Rotated
	echo       io.Writer // nil: nobody watches
	tail       tail
	lines      int
}

// NewOutput opens the log of a deployment. shared may be nil.
func NewOutput(file, deployment string, shared *Rotated) (*Output, error) {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return nil, fmt.Errorf("cannot make the log folder: %w", err)
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("cannot open the log of the scripts: %w", err)
	}
	return &Output{deployment: deployment, own: f, shared: shared}, nil
}

// Echo also writes every line to w, as it comes.
func (o *Output) Echo(w io.Writer) { o.echo = w }

// Line logs a line. That a log cannot be written is no reason to fail a
// deployment: what is reported does not depend on it.
func (o *Output) Line(line string) {
	now := time.Now()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lines++
	o.tail.add(line)
	_, _ = fmt.Fprintf(o.own, "%s %s\n", now.Format("2006-01-02 15:04:05"), line)
	if o.echo != nil {
		_, _ = fmt.Fprintln(o.echo, line)
	}
	if o.shared != nil {
		o.shared.line(fmt.Sprintf("[%s] [%s]%s\n", now.Format("2006-01-02 15:04:05.000"), o.deployment, line))
	}
}

// Tail returns the newest lines, without time stamps, and how many lines there
// were in all.
func (o *Output) Tail() (text string, lines int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.tail.String(), o.lines
}

// Close closes the deployment's log.
func (o *Output) Close() error { return o.own.Close() }
