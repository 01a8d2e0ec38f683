package control

import (
	"cmp"
	"context"
	"errors"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// BatchGetDeploymentInstances returns targets of a deployment in the order in
// which they are named, and says which it does not know.
func (c *Control) BatchGetDeploymentInstances(ctx context.Context, ns deploy.Namespace, deploymentID string, ids []string) (found []Target, missing string, err error) {
	if err := cmp.Or(
		checkDeploymentID(deploymentID),
		checkEach(ids, checkInstanceID),
		checkBatch("instance ids", len(ids), c.quotas.InstancesPerBatch),
	); err != nil {
		return nil, "", err
	}
	err = c.store.View(ctx, func(tx *store.Tx) error {
		d, err := findWithInstances(tx, ns, deploymentID)
		if err != nil {
			return err
		}
		names := make([]string, len(ids))
		for i, id := range ids {
			if names[i], err = instanceID(d, id); err != nil {
				return err
			}
		}
		var unknown []string
		for _, name := range distinct(names) {
			target, err := tx.Target(d.ID, name)
			if errors.Is(err, store.ErrNotFound) {
				unknown = append(unknown, name)
				continue
			}
			if err != nil {
				return err
			}
			found = append(found, Target{target, d.Platform})
		}
		missing = notFound("instances", unknown)
		return nil
	})
	return found, missing, err
}
