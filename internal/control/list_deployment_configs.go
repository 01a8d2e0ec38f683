package control

import (
	"context"
	"slices"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// ListDeploymentConfigs returns the names of up to limit configurations behind
// after, in order.
func (c *Control) ListDeploymentConfigs(_ context.Context, _ deploy.Namespace, after string, limit int) (Page, error) {
	var names []string
	for _, config := range deploy.PredefinedConfigs() {
		if config.Name > after {
			names = append(names, config.Name)
		}
	}
	slices.Sort(names)
	return pageOf(names, limit), nil
}
