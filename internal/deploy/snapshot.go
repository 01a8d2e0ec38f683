package deploy

import "time"

// Snapshot is one deployment with all that a decision needs to know.
type Snapshot struct {
	Deployment Deployment
	Targets    []Target      // in the order in which they are deployed to
	Reports    []HostCommand // commands that hosts reported on since the last decision
	Stop       *StopRequest
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
