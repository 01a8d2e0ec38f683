package simulation

import (
	"slices"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/provider/container"
)

// The rules of ECS: of each change that the engine makes, of what must hold
// after it, and of how deployments end.

// changes checks that a deployment may change something now, and returns the
// roles and whether it is a rollback.
func (r *rules) changes(o *service, d *deployment, what string) (is roles, undo bool) {
	if d.Status != deploy.InProgress {
		r.broken("the end is the end", "%s is %s, and makes a change: %s", d.ID, d.Status, what)
	}
	_, is = o.rolesIn(d)
	return is, d.Undo != nil
}

// changed follows a change of the engine.
func (o *service) changed(d *deployment, what string) {
	o.history.note(d.ID)
	o.of.w.log("ecs", "%s: %s (%s)", d.ID, what, o)
	o.of.w.rules.checkServed(o, d)
}

// undisturbed reports whether nobody else changed anything since this try of
// an action began: what it looked at is still so.
func (o *service) undisturbed(by *caller) bool { return !o.history.others(by.from, by.d.ID) }

// checkServed: no traffic goes to where no tasks are, unless somebody else is
// at it.
func (r *rules) checkServed(o *service, d *deployment) {
	if r.disturbed(d) {
		return
	}
	for _, route := range o.routes(o.prod) {
		for _, s := range route.Shares {
			group := s.TargetGroupARN
			serves := func(t container.TaskSet) bool { return t.TargetGroupARN == group && t.Status != container.Draining }
			if part(route.Shares, group) > 0 && !slices.ContainsFunc(o.taskSets(), serves) {
				r.broken("traffic goes to tasks", "%s leaves %s at %s, which no task set is behind (%s)", d.ID, route.ARN, group, o)
			}
		}
	}
}

// forwarded checks a change of a route.
func (r *rules) forwarded(o *service, by *caller, before container.Route, after []container.Share) {
	d := by.d
	is, undo := r.changes(o, d, "forward")
	sum, strangers := 0, 0
	for _, s := range after {
		sum += s.Weight
		if s.TargetGroupARN != is.blueGroup && s.TargetGroupARN != is.greenGroup {
			strangers++
		}
	}
	was, now := part(before.Shares, is.greenGroup), part(after, is.greenGroup)
	switch {
	case strangers > 0, len(after) == 0, len(after) > 1 && (sum != 100 || o.network):
		r.broken("weights are one whole", "%s makes %s %v; it is about %s and %s", d.ID, before.ARN, after, is.blueGroup, is.greenGroup)
	case container.SameShares(before.Shares, after):
		r.broken("nothing is done twice", "%s makes %s %v, which it is", d.ID, before.ARN, after)
	case part(before.Shares, is.blueGroup)+was < 1-1e-9:
		r.broken("others' traffic is left alone", "%s makes %v of %v of %s, which somebody else made", d.ID, after, before.Shares, before.ARN)
	case undo && now > 0:
		r.broken("a rollback puts all back", "%s leaves %g of %s at green", d.ID, now, before.ARN)
	case before.ListenerARN == o.prod && (undo || now > was) && o.undisturbed(by) && !o.there(o.goesTo(d, now > 0)):
		r.broken("traffic goes to tasks", "%s brings traffic to a task set that is gone (%s)", d.ID, o)
	case before.ListenerARN == o.test && !undo && now < 1:
		r.broken("traffic goes forward", "%s leaves %g of %s at blue", d.ID, 1-now, before.ARN)
	case before.ListenerARN == o.prod && !undo:
		r.checkShift(o, d, before.ARN, was, now)
	}
	if undo {
		r.w.saw("traffic of a service is put back")
	}
	o.changed(d, "forward")
}

// goesTo is the task set that a deployment brings traffic to.
func (o *service) goesTo(d *deployment, green bool) string {
	id, is := o.rolesIn(d)
	if made := o.made[id]; green && len(made) > 0 {
		return made[len(made)-1]
	}
	return is.blue
}

