// Package protocol is what the host agent and the server say to each other:
// the CodeDeploy host-command service (API version 2014-10-06, JSON 1.1) with
// the few members that Slipway adds to it. Both programs import it and nothing
// else of each other; it imports only the standard library.
//
// Everything that Slipway adds is optional on both sides: the official agents
// work against our server, and our agent works against a server that knows
// none of the additions.
package protocol

// TargetPrefix and SecureTargetPrefix are the two X-Amz-Target prefixes under
// which agents call the service. Which one an agent uses depends on its
// enable_auth_policy setting; the server accepts both everywhere.
const (
	TargetPrefix       = "CodeDeployCommandService_v20141006"
	SecureTargetPrefix = "CodeDeployCommandService"
)

// SigningName and SecureSigningName are the SigV4 service names that go with
// the two prefixes.
const (
	SigningName       = "codedeploy-commands"
	SecureSigningName = "codedeploy-commands-secure"
)

// VersionHeader carries the agent's version on every call.
const VersionHeader = "X-Amz-Codedeploy-Agent-Version"

// DeploymentSystem is the only deployment system agents accept.
const DeploymentSystem = "CodeDeploy"

// CommandStatus is what the server and the agent tell each other about a host
// command.
type CommandStatus string

// The command statuses of the service.
const (
	StatusPending    CommandStatus = "Pending"
	StatusInProgress CommandStatus = "InProgress"
	StatusSucceeded  CommandStatus = "Succeeded"
	StatusFailed     CommandStatus = "Failed"
)

// Envelope is a payload with its format: "JSON" for diagnostics, "PKCS7/JSON"
// for a signed deployment specification, "TEXT/JSON" for a bare one.
type Envelope struct {
	Format  string `json:"Format,omitempty"`
	Payload string `json:"Payload"`
}

// The envelope formats.
const (
	FormatJSON      = "JSON"
	FormatPKCS7JSON = "PKCS7/JSON"
	FormatTextJSON  = "TEXT/JSON"
)

// PollHostCommandInput asks for the next command of one host. The caller must
// be that host.
type PollHostCommandInput struct {
	HostIdentifier string `json:"HostIdentifier"`
}

// PollHostCommandOutput holds the next command, or nothing: an empty poll is
// answered with {} after the server has held it for up to 45 s.
type PollHostCommandOutput struct {
	HostCommand *HostCommand `json:"HostCommand,omitempty"`
}

// HostCommand is one lifecycle event that one host has to execute.
type HostCommand struct {
	HostCommandIdentifier string `json:"HostCommandIdentifier"`
	HostIdentifier        string `json:"HostIdentifier"`
	DeploymentExecutionID string `json:"DeploymentExecutionId"`
	CommandName           string `json:"CommandName"`
	Nonce                 int64  `json:"Nonce,omitempty"`
}

// GetDeploymentSpecificationInput asks for the document that describes the
// deployment a command belongs to.
type GetDeploymentSpecificationInput struct {
	DeploymentExecutionID string `json:"DeploymentExecutionId"`
	HostIdentifier        string `json:"HostIdentifier"`
	// WantTargetIndex is Slipway's: who asks for it gets the TargetIndex. No
	// other agent sees a member that it might not know.
	WantTargetIndex bool `json:"WantTargetIndex,omitempty"`
}

// GetDeploymentSpecificationOutput carries the [Specification], signed.
type GetDeploymentSpecificationOutput struct {
	DeploymentSystem        string                   `json:"DeploymentSystem"`
	DeploymentSpecification *DeploymentSpecification `json:"DeploymentSpecification,omitempty"`
	// TargetIndex is the host's place in the deployment, from 0. It is not in the
	// document, which is the same for all hosts, and signed once.
	TargetIndex *int `json:"TargetIndex,omitempty"`
}

// DeploymentSpecification wraps the envelope as the service does.
type DeploymentSpecification struct {
	GenericEnvelope *Envelope `json:"GenericEnvelope,omitempty"`
}

// PutHostCommandAcknowledgementInput says that the host has taken a command.
type PutHostCommandAcknowledgementInput struct {
	HostCommandIdentifier string    `json:"HostCommandIdentifier"`
	Diagnostics           *Envelope `json:"Diagnostics,omitempty"`
	// AttemptToken is Slipway's: a random text that the agent makes once for a
	// command and journals before it acknowledges. An acknowledgement repeated
	// with the same token is the same acknowledgement, so a lost reply costs
	// nothing; without a token a repetition is refused with Failed.
	AttemptToken string `json:"AttemptToken,omitempty"`
}

// PutHostCommandAcknowledgementOutput says what the host must do: execute
// (InProgress, Pending or anything unknown), or drop the command (Succeeded:
// it was a no-op and is done; Failed: it is over).
type PutHostCommandAcknowledgementOutput struct {
	CommandStatus CommandStatus `json:"CommandStatus,omitempty"`
}

// PutHostCommandCompleteInput reports how a command ended.
type PutHostCommandCompleteInput struct {
	HostCommandIdentifier string        `json:"HostCommandIdentifier"`
	CommandStatus         CommandStatus `json:"CommandStatus"`
	Diagnostics           *Envelope     `json:"Diagnostics,omitempty"`
	// Log is Slipway's: what the scripts printed since the last update.
	Log *LogPiece `json:"Log,omitempty"`
}

// PutHostCommandCompleteOutput is empty.
type PutHostCommandCompleteOutput struct{}

// PostHostCommandUpdateInput reports progress of a running command. Its
// diagnostics hold the [Diagnostics] so far.
type PostHostCommandUpdateInput struct {
	HostCommandIdentifier string    `json:"HostCommandIdentifier"`
	Diagnostics           *Envelope `json:"Diagnostics,omitempty"`
	// Log is Slipway's: what the scripts printed since the last update.
	Log *LogPiece `json:"Log,omitempty"`
}

// LogPiece is a part of what the scripts of one event printed. Start is how
// many bytes came before it, so that a piece that is sent again is known.
type LogPiece struct {
	Start int64  `json:"Start"`
	Text  string `json:"Text"`
}

// PostHostCommandUpdateOutput says whether the command is still wanted.
type PostHostCommandUpdateOutput struct {
	CommandStatus CommandStatus `json:"CommandStatus,omitempty"`
}

// AcknowledgementDiagnostics is the payload of an acknowledgement.
type AcknowledgementDiagnostics struct {
	IsCommandNoop bool `json:"IsCommandNoop"`
}
