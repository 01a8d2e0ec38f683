package control

import (
	"context"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// GetApplication returns an application.
func (c *Control) GetApplication(ctx context.Context, ns deploy.Namespace, name string) (deploy.Application, error) {
	if err := checkApplicationName(name); err != nil {
		return deploy.Application{}, err
	}
	return view(ctx, c, func(tx *store.Tx) (deploy.Application, error) {
		return findApplication(tx, ns, name)
	})
}
