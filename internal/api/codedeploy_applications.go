package api

import (
	"context"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/wire"
)

func (h *codeDeploy) applications() Table {
	return Table{
		"CreateApplication": Answers(mayCreateApplication, h.createApplication),
		"GetApplication": Answers(onApplication(func(in *wire.GetApplicationInput) *string {
			return in.ApplicationName
		}), h.getApplication),
		"BatchGetApplications": Answers(func(_ context.Context, call *Call, in *wire.BatchGetApplicationsInput) ([]Permission, error) {
			return call.Needs(each(in.ApplicationNames, call.Namespace.ApplicationARN)...), nil
		}, h.batchGetApplications),
		"ListApplications": Answers(onEvery[wire.ListApplicationsInput]("application:*"), h.listApplications),
		"UpdateApplication": Acts(func(_ context.Context, call *Call, in *wire.UpdateApplicationInput) ([]Permission, error) {
			return call.Needs(renaming(call.Namespace.ApplicationARN, in.ApplicationName, in.NewApplicationName)...), nil
		}, h.updateApplication),
		"DeleteApplication": Acts(onApplication(func(in *wire.DeleteApplicationInput) *string {
			return in.ApplicationName
		}), h.deleteApplication),
	}
}

func (h *codeDeploy) createApplication(ctx context.Context, call *Call, in *wire.CreateApplicationInput) (*wire.CreateApplicationOutput, error) {
	id, err := h.control.CreateApplication(ctx, call.Namespace, control.CreateApplication{
		Name:     wire.Value(in.ApplicationName),
		Platform: (*deploy.ComputePlatform)(in.ComputePlatform),
		Tags:     each(in.Tags, domainTag),
	})
	return &wire.CreateApplicationOutput{ApplicationID: &id}, err
}

func (h *codeDeploy) getApplication(ctx context.Context, call *Call, in *wire.GetApplicationInput) (*wire.GetApplicationOutput, error) {
	app, err := h.control.GetApplication(ctx, call.Namespace, wire.Value(in.ApplicationName))
	if err != nil {
		return nil, err
	}
	return &wire.GetApplicationOutput{Application: applicationInfo(app)}, nil
}

func (h *codeDeploy) listApplications(ctx context.Context, call *Call, in *wire.ListApplicationsInput) (*wire.ListApplicationsOutput, error) {
	after, err := h.pager.After(call, nil, in.NextToken)
	if err != nil {
		return nil, err
	}
	page, err := h.control.ListApplications(ctx, call.Namespace, after, PageSize)
	if err != nil {
		return nil, err
	}
	var out wire.ListApplicationsOutput
	out.Applications, out.NextToken = h.page(call, nil, page)
	return &out, nil
}

func (h *codeDeploy) batchGetApplications(ctx context.Context, call *Call, in *wire.BatchGetApplicationsInput) (*wire.BatchGetApplicationsOutput, error) {
	apps, err := h.control.BatchGetApplications(ctx, call.Namespace, in.ApplicationNames)
	if err != nil {
		return nil, err
	}
	return &wire.BatchGetApplicationsOutput{
		ApplicationsInfo: orEmpty(each(apps, func(a deploy.Application) wire.ApplicationInfo { return *applicationInfo(a) })),
	}, nil
}

func (h *codeDeploy) updateApplication(ctx context.Context, call *Call, in *wire.UpdateApplicationInput) error {
	return h.control.UpdateApplication(ctx, call.Namespace, wire.Value(in.ApplicationName), wire.Value(in.NewApplicationName))
}

func (h *codeDeploy) deleteApplication(ctx context.Context, call *Call, in *wire.DeleteApplicationInput) error {
	return h.control.DeleteApplication(ctx, call.Namespace, wire.Value(in.ApplicationName))
}
