package hook

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
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
	mask       Mask
	tail       tail
	lines      int
	sent       int64           // bytes of the log that were taken, see Pending
	pending    strings.Builder // what comes after them
}

// logLimit is how many bytes of an event's log are offered to the server.
const logLimit = 4 << 20

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

// Mask hides what m finds from all but the log files of this host.
func (o *Output) Mask(m Mask) { o.mask = m }

// Line logs a line. That a log cannot be written is no reason to fail a
// deployment: what is reported does not depend on it.
func (o *Output) Line(line string) {
	now := time.Now()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lines++
	o.offer(o.mask.hide(line))
	_, _ = fmt.Fprintf(o.own, "%s %s\n", now.Format("2006-01-02 15:04:05"), line)
	if o.echo != nil {
		_, _ = fmt.Fprintln(o.echo, line)
	}
	if o.shared != nil {
		o.shared.line(fmt.Sprintf("[%s] [%s]%s\n", now.Format("2006-01-02 15:04:05.000"), o.deployment, line))
	}
}

// offer keeps a line for those who are not on this host.
func (o *Output) offer(line string) {
	line = strings.ToValidUTF8(line, "\uFFFD")
	o.tail.add(line)
	if o.sent+int64(o.pending.Len()+len(line)) < logLimit {
		o.pending.WriteString(line + "\n")
	}
}

// Pending returns what was logged and not taken yet, at most max bytes of it,
// and how many bytes came before.
func (o *Output) Pending(most int) (start int64, text string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	text = o.pending.String()
	if len(text) > most {
		for most > 0 && !utf8.RuneStart(text[most]) {
			most--
		}
		text = text[:most]
	}
	return o.sent, text
}

// Taken says that so many pending bytes have arrived.
func (o *Output) Taken(n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	rest := o.pending.String()[n:]
	o.pending.Reset()
	o.pending.WriteString(rest)
	o.sent += int64(n)
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
