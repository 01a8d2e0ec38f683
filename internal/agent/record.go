package agent

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/slipwayhq/slipway/internal/agent/hook"
	"github.com/slipwayhq/slipway/internal/protocol"
)

// record is what the journal knows of one command.
type record struct {
	Command  protocol.HostCommand `json:"command"`
	Received time.Time            `json:"received"`
	// Token goes with every acknowledgement of this command.
	Token string `json:"token"`
	// Deployment is set once the specification was read.
	Deployment string `json:"deployment,omitempty"`
	// TargetIndex is the host's place in the deployment, if the server says so.
	TargetIndex *int `json:"targetIndex,omitempty"`
	// Process is the script that runs, or the latest one that did.
	Process *hook.Process `json:"process,omitempty"`
	Result  *result       `json:"result,omitempty"`
	// Log is the end of what the scripts printed, until it is reported.
	Log *protocol.LogPiece `json:"log,omitempty"`
	// Reported is set when the server has answered the report of the result.
	Reported *time.Time `json:"reported,omitempty"`

	// durable is the stage that the record, as it is, survives a crash of the
	// machine in, with its text.
	durable     stage
	durableText []byte
}

// fromSlipway reports whether the command's server is one of ours: others do
// not tell a host's place.
func (r *record) fromSlipway() bool { return r.TargetIndex != nil }

// result is how a command ended.
type result struct {
	Status      protocol.CommandStatus `json:"status"`
	Diagnostics protocol.Diagnostics   `json:"diagnostics"`
}

func newRecord(c protocol.HostCommand, now time.Time) *record {
	return &record{Command: c, Received: now.UTC(), Token: rand.Text()}
}

// file is the name of the record's file. The identifier of a command is the
// server's choice and no file name.
func (r *record) file() string { return recordFile(r.Command.HostCommandIdentifier) }

func recordFile(id string) string {
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:16]) + ".json"
}
