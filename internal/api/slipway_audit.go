package api

import (
	"context"

	"github.com/slipwayhq/slipway/internal/audit"
	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/iam"
	"github.com/slipwayhq/slipway/internal/wire"
)

// ListAuditInput asks for what comes behind a record; without one, for the
// oldest.
type ListAuditInput struct {
	After *int64 `json:"after,omitzero"` // the record's sequence number
}

// ListAuditOutput holds records, oldest first. Fewer than a page of them are
// the last there are.
type ListAuditOutput struct {
	Records []audit.Record `json:"records"`
}

// listAudit answers the root only: the records name everybody.
func listAudit(c *control.Control) Operation {
	return Answers(nil, func(ctx context.Context, call *Call, in *ListAuditInput) (*ListAuditOutput, error) {
		if call.Principal.Kind != iam.RootKind {
			return nil, denied(call.Principal, "slipway:ListAudit", "*", iam.ImplicitlyDenied)
		}
		records, err := c.ListAudit(ctx, call.Namespace.Account, wire.Value(in.After))
		if records == nil {
			records = []audit.Record{}
		}
		return &ListAuditOutput{records}, err
	})
}
