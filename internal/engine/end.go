package engine

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// end does what follows from the end of a deployment, in its transaction: what
// the group remembers of its hosts, and the rollback, if one is due, which it
// returns. It is not in the store yet, because the group is free only when the
// deployment itself has been saved.
func (e *Engine) end(tx *store.Tx, d *deploy.Deployment, targets []deploy.Target) (*deploy.Deployment, error) {
	if err := e.rememberHosts(tx, *d, targets); err != nil {
		return nil, err
	}
	if d.Creator == deploy.CreatorRollback {
		return nil, e.tellRolledBack(tx, *d)
	}
	if d.Ending == nil || !d.RolledBackAfter(d.Ending.Event, d.Ending.Rollback) {
		return nil, nil
	}
	last, err := tx.LastSuccessful(d.GroupID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		d.Rollback.Message = "Nothing was rolled back: the deployment group has no earlier successful deployment."
		return nil, nil
	case err != nil:
		return nil, err
	case !slices.ContainsFunc(targets, attempted):
		d.Rollback.Message = "Nothing was rolled back: the deployment ended before it touched an instance."
		return nil, nil
	}
	if _, err := tx.GroupByID(d.GroupID); err != nil {
		d.Rollback.Message = "Nothing was rolled back: the deployment group was deleted."
		return nil, ignoreNotFound(err)
	}
	r := rollback(d, last, e.opts.NewID())
	r.CreatedAt = e.opts.Now()
	if !r.CreatedAt.After(d.CreatedAt) {
		r.CreatedAt = d.CreatedAt.Add(time.Millisecond) // it is the newer of the two, whatever the clock says
	}
	return &r, nil
}

// rollback returns the deployment of the last good revision that undoes d, and
// links the two. (As CodeDeploy does it. What it does not document: the
// rollback keeps the failed deployment's configuration and has none of its
// alarms, or the one that triggered it would stop it.)
func rollback(d *deploy.Deployment, last deploy.Deployment, id string) deploy.Deployment {
	r := deploy.Deployment{
		Namespace: d.Namespace, ID: id,
		ApplicationID: d.ApplicationID, ApplicationName: d.ApplicationName,
		GroupID: d.GroupID, GroupName: d.GroupName, Platform: d.Platform,
		Revision: last.Revision, PreviousRevision: &last.Revision,
		Description: fmt.Sprintf("Automatic rollback of the deployment %s to the revision of %s.", d.ID, last.ID),
		Creator:     deploy.CreatorRollback, Config: d.Config, Style: d.Style,
		BlueGreen: d.BlueGreen, LoadBalancer: d.LoadBalancer,
		AutoRollback:                  &deploy.AutoRollback{},
		IgnoreApplicationStopFailures: d.IgnoreApplicationStopFailures,
		FileExistsBehavior:            last.FileExistsBehavior,
		Status:                        deploy.Created,
	}
	r.Config.Zonal = nil // a rollback does not go zone by zone
	r.Rollback = deploy.RollbackInfo{
		TriggeringID: d.ID,
		Message: fmt.Sprintf("This deployment rolls back %s, which ended as %s, to the revision of %s.",
			d.ID, d.Status, last.ID),
	}
	d.Rollback = deploy.RollbackInfo{
		RollbackID: id,
		Message:    fmt.Sprintf("The deployment %s ended as %s; the rollback %s was started.", d.ID, d.Status, id),
	}
	return r
}

// tellRolledBack notes on a deployment how its rollback ended.
func (e *Engine) tellRolledBack(tx *store.Tx, r deploy.Deployment) error {
	row, err := tx.DeploymentRow(r.Rollback.TriggeringID)
	if err != nil {
		return ignoreNotFound(err)
	}
	d := &row.Deployment
	d.Rollback.Message = fmt.Sprintf("The deployment %s ended as %s; its rollback %s ended as %s.",
		d.ID, d.Status, r.ID, r.Status)
	return tx.SaveDeployment(row, *d.CompletedAt)
}

// attempted reports whether a host was given something to do.
func attempted(t deploy.Target) bool {
	return t.Status != deploy.TargetPending && t.Status != deploy.TargetSkipped
}

// rememberHosts writes what the group now knows of the hosts that were
// attempted. (As CodeDeploy's guide has it. But where a failed host got as far as
// Install, what it runs is unknown, whatever it ran before: otherwise a
// rollback with updateOutdatedInstancesOnly would pass it over.)
func (e *Engine) rememberHosts(tx *store.Tx, d deploy.Deployment, targets []deploy.Target) error {
	if _, err := tx.GroupByID(d.GroupID); err != nil {
		return ignoreNotFound(err)
	}
	known, err := tx.GroupHosts(d.GroupID)
	if err != nil {
		return err
	}
	for _, t := range targets {
		if !attempted(t) {
			continue
		}
		h := deploy.GroupHost{GroupID: d.GroupID, Host: t.ID, DeploymentID: d.ID, Installed: known[t.ID].Installed}
		switch {
		case t.Status == deploy.TargetSucceeded:
			h.Healthy, h.Installed = true, &d.Revision
		case reached(t, deploy.Install):
			h.Installed = nil
		}
		if err := tx.PutGroupHost(h); err != nil {
			return err
		}
	}
	return nil
}

// reached reports whether a host began the event.
func reached(t deploy.Target, event string) bool {
	return slices.ContainsFunc(t.Events, func(e deploy.LifecycleEvent) bool {
		return e.Name == event && e.Status != deploy.EventPending && e.Status != deploy.EventSkipped
	})
}

// giveUp ends a deployment on which the engine itself fails.
func (e *Engine) giveUp(tx *store.Tx, id string) error {
	row, err := tx.DeploymentRow(id)
	if err != nil || row.Deployment.Status.Terminal() {
		return err
	}
	d, before := &row.Deployment, row.Deployment
	d.Error = &deploy.ErrorInfo{Code: deploy.InternalError, Message: "The server could not go on with this " +
		"deployment because of a fault of its own. Its log has the details; please report them."}
	if d.Status == deploy.Ready {
		d.Move(deploy.Stopped, e.opts.Now()) // Ready has no way to Failed
	} else {
		d.Move(deploy.Failed, e.opts.Now())
	}
	targets, err := tx.Targets(id)
	if err != nil {
		return err
	}
	for _, t := range targets {
		if err := e.abandon(tx, t); err != nil {
			return err
		}
	}
	if err := e.notify(tx, before, nil, *d, nil); err != nil {
		return err
	}
	return tx.SaveDeployment(row, *d.CompletedAt)
}

// abandon ends a target whose result cannot be known any more.
func (e *Engine) abandon(tx *store.Tx, t deploy.Target) error {
	if t.Status.Terminal() {
		return nil
	}
	if t.Outstanding != nil {
		if err := tx.CancelCommand(t.Outstanding.CommandID); err != nil {
			return err
		}
		t.Outstanding = nil
	}
	t.Move(deploy.TargetUnknown, e.opts.Now())
	return tx.PutTarget(t)
}

func ignoreNotFound(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}
