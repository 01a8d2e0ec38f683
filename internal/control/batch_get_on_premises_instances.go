package control

import (
	"cmp"
	"context"
	"errors"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// BatchGetOnPremisesInstances returns instances, also deregistered ones, in
// the order in which they are named. Names of none are left out.
func (c *Control) BatchGetOnPremisesInstances(ctx context.Context, ns deploy.Namespace, names []string) ([]deploy.Instance, error) {
	if err := cmp.Or(
		checkEach(names, checkInstanceName),
		checkBatch("instance names", len(names), c.quotas.InstancesPerBatch),
	); err != nil {
		return nil, err
	}
	return view(ctx, c, func(tx *store.Tx) ([]deploy.Instance, error) {
		var found []deploy.Instance
		for _, name := range distinct(names) {
			instance, err := tx.Instance(ns, name)
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
			if err != nil {
				return nil, err
			}
			found = append(found, instance)
		}
		return found, nil
	})
}
