package agent

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptrace"
	"strings"
	"sync"
	"time"

	"github.com/slipwayhq/slipway/internal/agent/backoff"
	"github.com/slipwayhq/slipway/internal/protocol"
)

// onceAttempts is how often an agent that is to end when there is no more work
// asks a server that does not answer.
const onceAttempts = 8

// poll asks for commands until ctx ends or the program is replaced. A server that holds empty polls is
// asked again at once; one that does not is asked at the configured pace.
func (a *Agent) poll(ctx, work context.Context) error {
	outage := outage{log: a.config.Log}
	ready := newReadiness(a)
	defer ready.stop()
	for failed := 0; ctx.Err() == nil; {
		if a.config.Replaced != nil && a.config.Replaced() {
			return ErrReplaced
		}
		start, finished := time.Now(), a.finished.Load()
		command, err := a.next(ctx, ready)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			failed++
			outage.began(start, err)
			if a.config.Once && failed == onceAttempts {
				return err
			}
			_ = a.config.Retry.Wait(ctx, failed) // the loop looks at ctx
			continue
		}
		failed = 0
		outage.ended()
		ready.now()
		switch {
		case command != nil && a.accept(ctx, work, *command, start):
			continue // there may be more
		case command == nil && a.config.Once && a.idleSince(finished):
			return nil
		}
		_ = backoff.Sleep(ctx, a.config.WaitBetweenRuns-time.Since(start)) // as above
	}
	return nil
}

// next polls once and checks what it got.
func (a *Agent) next(ctx context.Context, ready *readiness) (*protocol.HostCommand, error) {
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: ready.asked})
	defer ready.answered()
	var reply protocol.PollHostCommandOutput
	in := protocol.PollHostCommandInput{HostIdentifier: a.config.HostIdentifier}
	if err := a.server.call(ctx, "PollHostCommand", in, &reply); err != nil {
		return nil, err
	}
	c := reply.HostCommand
	switch {
	case c == nil:
		return nil, nil //nolint:nilnil // no command is no error
	case !strings.Contains(a.config.HostIdentifier, c.HostIdentifier):
		return nil, fmt.Errorf("Host Identifier mismatch: this host is %s, the server sent a command for %s", a.config.HostIdentifier, c.HostIdentifier) //nolint:staticcheck // the official agent's words
	case c.CommandName == "":
		return nil, errors.New("Command Name missing in the server's reply") //nolint:staticcheck // as above
	case c.HostCommandIdentifier == "" || strings.Contains(c.HostCommandIdentifier, "\n"):
		return nil, fmt.Errorf("the server sent a command with the unusable identifier %q", c.HostCommandIdentifier)
	}
	return c, nil
}

// idleSince reports whether nothing runs and nothing has ended since then,
// which the server might answer with the next command.
func (a *Agent) idleSince(finished int64) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.inFlight) == 0 && a.finished.Load() == finished
}

// readiness tells once that the server has taken a poll: when the first one is
// answered, or has been held for a moment. A server that holds empty polls
// gives no other sign for most of a minute, but refuses at once.
type readiness struct {
	timer *time.Timer
	now   func()
}

const heldMeansTaken = 300 * time.Millisecond

func newReadiness(a *Agent) *readiness {
	r := &readiness{now: sync.OnceFunc(func() {
		a.config.Log.Info("ready", "host", a.config.HostIdentifier, "endpoint", a.config.Endpoint)
		if a.config.Ready != nil {
			a.config.Ready()
		}
	})}
	r.timer = time.AfterFunc(time.Hour, r.now)
	r.timer.Stop()
	return r
}

func (r *readiness) asked(info httptrace.WroteRequestInfo) {
	if info.Err == nil {
		r.timer.Reset(heldMeansTaken)
	}
}

func (r *readiness) answered() { r.timer.Stop() }
func (r *readiness) stop()     { r.timer.Stop() }
