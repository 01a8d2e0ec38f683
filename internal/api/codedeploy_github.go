package api

import (
	"context"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/iam"
	"github.com/slipwayhq/slipway/internal/wire"
)

func (h *codeDeploy) gitHub() Table {
	return Table{
		"ListGitHubAccountTokenNames": Answers(nil, h.listGitHubTokens),
		"DeleteGitHubAccountToken":    Answers(nil, h.deleteGitHubToken),
	}
}

func (h *codeDeploy) listGitHubTokens(ctx context.Context, call *Call, in *wire.ListGitHubAccountTokenNamesInput) (*wire.ListGitHubAccountTokenNamesOutput, error) {
	after, err := h.pager.After(call, nil, in.NextToken)
	if err != nil {
		return nil, err
	}
	page, err := h.control.ListGitHubAccountTokenNames(ctx, call.Namespace, after, PageSize)
	if err != nil {
		return nil, err
	}
	var out wire.ListGitHubAccountTokenNamesOutput
	out.TokenNameList, out.NextToken = h.page(call, nil, page)
	return &out, nil
}

func (h *codeDeploy) deleteGitHubToken(ctx context.Context, call *Call, in *wire.DeleteGitHubAccountTokenInput) (*wire.DeleteGitHubAccountTokenOutput, error) {
	err := h.control.DeleteGitHubAccountToken(ctx, call.Namespace, wire.Value(in.TokenName))
	return &wire.DeleteGitHubAccountTokenOutput{TokenName: in.TokenName}, err
}

// SlipwayTargetPrefix comes before the operations that are Slipway's own.
const SlipwayTargetPrefix = "Slipway_20261101"

// Slipway returns the service of those operations: what CodeDeploy has only in
// its console, or in other services. Only the account's root may call them.
func Slipway(c *control.Control) Service {
	put := func(ctx context.Context, call *Call, in *PutGitHubAccountTokenInput) error {
		if call.Principal.Kind != iam.RootKind {
			return denied(call.Principal, "slipway:PutGitHubAccountToken", "*", iam.ImplicitlyDenied)
		}
		return c.PutGitHubAccountToken(ctx, call.Namespace, control.PutGitHubAccountToken{
			Name:        wire.Value(in.Name),
			Token:       wire.Value(in.Token),
			Application: wire.Value(in.ApplicationName),
		})
	}
	return Service{
		Prefixes:   []string{SlipwayTargetPrefix},
		Scopes:     map[string]string{codeDeployScope: ""}, // no policy can allow it
		Operations: Table{"PutGitHubAccountToken": Acts(nil, put), "ListAudit": listAudit(c), "ListHostLogs": listHostLogs(c), "GetHostLog": getHostLog(c), "ListNotifications": listNotifications(c), "RetryNotifications": retryNotifications(c)},
	}
}

// PutGitHubAccountTokenInput has a token to keep. ApplicationName is set to
// make an application use it.
type PutGitHubAccountTokenInput struct {
	Name            *string `json:"name,omitzero"`
	Token           *string `json:"token,omitzero"`
	ApplicationName *string `json:"applicationName,omitzero"`
}
