package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/platform"
	"github.com/slipwayhq/slipway/internal/store"
)

// pass looks at one deployment and changes what is to be changed.
func (e *Engine) pass(ctx context.Context, id string) error {
	var after cachedTargets
	var done bool
	known := e.targets[id]
	delete(e.targets, id) // a pass that fails may have changed them
	err := e.store.UpdateRows(ctx, func(tx *store.Tx) (err error) {
		before := known
		known = cachedTargets{} // run again, it reads them
		done = false
		defer func() {
			if v := recover(); v != nil {
				err = &bugError{v}
			}
		}()
		claim, err := e.claim(tx, id)
		if err != nil {
			return err
		}
		row := claim.DeploymentRow
		if row.Deployment.Status.Terminal() {
			done = true
			return nil
		}
		s, err := e.snapshot(tx, claim, before)
		if err != nil {
			return err
		}
		decision, err := e.decide(tx, s)
		if err != nil {
			return err
		}
		done = decision.Deployment.Status.Terminal()
		if err := e.notify(tx, row.Deployment, s.Targets, decision.Deployment, decision.Targets); err != nil {
			return err
		}
		after = cached(row.Version+1, s, decision.Targets) // changes the snapshot's
		return e.save(tx, row, decision, after.targets)
	})
	if err == nil && !done {
		e.targets[id] = after
	}
	return err
}

// snapshot loads what a decision needs.
func (e *Engine) snapshot(tx *store.Tx, row store.Claim, before cachedTargets) (deploy.Snapshot, error) {
	s := deploy.Snapshot{Deployment: row.Deployment, Stop: row.Stop, Continue: row.Continue, Alarms: row.Alarms}
	var err error
	if before.index != nil && before.version == row.Version && row.Unbroken {
		s.Targets, s.Index = before.targets, before.index
	} else if s.Targets, err = tx.Targets(row.Deployment.ID); err != nil {
		return s, err
	} else {
		s.Index = deploy.NewIndex(s.Targets)
	}
	if s.Seen, err = e.lastSeen(tx, s); err != nil {
		return s, err
	}
	if s.Reports, err = tx.TakeReports(row.Deployment.ID); err != nil {
		return s, err
	}
	s.Outcomes, err = tx.TakeOutcomes(row.Deployment.ID)
	return s, err
}

// decide gates the deployment, starts it when it has not been, and lets its
// platform say what to do.
func (e *Engine) decide(tx *store.Tx, s deploy.Snapshot) (deploy.Decision, error) {
	now := e.opts.Now()
	missing, err := e.missing(tx, s.Deployment)
	if err != nil {
		return deploy.Decision{}, err
	}
	s.Deployment.Ending = gate(s, missing, e.limits(s.Deployment.Platform), now)
	if !s.Deployment.TargetsKnown() {
		return e.start(tx, s, now)
	}
	return e.timed(e.opts.Platforms[s.Deployment.Platform].Decide(s, now), s), nil
}

// plan resolves the targets.
func (e *Engine) plan(tx *store.Tx, p platform.Platform, d deploy.Deployment, now time.Time) ([]deploy.Target, *deploy.ErrorInfo, error) {
	var f platform.Fleet
	var err error
	if f.Group, err = tx.GroupByID(d.GroupID); err != nil {
		return nil, nil, err
	}
	if f.Instances, err = tx.RegisteredInstances(d.Namespace); err != nil {
		return nil, nil, err
	}
	if f.Known, err = tx.GroupHosts(d.GroupID); err != nil {
		return nil, nil, err
	}
	if d.Platform == deploy.ECS {
		if f.Earlier, err = earlierTargets(tx, d); err != nil {
			return nil, nil, err
		}
	}
	if d.RootID != "" {
		if f.Instances, err = withoutAttempted(tx, d.RootID, f.Instances); err != nil {
			return nil, nil, err
		}
	}
	e.opts.Order(f.Instances)
	targets, failure := p.Plan(d, f, now)
	return targets, failure, nil
}

