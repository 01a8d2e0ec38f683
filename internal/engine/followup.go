package engine

import (
	"fmt"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// followUp returns the deployment that brings the hosts that joined the group
// during d to its revision, or nil when there are none. It is one of the root:
// the first of the chain, which has succeeded. (As CodeDeploy does with
// instances that were launched during a deployment. What it does not document:
// a follow-up that fails ends the chain, and one that is too small for its
// configuration goes one at a time.)
func (e *Engine) followUp(tx *store.Tx, d *deploy.Deployment) (*deploy.Deployment, error) {
	p, known := e.opts.Platforms[d.Platform]
	if !known || d.Platform != deploy.Server || d.Style.Type == deploy.BlueGreenType || !d.Creator.Exclusive() {
		return nil, nil
	}
	group, err := tx.GroupByID(d.GroupID)
	if err != nil || group.OutdatedInstances == deploy.IgnoreOutdated {
		return nil, ignoreNotFound(err)
	}
	next := completing(*d)
	targets, failure, err := e.plan(tx, p, next, e.opts.Now())
	if err == nil && failure != nil && failure.Code == deploy.HealthConstraintsInvalid {
		// The minimum was meant for the whole group, and those that joined are
		// few: one at a time always goes.
		next.Config, _ = deploy.PredefinedConfig(deploy.DefaultConfigName)
		targets, failure, err = e.plan(tx, p, next, e.opts.Now())
	}
	if err != nil {
		return nil, err
	}
	// What else is wrong than that there is nobody left, it says itself.
	if len(targets) == 0 && (failure == nil || failure.Code == deploy.NoInstances) {
		return nil, nil
	}
	next.ID, next.CreatedAt = e.opts.NewID(), e.createdAfter(d)
	return &next, noteFollowUp(tx, d, next)
}

// completing returns the deployment that does to hosts that joined what d did
// to the others. It is never rolled back: the fleet runs the good revision.
func completing(d deploy.Deployment) deploy.Deployment {
	root := d.ID
	if d.RootID != "" {
		root = d.RootID
	}
	return deploy.Deployment{
		Namespace: d.Namespace, RootID: root,
		ApplicationID: d.ApplicationID, ApplicationName: d.ApplicationName,
		GroupID: d.GroupID, GroupName: d.GroupName, Platform: d.Platform,
		Revision: d.Revision, PreviousRevision: &d.Revision,
		Description: fmt.Sprintf("Automatic update of instances that joined the group during the deployment %s.", root),
		Creator:     deploy.CreatorAutoUpdate, Config: d.Config, Style: d.Style, LoadBalancer: d.LoadBalancer,
		AutoRollback: &deploy.AutoRollback{}, Alarms: d.Alarms, AlarmOverride: d.AlarmOverride,
		IgnoreApplicationStopFailures: d.IgnoreApplicationStopFailures,
		UpdateOutdatedInstancesOnly:   true,
		FileExistsBehavior:            d.FileExistsBehavior,
		Status:                        deploy.Created,
	}
}

// noteFollowUp notes a follow-up on its root, which may be d itself.
func noteFollowUp(tx *store.Tx, d *deploy.Deployment, next deploy.Deployment) error {
	if next.RootID == d.ID {
		d.FollowUps = append(d.FollowUps, next.ID)
		return nil
	}
	root, err := tx.DeploymentRow(next.RootID)
	if err != nil {
		return err
	}
	root.Deployment.FollowUps = append(root.Deployment.FollowUps, next.ID)
	return tx.SaveDeployment(root, *root.Deployment.CompletedAt)
}
