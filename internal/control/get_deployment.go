package control

import (
	"context"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// GetDeployment returns a deployment.
func (c *Control) GetDeployment(ctx context.Context, ns deploy.Namespace, id string) (deploy.Deployment, error) {
	if err := checkDeploymentID(id); err != nil {
		return deploy.Deployment{}, err
	}
	return view(ctx, c, func(tx *store.Tx) (deploy.Deployment, error) {
		row, err := findDeployment(tx, ns, id)
		return row.Deployment, err
	})
}
