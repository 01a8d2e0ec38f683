package agent

import (
	"context"
	"sync"
	"time"

	"github.com/slipwayhq/slipway/internal/protocol"
)

// accept takes a command on, if it is new and there is a slot for it. What is
// not accepted stays with the server, which hands it out again. polled is when
// the server was asked for it.
func (a *Agent) accept(ctx, work context.Context, c protocol.HostCommand, polled time.Time) bool {
	log := a.config.Log.With("command", c.CommandName, "id", c.HostCommandIdentifier)
	if !a.claim(c.HostCommandIdentifier) {
		return false
	}
	if r, ok := a.journal.find(c.HostCommandIdentifier); ok {
		if r.Reported != nil && r.Reported.After(polled) {
			a.release(c.HostCommandIdentifier)
			return false // handed out before the report arrived
		}
		log.WarnContext(ctx, "command was done before; its result is reported again")
		a.start(func() { a.report(ctx, work, r) }, r)
		return true
	}
	r := newRecord(c, time.Now())
	// Not durable yet: until it is acknowledged the server has it as well.
	if err := a.journal.write(received, r, false); err != nil {
		log.ErrorContext(ctx, "command not accepted", "error", err)
		a.release(c.HostCommandIdentifier)
		return false
	}
	a.start(func() { a.serve(ctx, work, r) }, r)
	return true
}

// claim takes a slot and makes sure that a command is handled once at a time.
func (a *Agent) claim(id string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.inFlight[id] {
		return false
	}
	select {
	case a.slots <- struct{}{}:
	default:
		return false
	}
	a.inFlight[id] = true
	a.tidying.interrupt()
	a.rest.busy()
	return true
}

func (a *Agent) release(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.inFlight, id)
	if len(a.inFlight) == 0 {
		a.rest.idle()
	}
	<-a.slots
	a.finished.Add(1)
}

// start runs the work of a claimed command in a goroutine that drain waits
// for.
func (a *Agent) start(work func(), r *record) {
	a.workers.Go(func() {
		defer a.release(r.Command.HostCommandIdentifier)
		work()
	})
}

// drain waits for the commands at work. The configured time after the agent
// was asked to stop, it stops them.
func (a *Agent) drain(asked context.Context, stopWork context.CancelFunc) {
	idle := make(chan struct{})
	go func() {
		select {
		case <-asked.Done():
		case <-idle:
			return
		}
		select {
		case <-time.After(a.config.StopTimeout):
			stopWork()
		case <-idle:
		}
	}()
	a.workers.Wait()
	close(idle)
}

// allGroups stands for every group in groupLocks; no group is called like it.
const allGroups = ""

// groupLocks lets one command of a deployment group run at a time: they share
// pointers and books.
type groupLocks struct {
	mu    sync.Mutex
	locks map[string]chan struct{}
}

func newGroupLocks() *groupLocks {
	return &groupLocks{locks: map[string]chan struct{}{}}
}

func (g *groupLocks) lock(ctx context.Context, group string) (unlock func(), err error) {
	g.mu.Lock()
	lock, ok := g.locks[group]
	if !ok {
		lock = make(chan struct{}, 1)
		g.locks[group] = lock
	}
	g.mu.Unlock()
	select {
	case lock <- struct{}{}:
		return func() { <-lock }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
