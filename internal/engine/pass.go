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
	err := e.store.UpdateRows(ctx, func(tx *store.Tx) (err error) {
		done = false // of a run before
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
		s, err := e.snapshot(tx, claim)
		if err != nil {
			return err
		}
		decision, err := e.decide(tx, s)
		if err != nil {
			return err
		}
		done = decision.Deployment.Status.Terminal()
		after = cachedTargets{version: row.Version + 1, targets: merge(s.Targets, decision.Targets)}
		return e.save(tx, row, decision, after.targets)
	})
	if err != nil {
		return err
	}
	if done {
		delete(e.targets, id)
	} else {
		e.targets[id] = after
	}
	return nil
}

// snapshot loads what a decision needs.
func (e *Engine) snapshot(tx *store.Tx, row store.Claim) (deploy.Snapshot, error) {
	s := deploy.Snapshot{Deployment: row.Deployment, Stop: row.Stop}
	var err error
	if cached, ok := e.targets[row.Deployment.ID]; ok && cached.version == row.Version && row.Unbroken {
		s.Targets = cached.targets
	} else if s.Targets, err = tx.Targets(row.Deployment.ID); err != nil {
		return s, err
	}
	s.Reports, err = tx.TakeReports(row.Deployment.ID)
	return s, err
}

// decide gates the deployment, plans it when its targets are not known yet,
// and lets its platform say what to do.
func (e *Engine) decide(tx *store.Tx, s deploy.Snapshot) (deploy.Decision, error) {
	now := e.opts.Now()
	missing, err := e.missing(tx, s.Deployment)
	if err != nil {
		return deploy.Decision{}, err
	}
	s.Deployment.Ending = gate(s, missing, e.opts.RunLimit, now)
	p, known := e.opts.Platforms[s.Deployment.Platform]
	switch {
	case s.Deployment.TargetsKnown():
	case s.Deployment.Ending != nil:
		return endBeforeStart(s.Deployment, now), nil
	case !known:
		s.Deployment.Ending = failing(deploy.InternalError,
			"This version of Slipway does not deploy to the compute platform "+string(s.Deployment.Platform)+" yet.")
		return endBeforeStart(s.Deployment, now), nil
	default:
		targets, failure, err := e.plan(tx, p, s.Deployment, now)
		if err != nil {
			return deploy.Decision{}, err
		}
		if failure != nil {
			s.Deployment.Ending = failing(failure.Code, failure.Message)
			return endBeforeStart(s.Deployment, now), nil
		}
		s.Targets = targets
		s.Deployment.Move(deploy.InProgress, now)
		d := p.Decide(s, now)
		d.Targets = merge(targets, d.Targets) // all of them are new
		return e.timed(d), nil
	}
	return e.timed(p.Decide(s, now)), nil
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

// timed sees to it that the run limit is noticed.
func (e *Engine) timed(d deploy.Decision) deploy.Decision {
	if d.Deployment.Status.Terminal() || d.Deployment.Ending != nil {
		return d
	}
	if limit := d.Deployment.StartedAt.Add(e.opts.RunLimit); d.WakeAt.IsZero() || limit.Before(d.WakeAt) {
		d.WakeAt = limit
	}
	return d
}

// save writes a decision, and the end of a deployment with all that follows
// from it.
func (e *Engine) save(tx *store.Tx, row store.DeploymentRow, d deploy.Decision, all []deploy.Target) error {
	for _, t := range d.Targets {
		if err := tx.PutTarget(t); err != nil {
			return err
		}
	}
	for _, c := range d.Issue {
		if err := tx.InsertCommand(c); err != nil {
			return fmt.Errorf("command %s: %w", c.ID, err)
		}
	}
	for _, id := range d.Cancel {
		if err := tx.CancelCommand(id); err != nil {
			return err
		}
	}
	var followUp *deploy.Deployment
	if d.Deployment.Status.Terminal() {
		var err error
		if followUp, err = e.end(tx, &d.Deployment, all); err != nil {
			return err
		}
	}
	if d.Deployment.Status != row.Deployment.Status {
		e.opts.Log.Info("deployment "+string(d.Deployment.Status), "deployment", d.Deployment.ID,
			"application", d.Deployment.ApplicationName, "group", d.Deployment.GroupName)
	}
	if err := tx.SaveDeployment(store.DeploymentRow{Deployment: d.Deployment, Version: row.Version, Lease: row.Lease}, d.WakeAt); err != nil {
		return err
	}
	if followUp != nil {
		return tx.InsertDeployment(*followUp)
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
