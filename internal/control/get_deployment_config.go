package control

import (
	"context"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// GetDeploymentConfig returns a configuration, predefined ones included.
func (c *Control) GetDeploymentConfig(_ context.Context, _ deploy.Namespace, name string) (deploy.Config, error) {
	if name == "" {
		return deploy.Config{}, deploy.Errorf("DeploymentConfigNameRequiredException", "Deployment configuration name is missing")
	}
	if err := checkConfigName(name); err != nil {
		return deploy.Config{}, err
	}
	return findConfig(name)
}
