package deploy

import "time"

// HostCommand is one lifecycle event that one host has to execute. The engine
// makes and cancels it; control records what the host says of it.
type HostCommand struct {
	Namespace
	ID             string       `json:"id"`
	DeploymentID   string       `json:"deploymentId"`
	TargetID       string       `json:"targetId"`
	HostIdentifier string       `json:"hostIdentifier"`
	Event          string       `json:"event"`
	State          CommandState `json:"state"`
	CreatedAt      time.Time    `json:"createdAt"`
	LeasedUntil    *time.Time   `json:"leasedUntil,omitempty"` // handed out; again after this
	AttemptToken   string       `json:"attemptToken,omitempty"`
	AckedAt        *time.Time   `json:"ackedAt,omitempty"`
	CompletedAt    *time.Time   `json:"completedAt,omitempty"`
	Diagnostics    *Diagnostics `json:"diagnostics,omitempty"` // of the completion, or of the progress so far
	Silence        *Silence     `json:"silence,omitempty"`     // set while its host is silent
}

// Silence says that a host has not been heard of while a command of it waited
// or ran.
type Silence struct {
	Since    time.Time  `json:"since"`              // from when on it counts
	LastSeen *time.Time `json:"lastSeen,omitempty"` // nil: never since it was registered
}

// CommandState is the life of a host command.
type CommandState string

// The command states. Ready becomes Running by the host's acknowledgement and
// Succeeded or Failed by its report, and is lost when its host is deregistered;
// the engine cancels what it no longer wants. All but the first two are final:
// the first report wins.
const (
	CommandReady     CommandState = "ready"
	CommandRunning   CommandState = "running"
	CommandSucceeded CommandState = "succeeded"
	CommandFailed    CommandState = "failed"
	CommandLost      CommandState = "lost"
	CommandCancelled CommandState = "cancelled"
)

// Live reports whether the command still waits for something.
func (s CommandState) Live() bool { return s == CommandReady || s == CommandRunning }

// CommandID names the command for one event of one target. It is made of what
// it is for, so that no event can be issued twice; who may touch it is checked
// by the caller's identity, not by its secrecy.
func CommandID(deploymentID, targetID, event string) string {
	return deploymentID + ":" + targetID + ":" + event
}
