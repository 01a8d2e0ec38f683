package control

import (
	"context"
	"slices"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// ListDeploymentConfigs returns the names of up to limit configurations behind
// after, in order, predefined ones included.
func (c *Control) ListDeploymentConfigs(ctx context.Context, ns deploy.Namespace, after string, limit int) (Page, error) {
	return view(ctx, c, func(tx *store.Tx) (Page, error) {
		names, err := tx.ConfigNames(ns, after, limit+1)
		for _, config := range deploy.PredefinedConfigs() {
			if config.Name > after {
				names = append(names, config.Name)
			}
		}
		slices.Sort(names)
		return pageOf(names, limit), err
	})
}
