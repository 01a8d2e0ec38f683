package control

import (
	"context"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// ListDeploymentInstances asks for targets of a deployment with one of the
// statuses and one of the labels; no values mean any.
type ListDeploymentInstances struct {
	DeploymentID string
	Statuses     []string
	Labels       []string // Blue or Green
	After        string
	Limit        int
}

// ListDeploymentInstances returns the ids of up to Limit targets behind After,
// in order.
func (c *Control) ListDeploymentInstances(ctx context.Context, ns deploy.Namespace, in ListDeploymentInstances) (Page, error) {
	if err := checkDeploymentID(in.DeploymentID); err != nil {
		return Page{}, err
	}
	filters := map[string][]string{filterStatus: in.Statuses, filterLabel: in.Labels}
	if err := checkTargetFilters(filters); err != nil {
		return Page{}, err
	}
	return view(ctx, c, func(tx *store.Tx) (Page, error) {
		if _, err := findWithInstances(tx, ns, in.DeploymentID); err != nil {
			return Page{}, err
		}
		d, err := findStarted(tx, ns, in.DeploymentID)
		if err != nil {
			return Page{}, err
		}
		return targetPage(tx, d, filters, in.After, in.Limit)
	})
}
