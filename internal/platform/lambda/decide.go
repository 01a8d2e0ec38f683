package lambda

import (
	"fmt"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/platform"
	"github.com/slipwayhq/slipway/internal/rollout"
)

// Decide says what to change now.
func (p Platform) Decide(s deploy.Snapshot, now time.Time) deploy.Decision {
	d := &draft{p: p, now: now, dep: s.Deployment, t: s.Targets[0].Clone()}
	d.f = d.t.Function
	for _, a := range s.Outcomes {
		if a.ID == d.f.Waiting {
			d.apply(a)
		}
	}
	d.goOn()
	if d.dep.Ending != nil {
		d.end()
	}
	return d.decision()
}

// draft is a decision in the making: a copy of the one target, and what is to
// be done.
type draft struct {
	p    Platform
	now  time.Time
	dep  deploy.Deployment
	t    deploy.Target
	f    *deploy.FunctionTarget // t.Function
	act  []deploy.Action
	drop []string
	wake time.Time
}

func (d *draft) decision() deploy.Decision {
	targets := []deploy.Target{d.t}
	overview := deploy.Count(targets)
	d.dep.Overview = &overview
	return deploy.Decision{Deployment: d.dep, Targets: targets, Act: d.act, Drop: d.drop, WakeAt: d.wake}
}

// apply takes what the action that was waited for came to.
func (d *draft) apply(a deploy.Action) {
	if !a.Ended() {
		return
	}
	d.f.Waiting = ""
	if a.Kind == deploy.InvokeHook {
		if failure := platform.HookResult(a); failure != nil {
			d.fail(*failure)
		} else {
			d.t.MoveEvent(d.t.NextEvent(), deploy.EventSucceeded, a.Outcome.At)
		}
		return
	}
	if a.Outcome.Status == deploy.ActionFailed {
		d.fail(*a.Outcome.Error)
		return
	}
	switch a.Kind {
	case checkAlias:
		d.f.Checked = true
	case shiftAlias:
		d.applyShift(a)
	case awaitCapacity:
		d.f.Settled = true
	}
}

// applyShift notes that traffic has moved. The next shift counts from here, so
// that a late one never makes two of them come closer.
func (d *draft) applyShift(a deploy.Action) {
	at := a.Outcome.At
	d.f.Weight = float64(d.shifts()[d.f.Shifts].Percent) / 100
	d.f.Shifts++
	d.f.ShiftedAt = &at
	d.t.UpdatedAt = d.now
}

// shifts is the schedule. A rollback moves everything at once.
func (d *draft) shifts() []rollout.Shift {
	if d.dep.Undo != nil {
		return rollout.Shifts(nil)
	}
	return rollout.Shifts(d.dep.Config.Traffic)
}

// goOn does what can be done now, until something has to be waited for.
func (d *draft) goOn() {
	for d.dep.Ending == nil && d.f.Waiting == "" && d.wake.IsZero() && !d.dep.Status.Terminal() {
		next := d.t.NextEvent()
		switch {
		case !d.f.Checked:
			d.check()
		case next < 0:
			d.t.Move(deploy.TargetSucceeded, d.now)
			d.dep.Move(deploy.Succeeded, d.now)
		case d.t.Events[next].Name == deploy.AllowTraffic:
			d.shift(next)
		default:
			d.hook(next)
		}
	}
}

// begin starts event i, if it has not begun.
func (d *draft) begin(i int) {
	if d.t.Status == deploy.TargetPending {
		d.t.Move(deploy.TargetInProgress, d.now)
	}
	if d.t.Events[i].Status == deploy.EventPending {
		d.t.MoveEvent(i, deploy.EventInProgress, d.now)
	}
}

// hook invokes the function of event i. An event without one has succeeded.
func (d *draft) hook(i int) {
	d.begin(i)
	event := d.t.Events[i].Name
	hook := d.f.Hooks[event]
	if hook == "" {
		d.t.MoveEvent(i, deploy.EventSucceeded, d.now)
		return
	}
	d.wait(platform.HookAction(d.dep, deploy.HookInput{
		Function: hook, Event: event, Role: d.f.Role, ExecutionID: d.p.NewHookID(d.dep.ID, event),
	}, d.p.hookLimit(), d.now))
}

