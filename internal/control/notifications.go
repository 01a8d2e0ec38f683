package control

import (
	"context"
	"errors"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/notification"
	"github.com/slipwayhq/slipway/internal/store"
)

// NotificationPage is how many messages one call returns at most.
const NotificationPage = 100

// Notification is a message that was not delivered yet, or never will be.
type Notification struct {
	notification.Message
	Attempts  int
	Dead      bool
	Due       time.Time // when it is sent next, or when it died
	LastError string
}

// ListNotifications returns the messages of an account that were not delivered,
// or of them the dead, behind the one of that time (in milliseconds) and id,
// oldest first.
func (c *Control) ListNotifications(ctx context.Context, account string, onlyDead bool, created int64, id string) ([]Notification, error) {
	return view(ctx, c, func(tx *store.Tx) ([]Notification, error) {
		rows, err := tx.Outbox(account, onlyDead, store.OutboxKey{Created: created, ID: id}, NotificationPage)
		out := make([]Notification, len(rows))
		for i, row := range rows {
			out[i] = Notification{row.Message, row.Attempts, row.Dead, row.Due, row.LastError}
		}
		return out, err
	})
}

// RetryNotification has a message of an account sent again soon, dead or not.
func (c *Control) RetryNotification(ctx context.Context, account, id string) error {
	err := c.store.Update(ctx, func(tx *store.Tx) error { return tx.RetryMessage(account, id, c.now()) })
	if errors.Is(err, store.ErrNotFound) {
		return deploy.Errorf("InvalidInputException",
			"There is no notification %s that was not delivered: it was, or its time is over", id)
	}
	return err
}

// RetryNotifications does so with all messages of an account that failed
// before, and returns how many there were.
func (c *Control) RetryNotifications(ctx context.Context, account string) (int64, error) {
	var n int64
	err := c.store.Update(ctx, func(tx *store.Tx) (err error) {
		n, err = tx.RetryMessages(account, c.now())
		return err
	})
	return n, err
}
