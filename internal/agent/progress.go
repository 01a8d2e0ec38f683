package agent

import (
	"context"
	"sync"
	"time"

	"github.com/slipwayhq/slipway/internal/agent/hook"
	"github.com/slipwayhq/slipway/internal/protocol"
)

// progress reports the output of a running hook, at most once per interval and
// only when there is some. It is best effort: the final report carries what
// matters, and the whole log is on the host.
type progress struct {
	cancel context.CancelFunc
	done   chan struct{}
	mu     sync.Mutex
	name   string // of the script
}

func (a *Agent) startProgress(ctx context.Context, r *record, out *hook.Output) *progress {
	ctx, cancel := context.WithCancel(ctx)
	p := &progress{cancel: cancel, done: make(chan struct{})}
	if a.server == nil { // nobody to report to
		close(p.done)
		return p
	}
	go func() {
		defer close(p.done)
		a.follow(ctx, r, out, p)
	}()
	return p
}

// logPiece is how many bytes of a log are sent at once, at most.
const logPiece = 64 << 10

// flushTime is how long the end of a log may delay the report of its event.
const flushTime = 5 * time.Second

// follow sends what is printed until ctx ends, and then the rest of it.
func (a *Agent) follow(ctx context.Context, r *record, out *hook.Output, p *progress) {
	ticker := time.NewTicker(a.config.ProgressEvery)
	defer ticker.Stop()
	for sent, over := 0, false; !over; {
		select {
		case <-ctx.Done():
			if lastPiece(r, out) != nil {
				return
			}
			over = true
		case <-ticker.C:
		}
		_, lines := out.Tail()
		if lines == sent {
			continue
		}
		if err := a.send(context.WithoutCancel(ctx), r, p.current(), out); err == nil {
			sent = lines
		} else if !repeatable(err) {
			return // a server that does not know the operation
		}
	}
}

// lastPiece returns what of the log was not sent yet, if it is short enough to
// go with the report of the event: that saves a request. Servers of others get
// no logs with a report.
func lastPiece(r *record, out *hook.Output) *protocol.LogPiece {
	if !r.fromSlipway() {
		return nil
	}
	start, text := out.Pending(logPiece)
	if text == "" || len(text) > logPiece/2 {
		return nil // sent, or there may be more
	}
	return &protocol.LogPiece{Start: start, Text: text}
}

// send reports the tail and all that was not sent yet. A piece that may not
// have arrived is sent again; the server keeps it once.
func (a *Agent) send(ctx context.Context, r *record, script string, out *hook.Output) error {
	ctx, cancel := context.WithTimeout(ctx, flushTime)
	defer cancel()
	for {
		tail, _ := out.Tail()
		in := protocol.PostHostCommandUpdateInput{
			HostCommandIdentifier: r.Command.HostCommandIdentifier,
			Diagnostics:           protocol.Diagnostics{ScriptName: script, Message: "InProgress", Log: tail}.Envelope(),
		}
		start, text := out.Pending(logPiece)
		if text != "" {
			in.Log = &protocol.LogPiece{Start: start, Text: text}
		}
		if err := a.server.call(ctx, "PostHostCommandUpdate", in, &protocol.PostHostCommandUpdateOutput{}); err != nil {
			return err
		}
		out.Taken(len(text))
		if len(text) < logPiece/2 {
			return nil
		}
	}
}

func (p *progress) script(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.name = name
}

func (p *progress) current() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.name
}

// stop ends the reports and waits until what was printed is sent, for a few
// seconds at most.
func (p *progress) stop() {
	p.cancel()
	<-p.done
}
