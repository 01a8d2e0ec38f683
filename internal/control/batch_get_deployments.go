package control

import (
	"cmp"
	"context"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// BatchGetDeployments returns deployments in the order in which their ids are
// given. Ids that name none are left out.
func (c *Control) BatchGetDeployments(ctx context.Context, ns deploy.Namespace, ids []string) ([]deploy.Deployment, error) {
	if err := cmp.Or(
		checkEach(ids, checkDeploymentID),
		checkBatch("deployment ids", len(ids), c.quotas.DeploymentsPerBatch),
	); err != nil {
		return nil, err
	}
	return view(ctx, c, func(tx *store.Tx) ([]deploy.Deployment, error) {
		var found []deploy.Deployment
		for _, id := range distinct(ids) {
			row, err := findDeployment(tx, ns, id)
			if deploy.CodeOf(err) != "" {
				continue // there is none: nothing else is wrong with a good id
			}
			if err != nil {
				return nil, err
			}
			found = append(found, row.Deployment)
		}
		return found, nil
	})
}
