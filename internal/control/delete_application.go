package control

import (
	"context"
	"errors"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// DeleteApplication deletes an application with its groups and revisions.
// There being none is a success. What is still being deployed fails when the
// engine finds the application gone.
func (c *Control) DeleteApplication(ctx context.Context, ns deploy.Namespace, name string) error {
	if err := checkApplicationName(name); err != nil {
		return err
	}
	return c.update(ctx, func(tx *store.Tx) error {
		app, err := tx.Application(ns, name)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		groups, err := tx.GroupIDs(app.ID)
		if err != nil {
			return err
		}
		for _, id := range groups {
			if err := tx.WakeGroup(id, c.now()); err != nil {
				return err
			}
		}
		return tx.DeleteApplication(app.ID)
	})
}
