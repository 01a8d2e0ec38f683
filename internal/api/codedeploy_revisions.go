package api

import (
	"context"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
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
		"BatchGetApplicationRevisions": Answers(onApplication(func(in *wire.BatchGetApplicationRevisionsInput) *string {
			return in.ApplicationName
		}), h.batchGetApplicationRevisions),
		"ListApplicationRevisions": Answers(onApplication(func(in *wire.ListApplicationRevisionsInput) *string {
			return in.ApplicationName
		}), h.listApplicationRevisions),
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

func (h *codeDeploy) batchGetApplicationRevisions(ctx context.Context, call *Call, in *wire.BatchGetApplicationRevisionsInput) (*wire.BatchGetApplicationRevisionsOutput, error) {
	revisions := each(in.Revisions, func(r wire.RevisionLocation) control.Revision { return *domainRevision(&r) })
	found, missing, err := h.control.BatchGetApplicationRevisions(ctx, call.Namespace, wire.Value(in.ApplicationName), revisions)
	if err != nil {
		return nil, err
	}
	return &wire.BatchGetApplicationRevisionsOutput{
		ApplicationName: in.ApplicationName,
		ErrorMessage:    &missing,
		Revisions:       orEmpty(each(found, revisionInfo)),
	}, nil
}

func (h *codeDeploy) listApplicationRevisions(ctx context.Context, call *Call, in *wire.ListApplicationRevisionsInput) (*wire.ListApplicationRevisionsOutput, error) {
	filter := *in
	filter.NextToken = nil
	after, err := h.pager.After(call, filter, in.NextToken)
	if err != nil {
		return nil, err
	}
	page, err := h.control.ListApplicationRevisions(ctx, call.Namespace, control.ListApplicationRevisions{
		Application: wire.Value(in.ApplicationName),
		SortBy:      (*string)(in.SortBy),
		SortOrder:   (*string)(in.SortOrder),
		Bucket:      in.S3Bucket,
		KeyPrefix:   in.S3KeyPrefix,
		Deployed:    (*string)(in.Deployed),
		After:       after,
		Limit:       PageSize,
	})
	if err != nil {
		return nil, err
	}
	out := wire.ListApplicationRevisionsOutput{
		Revisions: orEmpty(each(page.Revisions, func(r deploy.Revision) wire.RevisionLocation { return *revisionLocation(r) })),
	}
	if page.Next != "" {
		out.NextToken = new(h.pager.Token(call, filter, page.Next))
	}
	return &out, nil
}
