package deploy

import (
	"encoding/json"
	"time"
)

// AlarmState is the state of an alarm, as CloudWatch has it.
type AlarmState string

// The alarm states. Only AlarmOn stops a deployment.
const (
	AlarmOK           AlarmState = "OK"
	AlarmOn           AlarmState = "ALARM"
	AlarmInsufficient AlarmState = "INSUFFICIENT_DATA"
)

// Valid reports whether s is one of the states.
func (s AlarmState) Valid() bool { return s == AlarmOK || s == AlarmOn || s == AlarmInsufficient }

// Alarm is an alarm whose state is set by callers.
type Alarm struct {
	Namespace

	Name string `json:"name"`
	// Settings are the metric, the threshold and so on as CloudWatch's clients
	// write them. They are kept for those who ask; nothing evaluates them.
	Settings     json.RawMessage `json:"settings"`
	Actions      []string        `json:"actions,omitempty"` // ARNs; kept, never run
	Tags         []Tag           `json:"tags,omitempty"`
	ConfiguredAt time.Time       `json:"configuredAt"`

	State      AlarmState `json:"state"`
	Reason     string     `json:"reason"`
	ReasonData string     `json:"reasonData,omitempty"` // JSON
	UpdatedAt  time.Time  `json:"updatedAt"`            // when the state was last set
	ChangedAt  time.Time  `json:"changedAt"`            // when it last became another
}

// AlarmARN names an alarm.
func (n Namespace) AlarmARN(name string) string {
	return "arn:" + Partition(n.Region) + ":cloudwatch:" + n.Region + ":" + n.Account + ":alarm:" + name
}

// AlarmReading is what was last read of the alarms that a deployment depends
// on.
type AlarmReading struct {
	At         time.Time  `json:"at"`
	Active     []string   `json:"active,omitempty"`     // those in ALARM, in the deployment's order
	Unreadable *ErrorInfo `json:"unreadable,omitempty"` // why not all could be read
}
