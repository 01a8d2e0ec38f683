package control

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// presence gathers when hosts were heard that only asked for something: a poll
// writes it down in memory, and what has changed goes to the store every few
// seconds, in one transaction, however many hosts there are. (A report of a host
// is stored anyway, and this with it.)
type presence struct {
	mu   sync.Mutex
	seen map[string]time.Time // since the last time, by [store.HostKey]
}

func (p *presence) heard(key string, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.seen == nil {
		p.seen = map[string]time.Time{}
	}
	p.seen[key] = at
}

// take returns what was gathered, and starts anew.
func (p *presence) take() map[string]time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	seen := p.seen
	p.seen = nil
	return seen
}

// giveBack returns what could not be stored. What was heard since is newer.
func (p *presence) giveBack(seen map[string]time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for key, at := range p.seen {
		seen[key] = at
	}
	p.seen = seen
}

// heard notes that a host has called, without a transaction.
func (c *Control) heard(ns deploy.Namespace, host string) {
	c.presence.heard(store.HostKey(ns, host), c.now())
}

// busyHold is how long a poll of a host is held that has something to do. All
// agents go on polling while they run a command, so a host that is alive is
// heard three times before it counts as silent.
func (c *Control) busyHold() time.Duration { return min(c.hold, c.silentAfter/3) }

// WatchHosts stores when hosts were heard, and notices which of them are silent
// while a command waits for them or runs, until ctx ends. The time before the
// start does not count: nobody was there to hear them.
func (c *Control) WatchHosts(ctx context.Context, log *slog.Logger) {
	began := c.now()
	ticker := time.NewTicker(c.silentAfter / 6)
	defer ticker.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
		err := c.storePresence(context.WithoutCancel(ctx)) // at the end, too
		if ctx.Err() == nil && c.now().Sub(began) >= c.silentAfter {
			err = errors.Join(err, c.noteSilence(ctx))
		}
		if err != nil && ctx.Err() == nil {
			log.ErrorContext(ctx, "cannot store when hosts were heard; it is tried again", "error", err)
		}
	}
}

// NoteHosts does once what WatchHosts does again and again, without allowing
// for a time in which nobody listened.
func (c *Control) NoteHosts(ctx context.Context) error {
	return errors.Join(c.storePresence(ctx), c.noteSilence(ctx))
}

func (c *Control) storePresence(ctx context.Context) error {
	seen := c.presence.take()
	if len(seen) == 0 {
		return nil
	}
	err := c.store.Update(ctx, func(tx *store.Tx) error { return tx.SawHosts(seen) })
	if err != nil {
		c.presence.giveBack(seen)
	}
	return err
}

// silenceBatch is how many commands one transaction marks at most.
const silenceBatch = 500

// noteSilence marks the live commands whose hosts fell silent, and those whose
// hosts came back, for the engine to see.
func (c *Control) noteSilence(ctx context.Context) error {
	for {
		since := c.now().Add(-c.silentAfter)
		commands, err := view(ctx, c, func(tx *store.Tx) ([]deploy.HostCommand, error) { return turned(tx, since) })
		if err != nil || len(commands) == 0 {
			return err // most of the time nothing has changed: nothing is written
		}
		err = c.store.Update(ctx, func(tx *store.Tx) error {
			commands, err := turned(tx, since) // again: a report may have come in between
			if err != nil {
				return err
			}
			for _, cmd := range commands {
				if err := tx.ReportCommand(cmd); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || len(commands) < silenceBatch {
			return err
		}
	}
}

// turned returns the commands whose hosts fell silent or came back, with the
// silence that they are to have. Silence counts from since on.
func turned(tx *store.Tx, since time.Time) ([]deploy.HostCommand, error) {
	silent, err := tx.FellSilent(since, silenceBatch)
	if err != nil {
		return nil, err
	}
	for i := range silent {
		silent[i].Silence.Since = since
	}
	back, err := tx.CameBack(since, silenceBatch)
	for i := range back {
		back[i].Silence = nil
	}
	return append(silent, back...), err
}
