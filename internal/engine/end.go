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
// the group remembers of its hosts, and the rollback or the follow-up, if one
// is due, which it returns. It is not in the store yet, because the group is
// free only when the deployment itself has been saved.
func (e *Engine) end(tx *store.Tx, d *deploy.Deployment, targets []deploy.Target) (*deploy.Deployment, error) {
	if err := rememberHosts(tx, *d, targets); err != nil {
		return nil, err
	}
	if d.Status != deploy.Succeeded {
		return e.rollback(tx, d, targets)
	}
	if err := endAfterLast(tx, d); err != nil {
		return nil, err
	}
	return e.followUp(tx, d)
}

// endAfterLast lets a success end later than the group's last one, whatever
// the clock says: which is the newest says what the group runs.
func endAfterLast(tx *store.Tx, d *deploy.Deployment) error {
	last, err := tx.LastSuccessful(d.GroupID)
	if err != nil {
		return ignoreNotFound(err)
	}
	if at := last.CompletedAt.Add(time.Millisecond); d.CompletedAt.Before(at) {
		d.CompletedAt = &at
	}
	return nil
}

// create stores a deployment that the engine made, and notes in the
// application's record of the revision that it is deployed. One that is not
// registered any more stays so: the deployment will say it.
func (e *Engine) create(tx *store.Tx, d deploy.Deployment) error {
	known, err := tx.Revision(d.ApplicationID, d.Revision)
	if err == nil {
		known.LastUsedAt = &d.CreatedAt
		err = tx.PutRevision(known)
	}
	if err := ignoreNotFound(err); err != nil {
		return err
	}
	if err := tx.InsertDeployment(d); err != nil {
		return err
	}
	return e.notifyCreated(tx, d)
}

// createdAfter is the time of creation of a deployment that follows from d: it
// is the newer of the two, whatever the clock says.
func (e *Engine) createdAfter(d *deploy.Deployment) time.Time {
	if now := e.opts.Now(); now.After(d.CreatedAt) {
		return now
	}
	return d.CreatedAt.Add(time.Millisecond)
}

// rollback returns the deployment that undoes d, or nil and says on d why
// there is none.
func (e *Engine) rollback(tx *store.Tx, d *deploy.Deployment, targets []deploy.Target) (*deploy.Deployment, error) {
	if d.Ending == nil || !d.RolledBackAfter(d.Ending.Event, d.Ending.Rollback) {
		return nil, nil
	}
	if d.Platform != deploy.Server {
		return e.putBack(tx, d, targets)
	}
	last, err := tx.LastSuccessful(d.GroupID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		d.Rollback.Message = "Nothing was rolled back: the deployment group has no earlier successful deployment."
		return nil, nil
	case err != nil:
		return nil, err
	case !slices.ContainsFunc(targets, func(t deploy.Target) bool { return t.Attempted() }):
		d.Rollback.Message = "Nothing was rolled back: the deployment ended before it touched an instance."
		return nil, nil
	}
	if _, err := tx.GroupByID(d.GroupID); err != nil {
		d.Rollback.Message = "Nothing was rolled back: the deployment group was deleted."
		return nil, ignoreNotFound(err)
	}
	r := undoing(d, last, e.opts.NewID())
	r.CreatedAt = e.createdAfter(d)
	return &r, nil
}

// undoing returns the deployment of the last good revision that undoes d, and
// links the two. (As CodeDeploy does it. What it does not document: the
// rollback keeps the failed deployment's configuration and has none of its
// alarms, or the one that triggered it would stop it.)
func undoing(d *deploy.Deployment, last deploy.Deployment, id string) deploy.Deployment {
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

// tellRollback notes on a deployment how far its rollback is.
func tellRollback(tx *store.Tx, r deploy.Deployment) error {
	row, err := tx.DeploymentRow(r.Rollback.TriggeringID)
	if err != nil {
		return ignoreNotFound(err)
	}
	d := &row.Deployment
	how := "is in progress"
	if r.Status.Terminal() {
		how = "ended as " + string(r.Status)
	}
	d.Rollback.Message = fmt.Sprintf("The deployment %s ended as %s; its rollback %s %s.", d.ID, d.Status, r.ID, how)
	return tx.SaveDeployment(row, *d.CompletedAt)
}

// rememberHosts writes what the group now knows of its hosts.
func rememberHosts(tx *store.Tx, d deploy.Deployment, targets []deploy.Target) error {
	if _, err := tx.GroupByID(d.GroupID); err != nil {
		return ignoreNotFound(err)
	}
	known, err := tx.GroupHosts(d.GroupID)
	if err != nil {
		return err
	}
	for _, h := range deploy.RememberHosts(d, targets, known) {
		if err := tx.PutGroupHost(h); err != nil {
			return err
		}
	}
	return nil
}

// giveUp ends a deployment on which the engine itself fails.
func (e *Engine) giveUp(tx *store.Tx, id string) error {
	row, err := tx.DeploymentRow(id)
	if err != nil || row.Deployment.Status.Terminal() {
		return err
	}
	targets, err := tx.Targets(id)
	if err != nil {
		return err
	}
	for i := range targets {
		if err := e.abandon(tx, &targets[i]); err != nil {
			return err
		}
	}
	d, now := row.Deployment, e.opts.Now()
	if d.TargetsKnown() {
		overview := deploy.Count(targets)
		d.Overview = &overview
	}
	d.Ending = failing(deploy.InternalError, "The server could not go on with this deployment because of a fault of "+
		"its own. Its log has the details; please report them.")
	d.Error = &d.Ending.Error
	if d.Status == deploy.Ready {
		d.Move(deploy.Stopped, now) // Ready has no way to Failed
	} else {
		d.Move(deploy.Failed, now)
	}
	if err := e.notify(tx, row.Deployment, nil, d, nil); err != nil {
		return err
	}
	return e.saveDeployment(tx, row, d, now, targets)
}

// abandon ends a target whose result cannot be known any more.
func (e *Engine) abandon(tx *store.Tx, t *deploy.Target) error {
	if t.Status.Terminal() {
		return nil
	}
	if t.Outstanding != nil {
		if err := tx.CancelCommand(t.Outstanding.CommandID); err != nil {
			return err
		}
		t.Outstanding = nil
	}
	t.LoseTrack(e.opts.Now())
	return tx.PutTarget(*t)
}

func ignoreNotFound(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}
