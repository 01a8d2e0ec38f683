package hook

import (
	"bufio"
	"context"
	"errors"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

// maxLine is how long a line may grow before it is logged in pieces.
const maxLine = 64 << 10

// stream carries stdout or stderr of a script to the log.
type stream struct {
	prefix   string
	read     *os.File
	write    *os.File // the script's end
	done     chan struct{}
	detached atomic.Bool // nobody listens any more
}

func openStream(prefix string, out *Output) (*stream, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	s := &stream{prefix: prefix, read: r, write: w, done: make(chan struct{})}
	go s.run(out)
	return s, nil
}

func (s *stream) run(out *Output) {
	defer close(s.done)
	reader := bufio.NewReaderSize(s.read, maxLine)
	for {
		line, err := reader.ReadSlice('\n')
		if len(line) > 0 && !s.detached.Load() {
			out.Line(s.prefix + strings.TrimRight(string(line), "\r\n"))
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return
		}
	}
}

// started closes our copy of the script's end.
func (s *stream) started() { s.write.Close() }

func (s *stream) abandon() {
	s.write.Close()
	<-s.done
	s.read.Close()
}

// name is what the official agent calls the stream.
func (s *stream) name() string { return strings.ToUpper(strings.Trim(s.prefix, "[]")) }

// expired is no patience at all.
var expired = func() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// patience ends when a script's output has been waited for long enough.
func (r *Runner) patience(ctx context.Context) <-chan struct{} {
	if r.Strict {
		return ctx.Done()
	}
	linger := r.Linger
	if linger == 0 {
		linger = 2 * time.Second
	}
	over := make(chan struct{})
	time.AfterFunc(linger, func() { close(over) })
	return over
}

// collect waits for the end of the streams, but not beyond the patience after
// the end of their script. It returns one that is still open. That one is read
// on and its output thrown away, because a service that can't write its output
// would be killed or hang.
func (r *Runner) collect(patience <-chan struct{}, streams ...*stream) (open *stream) {
	for _, s := range streams {
		select {
		case <-s.done:
			s.read.Close()
			continue
		default:
		}
		select {
		case <-s.done:
			s.read.Close()
			continue
		case <-patience:
		}
		if open == nil {
			open = s
		}
		r.leave(s)
	}
	return open
}

// leave keeps a stream that outlives its script until it ends or the runner is
// closed.
func (r *Runner) leave(s *stream) {
	s.detached.Store(true)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		s.read.Close()
		return
	}
	if r.left == nil {
		r.left = map[*stream]bool{}
	}
	r.left[s] = true
	r.drains.Go(func() {
		<-s.done
		s.read.Close()
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.left, s)
	})
}

// Close lets go of the output that background processes still hold open.
func (r *Runner) Close() {
	r.mu.Lock()
	r.closed = true
	for s := range r.left {
		s.read.Close()
	}
	r.mu.Unlock()
	r.drains.Wait()
}
