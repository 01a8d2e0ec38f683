package control

import (
	"context"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// GetDeploymentConfig returns a configuration, predefined ones included.
func (c *Control) GetDeploymentConfig(ctx context.Context, ns deploy.Namespace, name string) (deploy.Config, error) {
	if err := requireConfigName(name); err != nil {
		return deploy.Config{}, err
	}
	return view(ctx, c, func(tx *store.Tx) (deploy.Config, error) { return findConfig(tx, ns, name) })
}
