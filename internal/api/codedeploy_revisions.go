package api

import (
	"context"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/wire"
)

func (h *codeDeploy) revisions() Table {
	return Table{
		"RegisterApplicationRevision": Acts(onApplication(func(in *wire.RegisterApplicationRevisionInput) *string {
			return in.ApplicationName
		}), h.registerApplicationRevision),
		"GetApplicationRevision": Answers(onApplication(func(in *wire.GetApplicationRevisionInput) *string {
			return in.ApplicationName
		}), h.getApplicationRevision),
	}
}

func (h *codeDeploy) registerApplicationRevision(ctx context.Context, call *Call, in *wire.RegisterApplicationRevisionInput) error {
	return h.control.RegisterApplicationRevision(ctx, call.Namespace, control.RegisterApplicationRevision{
		Application: wire.Value(in.ApplicationName),
		Revision:    domainRevision(in.Revision),
		Description: in.Description,
	})
}

func (h *codeDeploy) getApplicationRevision(ctx context.Context, call *Call, in *wire.GetApplicationRevisionInput) (*wire.GetApplicationRevisionOutput, error) {
	info, err := h.control.GetApplicationRevision(ctx, call.Namespace, wire.Value(in.ApplicationName), domainRevision(in.Revision))
	if err != nil {
		return nil, err
	}
	return &wire.GetApplicationRevisionOutput{
		ApplicationName: in.ApplicationName,
		Revision:        revisionLocation(info.Revision),
		RevisionInfo:    genericRevisionInfo(info),
	}, nil
}
