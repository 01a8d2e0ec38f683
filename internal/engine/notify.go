package engine

import (
	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/notification"
	"github.com/slipwayhq/slipway/internal/store"
)

// notify puts into the outbox what is to be told of a change, in the change's
// own transaction: changed are the targets that were saved, before is what they
// and the deployment were.
func (e *Engine) notify(tx *store.Tx, before deploy.Deployment, targets []deploy.Target, after deploy.Deployment, changed []deploy.Target) error {
	if e.opts.Notify.Empty() {
		return nil
	}
	c := notification.Change{Before: before, After: after, At: e.opts.Now()}
	for _, t := range changed {
		change := notification.TargetChange{After: t}
		if t.Order < len(targets) {
			change.Before = targets[t.Order]
		}
		c.Targets = append(c.Targets, change)
	}
	return e.tell(tx, c)
}

// notifyCreated does so for a deployment that the engine made.
func (e *Engine) notifyCreated(tx *store.Tx, d deploy.Deployment) error {
	return e.tell(tx, notification.Change{After: d, At: e.opts.Now()})
}

func (e *Engine) tell(tx *store.Tx, c notification.Change) error {
	if e.opts.Notify.Empty() || c.Quiet() {
		return nil
	}
	group, err := tx.GroupByID(c.After.GroupID)
	if err := ignoreNotFound(err); err != nil {
		return err
	}
	c.Triggers = group.Triggers
	return tx.InsertMessages(e.opts.Notify.Messages(c))
}
