package api

import (
	"context"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/iam"
	"github.com/slipwayhq/slipway/internal/wire"
)

// ListHostLogsInput names a deployment.
type ListHostLogsInput struct {
	DeploymentID *string `json:"deploymentId,omitzero"`
}

// ListHostLogsOutput holds the logs that there are so far. When the deployment
// has ended there will be no more.
type ListHostLogsOutput struct {
	Logs  []HostLog `json:"logs"`
	Ended bool      `json:"ended"`
}

// HostLog says how long the log of one event on one host is, in bytes.
type HostLog struct {
	Host  string `json:"host"`
	Event string `json:"event"`
	Size  int64  `json:"size"`
}

// GetHostLogInput asks for what comes behind the first bytes of a log.
type GetHostLogInput struct {
	DeploymentID *string `json:"deploymentId,omitzero"`
	Host         *string `json:"host,omitzero"`
	Event        *string `json:"event,omitzero"`
	After        *int64  `json:"after,omitzero"` // bytes
}

// GetHostLogOutput holds text, and from where to go on.
type GetHostLogOutput struct {
	Text string `json:"text"`
	Next int64  `json:"next"`
}

// listHostLogs answers the root only: what scripts print may be anything.
func listHostLogs(c *control.Control) Operation {
	return Answers(nil, func(ctx context.Context, call *Call, in *ListHostLogsInput) (*ListHostLogsOutput, error) {
		if call.Principal.Kind != iam.RootKind {
			return nil, denied(call.Principal, "slipway:ListHostLogs", "*", iam.ImplicitlyDenied)
		}
		logs, ended, err := c.HostLogs(ctx, call.Namespace, wire.Value(in.DeploymentID))
		out := &ListHostLogsOutput{Logs: []HostLog{}, Ended: ended}
		for _, l := range logs {
			out.Logs = append(out.Logs, HostLog{Host: l.TargetID, Event: l.Event, Size: l.Size})
		}
		return out, err
	})
}

// getHostLog answers the root only, as listHostLogs does.
func getHostLog(c *control.Control) Operation {
	return Answers(nil, func(ctx context.Context, call *Call, in *GetHostLogInput) (*GetHostLogOutput, error) {
		if call.Principal.Kind != iam.RootKind {
			return nil, denied(call.Principal, "slipway:GetHostLog", "*", iam.ImplicitlyDenied)
		}
		text, next, err := c.HostLog(ctx, call.Namespace, wire.Value(in.DeploymentID), wire.Value(in.Host), wire.Value(in.Event), wire.Value(in.After))
		return &GetHostLogOutput{Text: text, Next: next}, err
	})
}