// missing says which definition of a deployment has been deleted under it.
func (e *Engine) missing(tx *store.Tx, d deploy.Deployment) (*deploy.ErrorInfo, error) {
	_, err := tx.GroupByID(d.GroupID)
	if err == nil || !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	_, err = tx.ApplicationByID(d.ApplicationID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return &deploy.ErrorInfo{
			Code:    deploy.ApplicationMissing,
			Message: fmt.Sprintf("The application %q was deleted.", d.ApplicationName),
		}, nil
	case err != nil:
		return nil, err
	}
	return &deploy.ErrorInfo{
		Code:    deploy.DeploymentGroupMissing,
		Message: fmt.Sprintf("The deployment group %q was deleted.", d.GroupName),
	}, nil
}

// timed sees to it that the run limit is noticed, and that of alarms that
// cannot be read.
func (e *Engine) timed(d deploy.Decision, s deploy.Snapshot) deploy.Decision {
	if d.Deployment.Status.Terminal() || d.Deployment.Ending != nil {
		return d
	}
	l := e.limits(d.Deployment.Platform)
	d.WakeAt = sooner(d.WakeAt, d.Deployment.StartedAt.Add(l.run))
	if s.Alarms != nil && s.Alarms.Unreadable != nil && !d.Deployment.Alarms.IgnorePollFailure {
		d.WakeAt = sooner(d.WakeAt, s.Alarms.At.Add(l.alarm))
	}
	return d
}

// sooner returns the earlier of two times; the zero one stands for never.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

// save writes a decision.
func (e *Engine) save(tx *store.Tx, row store.DeploymentRow, d deploy.Decision, all []deploy.Target) error {
	for _, t := range d.Targets {
		if err := tx.PutTarget(t); err != nil {
			return err
		}
	}
	for _, c := range d.Issue {
		lost, err := e.issue(tx, c)
		if err != nil {
			return fmt.Errorf("command %s: %w", c.ID, err)
		}
		if lost {
			d.WakeAt = e.opts.Now()
		}
	}
	for _, id := range d.Cancel {
		if err := tx.CancelCommand(id); err != nil {
			return err
		}
	}
	if err := saveActions(tx, d); err != nil {
		return err
	}
	return e.saveDeployment(tx, row, d.Deployment, d.WakeAt, all)
}

// saveDeployment writes the deployment itself, with all that follows when its
// status changes.
func (e *Engine) saveDeployment(tx *store.Tx, row store.DeploymentRow, d deploy.Deployment, wakeAt time.Time, all []deploy.Target) error {
	if d.Status == row.Deployment.Status {
		return tx.SaveDeployment(store.DeploymentRow{Deployment: d, Version: row.Version, Lease: row.Lease}, wakeAt)
	}
	e.opts.Log.Info("deployment "+string(d.Status), "deployment", d.ID,
		"application", d.ApplicationName, "group", d.GroupName)
	var next *deploy.Deployment
	if d.Status.Terminal() {
		if err := tx.DropActions(d.ID); err != nil { // nobody waits for them any more
			return err
		}
		var err error
		if next, err = e.end(tx, &d, all); err != nil {
			return err
		}
	}
	if err := tx.SaveDeployment(store.DeploymentRow{Deployment: d, Version: row.Version, Lease: row.Lease}, wakeAt); err != nil {
		return err
	}
	if d.Creator == deploy.CreatorRollback {
		if err := errors.Join(tellRollback(tx, d), tellPutBack(tx, d)); err != nil {
			return err
		}
	}
	if next != nil {
		if err := e.create(tx, *next); err != nil {
			return err
		}
	}
	// An end makes room, and one that left the queue may not have taken all of it.
	if d.Status.Terminal() || row.Deployment.Status == deploy.Queued {
		return e.wakeQueue(tx, d.Namespace)
	}
	return nil
}

// merge returns the targets with the changed ones in their places.
func merge(targets, changed []deploy.Target) []deploy.Target {
	out := append([]deploy.Target(nil), targets...)
	for _, t := range changed {
		if t.Order < len(out) {
			out[t.Order] = t
		} else {
			out = append(out, t)
		}
	}
	return out
}
