package api

import (
	"context"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/wire"
)

func (h *codeDeploy) targets() Table {
	return Table{
		"ListDeploymentTargets": Answers(onDeployment(h.control, func(in *wire.ListDeploymentTargetsInput) *string {
			return in.DeploymentID
		}), h.listDeploymentTargets),
		"GetDeploymentTarget": Answers(onDeployment(h.control, func(in *wire.GetDeploymentTargetInput) *string {
			return in.DeploymentID
		}), h.getDeploymentTarget),
		"BatchGetDeploymentTargets": Answers(onDeployment(h.control, func(in *wire.BatchGetDeploymentTargetsInput) *string {
			return in.DeploymentID
		}), h.batchGetDeploymentTargets),
		"ListDeploymentInstances": Answers(onDeployment(h.control, func(in *wire.ListDeploymentInstancesInput) *string {
			return in.DeploymentID
		}), h.listDeploymentInstances),
		"GetDeploymentInstance": Answers(onDeployment(h.control, func(in *wire.GetDeploymentInstanceInput) *string {
			return in.DeploymentID
		}), h.getDeploymentInstance),
		"BatchGetDeploymentInstances": Answers(onDeployment(h.control, func(in *wire.BatchGetDeploymentInstancesInput) *string {
			return in.DeploymentID
		}), h.batchGetDeploymentInstances),
	}
}

func (h *codeDeploy) listDeploymentTargets(ctx context.Context, call *Call, in *wire.ListDeploymentTargetsInput) (*wire.ListDeploymentTargetsOutput, error) {
	filter := *in
	filter.NextToken = nil
	after, err := h.pager.After(call, filter, in.NextToken)
	if err != nil {
		return nil, err
	}
	request := control.ListDeploymentTargets{
		DeploymentID: wire.Value(in.DeploymentID),
		Filters:      make(map[string][]string, len(in.TargetFilters)),
		After:        after,
		Limit:        PageSize,
	}
	for name, values := range in.TargetFilters {
		request.Filters[string(name)] = values
	}
	page, err := h.control.ListDeploymentTargets(ctx, call.Namespace, request)
	if err != nil {
		return nil, err
	}
	var out wire.ListDeploymentTargetsOutput
	out.TargetIDs, out.NextToken = h.page(call, filter, page)
	return &out, nil
}

func (h *codeDeploy) getDeploymentTarget(ctx context.Context, call *Call, in *wire.GetDeploymentTargetInput) (*wire.GetDeploymentTargetOutput, error) {
	target, err := h.control.GetDeploymentTarget(ctx, call.Namespace, wire.Value(in.DeploymentID), wire.Value(in.TargetID))
	if err != nil {
		return nil, err
	}
	return &wire.GetDeploymentTargetOutput{DeploymentTarget: new(deploymentTarget(target))}, nil
}

func (h *codeDeploy) batchGetDeploymentTargets(ctx context.Context, call *Call, in *wire.BatchGetDeploymentTargetsInput) (*wire.BatchGetDeploymentTargetsOutput, error) {
	targets, err := h.control.BatchGetDeploymentTargets(ctx, call.Namespace, wire.Value(in.DeploymentID), in.TargetIDs)
	if err != nil {
		return nil, err
	}
	return &wire.BatchGetDeploymentTargetsOutput{DeploymentTargets: each(targets, deploymentTarget)}, nil
}

func (h *codeDeploy) listDeploymentInstances(ctx context.Context, call *Call, in *wire.ListDeploymentInstancesInput) (*wire.ListDeploymentInstancesOutput, error) {
	filter := *in
	filter.NextToken = nil
	after, err := h.pager.After(call, filter, in.NextToken)
	if err != nil {
		return nil, err
	}
	page, err := h.control.ListDeploymentInstances(ctx, call.Namespace, control.ListDeploymentInstances{
		DeploymentID: wire.Value(in.DeploymentID),
		Statuses:     each(in.InstanceStatusFilter, func(s wire.InstanceStatus) string { return string(s) }),
		Labels:       each(in.InstanceTypeFilter, func(t wire.InstanceType) string { return string(t) }),
		After:        after,
		Limit:        PageSize,
	})
	if err != nil {
		return nil, err
	}
	var out wire.ListDeploymentInstancesOutput
	out.InstancesList, out.NextToken = h.page(call, filter, page)
	return &out, nil
}

func (h *codeDeploy) getDeploymentInstance(ctx context.Context, call *Call, in *wire.GetDeploymentInstanceInput) (*wire.GetDeploymentInstanceOutput, error) {
	target, err := h.control.GetDeploymentInstance(ctx, call.Namespace, wire.Value(in.DeploymentID), wire.Value(in.InstanceID))
	if err != nil {
		return nil, err
	}
	return &wire.GetDeploymentInstanceOutput{InstanceSummary: new(instanceSummary(target))}, nil
}

func (h *codeDeploy) batchGetDeploymentInstances(ctx context.Context, call *Call, in *wire.BatchGetDeploymentInstancesInput) (*wire.BatchGetDeploymentInstancesOutput, error) {
	found, missing, err := h.control.BatchGetDeploymentInstances(ctx, call.Namespace, wire.Value(in.DeploymentID), in.InstanceIDs)
	if err != nil {
		return nil, err
	}
	return &wire.BatchGetDeploymentInstancesOutput{
		InstancesSummary: orEmpty(each(found, instanceSummary)),
		ErrorMessage:     &missing,
	}, nil
}
