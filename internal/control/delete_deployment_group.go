package control

import (
	"cmp"
	"context"
	"errors"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// DeleteDeploymentGroup deletes a group. There being none, or no such
// application, is a success. Its deployments stay readable; one that is active
// fails when the engine finds the group gone.
func (c *Control) DeleteDeploymentGroup(ctx context.Context, ns deploy.Namespace, application, name string) error {
	if err := cmp.Or(checkApplicationName(application), checkGroupName(name)); err != nil {
		return err
	}
	err := c.update(ctx, func(tx *store.Tx) error {
		app, err := tx.Application(ns, application)
		if err != nil {
			return err
		}
		group, err := tx.Group(app.ID, name)
		if err != nil {
			return err
		}
		if err := tx.WakeGroup(group.ID, c.now()); err != nil {
			return err
		}
		return tx.DeleteGroup(group.ID)
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}