// shift moves traffic, when it is time to.
func (d *draft) shift(i int) {
	d.begin(i)
	shifts := d.shifts()
	if d.f.Shifts == len(shifts) {
		if d.f.Settled {
			d.t.MoveEvent(i, deploy.EventSucceeded, d.now)
			return
		}
		d.wait(d.action(awaitCapacity, "capacity", aliasInput{Function: d.f.Function, Alias: d.f.Alias, Role: d.f.Role}, capacityLimit,
			deploy.ErrorInfo{Code: deploy.Timeout, Message: "The capacity that is provisioned for the alias did not become ready in time."}))
		return
	}
	next := shifts[d.f.Shifts]
	if d.f.ShiftedAt != nil {
		if at := d.f.ShiftedAt.Add(d.p.scaled(next.After)); d.now.Before(at) {
			d.wake = at
			return
		}
	}
	d.wait(d.action(shiftAlias, fmt.Sprint("shift ", d.f.Shifts+1), aliasInput{
		Function: d.f.Function, Alias: d.f.Alias, Role: d.f.Role, Current: d.f.Current, Target: d.f.Target,
		From: d.f.Weight, To: float64(next.Percent) / 100, Undo: d.dep.Undo != nil,
	}, callLimit, deploy.ErrorInfo{Code: deploy.InternalError, Message: "The alias could not be changed in time."}))
}

// check looks whether the alias is as the AppSpec file says.
func (d *draft) check() {
	d.wait(d.action(checkAlias, "check", aliasInput{
		Function: d.f.Function, Alias: d.f.Alias, Role: d.f.Role, Current: d.f.Current, Target: d.f.Target,
	}, callLimit, deploy.ErrorInfo{Code: deploy.InternalError, Message: "The state of the alias could not be read in time."}))
}

// callLimit is how long a call is tried that fails for a reason that may pass;
// capacityLimit how long provisioned capacity may take.
const (
	callLimit     = 5 * time.Minute
	capacityLimit = time.Hour
)

func (d *draft) action(kind, what string, in aliasInput, limit time.Duration, late deploy.ErrorInfo) deploy.Action {
	return deploy.Action{
		Namespace: d.dep.Namespace, ID: deploy.ActionID(d.dep.ID, what), DeploymentID: d.dep.ID, Platform: d.dep.Platform,
		Kind: kind, Input: platform.Encode(in), CreatedAt: d.now, Deadline: d.now.Add(limit), Late: late,
	}
}

// wait asks for an action; nothing else happens until it has come to
// something.
func (d *draft) wait(a deploy.Action) {
	d.act = append(d.act, a)
	d.f.Waiting = a.ID
}

// fail decides that the deployment fails, unless its end is decided already.
func (d *draft) fail(why deploy.ErrorInfo) {
	if d.dep.Ending == nil {
		d.dep.Ending = &deploy.Ending{Status: deploy.Failed, Event: deploy.RollbackOnFailure, Error: why}
	}
	if i := d.t.NextEvent(); i >= 0 && d.t.Events[i].Status == deploy.EventInProgress {
		d.t.Events[i].Diagnostics = &deploy.Diagnostics{ErrorCode: "UnknownError", Message: why.Message}
	}
}

// end ends the deployment as was decided. A shift that may be under way is
// waited for: what the alias is at the end must be known.
func (d *draft) end() {
	if d.f.Waiting != "" {
		if d.shifting() {
			return
		}
		d.drop = append(d.drop, d.f.Waiting)
		d.f.Waiting = ""
	}
	status := deploy.TargetSkipped
	if d.t.Status != deploy.TargetPending {
		status = deploy.TargetFailed
	}
	if i := d.t.NextEvent(); i >= 0 && d.t.Events[i].Status == deploy.EventInProgress {
		d.t.MoveEvent(i, deploy.EventFailed, d.now)
	}
	d.t.SkipRest(d.now)
	d.t.Move(status, d.now)
	d.wake = time.Time{}
	d.dep.Error = &d.dep.Ending.Error
	d.dep.Move(d.dep.Ending.Status, d.now)
}

// shifting reports whether a shift has been asked for and not come to its end.
func (d *draft) shifting() bool {
	return d.f.Waiting == deploy.ActionID(d.dep.ID, fmt.Sprint("shift ", d.f.Shifts+1))
}
