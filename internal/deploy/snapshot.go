package deploy

import "time"

// Snapshot is one deployment with all that a decision needs to know.
type Snapshot struct {
	Deployment Deployment
	Targets    []Target      // in the order in which they are deployed to
	Reports    []HostCommand // commands that hosts reported on since the last decision
	Outcomes   []Action      // actions that came to something since the last decision
	Stop       *StopRequest
	Continue   Continuation         // the waits that somebody ended
	Alarms     *AlarmReading        // nil: none yet
	Index      *Index               // of Targets; nil: whoever needs one makes it
	Seen       map[string]time.Time // when hosts whose timer runs out were last heard, by target id; none: never
}

// Decision is what the engine wants changed. It is saved in one transaction;
// nothing is done before that.
type Decision struct {
	Deployment Deployment
	Targets    []Target      // only those that changed
	Issue      []HostCommand // commands to hand out
	Cancel     []string      // ids of commands that are over
	Act        []Action      // what to do outside
	Drop       []string      // ids of actions that nobody wants any more
	WakeAt     time.Time     // when to look again; zero: when something is reported
}

// GroupHost is what a group remembers of a host between deployments: whether
// the last attempt there succeeded, and which revision is installed.
type GroupHost struct {
	GroupID      string    `json:"groupId"`
	Host         string    `json:"host"`
	Healthy      bool      `json:"healthy"`
	Installed    *Revision `json:"installed,omitempty"` // the last that succeeded there; nil: unknown
	DeploymentID string    `json:"deploymentId"`
}
