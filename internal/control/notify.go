package control

import (
	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/notification"
	"github.com/slipwayhq/slipway/internal/store"
)

// notifyCreated puts into the outbox what is to be told of a new deployment.
func (c *Control) notifyCreated(tx *store.Tx, group deploy.Group, d deploy.Deployment) error {
	return tx.InsertMessages(c.notify.Messages(notification.Change{After: d, Triggers: group.Triggers, At: d.CreatedAt}))
}

// notifySaved puts into the outbox the tests of triggers that a group did not
// have before.
func (c *Control) notifySaved(tx *store.Tx, app deploy.Application, before, after deploy.Group) error {
	return tx.InsertMessages(c.notify.Saved(app.Name, before, after, c.now()))
}
