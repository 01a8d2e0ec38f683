package simulation

import (
	"strings"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/platform"
)

// The rules of what Lambda and ECS have in common: hooks, actions, and the
// reasons for which deployments fail.

// hooks are the functions of a target, by event.
func hooks(t *deploy.Target) map[string]string {
	switch {
	case t.Function != nil:
		return t.Function.Hooks
	case t.ECS != nil:
		return t.ECS.Hooks
	}
	return nil
}

// checked reports whether a target was found as its deployment needs it.
func checked(t *deploy.Target) bool {
	return t.Function != nil && t.Function.Checked || t.ECS != nil && t.ECS.Checked
}

// waitsFor is the id of the action that a target waits for.
func waitsFor(t *deploy.Target) string {
	switch {
	case t.Function != nil:
		return t.Function.Waiting
	case t.ECS != nil:
		return t.ECS.Waiting
	}
	return ""
}

// removing reports whether what a deployment replaced may be gone: from there
// on nothing ends it early.
func (d *deployment) removing() bool {
	return len(d.targets) == 1 && d.targets[0].ECS != nil && d.targets[0].ECS.Removing
}

// writing reports whether a deployment that is to end waits for a change that
// is under way. That has a deadline of its own, and wakes it.
func (d *deployment) writing() bool {
	return (d.Ending != nil || d.removing()) && len(d.targets) == 1 && waitsFor(d.targets[0]) != ""
}

// actionMade: nothing begins after the end was decided, and one thing at a
// time.
func (r *rules) actionMade(d *deployment, id string) {
	if d.Platform == deploy.ECS {
		r.w.services.of(d).aboutTo()
	}
	switch {
	case d.removing():
	case d.stop != nil, d.Ending != nil, d.Status.Terminal():
		r.broken("nothing starts after the end was decided", "%s is asked for", id)
	}
	for other, a := range r.m.actions {
		if a.of == d.ID && other != id && aboutSame(d, other, id) {
			r.broken("one command at a time", "%s is asked for while another one is open", id)
		}
	}
}

// aboutSame reports whether two actions of a deployment are about the same
// target. Those that move the traffic of hosts name them.
func aboutSame(d *deployment, a, b string) bool {
	return d.Platform != deploy.Server || strings.Split(a, ":")[1] == strings.Split(b, ":")[1]
}

// hookInvoked: a rollback has no hooks, and an event begins before its hook.
func (r *rules) hookInvoked(d *deployment, execution string) {
	for _, t := range d.targets {
		for _, e := range t.Events {
			if hookID(d.ID, e.Name) == execution && e.Status == deploy.EventPending {
				r.broken("events are in order", "the hook of %s of %s is invoked before its time", e.Name, d.ID)
			}
		}
	}
	if d.Creator == deploy.CreatorRollback {
		r.broken("a rollback invokes nothing", "%s does", d.ID)
	}
}

// hookAnswered: one answer of a hook counts.
func (r *rules) hookAnswered(execution string, status deploy.EventStatus) {
	o := r.w.outside
	if _, before := o.accepted[execution]; before {
		r.broken("the first answer of a hook counts", "a second one is taken for %s", execution)
	}
	o.accepted[execution] = status
}

// hookMoved: a hook's event succeeds only if the hook said so.
func (r *rules) hookMoved(d *deployment, t *deploy.Target, e *deploy.LifecycleEvent) {
	o, execution := r.w.outside, hookID(d.ID, e.Name)
	if hooks(t)[e.Name] == "" {
		return
	}
	accepted, known := o.accepted[execution]
	if !o.said[execution][deploy.EventSucceeded] || known && accepted != deploy.EventSucceeded {
		r.broken("success is never made up", "%s of %s is Succeeded, which its hook did not say", e.Name, d.ID)
	}
}

// checkCause: a deployment to Lambda or ECS that ended otherwise than well has
// a reason that the simulation knows of.
func (r *rules) checkCause(d *deployment) {
	if d.Error == nil || len(d.targets) == 0 {
		return
	}
	t := d.targets[0]
	because := true // of the other codes: they are checked for all platforms
	switch d.Error.Code {
	case deploy.HookFailure:
		because = r.refused(d, t)
	case deploy.Timeout:
		because = r.timedOut(d, t)
	case deploy.InvalidFunctionConfig, deploy.InvalidFunction, deploy.InvalidECSService, deploy.ECSUpdateError, deploy.LoadBalancingInvalid:
		because = !checked(t) || r.disturbed(d)
	case deploy.InternalError, deploy.Throttled:
		byAlarms := d.Status == deploy.Stopped // they could not be read
		because = byAlarms || r.w.outside.excused[d.ID] || r.disturbed(d)
	default:
	}
	if !because {
		r.broken("failure is never made up", "%s is %s: %s", d.ID, d.Status, d.Error.Message)
	}
}

// refused reports whether a hook said no, and was heard.
func (r *rules) refused(d *deployment, t *deploy.Target) bool {
	for event := range hooks(t) {
		execution := hookID(d.ID, event)
		accepted, known := r.w.outside.accepted[execution]
		if r.w.outside.said[execution][deploy.EventFailed] && (!known || accepted == deploy.EventFailed) {
			return true
		}
	}
	return false
}

// disturbed reports whether somebody else was at what the deployment is about
// or, if it is a rollback, at what its deployment was about.
func (r *rules) disturbed(d *deployment) bool {
	since, id := d.since, d.Rollback.TriggeringID
	if of := r.m.deployments[id]; of != nil {
		since = of.since
	}
	for _, by := range r.w.historyOf(d)[since:] {
		if by != d.ID && (by != id || id == "") {
			return true
		}
	}
	return false
}

// timedOut: what failed had its time, and did not come.
func (r *rules) timedOut(d *deployment, t *deploy.Target) bool {
	had := func(since *time.Time, limit time.Duration) bool {
		return since != nil && time.Since(*since)+2*r.w.skew >= limit
	}
	for _, e := range t.Events {
		if e.Status != deploy.EventFailed {
			continue
		}
		switch {
		case hooks(t)[e.Name] != "":
			_, answered := r.w.outside.accepted[hookID(d.ID, e.Name)]
			return !answered && had(e.StartedAt, platform.HookLimit)
		case e.Name == deploy.Install:
			return had(e.StartedAt, time.Hour)
		case e.Name == deploy.AllowTraffic:
			return had(e.StartedAt, 5*time.Minute)
		}
	}
	return t.ECS != nil && d.Status == deploy.Stopped && had(t.ECS.InstalledAt, time.Duration(d.BlueGreen.ReadyWait)*time.Minute)
}
