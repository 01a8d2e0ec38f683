package control

import (
	"context"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// ListApplications returns the names of up to limit applications behind after,
// in order.
func (c *Control) ListApplications(ctx context.Context, ns deploy.Namespace, after string, limit int) (Page, error) {
	return view(ctx, c, func(tx *store.Tx) (Page, error) {
		names, err := tx.ApplicationNames(ns, after, limit+1)
		return pageOf(names, limit), err
	})
}
