package engine

import (
	"errors"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// cached returns the targets of a snapshot with what a decision changed. They
// change in place: a fleet is not copied because of one event.
func cached(version int64, s deploy.Snapshot, changed []deploy.Target) cachedTargets {
	if len(s.Targets) == 0 { // just planned: all of them are new
		return cachedTargets{version, changed, deploy.NewIndex(changed)}
	}
	s.Index.Replace(s.Targets, changed)
	return cachedTargets{version, s.Targets, s.Index}
}

// lastSeen returns when the hosts whose timers run out now were last heard.
func (e *Engine) lastSeen(tx *store.Tx, s deploy.Snapshot) (map[string]time.Time, error) {
	var seen map[string]time.Time
	for _, i := range s.Index.Due(e.opts.Now()) {
		t := &s.Targets[i]
		at, err := tx.LastSeen(s.Deployment.Namespace, t.HostIdentifier)
		switch {
		case errors.Is(err, store.ErrNotFound):
			continue
		case err != nil:
			return nil, err
		case seen == nil:
			seen = map[string]time.Time{}
		}
		seen[t.ID] = at
	}
	return seen, nil
}

// issue makes a command available to its host. One for a host that has been
// deregistered since the deployment began is lost at once: nobody will come
// for it.
func (e *Engine) issue(tx *store.Tx, c deploy.HostCommand) (lost bool, err error) {
	if err := tx.InsertCommand(c); err != nil {
		return false, err
	}
	_, err = tx.InstanceByIdentity(c.Namespace, c.HostIdentifier)
	if !errors.Is(err, store.ErrNotFound) {
		return false, err
	}
	n, err := tx.LoseCommands(c.Namespace, c.HostIdentifier, e.opts.Now())
	return n > 0, err
}
