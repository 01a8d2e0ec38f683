package control

import (
	"context"
	"errors"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// DeregisterOnPremisesInstance ends a registration: the instance is no target
// any more, what deployments wait for from it is lost, and its identity is
// free. Its record and tags stay. There being no
// registered instance of the name is a success.
func (c *Control) DeregisterOnPremisesInstance(ctx context.Context, ns deploy.Namespace, name string) error {
	if err := checkInstanceName(name); err != nil {
		return err
	}
	return c.update(ctx, func(tx *store.Tx) error {
		instance, err := tx.Instance(ns, name)
		if errors.Is(err, store.ErrNotFound) || err == nil && !instance.Registered() {
			return nil
		}
		if err != nil {
			return err
		}
		now := c.now()
		instance.DeregisteredAt = &now
		if err := tx.PutInstance(instance); err != nil {
			return err
		}
		_, err = tx.LoseCommands(ns, instance.HostIdentifier(), now)
		return err
	})
}
