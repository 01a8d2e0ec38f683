package api

import (
	"context"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/wire"
)

func (h *codeDeploy) deployments() Table {
	return Table{
		"CreateDeployment": Answers(h.mayCreateDeployment, h.createDeployment),
		"GetDeployment": Answers(onDeployment(h.control, func(in *wire.GetDeploymentInput) *string {
			return in.DeploymentID
		}), h.getDeployment),
		"ListDeployments":     Answers(On(listedDeployments), h.listDeployments),
		"BatchGetDeployments": Answers(h.mayBatchGetDeployments, h.batchGetDeployments),
		"ContinueDeployment": Acts(onDeployment(h.control, func(in *wire.ContinueDeploymentInput) *string {
			return in.DeploymentID
		}), h.continueDeployment),
		"SkipWaitTimeForInstanceTermination": Acts(onDeployment(h.control, func(in *wire.SkipWaitTimeForInstanceTerminationInput) *string {
			return in.DeploymentID
		}), h.skipWaitTime),
		"PutLifecycleEventHookExecutionStatus": Answers(onDeployment(h.control, func(in *wire.PutLifecycleEventHookExecutionStatusInput) *string {
			return in.DeploymentID
		}), h.putHookStatus),
		"DeleteResourcesByExternalId": Answers(nil, h.deleteByExternalID),
		"StopDeployment": Answers(onDeployment(h.control, func(in *wire.StopDeploymentInput) *string {
			return in.DeploymentID
		}), h.stopDeployment),
	}
}

func (h *codeDeploy) createDeployment(ctx context.Context, call *Call, in *wire.CreateDeploymentInput) (*wire.CreateDeploymentOutput, error) {
	id, err := h.control.CreateDeployment(ctx, call.Namespace, control.CreateDeployment{
		Application:     wire.Value(in.ApplicationName),
		Group:           wire.Value(in.DeploymentGroupName),
		Revision:        domainRevision(in.Revision),
		ConfigName:      wire.Value(in.DeploymentConfigName),
		Description:     wire.Value(in.Description),
		AutoRollback:    domainAutoRollback(in.AutoRollbackConfiguration),
		AlarmOverride:   domainAlarms(in.OverrideAlarmConfiguration),
		TargetInstances: domainTargetInstances(in.TargetInstances),

		IgnoreApplicationStopFailures: wire.Value(in.IgnoreApplicationStopFailures),
		UpdateOutdatedInstancesOnly:   wire.Value(in.UpdateOutdatedInstancesOnly),
		FileExistsBehavior:            (*string)(in.FileExistsBehavior),
		Mode:                          (*string)(in.DeploymentMode),
	})
	return &wire.CreateDeploymentOutput{DeploymentID: &id}, err
}

func (h *codeDeploy) getDeployment(ctx context.Context, call *Call, in *wire.GetDeploymentInput) (*wire.GetDeploymentOutput, error) {
	d, err := h.control.GetDeployment(ctx, call.Namespace, wire.Value(in.DeploymentID))
	if err != nil {
		return nil, err
	}
	return &wire.GetDeploymentOutput{DeploymentInfo: deploymentInfo(d)}, nil
}

func (h *codeDeploy) batchGetDeployments(ctx context.Context, call *Call, in *wire.BatchGetDeploymentsInput) (*wire.BatchGetDeploymentsOutput, error) {
	found, err := h.control.BatchGetDeployments(ctx, call.Namespace, in.DeploymentIDs)
	if err != nil {
		return nil, err
	}
	return &wire.BatchGetDeploymentsOutput{
		DeploymentsInfo: orEmpty(each(found, func(d deploy.Deployment) wire.DeploymentInfo { return *deploymentInfo(d) })),
	}, nil
}

func (h *codeDeploy) continueDeployment(ctx context.Context, call *Call, in *wire.ContinueDeploymentInput) error {
	return h.control.ContinueDeployment(ctx, call.Namespace, wire.Value(in.DeploymentID), (*string)(in.DeploymentWaitType))
}

func (h *codeDeploy) skipWaitTime(ctx context.Context, call *Call, in *wire.SkipWaitTimeForInstanceTerminationInput) error {
	return h.control.SkipWaitTimeForInstanceTermination(ctx, call.Namespace, wire.Value(in.DeploymentID))
}

func (h *codeDeploy) putHookStatus(ctx context.Context, call *Call, in *wire.PutLifecycleEventHookExecutionStatusInput) (*wire.PutLifecycleEventHookExecutionStatusOutput, error) {
	err := h.control.PutLifecycleEventHookExecutionStatus(ctx, call.Namespace, control.HookResult{
		DeploymentID: wire.Value(in.DeploymentID),
		ExecutionID:  wire.Value(in.LifecycleEventHookExecutionID),
		Status:       (*string)(in.Status),
	})
	return &wire.PutLifecycleEventHookExecutionStatusOutput{LifecycleEventHookExecutionID: in.LifecycleEventHookExecutionID}, err
}

// deleteByExternalID finds nothing to delete: only CloudFormation gives its
// deployments external ids, and here is none.
func (h *codeDeploy) deleteByExternalID(context.Context, *Call, *wire.DeleteResourcesByExternalIdInput) (*wire.DeleteResourcesByExternalIdOutput, error) {
	return &wire.DeleteResourcesByExternalIdOutput{}, nil
}

// listedDeployments is the group whose deployments are listed, or all groups.
func listedDeployments(call *Call, in *wire.ListDeploymentsInput) string {
	if wire.Value(in.ApplicationName) == "" && wire.Value(in.DeploymentGroupName) == "" {
		return call.Namespace.ARN("deploymentgroup:*")
	}
	return call.Namespace.GroupARN(wire.Value(in.ApplicationName), wire.Value(in.DeploymentGroupName))
}

func (h *codeDeploy) listDeployments(ctx context.Context, call *Call, in *wire.ListDeploymentsInput) (*wire.ListDeploymentsOutput, error) {
	filter := *in
	filter.NextToken = nil
	after, err := h.pager.After(call, filter, in.NextToken)
	if err != nil {
		return nil, err
	}
	request := control.ListDeployments{
		Application: wire.Value(in.ApplicationName),
		Group:       wire.Value(in.DeploymentGroupName),
		ExternalID:  in.ExternalID,
		Statuses:    each(in.IncludeOnlyStatuses, func(s wire.DeploymentStatus) deploy.Status { return deploy.Status(s) }),
		After:       after,
		Limit:       PageSize,
	}
	if r := in.CreateTimeRange; r != nil {
		request.From, request.To = wire.Value(r.Start).Time, wire.Value(r.End).Time
	}
	page, err := h.control.ListDeployments(ctx, call.Namespace, request)
	if err != nil {
		return nil, err
	}
	var out wire.ListDeploymentsOutput
	out.Deployments, out.NextToken = h.page(call, filter, page)
	return &out, nil
}

func (h *codeDeploy) stopDeployment(ctx context.Context, call *Call, in *wire.StopDeploymentInput) (*wire.StopDeploymentOutput, error) {
	answer, err := h.control.StopDeployment(ctx, call.Namespace, control.StopDeployment{
		DeploymentID: wire.Value(in.DeploymentID),
		AutoRollback: in.AutoRollbackEnabled,
	})
	return &wire.StopDeploymentOutput{
		Status:        new(wire.StopStatus(answer.Status)),
		StatusMessage: &answer.Message,
	}, err
}
