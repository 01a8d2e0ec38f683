package server

import (
	"fmt"
	"slices"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/rollout"
)

// steps is what one decision consists of, in order.
var steps = []func(*draft){
	(*draft).applyReports,
	(*draft).expireTimers,
	(*draft).judgeHealth,
	(*draft).startHosts,
	(*draft).finish,
}

// Decide says what to change now.
func (p Platform) Decide(s deploy.Snapshot, now time.Time) deploy.Decision {
	d := newDraft(p, s, now)
	for _, step := range steps {
		step(d)
	}
	return d.decision()
}

// draft is a decision in the making: a copy of the snapshot on which the steps
// work, target by target copied only when it changes.
type draft struct {
	limits  Platform
	now     time.Time
	dep     deploy.Deployment
	targets []deploy.Target
	changed map[int]bool
	reports []deploy.HostCommand
	pace    rollout.Pace
	issue   []deploy.HostCommand
	cancel  []string
}

func newDraft(p Platform, s deploy.Snapshot, now time.Time) *draft {
	return &draft{
		limits: p, now: now, dep: s.Deployment, targets: slices.Clone(s.Targets), changed: map[int]bool{},
		reports: s.Reports, pace: rollout.NewPace(len(s.Targets), s.Deployment.Config.MinimumHealthy),
	}
}

// change returns target i for writing.
func (d *draft) change(i int) *deploy.Target {
	if !d.changed[i] {
		d.changed[i] = true
		d.targets[i] = d.targets[i].Clone()
	}
	return &d.targets[i]
}

// decision returns what the steps changed.
func (d *draft) decision() deploy.Decision {
	overview := deploy.Count(d.targets)
	d.dep.Overview = &overview
	out := deploy.Decision{Deployment: d.dep, Issue: d.issue, Cancel: d.cancel}
	for i := range d.targets {
		if d.changed[i] {
			out.Targets = append(out.Targets, d.targets[i])
		}
		if o := d.targets[i].Outstanding; o != nil && (out.WakeAt.IsZero() || o.Deadline.Before(out.WakeAt)) {
			out.WakeAt = o.Deadline
		}
	}
	return out
}

// progress counts the targets. A target is in flight from the moment its first
// command can be handed out.
func (d *draft) progress() rollout.Progress {
	var p rollout.Progress
	for i := range d.targets {
		switch t := &d.targets[i]; {
		case t.Status == deploy.TargetSucceeded:
			p.Succeeded++
		case t.Status == deploy.TargetFailed:
			p.Failed++
		case t.Status.Terminal():
		case t.Status == deploy.TargetPending && t.Outstanding == nil:
			p.Pending++
			if t.WasHealthy {
				p.PendingHealthy++
			}
		default:
			p.InFlight++
		}
	}
	return p
}

// judgeHealth ends the deployment when too many hosts have failed.
func (d *draft) judgeHealth() {
	if p := d.progress(); d.dep.Ending == nil && d.pace.Exhausted(p) {
		d.endUnhealthy(p)
	}
}

// startHosts starts as many more hosts as the pace allows.
func (d *draft) startHosts() {
	if d.dep.Ending != nil {
		return
	}
	p := d.progress()
	for i := range d.targets {
		t := &d.targets[i]
		if t.Status != deploy.TargetPending || t.Outstanding != nil {
			continue
		}
		if !d.pace.MayStart(p, t.WasHealthy) {
			break
		}
		p.Pending--
		if t.WasHealthy {
			p.PendingHealthy--
		}
		p.InFlight++
		d.issueNext(i)
	}
	if p.Pending > 0 && p.InFlight == 0 {
		// Starting any of the hosts that are left would take healthy ones
		// below the minimum.
		d.endUnhealthy(p)
	}
}

// endUnhealthy decides the end for want of healthy hosts.
func (d *draft) endUnhealthy(p rollout.Progress) {
	msg := fmt.Sprintf("The deployment failed because too many instances failed or too few healthy ones are left: "+
		"%d of %d succeeded, %d failed, and at least %d must stay healthy.",
		p.Succeeded, d.pace.Hosts, p.Failed, max(d.pace.Minimum, 1))
	if first := d.firstFailure(); first != "" {
		msg += " First failure: " + first
	}
	d.dep.Ending = &deploy.Ending{
		Status: deploy.Failed, Event: deploy.RollbackOnFailure,
		Error: deploy.ErrorInfo{Code: deploy.HealthConstraints, Message: msg},
	}
}

// firstFailure describes the event that failed first, so that nobody has to
// look for it.
func (d *draft) firstFailure() string {
	var first *deploy.LifecycleEvent
	host := ""
	for i := range d.targets {
		if d.targets[i].Status != deploy.TargetFailed {
			continue
		}
		if e := failure(&d.targets[i]); e != nil && (first == nil || e.EndedAt.Before(*first.EndedAt)) {
			first, host = e, d.targets[i].ID
		}
	}
	if first == nil {
		return ""
	}
	return fmt.Sprintf("%s on %s: %s (%s)", first.Name, host, first.Diagnostics.Message, first.Diagnostics.ErrorCode)
}

// failure returns the event because of which a target failed: the last one
// that has diagnostics of an error.
func failure(t *deploy.Target) *deploy.LifecycleEvent {
	for i := len(t.Events) - 1; i >= 0; i-- {
		e := &t.Events[i]
		if e.Diagnostics != nil && e.Diagnostics.ErrorCode != codeSuccess && e.EndedAt != nil {
			return e
		}
	}
	return nil
}

// finish ends the deployment when nothing is left to wait for.
func (d *draft) finish() {
	if d.dep.Ending != nil {
		d.cancelUnacknowledged()
	}
	p := d.progress()
	switch {
	case p.InFlight > 0:
		return
	case d.dep.Ending == nil && d.pace.Hosts > 0 && !d.pace.Enough(p):
		d.endUnhealthy(p)
	}
	d.skipPending()
	if e := d.dep.Ending; e != nil {
		d.dep.Error = &e.Error
		d.dep.Move(e.Status, d.now)
		return
	}
	d.dep.Move(deploy.Succeeded, d.now)
}

// cancelUnacknowledged takes back the commands that no host has begun.
func (d *draft) cancelUnacknowledged() {
	for i := range d.targets {
		if o := d.targets[i].Outstanding; o == nil || o.Acked {
			continue
		}
		t := d.change(i)
		d.cancel = append(d.cancel, t.Outstanding.CommandID)
		t.Outstanding = nil
		if t.Status != deploy.TargetPending {
			d.conclude(t, deploy.TargetFailed)
		}
	}
}

// skipPending ends the targets whose turn did not come.
func (d *draft) skipPending() {
	for i := range d.targets {
		if d.targets[i].Status == deploy.TargetPending {
			d.conclude(d.change(i), deploy.TargetSkipped)
		}
	}
}
