package control

import (
	"context"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// ListDeploymentGroups returns the names of up to limit groups of an
// application behind after, in order.
func (c *Control) ListDeploymentGroups(ctx context.Context, ns deploy.Namespace, application, after string, limit int) (Page, error) {
	if err := checkApplicationName(application); err != nil {
		return Page{}, err
	}
	return view(ctx, c, func(tx *store.Tx) (Page, error) {
		app, err := findApplication(tx, ns, application)
		if err != nil {
			return Page{}, err
		}
		names, err := tx.GroupNames(app.ID, after, limit+1)
		return pageOf(names, limit), err
	})
}
