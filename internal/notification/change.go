package notification

import (
	"cmp"
	"slices"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// Change is what one transaction makes of a deployment.
type Change struct {
	Before   deploy.Deployment // the zero value when it is new
	After    deploy.Deployment
	Targets  []TargetChange
	Triggers []deploy.Trigger // that the group has at that moment
	At       time.Time
}

// TargetChange is what becomes of a target. Before is the zero value when it
// is new.
type TargetChange struct{ Before, After deploy.Target }

// Quiet reports whether there is nothing to tell: the commonest change by far
// is an event that ended and another that began.
func (c Change) Quiet() bool {
	return c.Before.Status == c.After.Status && !slices.ContainsFunc(c.Targets, func(t TargetChange) bool {
		return cmp.Or(t.Before.Status, deploy.TargetPending) != t.After.Status
	})
}

// Messages returns what is told of a change, in order. One change may be
// several steps of a deployment at once: each is told.
func (r Routes) Messages(c Change) []Message {
	if r.Empty() || c.Quiet() {
		return nil
	}
	before, after := c.Before, c.After
	var out []Message
	tell := func(s state) {
		out = append(out, r.deployment(c, s)...)
	}
	if before.ID == "" {
		tell(created)
	}
	if after.Status == deploy.Queued && before.Status != deploy.Queued {
		tell(queued)
	}
	if before.StartedAt == nil && after.StartedAt != nil {
		tell(started)
	}
	for _, t := range c.Targets {
		for _, s := range targetStates(t) {
			out = append(out, r.instance(c, t.After, s)...)
		}
	}
	if s, ok := reached[after.Status]; ok && before.Status != after.Status {
		tell(s)
	}
	return out
}

// state is a step of a deployment or a target that is told. An empty event or
// detail means that no trigger, or no event, is about it.
type state struct {
	event  string // of triggers
	status string // in their messages
	detail string // state in the detail of an event
}

// The steps of a deployment. (CodeDeploy tells its triggers that a deployment
// was created, and that one is in progress only of a rollback.)
var (
	created = state{event: "DeploymentStart", status: "CREATED"}
	queued  = state{detail: "QUEUED"}
	started = state{event: "DeploymentRollback", status: "IN_PROGRESS", detail: "START"}
	reached = map[deploy.Status]state{
		deploy.Ready:     {"DeploymentReady", "READY", "READY"},
		deploy.Succeeded: {"DeploymentSuccess", "SUCCEEDED", "SUCCESS"},
		deploy.Failed:    {"DeploymentFailure", "FAILED", "FAILURE"},
		deploy.Stopped:   {"DeploymentStop", "ABORTED", "STOP"},
	}
)

// The steps of a target. Nothing is told of one that was skipped or lost.
var (
	targetStarted = state{"InstanceStart", "IN_PROGRESS", "START"}
	targetReached = map[deploy.TargetStatus]state{
		deploy.TargetReady:     {"InstanceReady", "READY", "READY"},
		deploy.TargetSucceeded: {"InstanceSuccess", "SUCCEEDED", "SUCCESS"},
		deploy.TargetFailed:    {"InstanceFailure", "FAILED", "FAILURE"},
	}
)

// targetStates returns the steps that a target took.
func targetStates(t TargetChange) []state {
	before, after := cmp.Or(t.Before.Status, deploy.TargetPending), t.After.Status
	var out []state
	if before == deploy.TargetPending && began(t.After) {
		out = append(out, targetStarted)
	}
	if s, ok := targetReached[after]; ok && before != after {
		out = append(out, s)
	}
	return out
}

// began reports whether anything was done on a target. One that was never
// attempted may fail, too.
func began(t deploy.Target) bool {
	return t.Status == deploy.TargetInProgress || slices.ContainsFunc(t.Events, func(e deploy.LifecycleEvent) bool {
		return e.StartedAt != nil
	})
}

// lane is what the order of a deployment's messages is kept for. A rollback
// follows the deployment that it undoes.
func lane(d deploy.Deployment) string { return cmp.Or(d.Rollback.TriggeringID, d.ID) }

// deployment makes the messages about a deployment's step.
func (r Routes) deployment(c Change, s state) []Message {
	d := draft{lane: lane(c.After), key: c.After.ID, deployment: c.After, at: c.At}
	var out []Message
	if s.event != "" && (s != started || c.After.Creator == deploy.CreatorRollback) {
		out = r.trigger(d, c.Triggers, s.event, s.status, func(trigger string) any {
			return deploymentMessage(c.After, s.status, trigger)
		})
	}
	if s.detail != "" {
		out = append(out, r.event(d, deploymentEvent(c.After, s.detail, c.At))...)
	}
	return out
}

// instance makes the messages about a target's step.
func (r Routes) instance(c Change, t deploy.Target, s state) []Message {
	d := draft{lane: lane(c.After), key: c.After.ID + " " + t.ID, deployment: c.After, at: c.At}
	out := r.trigger(d, c.Triggers, s.event, s.status, func(trigger string) any {
		return instanceMessage(c.After, t, s.status, trigger)
	})
	return append(out, r.event(d, instanceEvent(c.After, t, s.detail, c.At))...)
}
