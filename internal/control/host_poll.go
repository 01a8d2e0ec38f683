package control

import (
	"context"
	"errors"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// pollLease is how long a command that was handed out may stay without
// acknowledgement before it is handed out again.
const pollLease = 10 * time.Second

// clientError is the one error agents get for a mistake of theirs.
const clientError = "ClientException"

// PollHostCommand returns the next command of a host. When there is none it
// waits for one, for up to 45 s or until ctx ends; then it returns nil. A host
// that has something to do waits for less, so that it is heard more often.
func (c *Control) PollHostCommand(ctx context.Context, ns deploy.Namespace, host string) (*deploy.HostCommand, error) {
	told, unsubscribe := c.store.Subscribe(store.TopicHost(store.HostKey(ns, host)))
	defer unsubscribe()
	hold := time.NewTimer(c.hold)
	defer hold.Stop()
	c.polls.Add(1)
	defer c.polls.Add(-1)
	for first := true; ; first = false {
		cmd, again, busy, err := c.handOut(ctx, ns, host)
		if first && err == nil {
			c.heard(ns, host)
		}
		if first && busy {
			hold.Reset(c.busyHold())
		}
		if ctx.Err() != nil {
			return nil, nil // the agent has gone, or the server is stopping
		}
		if cmd != nil || err != nil {
			return cmd, err
		}
		var lease <-chan time.Time // of a command that is handed out and not acknowledged
		if !again.IsZero() {
			timer := time.NewTimer(again.Sub(c.now()))
			defer timer.Stop()
			lease = timer.C
		}
		select {
		case <-ctx.Done():
			return nil, nil
		case <-hold.C:
			return nil, nil
		case <-told:
		case <-lease:
		}
	}
}

// PollsWaiting returns how many polls this process holds.
func (c *Control) PollsWaiting() int64 { return c.polls.Load() }

// handOut leases the host's next command. When there is none now, again says
// when one becomes available, if that is known, and busy whether one runs.
func (c *Control) handOut(ctx context.Context, ns deploy.Namespace, host string) (cmd *deploy.HostCommand, again time.Time, busy bool, err error) {
	// Most polls find nothing: look before opening a write transaction.
	err = c.store.View(ctx, func(tx *store.Tx) error {
		if _, err := tx.InstanceByIdentity(ns, host); err != nil {
			return notRegistered(err, ns, host)
		}
		if busy, err = tx.Busy(ns, host); err != nil || !busy {
			return err
		}
		again, err = tx.NextAvailable(ns, host)
		if errors.Is(err, store.ErrNotFound) {
			again, err = time.Time{}, nil
		}
		return err
	})
	if err != nil || again.IsZero() || again.After(c.now()) {
		return nil, again, busy, err
	}
	err = c.store.UpdateRows(ctx, func(tx *store.Tx) error {
		cmd = nil // of a run before
		now := c.now()
		next, err := tx.NextCommand(ns, host, now)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		until := now.Add(pollLease)
		next.LeasedUntil = &until
		cmd = &next
		return tx.SaveCommand(next)
	})
	if err != nil {
		return nil, time.Time{}, busy, err
	}
	return cmd, time.Time{}, busy, nil
}

// ReleaseLeases makes the commands available again that a server handed out
// and nobody has acknowledged, and the actions that it was at. A server that starts alone calls it: whoever
// waited for the answers of the last one waits no more. (An agent that did get
// its command acknowledges it all the same, and drops the second copy.)
func (c *Control) ReleaseLeases(ctx context.Context) error {
	return c.store.Update(ctx, func(tx *store.Tx) error {
		return errors.Join(tx.ReleaseLeases(), tx.ReleaseActions())
	})
}

// notRegistered explains why a host gets nothing.
func notRegistered(err error, ns deploy.Namespace, host string) error {
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return deploy.Errorf(clientError, "No instance with the identity %s is registered in region %s. Register it "+
		"(aws deploy register) or check the region in the agent's configuration.", host, ns.Region)
}
