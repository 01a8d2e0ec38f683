package protocol

import (
	"encoding/json"
	"strconv"
)

// ErrorCode is the outcome of a command in an agent's diagnostics.
type ErrorCode int

// The codes agents send. The last two have no name in the public API, which
// shows them as UnknownError.
const (
	Success             ErrorCode = 0
	ScriptMissing       ErrorCode = 1
	ScriptNotExecutable ErrorCode = 2
	ScriptTimedOut      ErrorCode = 3
	ScriptFailed        ErrorCode = 4
	UnknownError        ErrorCode = 5
	OutputLeftOpen      ErrorCode = 6
	AgentRestarted      ErrorCode = 7
)

// String returns the name that the public API shows for the code.
func (c ErrorCode) String() string {
	switch c {
	case Success:
		return "Success"
	case ScriptMissing:
		return "ScriptMissing"
	case ScriptNotExecutable:
		return "ScriptNotExecutable"
	case ScriptTimedOut:
		return "ScriptTimedOut"
	case ScriptFailed:
		return "ScriptFailed"
	case UnknownError, OutputLeftOpen, AgentRestarted:
		return "UnknownError"
	}
	return "UnknownError"
}

// UnmarshalJSON accepts a number, a number in a text, and any other text (the
// official agent sends "Unknown" when a script printed bytes that are not
// UTF-8), which counts as [UnknownError].
func (c *ErrorCode) UnmarshalJSON(b []byte) error {
	var n int
	if json.Unmarshal(b, &n) == nil {
		*c = ErrorCode(n)
		return nil
	}
	var s string
	if json.Unmarshal(b, &s) == nil {
		if n, err := strconv.Atoi(s); err == nil {
			*c = ErrorCode(n)
			return nil
		}
	}
	*c = UnknownError
	return nil
}

// Diagnostics is the payload of a completion.
type Diagnostics struct {
	ErrorCode  ErrorCode `json:"error_code"`
	ScriptName string    `json:"script_name"`
	Message    string    `json:"message"`
	Log        string    `json:"log"`
}

// Envelope returns d as the agent sends it.
func (d Diagnostics) Envelope() *Envelope {
	b, _ := json.Marshal(d) // strings and an integer always marshal
	return &Envelope{Format: FormatJSON, Payload: string(b)}
}

// ParseDiagnostics reads a completion's diagnostics leniently, because agents
// of ten years differ: unknown members are ignored, and a payload that is not
// a JSON object is kept as the message. status decides the code where the
// payload has none.
func ParseDiagnostics(e *Envelope, status CommandStatus) Diagnostics {
	fallback := Success
	if status != StatusSucceeded {
		fallback = UnknownError
	}
	d := Diagnostics{ErrorCode: fallback}
	if e == nil || e.Payload == "" {
		return d
	}
	if err := json.Unmarshal([]byte(e.Payload), &d); err != nil {
		return Diagnostics{ErrorCode: fallback, Message: e.Payload}
	}
	return d
}