// checkShift checks a change of production traffic from one share of green to
// another.
func (r *rules) checkShift(o *service, d *deployment, route string, was, now float64) {
	if now < was {
		r.broken("traffic goes forward", "%s takes traffic from green: %g of %s, then %g", d.ID, was, route, now)
	}
	if percent := was * 100; percent > 36.9 && percent < 37.1 || percent > 62.9 && percent < 63.1 { // where no schedule stops
		r.broken("others' traffic is left alone", "%s makes %g of %g of %s, which somebody else made", d.ID, now, was, route)
	}
	if now == 0 {
		return // green's target group comes to the listener
	}
	r.checkMayShift(d)
	if d.BlueGreen.ReadyAction == "STOP_DEPLOYMENT" && d.told.Ready == nil {
		r.broken("traffic waits for the word", "%s moves traffic, and nobody said so", d.ID)
	}
	if made := o.made[d.ID]; len(made) == 0 || !o.steady[made[len(made)-1]] {
		r.broken("green is proven first", "%s moves traffic to a task set that nobody has seen steady", d.ID)
	}
	begun, known := o.moved[d.ID]
	if !known {
		begun = time.Now()
		o.moved[d.ID] = begun
	}
	r.checkSchedule(d, begun, now)
}

// taskSetMade checks a new task set.
func (r *rules) taskSetMade(o *service, d *deployment, n container.NewTaskSet, t container.TaskSet) {
	is, undo := r.changes(o, d, "create a task set")
	o.made[n.ExternalID] = append(o.made[n.ExternalID], t.ARN)
	events := d.targets[0].Events
	switch {
	case undo:
		r.broken("a rollback makes nothing", "%s makes a task set", d.ID)
	case n.ExternalID != d.ID || slices.ContainsFunc(o.taskSets(), func(other container.TaskSet) bool {
		// (One that somebody removed before the reply about it came is one that
		// the server cannot know of.)
		return other.ARN != t.ARN && other.Status != container.Draining && slices.Contains(o.made[d.ID], other.ARN)
	}):
		r.broken("nothing is done twice", "%s makes the task sets %v", d.ID, o.made[n.ExternalID])
	case n.TargetGroupARN != is.greenGroup:
		r.broken("green has its own target group", "%s makes a task set behind %s, and blue is behind %s", d.ID, n.TargetGroupARN, is.blueGroup)
	case events[0].Status != deploy.EventSucceeded || events[1].Status != deploy.EventInProgress:
		r.broken("events are in order", "%s makes a task set while %s is %s", d.ID, events[0].Name, events[0].Status)
	}
	o.changed(d, "create "+t.ID)
}

// promoted checks a change of the primary task set.
func (r *rules) promoted(o *service, by *caller, before *container.TaskSet, arn string) {
	d := by.d
	is, undo := r.changes(o, d, "promote")
	switch {
	case o.undisturbed(by) && before != nil && before.ARN == arn:
		r.broken("nothing is done twice", "%s promotes %s, which is primary", d.ID, arn)
	case undo && arn != is.blue:
		r.broken("a rollback puts all back", "%s promotes %s, and blue is %s", d.ID, arn, is.blue)
	case !undo && !slices.Contains(o.made[d.ID], arn):
		r.broken("green is promoted", "%s promotes %s, and has made %v", d.ID, arn, o.made[d.ID])
	case r.disturbed(d):
	case !o.servedBy(o.taskSet(arn).TargetGroupARN):
		r.broken("what is primary serves", "%s promotes %s (%s)", d.ID, arn, o)
	}
	o.changed(d, "promote")
}

// servedBy reports whether all production traffic goes to a target group.
func (o *service) servedBy(group string) bool {
	return !slices.ContainsFunc(o.routes(o.prod), func(route container.Route) bool { return part(route.Shares, group) < 1 })
}

