package engine

import (
	"errors"
	"fmt"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// A deployment is queued when it is created while its group or its account has
// no room (control decides that), and leaves the queue in a pass of its own.
// Everything that makes room wakes the next one, and each that starts wakes
// the one behind it.

// waitsFor says, for people, what a queued deployment waits for; "" when it is
// its turn.
func (e *Engine) waitsFor(tx *store.Tx, d deploy.Deployment) (string, error) {
	if d.Creator.Exclusive() {
		holder, err := tx.ActiveDeployment(d.GroupID)
		if err == nil {
			return fmt.Sprintf("Queued until the deployment %s to the same group has ended.", holder.ID), nil
		}
		if !errors.Is(err, store.ErrNotFound) {
			return "", err
		}
	}
	room, err := e.room(tx, d.Namespace)
	if err != nil {
		return "", err
	}
	if !room {
		return fmt.Sprintf("Queued because %d deployments are active, which is the limit.", e.opts.MaxActive), nil
	}
	next, err := tx.NextQueued(d.Namespace)
	if err != nil || next == d.ID {
		return "", err
	}
	return fmt.Sprintf("Queued behind the deployment %s.", next), nil
}

// room reports whether another deployment may become active.
func (e *Engine) room(tx *store.Tx, ns deploy.Namespace) (bool, error) {
	active, err := tx.CountActive(ns)
	return active < int64(e.opts.MaxActive), err
}

// wakeQueue wakes the deployment whose turn it is, if there is room for one.
func (e *Engine) wakeQueue(tx *store.Tx, ns deploy.Namespace) error {
	room, err := e.room(tx, ns)
	if err != nil || !room {
		return err
	}
	next, err := tx.NextQueued(ns)
	if err != nil {
		return ignoreNotFound(err)
	}
	return tx.WakeDeployment(next, e.opts.Now())
}
