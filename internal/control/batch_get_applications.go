package control

import (
	"cmp"
	"context"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// BatchGetApplications returns applications in the order in which they are
// named. One that does not exist fails the call.
func (c *Control) BatchGetApplications(ctx context.Context, ns deploy.Namespace, names []string) ([]deploy.Application, error) {
	if err := cmp.Or(
		checkEach(names, checkApplicationName),
		checkBatch("application names", len(names), c.quotas.ApplicationsPerBatch),
	); err != nil {
		return nil, err
	}
	return view(ctx, c, func(tx *store.Tx) ([]deploy.Application, error) {
		var apps []deploy.Application
		for _, name := range distinct(names) {
			app, err := findApplication(tx, ns, name)
			if err != nil {
				return nil, err
			}
			apps = append(apps, app)
		}
		return apps, nil
	})
}
