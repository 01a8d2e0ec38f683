package control

import (
	"context"
	"errors"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// GetOnPremisesInstance returns an instance, also one that is deregistered.
func (c *Control) GetOnPremisesInstance(ctx context.Context, ns deploy.Namespace, name string) (deploy.Instance, error) {
	if err := checkInstanceName(name); err != nil {
		return deploy.Instance{}, err
	}
	return view(ctx, c, func(tx *store.Tx) (deploy.Instance, error) {
		instance, err := tx.Instance(ns, name)
		if errors.Is(err, store.ErrNotFound) {
			return instance, deploy.Errorf("InstanceNotRegisteredException", "No instance found for name: %s", name)
		}
		return instance, err
	})
}
