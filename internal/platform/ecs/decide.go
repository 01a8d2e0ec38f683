package ecs

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/platform"
	"github.com/slipwayhq/slipway/internal/rollout"
)

// Decide says what to change now.
func (p Platform) Decide(s deploy.Snapshot, now time.Time) deploy.Decision {
	d := &draft{p: p, now: now, dep: s.Deployment, told: s.Continue, t: s.Targets[0].Clone()}
	d.e = d.t.ECS
	if d.e.Removing {
		d.dep.Ending = nil // too late
	}
	for _, a := range s.Outcomes {
		if a.ID == d.e.Waiting {
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
	told deploy.Continuation
	t    deploy.Target
	e    *deploy.ECSTarget // t.ECS
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

// apply takes what the action that is waited for has come to.
func (d *draft) apply(a deploy.Action) {
	d.see(a)
	if !a.Ended() {
		return
	}
	d.e.Waiting, d.e.Writing = "", false
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
	d.done(a.Kind, a.Outcome.At)
}

// see takes over what an action saw of the task sets.
func (d *draft) see(a deploy.Action) {
	if a.Kind == deploy.InvokeHook || len(a.Outcome.Output) == 0 {
		return
	}
	var seen sight
	if err := json.Unmarshal(a.Outcome.Output, &seen); err != nil {
		panic(err) //nolint:forbidigo // written by Act
	}
	seen.Blue.Weight, seen.Green.Weight = d.e.Blue.Weight, d.e.Green.Weight
	d.e.Blue, d.e.Green = seen.Blue, seen.Green
	if seen.ServiceARN != "" {
		d.t.ARN = seen.ServiceARN
	}
	d.t.UpdatedAt = d.now
}

// done notes that an action has been carried out.
func (d *draft) done(kind string, at time.Time) {
	switch kind {
	case checkService:
		d.e.Checked, d.e.Blue.Weight = true, 100
	case prepareService:
		d.e.Prepared = true
	case awaitSteady:
		if d.e.InstalledAt == nil {
			d.e.InstalledAt = &at
		} else {
			d.e.Settled = true
		}
	case shiftTest:
		d.t.MoveEvent(d.t.NextEvent(), deploy.EventSucceeded, at)
	case shiftTraffic:
		// The next shift counts from here, so that a late one never makes two
		// of them come closer.
		d.weigh(d.shifts()[d.e.Shifts].Percent)
		d.e.Shifts++
		d.e.ShiftedAt, d.e.Settled = &at, false
	case promoteGreen:
		d.e.Promoted = true
	case removeBlue:
		d.dep.Move(deploy.Succeeded, d.now)
	case restoreTraffic:
		d.weigh(0)
		d.e.Undone++
	case restorePrimary, removeGreen:
		d.e.Undone++
	}
	d.t.UpdatedAt = d.now
}

// weigh notes green's share of the traffic, in per cent.
func (d *draft) weigh(green int) {
	d.e.Green.Weight, d.e.Blue.Weight = float64(green), float64(100-green)
}

func (d *draft) shifts() []rollout.Shift { return rollout.Shifts(d.dep.Config.Traffic) }

// goOn does what can be done now, until something has to be waited for.
func (d *draft) goOn() {
	for d.dep.Ending == nil && d.e.Waiting == "" && d.wake.IsZero() && !d.dep.Status.Terminal() {
		next := d.t.NextEvent()
		switch {
		case !d.e.Checked:
			d.read(checkService, "check", callLimit, unreadable)
		case next < 0:
			d.finish()
		default:
			d.event(next)
		}
	}
}

// event goes on with event i.
func (d *draft) event(i int) {
	if d.t.Events[i].Name == deploy.BeforeAllowTraffic && !d.e.Continued {
		d.ready()
		return
	}
	d.begin(i)
	undo := d.dep.Undo != nil
	switch d.t.Events[i].Name {
	case deploy.AllowTraffic:
		if undo {
			d.putBack(i)
		} else {
			d.shift(i)
		}
	case deploy.Install:
		if undo {
			d.t.MoveEvent(i, deploy.EventSucceeded, d.now)
		} else {
			d.install(i)
		}
	case deploy.AllowTestTraffic:
		if undo { // is put back with the rest
			d.t.MoveEvent(i, deploy.EventSucceeded, d.now)
		} else {
			d.write(shiftTest, "test traffic")
		}
	default:
		d.hook(i)
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
	event := d.t.Events[i].Name
	hook := d.e.Hooks[event]
	if hook == "" {
		d.t.MoveEvent(i, deploy.EventSucceeded, d.now)
		return
	}
	d.wait(platform.HookAction(d.dep, deploy.HookInput{
		Function: hook, Event: event, Role: d.e.Role, ExecutionID: d.p.NewHookID(d.dep.ID, event),
	}, d.p.hookLimit(), d.now))
}

// install puts green there and waits until it is steady.
func (d *draft) install(i int) {
	switch {
	case !d.e.Prepared:
		d.write(prepareService, "prepare")
	case d.e.Green.ARN == "":
		d.write(createGreen, "create")
	case d.e.InstalledAt == nil:
		d.read(awaitSteady, "steady", installLimit, deploy.ErrorInfo{Code: deploy.Timeout, Message: "The deployment timed out while " +
			"waiting for the replacement task set to become healthy. This time out period is 60 minutes."})
	default:
		d.t.MoveEvent(i, deploy.EventSucceeded, d.now)
	}
}

// ready waits for the word to reroute traffic, if the group wants one. (As in
// CodeDeploy the deployment stops if none comes. What it does not document: it
// is rolled back if either of its failures or its stops are.)
func (d *draft) ready() {
	if d.dep.Undo != nil || d.dep.BlueGreen.ReadyAction != stopDeployment {
		d.e.Continued = true
		return
	}
	wait := d.p.scaled(time.Duration(d.dep.BlueGreen.ReadyWait) * time.Minute)
	if d.e.ReadyUntil == nil {
		until := d.now.Add(wait)
		d.e.ReadyUntil = &until
		d.dep.Move(deploy.Ready, d.now)
		d.t.Move(deploy.TargetReady, d.now)
	}
	last := d.e.InstalledAt.Add(shiftLimit)
	switch {
	case d.told.Ready != nil:
		d.e.Continued = true
		d.dep.Move(deploy.InProgress, d.now)
		d.t.Move(deploy.TargetInProgress, d.now)
	case !d.now.Before(*d.e.ReadyUntil):
		event := deploy.RollbackOnFailure
		if !d.dep.AutoRollback.Covers(event) {
			event = deploy.RollbackOnStop
		}
		d.dep.Ending = &deploy.Ending{Status: deploy.Stopped, Event: event, Error: deploy.ErrorInfo{
			Code: deploy.Timeout, Message: fmt.Sprintf("The deployment timed out while waiting for a notification to continue. "+
				"This time out period is %d minutes.", d.dep.BlueGreen.ReadyWait),
		}}
	case !d.now.Before(last):
		d.fail(tooLate)
	default:
		d.wake = *d.e.ReadyUntil
		if last.Before(d.wake) {
			d.wake = last
		}
	}
}

var (
	tooLate = deploy.ErrorInfo{
		Code: deploy.Timeout, Message: "The deployment timed out: traffic was not rerouted within 120 hours of the installation.",
	}
	unreadable = deploy.ErrorInfo{
		Code: deploy.InternalError, Message: "The state of the service and its load balancer could not be read in time.",
	}
	unwritable = deploy.ErrorInfo{
		Code: deploy.InternalError, Message: "The service or its load balancer could not be changed in time.",
	}
)

// shift moves traffic, when it is time to and green is steady, and makes green
// the primary task set once it has all.
func (d *draft) shift(i int) {
	shifts := d.shifts()
	switch {
	case d.e.Promoted:
		d.t.MoveEvent(i, deploy.EventSucceeded, d.now)
		return
	case d.e.Shifts == len(shifts):
		d.write(promoteGreen, "promote")
		return
	case d.e.Shifts == 0 && !d.now.Before(d.e.InstalledAt.Add(shiftLimit)):
		d.fail(tooLate)
		return
	}
	if d.e.ShiftedAt != nil {
		if at := d.e.ShiftedAt.Add(d.p.scaled(shifts[d.e.Shifts].After)); d.now.Before(at) {
			d.wake = at
			return
		}
	}
	if d.e.Settled {
		d.write(shiftTraffic, fmt.Sprint("shift ", d.e.Shifts+1))
		return
	}
	limit := scaledLimit
	if d.e.Shifts == 0 {
		limit = installLimit
	}
	d.read(awaitSteady, fmt.Sprint("settle ", d.e.Shifts+1), limit, deploy.ErrorInfo{Code: deploy.Timeout, Message: fmt.Sprintf(
		"The replacement task set is not steady any more, for example because the service was scaled, and was not within %s.",
		deploy.InWords(limit))})
}

// finish removes blue, after a wait, when all events have succeeded.
func (d *draft) finish() {
	if d.t.Status != deploy.TargetSucceeded {
		d.t.Move(deploy.TargetSucceeded, d.now)
	}
	if d.dep.Undo != nil || d.dep.BlueGreen.TerminateAction == keepAlive {
		d.dep.Move(deploy.Succeeded, d.now)
		return
	}
	if d.e.TerminateAt == nil {
		now := d.now
		at := now.Add(d.p.scaled(time.Duration(d.dep.BlueGreen.TerminationWait) * time.Minute))
		d.e.TerminateAt, d.dep.TerminationWaitAt = &at, &now
	}
	if d.told.Termination == nil && d.now.Before(*d.e.TerminateAt) {
		d.wake = *d.e.TerminateAt
		return
	}
	d.e.Removing = true
	d.write(removeBlue, "remove")
}

// putBack serves first and tidies up later: traffic, then the primary task
// set, then green.
func (d *draft) putBack(i int) {
	steps := []string{restoreTraffic, restorePrimary, removeGreen}
	if d.e.Undone == len(steps) {
		d.t.MoveEvent(i, deploy.EventSucceeded, d.now)
		return
	}
	d.write(steps[d.e.Undone], steps[d.e.Undone])
}

// read asks for an action that only looks.
func (d *draft) read(kind, what string, limit time.Duration, late deploy.ErrorInfo) {
	d.wait(d.action(kind, what, limit, late))
}

// write asks for an action that changes something.
func (d *draft) write(kind, what string) {
	d.e.Touched = true
	d.wait(d.action(kind, what, callLimit, unwritable))
	d.e.Writing = true
}

func (d *draft) action(kind, what string, limit time.Duration, late deploy.ErrorInfo) deploy.Action {
	in := input{Maker: d.dep.ID, ECS: *d.e}
	if d.dep.Undo != nil {
		in.Maker = d.dep.Undo.DeploymentID
	}
	shifts := d.shifts()
	in.Gradual = len(shifts) > 1
	if d.e.Shifts < len(shifts) {
		in.To = shifts[d.e.Shifts].Percent
	}
	if d.e.Shifts > 0 {
		in.From = shifts[d.e.Shifts-1].Percent
	}
	return deploy.Action{
		Namespace: d.dep.Namespace, ID: deploy.ActionID(d.dep.ID, what), DeploymentID: d.dep.ID, Platform: d.dep.Platform,
		Kind: kind, Input: platform.Encode(in), CreatedAt: d.now, Deadline: d.now.Add(limit), Late: late, Limit: tryLimit,
	}
}

// wait asks for an action; nothing else happens until it has come to
// something.
func (d *draft) wait(a deploy.Action) {
	d.act = append(d.act, a)
	d.e.Waiting, d.e.Writing = a.ID, false
}

// fail decides that the deployment fails, unless its end is decided already.
// There is no rollback once blue may be gone.
func (d *draft) fail(why deploy.ErrorInfo) {
	if d.dep.Ending == nil {
		d.dep.Ending = &deploy.Ending{Status: deploy.Failed, Event: deploy.RollbackOnFailure, Error: why}
	}
	if d.e.Removing {
		d.dep.Ending.Rollback = new(false)
	}
	if i := d.t.NextEvent(); i >= 0 && d.t.Events[i].Status == deploy.EventInProgress {
		d.t.Events[i].Diagnostics = &deploy.Diagnostics{ErrorCode: "UnknownError", Message: why.Message}
	}
}

// end ends the deployment as was decided. What changes something is waited
// for: where the traffic is at the end must be known.
func (d *draft) end() {
	if d.e.Waiting != "" {
		if d.e.Writing {
			return
		}
		d.drop = append(d.drop, d.e.Waiting)
		d.e.Waiting = ""
	}
	if d.dep.Status == deploy.Ready && d.dep.Ending.Status == deploy.Failed {
		d.dep.Move(deploy.InProgress, d.now) // the only way from Ready to Failed
	}
	if i := d.t.NextEvent(); i >= 0 && d.t.Events[i].Status == deploy.EventInProgress {
		d.t.MoveEvent(i, deploy.EventFailed, d.now)
	}
	d.t.SkipRest(d.now)
	switch {
	case d.t.Status == deploy.TargetPending:
		d.t.Move(deploy.TargetSkipped, d.now)
	case !d.t.Status.Terminal():
		d.t.Move(deploy.TargetFailed, d.now)
	}
	d.wake = time.Time{}
	d.dep.Error = &d.dep.Ending.Error
	d.dep.Move(d.dep.Ending.Status, d.now)
}
