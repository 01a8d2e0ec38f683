package protocol

import (
	"encoding/json"
	"testing"
)

// TestParseDiagnostics: what agents of ten years have sent is understood.
func TestParseDiagnostics(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		payload string
		status  CommandStatus
		want    Diagnostics
	}{
		{`{"error_code":4,"script_name":"a.sh","message":"m","log":"l"}`, StatusFailed, Diagnostics{ScriptFailed, "a.sh", "m", "l"}},
		{`{"error_code":"4"}`, StatusFailed, Diagnostics{ErrorCode: ScriptFailed}},
		{`{"error_code":"Unknown","message":"m"}`, StatusFailed, Diagnostics{ErrorCode: UnknownError, Message: "m"}},
		{`{"error_code":null}`, StatusFailed, Diagnostics{ErrorCode: Success}},
		{`{"message":"m","more":[1]}`, StatusFailed, Diagnostics{ErrorCode: UnknownError, Message: "m"}},
		{`{"message":"m"}`, StatusSucceeded, Diagnostics{Message: "m"}},
		{`plain text`, StatusFailed, Diagnostics{ErrorCode: UnknownError, Message: "plain text"}},
		{`["a"]`, StatusSucceeded, Diagnostics{Message: `["a"]`}},
		{``, StatusFailed, Diagnostics{ErrorCode: UnknownError}},
	} {
		if got := ParseDiagnostics(&Envelope{Payload: tc.payload}, tc.status); got != tc.want {
			t.Errorf("%s: %+v, want %+v", tc.payload, got, tc.want)
		}
	}
	if got := ParseDiagnostics(nil, StatusFailed); got.ErrorCode != UnknownError {
		t.Errorf("no diagnostics of a failure: %+v", got)
	}
}

func TestErrorCodeNames(t *testing.T) {
	t.Parallel()
	for code, want := range map[ErrorCode]string{
		0: "Success", 1: "ScriptMissing", 2: "ScriptNotExecutable", 3: "ScriptTimedOut", 4: "ScriptFailed",
		5: "UnknownError", 6: "UnknownError", 7: "UnknownError", 99: "UnknownError", -1: "UnknownError",
	} {
		if code.String() != want {
			t.Errorf("%d is %s, want %s", int(code), code, want)
		}
	}
}

// FuzzParseDiagnostics: whatever a host sends, its message survives and what
// we send ourselves is read back.
func FuzzParseDiagnostics(f *testing.F) {
	f.Add(`{"error_code":4,"script_name":"a.sh","message":"m","log":"l"}`)
	f.Add(`{"error_code":"Unknown"}`)
	f.Add("\xff\xfe")
	f.Fuzz(func(t *testing.T, payload string) {
		d := ParseDiagnostics(&Envelope{Payload: payload}, StatusFailed)
		if !json.Valid([]byte(payload)) && d.Message != payload {
			t.Errorf("the payload %q became %+v", payload, d)
		}
		again := ParseDiagnostics(d.Envelope(), StatusFailed)
		if b, _ := json.Marshal(d); string(b) != d.Envelope().Payload {
			t.Errorf("sent as %q", d.Envelope().Payload)
		}
		if again.ErrorCode != d.ErrorCode {
			t.Errorf("%+v was read back as %+v", d, again)
		}
	})
}
