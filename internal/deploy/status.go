package deploy

import "slices"

// Status is the state of a deployment. It only moves as [Status.To] allows,
// and package engine alone moves it.
type Status string

// The deployment statuses.
const (
	Created    Status = "Created"
	Queued     Status = "Queued"
	InProgress Status = "InProgress"
	Baking     Status = "Baking"
	Ready      Status = "Ready"
	Succeeded  Status = "Succeeded"
	Failed     Status = "Failed"
	Stopped    Status = "Stopped"
)

// statusMoves is the one table of a deployment's transitions.
var statusMoves = map[Status][]Status{
	Created:    {Queued, InProgress, Failed, Stopped},
	Queued:     {InProgress, Failed, Stopped},
	InProgress: {Ready, Baking, Succeeded, Failed, Stopped},
	Baking:     {InProgress, Failed, Stopped},
	Ready:      {InProgress, Stopped},
	Succeeded:  {},
	Failed:     {},
	Stopped:    {},
}

// Statuses returns all deployment statuses.
func Statuses() []Status {
	return []Status{Created, Queued, InProgress, Baking, Ready, Succeeded, Failed, Stopped}
}

// Valid reports whether s is a status.
func (s Status) Valid() bool { _, ok := statusMoves[s]; return ok }

// To reports whether a deployment may move from s to next.
func (s Status) To(next Status) bool { return slices.Contains(statusMoves[s], next) }

// Terminal reports whether nothing leaves s.
func (s Status) Terminal() bool { return s == Succeeded || s == Failed || s == Stopped }

// Started reports whether the targets of a deployment in s are known. (A
// deployment that failed before it started is told by its start time.)
func (s Status) Started() bool { return s != Created && s != Queued }

// TargetStatus is the state of one target.
type TargetStatus string

// The target statuses.
const (
	TargetPending    TargetStatus = "Pending"
	TargetInProgress TargetStatus = "InProgress"
	TargetReady      TargetStatus = "Ready"
	TargetSucceeded  TargetStatus = "Succeeded"
	TargetFailed     TargetStatus = "Failed"
	TargetSkipped    TargetStatus = "Skipped"
	TargetUnknown    TargetStatus = "Unknown"
)

// targetMoves is the one table of a target's transitions.
var targetMoves = map[TargetStatus][]TargetStatus{
	TargetPending:    {TargetInProgress, TargetFailed, TargetSkipped, TargetUnknown},
	TargetInProgress: {TargetReady, TargetSucceeded, TargetFailed, TargetUnknown},
	TargetReady:      {TargetInProgress, TargetSucceeded, TargetFailed, TargetUnknown},
	TargetSucceeded:  {},
	TargetFailed:     {},
	TargetSkipped:    {},
	TargetUnknown:    {},
}

// To reports whether a target may move from s to next.
func (s TargetStatus) To(next TargetStatus) bool { return slices.Contains(targetMoves[s], next) }

// Valid reports whether s is a target status.
func (s TargetStatus) Valid() bool { _, ok := targetMoves[s]; return ok }

// Terminal reports whether nothing leaves s.
func (s TargetStatus) Terminal() bool { return s.Valid() && len(targetMoves[s]) == 0 }

// EventStatus is the state of a lifecycle event.
type EventStatus string

// The event statuses.
const (
	EventPending    EventStatus = "Pending"
	EventInProgress EventStatus = "InProgress"
	EventSucceeded  EventStatus = "Succeeded"
	EventFailed     EventStatus = "Failed"
	EventSkipped    EventStatus = "Skipped"
	EventUnknown    EventStatus = "Unknown"
)

// eventMoves is the one table of an event's transitions.
var eventMoves = map[EventStatus][]EventStatus{
	EventPending:    {EventInProgress, EventSucceeded, EventFailed, EventSkipped, EventUnknown},
	EventInProgress: {EventSucceeded, EventFailed, EventUnknown},
	EventSucceeded:  {},
	EventFailed:     {},
	EventSkipped:    {},
	EventUnknown:    {},
}

// To reports whether an event may move from s to next.
func (s EventStatus) To(next EventStatus) bool { return slices.Contains(eventMoves[s], next) }

// Terminal reports whether nothing leaves s.
func (s EventStatus) Terminal() bool { return len(eventMoves[s]) == 0 }
