package deploy

import (
	"fmt"
	"slices"
	"time"
)

// Target is one instance inside one deployment, with the ordered list of its
// lifecycle events, which is fixed when the deployment starts.
type Target struct {
	DeploymentID   string `json:"deploymentId"`
	ID             string `json:"id"` // instance id or on-premises name
	ARN            string `json:"arn"`
	HostIdentifier string `json:"hostIdentifier"`   // what the host's agent calls itself
	Server         string `json:"server,omitempty"` // what load balancers call it; empty: its ID
	Order          int    `json:"order"`            // its place in the deployment, from 0
	WasHealthy     bool   `json:"wasHealthy,omitempty"`
	// Zone is set in a zonal deployment only; the targets of a zone follow one
	// another. Empty there: the instance has none.
	Zone string `json:"zone,omitempty"`
	// SilentTimeout is how long its host may be silent. 0: as long as the timers
	// of its events allow.
	SilentTimeout time.Duration    `json:"silentTimeout,omitempty"`
	Status        TargetStatus     `json:"status"`
	UpdatedAt     time.Time        `json:"updatedAt"`
	Events        []LifecycleEvent `json:"events"`
	Outstanding   *Outstanding     `json:"outstanding,omitempty"`
	Function      *FunctionTarget  `json:"function,omitempty"` // Lambda
	ECS           *ECSTarget       `json:"ecs,omitempty"`      // ECS
}

// Outstanding is the host command that a target waits for, or the action of
// one of the two events that the server itself carries out.
type Outstanding struct {
	CommandID string    `json:"commandId"` // or the action's id
	Event     int       `json:"event"`     // index in Events
	Acked     bool      `json:"acked,omitempty"`
	Action    bool      `json:"action,omitempty"` // it is one; its deadline is its own, and fails it
	Deadline  time.Time `json:"deadline"`
	// SilentDeadline is set while the host is silent and must not be for long.
	SilentDeadline *time.Time `json:"silentDeadline,omitempty"`
}

// Due returns when the wait is over: the earlier of the deadlines.
func (o *Outstanding) Due() time.Time {
	if o.SilentDeadline != nil && o.SilentDeadline.Before(o.Deadline) {
		return *o.SilentDeadline
	}
	return o.Deadline
}

// Clone returns a copy that shares nothing that a decision may change.
func (t Target) Clone() Target {
	t.Events = slices.Clone(t.Events)
	if t.Outstanding != nil {
		o := *t.Outstanding
		t.Outstanding = &o
	}
	t.Function = t.Function.clone()
	t.ECS = t.ECS.clone()
	return t
}

// NextEvent returns the index of the first event that has not ended, or -1.
func (t *Target) NextEvent() int {
	return slices.IndexFunc(t.Events, func(e LifecycleEvent) bool { return !e.Status.Terminal() })
}

// Move changes the target's status. An illegal move is a bug and panics.
func (t *Target) Move(next TargetStatus, now time.Time) {
	if !t.Status.To(next) {
		panic(fmt.Sprintf("target %s of %s cannot move from %s to %s", t.ID, t.DeploymentID, t.Status, next)) //nolint:forbidigo // a broken invariant
	}
	t.Status = next
	t.UpdatedAt = now
}

// MoveEvent changes the status of event i and keeps its times. An illegal move
// is a bug and panics.
func (t *Target) MoveEvent(i int, next EventStatus, now time.Time) {
	e := &t.Events[i]
	if !e.Status.To(next) {
		panic(fmt.Sprintf("event %s of target %s cannot move from %s to %s", e.Name, t.ID, e.Status, next)) //nolint:forbidigo // a broken invariant
	}
	if e.StartedAt == nil && next != EventSkipped && next != EventUnknown {
		e.StartedAt = &now
	}
	e.Status = next
	if next.Terminal() {
		e.EndedAt = &now
	}
	t.UpdatedAt = now
}

// SkipRest marks the events that have not ended as skipped.
func (t *Target) SkipRest(now time.Time) {
	for i := range t.Events {
		if t.Events[i].Status == EventPending {
			t.MoveEvent(i, EventSkipped, now)
		}
	}
}

// LoseTrack ends a target of which nobody can say how it went, nor its events
// that have not ended.
func (t *Target) LoseTrack(now time.Time) {
	for i := range t.Events {
		if !t.Events[i].Status.Terminal() {
			t.MoveEvent(i, EventUnknown, now)
		}
	}
	t.Move(TargetUnknown, now)
}

// Count returns how many targets there are of each status.
func Count(targets []Target) Overview {
	var o Overview
	for i := range targets {
		o.add(targets[i].Status, 1)
	}
	return o
}

// add counts n targets of a status.
func (o *Overview) add(s TargetStatus, n int) {
	switch s {
	case TargetPending:
		o.Pending += n
	case TargetInProgress:
		o.InProgress += n
	case TargetReady:
		o.Ready += n
	case TargetSucceeded:
		o.Succeeded += n
	case TargetFailed:
		o.Failed += n
	case TargetSkipped:
		o.Skipped += n
	case TargetUnknown:
	}
}