// taskSetRemoved checks the removal of a task set.
func (r *rules) taskSetRemoved(o *service, by *caller, t container.TaskSet) {
	d := by.d
	is, undo := r.changes(o, d, "remove "+t.ID)
	serves := slices.ContainsFunc(o.routes(o.prod), func(route container.Route) bool { return part(route.Shares, t.TargetGroupARN) > 0 })
	id, _ := o.rolesIn(d)
	switch {
	case o.undisturbed(by) && (serves || t.Status == container.Primary):
		r.broken("what serves is not removed", "%s removes %s, which is %s (%s)", d.ID, t.ID, t.Status, o)
	case undo:
		if !slices.Contains(o.made[id], t.ARN) {
			r.broken("others' task sets are left alone", "%s removes %s, which %s did not make", d.ID, t.ID, id)
		}
	case t.ARN == is.blue:
		r.checkTermination(d)
	default:
		r.checkLeftover(o, d, t)
	}
	o.changed(d, "remove "+t.ID)
}

// checkTermination: blue is removed at the end, and not before its time.
func (r *rules) checkTermination(d *deployment) {
	wait := time.Duration(d.BlueGreen.TerminationWait) * time.Minute
	last := d.targets[0].Events[len(d.targets[0].Events)-1]
	switch {
	case last.Status != deploy.EventSucceeded:
		r.broken("blue is kept to the end", "%s removes it while %s is %s", d.ID, last.Name, last.Status)
	case d.told.Termination == nil && time.Since(*last.EndedAt)+2*r.w.skew < wait:
		r.broken("blue is kept to the end", "%s removes it %s after %s; it waits for %s", d.ID, time.Since(*last.EndedAt), last.Name, wait)
	case d.BlueGreen.TerminateAction == "KEEP_ALIVE":
		r.broken("blue is kept to the end", "%s removes it, and is to keep it", d.ID)
	}
	if d.told.Termination == nil && wait > 0 {
		r.w.saw("the wait before blue is removed ends")
	}
}

// checkLeftover: what a deployment removes at its beginning was made, or was to
// be removed, by an earlier one to the same service.
func (r *rules) checkLeftover(o *service, d *deployment, t container.TaskSet) {
	r.w.saw("a deployment removes what another one left")
	known := slices.ContainsFunc(r.m.all, func(other *deployment) bool {
		return other != d && other.GroupID == d.GroupID && (slices.Contains(o.made[other.ID], t.ARN) || o.roles[other.ID].blue == t.ARN)
	})
	if !known {
		r.broken("others' task sets are left alone", "%s removes %s, which no deployment made", d.ID, t.ID)
	}
}

// checkService: a deployment that succeeded left green with everything, and a
// rollback blue, unless somebody else was at it.
func (r *rules) checkService(d *deployment) {
	o := r.w.services.of(d)
	id, is := o.rolesIn(d)
	if d.Status != deploy.Succeeded || o.history.others(d.since, d.ID) {
		return
	}
	serves, group, gone := "", is.greenGroup, is.blue
	if made := o.made[id]; len(made) == 1 {
		serves = made[0]
	}
	if d.Undo != nil {
		serves, group, gone = is.blue, is.blueGroup, serves
	}
	primary := o.primary()
	switch {
	case !o.servedBy(group):
		r.broken("all traffic is there at the end", "%s is Succeeded, and the traffic is not at %s (%s)", d.ID, group, o)
	case o.test != "" && slices.ContainsFunc(o.routes(o.test), func(t container.Route) bool { return part(t.Shares, group) < 1 }):
		r.broken("all traffic is there at the end", "%s is Succeeded, and the test traffic is not at %s (%s)", d.ID, group, o)
	case primary == nil || primary.ARN != serves:
		r.broken("what is primary serves", "%s is Succeeded, and %s is not primary (%s)", d.ID, serves, o)
	case d.Undo == nil && d.BlueGreen.TerminateAction == "KEEP_ALIVE":
		if !o.there(gone) {
			r.broken("blue is kept to the end", "%s is Succeeded and keeps blue, which is gone (%s)", d.ID, o)
		}
	case gone != "" && o.there(gone):
		r.broken("what is replaced is gone", "%s is Succeeded, and %s is still there (%s)", d.ID, gone, o)
	}
}

// wayBack reports whether there is something to undo, and blue is there to go
// back to: from Install on, until blue's removal was asked for.
func (r *rules) wayBack(d *deployment) bool {
	for _, t := range d.targets {
		if install := t.Events[1]; install.Status != deploy.EventPending && install.Status != deploy.EventSkipped {
			return !d.removing()
		}
	}
	return false
}
