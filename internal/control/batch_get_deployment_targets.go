package control

import (
	"context"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// BatchGetDeploymentTargets returns several targets of a deployment in the
// order in which they are asked for.
func (c *Control) BatchGetDeploymentTargets(ctx context.Context, ns deploy.Namespace, deploymentID string, ids []string) ([]Target, error) {
	if err := checkDeploymentID(deploymentID); err != nil {
		return nil, err
	}
	if err := c.checkTargetIDs(ids); err != nil {
		return nil, err
	}
	return view(ctx, c, func(tx *store.Tx) ([]Target, error) {
		d, err := findStarted(tx, ns, deploymentID)
		if err != nil {
			return nil, err
		}
		if d.Platform != deploy.Server && len(ids) > 1 {
			return nil, deploy.Errorf("DeploymentTargetListSizeExceededException",
				"There are %d target ids, but a deployment on %s has one target", len(ids), d.Platform)
		}
		for _, id := range ids {
			if err := checkTargetForm("InvalidDeploymentTargetIdException", d.Platform, id); err != nil {
				return nil, err
			}
		}
		targets := make([]Target, len(ids))
		for i, id := range ids {
			if targets[i], err = findTarget(tx, d, id); err != nil {
				return nil, err
			}
		}
		return targets, nil
	})
}

func (c *Control) checkTargetIDs(ids []string) error {
	if len(ids) == 0 {
		return checkTargetID("")
	}
	for _, id := range ids {
		if err := checkTargetID(id); err != nil {
			return err
		}
	}
	if len(ids) > c.quotas.TargetsPerBatch {
		return deploy.Errorf("DeploymentTargetListSizeExceededException",
			"There are %d target ids, %d are allowed in one call", len(ids), c.quotas.TargetsPerBatch)
	}
	return nil
}
