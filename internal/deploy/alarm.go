package deploy

import "time"

// AlarmState is the state of an alarm, as CloudWatch has it.
type AlarmState string

// The alarm states. Only AlarmOn stops a deployment.
const (
	AlarmOK           AlarmState = "OK"
	AlarmOn           AlarmState = "ALARM"
	AlarmInsufficient AlarmState = "INSUFFICIENT_DATA"
)

// AlarmReading is what was last read of the alarms that a deployment depends
// on.
type AlarmReading struct {
	At         time.Time  `json:"at"`
	Active     []string   `json:"active,omitempty"`     // those in ALARM, in the deployment's order
	Unreadable *ErrorInfo `json:"unreadable,omitempty"` // why not all could be read
}
