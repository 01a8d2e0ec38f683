package control

import (
	"context"
	"slices"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// ListDeploymentTargets asks for targets of a deployment. Filters has lists of
// values by the name of what they filter: any value of a list, but all lists.
type ListDeploymentTargets struct {
	DeploymentID string
	Filters      map[string][]string
	After        string
	Limit        int
}

// The names of target filters.
const (
	filterStatus = "TargetStatus"
	filterLabel  = "ServerInstanceLabel"
)

// ListDeploymentTargets returns the ids of up to Limit targets behind After,
// in order.
func (c *Control) ListDeploymentTargets(ctx context.Context, ns deploy.Namespace, in ListDeploymentTargets) (Page, error) {
	if err := checkDeploymentID(in.DeploymentID); err != nil {
		return Page{}, err
	}
	if err := checkTargetFilters(in.Filters); err != nil {
		return Page{}, err
	}
	return view(ctx, c, func(tx *store.Tx) (Page, error) {
		d, err := findStarted(tx, ns, in.DeploymentID)
		if err != nil {
			return Page{}, err
		}
		return targetPage(tx, d, in.Filters, in.After, in.Limit)
	})
}

// targetPage returns the ids of the targets that the filters leave.
func targetPage(tx *store.Tx, d deploy.Deployment, filters map[string][]string, after string, limit int) (Page, error) {
	if len(filters[filterLabel]) > 0 {
		if d.Style.Type != deploy.BlueGreenType || d.Platform != deploy.Server {
			return Page{}, deploy.Errorf("InvalidDeploymentInstanceTypeException",
				"The deployment %s is not a blue/green deployment to servers: its targets have no label Blue or Green", d.ID)
		}
		return Page{}, nil // no target is labelled: this version replaces no instances
	}
	var statuses []deploy.TargetStatus
	for _, s := range filters[filterStatus] {
		statuses = append(statuses, deploy.TargetStatus(s))
	}
	ids, err := tx.TargetIDs(d.ID, statuses, after, limit+1)
	return pageOf(ids, limit), err
}

func checkTargetFilters(filters map[string][]string) error {
	for name := range filters {
		if name != filterStatus && name != filterLabel {
			return deploy.Errorf("InvalidTargetFilterNameException",
				"%q is not a target filter. Valid values: %s, %s", name, filterStatus, filterLabel)
		}
	}
	for _, s := range filters[filterStatus] {
		if !deploy.TargetStatus(s).Valid() {
			return deploy.Errorf("InvalidInstanceStatusException",
				"%q is not a target status. Valid values: Failed, InProgress, Pending, Ready, Skipped, Succeeded, Unknown", s)
		}
	}
	for _, label := range filters[filterLabel] {
		if !slices.Contains([]string{"Blue", "Green"}, label) {
			return deploy.Errorf("InvalidInstanceTypeException", "%q is not a label of instances. Valid values: Blue, Green", label)
		}
	}
	return nil
}

// findStarted returns a deployment whose targets can be asked for. One that
// ended before they were known has none; one that may still get some has not
// started.
func findStarted(tx *store.Tx, ns deploy.Namespace, id string) (deploy.Deployment, error) {
	row, err := findDeployment(tx, ns, id)
	if err != nil {
		return row.Deployment, err
	}
	if d := row.Deployment; !d.TargetsKnown() && !d.Status.Terminal() {
		return d, deploy.Errorf("DeploymentNotStartedException",
			"The deployment %s is %s and has no targets yet: ask again in a moment", d.ID, d.Status)
	}
	return row.Deployment, nil
}
