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
// matters.
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
		ticker := time.NewTicker(a.config.ProgressEvery)
		defer ticker.Stop()
		for sent := 0; ; {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			text, lines := out.Tail()
			if lines == sent {
				continue
			}
			if err := a.update(ctx, r, p.current(), text); err != nil && !repeatable(err) {
				return // a server that does not know the operation
			}
			sent = lines
		}
	}()
	return p
}

func (a *Agent) update(ctx context.Context, r *record, script, text string) error {
	in := protocol.PostHostCommandUpdateInput{
		HostCommandIdentifier: r.Command.HostCommandIdentifier,
		Diagnostics:           protocol.Diagnostics{ScriptName: script, Message: "InProgress", Log: text}.Envelope(),
	}
	return a.server.call(ctx, "PostHostCommandUpdate", in, &protocol.PostHostCommandUpdateOutput{})
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

// stop ends the reports and waits for the one that is on its way.
func (p *progress) stop() {
	p.cancel()
	<-p.done
}
