package deploy

import (
	"encoding/json"
	"time"
)

// Action is one thing to be done to the world outside for a deployment: invoke
// a hook, move traffic, look whether something is ready. The engine stores it
// with the decision that asks for it and carries it out between passes, again
// if it must: doing it twice has to be the same as doing it once.
type Action struct {
	Namespace
	ID           string          `json:"id"` // made of what it is for, so that none is made twice
	DeploymentID string          `json:"deploymentId"`
	Platform     ComputePlatform `json:"platform"`
	Kind         string          `json:"kind"`            // one of the platform's own
	Input        json.RawMessage `json:"input,omitempty"` // what the kind needs
	CreatedAt    time.Time       `json:"createdAt"`
	// Deadline is when the action has failed, with Late for a reason.
	Deadline time.Time `json:"deadline"`
	Late     ErrorInfo `json:"late"`
	// Limit is how long one try may take; 0: 30 s.
	Limit   time.Duration `json:"limit,omitempty"`
	Tries   int           `json:"tries,omitempty"` // that ended in an error
	Outcome *Outcome      `json:"outcome,omitempty"`
}

// TryLimit is how long one try may take.
func (a *Action) TryLimit() time.Duration {
	if a.Limit > 0 {
		return a.Limit
	}
	return 30 * time.Second
}

// ActionID names the action that does what for a deployment.
func ActionID(deploymentID, what string) string { return deploymentID + ":" + what }

// Outcome is how an action ended, or how far it has come.
type Outcome struct {
	Status OutcomeStatus   `json:"status"`
	At     time.Time       `json:"at"`
	Output json.RawMessage `json:"output,omitempty"` // what the kind gives
	Error  *ErrorInfo      `json:"error,omitempty"`  // of a failed one
	// After says when a waiting action is looked at again; 0: never, somebody
	// else brings the answer, or the deadline comes.
	After time.Duration `json:"after,omitempty"`
}

// OutcomeStatus says whether an action has ended.
type OutcomeStatus string

// The outcomes. Waiting is not the end: what it put out is told to the
// decision, and the action is looked at again.
const (
	ActionDone    OutcomeStatus = "done"
	ActionWaiting OutcomeStatus = "waiting"
	ActionFailed  OutcomeStatus = "failed"
)

// Ended reports whether the action is over.
func (a *Action) Ended() bool { return a.Outcome != nil && a.Outcome.Status != ActionWaiting }
