package api

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/iam"
	hostproto "github.com/slipwayhq/slipway/internal/protocol"
)

// HostCommands is the service that host agents call. The official agents use
// either prefix and either signing name, so all of them are good everywhere.
// An agent may poll and report for the host that it is, see [isHost]. It needs no policy for that, unless it signs for the
// secure name, which is there to be limited by policies.
func HostCommands(c *control.Control) Service {
	h := hostCommands{c}
	return Service{
		Prefixes: []string{hostproto.TargetPrefix, hostproto.SecureTargetPrefix},
		Scopes:   map[string]string{hostproto.SigningName: "", hostproto.SecureSigningName: hostproto.SecureSigningName, codeDeployScope: ""},
		Operations: Table{
			"PollHostCommand":               Answers(nil, h.poll),
			"GetDeploymentSpecification":    Answers(nil, h.specification),
			"PutHostCommandAcknowledgement": Answers(nil, h.acknowledge),
			"PutHostCommandComplete":        Answers(nil, h.complete),
			"PostHostCommandUpdate":         Answers(nil, h.update),
		},
		// The official agent 2.x gives up a report that meets anything else.
		RepeatsThrottling: true,
	}
}

// codeDeployScope is the signing name of the CodeDeploy API.
const codeDeployScope = "codedeploy"

type hostCommands struct{ control *control.Control }

// checkHost refuses a caller that is not the host it speaks for.
func checkHost(call *Call, identifier string) error {
	if isHost(call.Principal, call.Namespace.Region, identifier) {
		return nil
	}
	return &fault{accessDenied, fmt.Sprintf("User: %s is not authorized to perform: %s on resource: %s",
		call.Principal.ARN, "codedeploy-commands:"+call.Operation, identifier)}
}

// isHost reports whether a principal is the host of an identifier. An
// on-premises host is known by the ARN of its user or session. An EC2 instance
// is known by its own, and signs as the session of its role that is named after
// it, which is what it is registered as.
func isHost(p iam.Principal, region, identifier string) bool {
	if identifier == p.ARN {
		return true
	}
	_, session, ok := strings.Cut(p.UserID, ":")
	if p.Kind != iam.SessionKind || !ok {
		return false
	}
	parts := strings.SplitN(identifier, ":", 6) // arn:PARTITION:ec2:REGION:ACCOUNT:instance/ID
	return len(parts) == 6 && parts[0] == "arn" && parts[1] != "" && parts[2] == "ec2" && parts[3] == region &&
		parts[4] == p.AccountID && parts[5] == "instance/"+session && strings.HasPrefix(session, "i-")
}

func (h hostCommands) poll(ctx context.Context, call *Call, in *hostproto.PollHostCommandInput) (*hostproto.PollHostCommandOutput, error) {
	if err := checkHost(call, in.HostIdentifier); err != nil {
		return nil, err
	}
	cmd, err := h.control.PollHostCommand(ctx, call.Namespace, call.Principal.ARN)
	if err != nil || cmd == nil {
		return &hostproto.PollHostCommandOutput{}, err
	}
	return &hostproto.PollHostCommandOutput{HostCommand: &hostproto.HostCommand{
		HostCommandIdentifier: cmd.ID, HostIdentifier: in.HostIdentifier,
		DeploymentExecutionID: control.ExecutionID(call.Namespace, cmd.DeploymentID),
		CommandName:           cmd.Event, Nonce: cmd.CreatedAt.UnixMilli(),
	}}, nil
}

func (h hostCommands) specification(ctx context.Context, call *Call, in *hostproto.GetDeploymentSpecificationInput) (*hostproto.GetDeploymentSpecificationOutput, error) {
	if err := checkHost(call, in.HostIdentifier); err != nil {
		return nil, err
	}
	signed, index, err := h.control.DeploymentSpecification(ctx, call.Namespace, call.Principal.ARN, in.DeploymentExecutionID)
	if err != nil {
		return nil, err
	}
	out := &hostproto.GetDeploymentSpecificationOutput{
		DeploymentSystem: hostproto.DeploymentSystem,
		DeploymentSpecification: &hostproto.DeploymentSpecification{
			GenericEnvelope: &hostproto.Envelope{Format: hostproto.FormatPKCS7JSON, Payload: signed},
		},
	}
	if in.WantTargetIndex {
		out.TargetIndex = &index
	}
	return out, nil
}

func (h hostCommands) acknowledge(ctx context.Context, call *Call, in *hostproto.PutHostCommandAcknowledgementInput) (*hostproto.PutHostCommandAcknowledgementOutput, error) {
	var d hostproto.AcknowledgementDiagnostics
	if in.Diagnostics != nil {
		// Agents of the first years sent other things: whatever does not say
		// that the command is a no-op says that it is none.
		_ = json.Unmarshal([]byte(in.Diagnostics.Payload), &d)
	}
	status, err := h.control.AcknowledgeHostCommand(ctx, call.Namespace, call.Principal.ARN, control.Acknowledgement{
		CommandID: in.HostCommandIdentifier, Noop: d.IsCommandNoop, Token: in.AttemptToken,
	})
	return &hostproto.PutHostCommandAcknowledgementOutput{CommandStatus: status}, err
}

func (h hostCommands) complete(ctx context.Context, call *Call, in *hostproto.PutHostCommandCompleteInput) (*hostproto.PutHostCommandCompleteOutput, error) {
	err := h.control.CompleteHostCommand(ctx, call.Namespace, call.Principal.ARN, control.Completion{
		CommandID: in.HostCommandIdentifier, Status: in.CommandStatus, Diagnostics: in.Diagnostics, Log: in.Log,
	})
	return &hostproto.PutHostCommandCompleteOutput{}, err
}

func (h hostCommands) update(ctx context.Context, call *Call, in *hostproto.PostHostCommandUpdateInput) (*hostproto.PostHostCommandUpdateOutput, error) {
	status, err := h.control.UpdateHostCommand(ctx, call.Namespace, call.Principal.ARN, in.HostCommandIdentifier, in.Diagnostics, in.Log)
	return &hostproto.PostHostCommandUpdateOutput{CommandStatus: status}, err
}
