package agent

import (
	"context"
	"sync"

	"github.com/slipwayhq/slipway/internal/agent/backoff"
	"github.com/slipwayhq/slipway/internal/agent/kept"
)

// Archives that the agent does not go back to share their identical files. That
// is done when nothing has been deployed for a while, so that no deployment
// waits for it. (See docs/decisions/0025.)

// tidying remembers which groups have archives that were superseded.
type tidying struct {
	wake chan struct{} // holds something when groups is not empty

	mu     sync.Mutex
	groups map[string]bool
	stop   context.CancelFunc // of what is being done; nil: nothing
}

func newTidying() *tidying {
	return &tidying{wake: make(chan struct{}, 1), groups: map[string]bool{}, stop: nil}
}

// add notes that a group has one more archive that was superseded.
func (t *tidying) add(group string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.groups[group] = true
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// next takes a group out; empty: there is none.
func (t *tidying) next() (group string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for group = range t.groups {
		delete(t.groups, group)
		return group
	}
	return ""
}

// begin returns the context of work that interrupt ends.
func (t *tidying) begin(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stop = cancel
	return ctx, cancel
}

// interrupt ends what is being done: there is a command.
func (t *tidying) interrupt() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stop != nil {
		t.stop()
	}
}

// tidy links archives whenever the host is quiet, until ctx ends.
func (a *Agent) tidy(ctx context.Context) {
	for {
		select {
		case <-a.tidying.wake:
		case <-ctx.Done():
			return
		}
		for a.awaitQuiet(ctx) {
			group := a.tidying.next()
			if group == "" {
				break
			}
			a.tidyGroup(ctx, group)
			a.restAgain()
		}
	}
}

// restAgain gives back what tidying took, unless there is a command already.
func (a *Agent) restAgain() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.inFlight) == 0 {
		a.rest.idle()
	}
}

// awaitQuiet waits until no command has run for a while, and reports false
// when ctx ends before that.
func (a *Agent) awaitQuiet(ctx context.Context) bool {
	for {
		finished := a.finished.Load()
		if backoff.Sleep(ctx, a.config.Quiet) != nil {
			return false
		}
		if a.idleSince(finished) {
			return true
		}
	}
}

// tidyGroup links the archives of one group. When a command interrupts it, it
// begins anew later; what is linked already takes no time then.
func (a *Agent) tidyGroup(ctx context.Context, group string) {
	work, done := a.tidying.begin(ctx)
	defer done()
	unlock, free := a.groups.try(group)
	if !free {
		a.tidying.add(group)
		return
	}
	defer unlock()
	archives, err := a.superseded(group)
	var saved int64
	if err == nil {
		saved, err = kept.Link(work, archives...)
	}
	switch {
	case work.Err() != nil:
		a.tidying.add(group)
	case err != nil:
		a.config.Log.WarnContext(ctx, "kept archives could not share all of their files", "group", group, "error", err)
	case saved > 0:
		a.config.Log.InfoContext(ctx, "kept archives share their identical files", "group", group, "bytes", saved)
	}
}

// superseded returns the archives of a group that nothing goes back to, oldest
// first: no pointer names them, and pointers never move back.
func (a *Agent) superseded(group string) ([]string, error) {
	revisions, err := kept.List(a.layout.root, taken...)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, r := range revisions {
		if r.Group != group {
			continue
		}
		needed, err := a.needed(r)
		if err != nil {
			return nil, err
		}
		if !needed {
			out = append(out, archiveOf(r.Dir))
		}
	}
	return out, nil
}
