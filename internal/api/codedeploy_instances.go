package api

import (
	"context"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/wire"
)

func (h *codeDeploy) instances() Table {
	return Table{
		"RegisterOnPremisesInstance": Acts(onInstance(func(in *wire.RegisterOnPremisesInstanceInput) *string {
			return in.InstanceName
		}), h.registerOnPremisesInstance),
		"DeregisterOnPremisesInstance": Acts(onInstance(func(in *wire.DeregisterOnPremisesInstanceInput) *string {
			return in.InstanceName
		}), h.deregisterOnPremisesInstance),
		"GetOnPremisesInstance": Answers(onInstance(func(in *wire.GetOnPremisesInstanceInput) *string {
			return in.InstanceName
		}), h.getOnPremisesInstance),
		"BatchGetOnPremisesInstances": Answers(nil, h.batchGetOnPremisesInstances),
		"ListOnPremisesInstances":     Answers(nil, h.listOnPremisesInstances),
		"AddTagsToOnPremisesInstances": Acts(onInstances(func(in *wire.AddTagsToOnPremisesInstancesInput) []string {
			return in.InstanceNames
		}), h.addTagsToOnPremisesInstances),
		"RemoveTagsFromOnPremisesInstances": Acts(onInstances(func(in *wire.RemoveTagsFromOnPremisesInstancesInput) []string {
			return in.InstanceNames
		}), h.removeTagsFromOnPremisesInstances),
	}
}

func (h *codeDeploy) registerOnPremisesInstance(ctx context.Context, call *Call, in *wire.RegisterOnPremisesInstanceInput) error {
	return h.control.RegisterOnPremisesInstance(ctx, call.Namespace, control.RegisterOnPremisesInstance{
		Name:          wire.Value(in.InstanceName),
		IAMUserARN:    in.IAMUserARN,
		IAMSessionARN: in.IAMSessionARN,
	})
}

func (h *codeDeploy) deregisterOnPremisesInstance(ctx context.Context, call *Call, in *wire.DeregisterOnPremisesInstanceInput) error {
	return h.control.DeregisterOnPremisesInstance(ctx, call.Namespace, wire.Value(in.InstanceName))
}

func (h *codeDeploy) getOnPremisesInstance(ctx context.Context, call *Call, in *wire.GetOnPremisesInstanceInput) (*wire.GetOnPremisesInstanceOutput, error) {
	instance, err := h.control.GetOnPremisesInstance(ctx, call.Namespace, wire.Value(in.InstanceName))
	if err != nil {
		return nil, err
	}
	return &wire.GetOnPremisesInstanceOutput{InstanceInfo: instanceInfo(instance)}, nil
}

func (h *codeDeploy) batchGetOnPremisesInstances(ctx context.Context, call *Call, in *wire.BatchGetOnPremisesInstancesInput) (*wire.BatchGetOnPremisesInstancesOutput, error) {
	found, err := h.control.BatchGetOnPremisesInstances(ctx, call.Namespace, in.InstanceNames)
	if err != nil {
		return nil, err
	}
	return &wire.BatchGetOnPremisesInstancesOutput{
		InstanceInfos: orEmpty(each(found, func(i deploy.Instance) wire.InstanceInfo { return *instanceInfo(i) })),
	}, nil
}

func (h *codeDeploy) listOnPremisesInstances(ctx context.Context, call *Call, in *wire.ListOnPremisesInstancesInput) (*wire.ListOnPremisesInstancesOutput, error) {
	filter := *in
	filter.NextToken = nil
	after, err := h.pager.After(call, filter, in.NextToken)
	if err != nil {
		return nil, err
	}
	page, err := h.control.ListOnPremisesInstances(ctx, call.Namespace, control.ListOnPremisesInstances{
		Status:     (*string)(in.RegistrationStatus),
		TagFilters: each(in.TagFilters, domainFilter),
		After:      after,
		Limit:      PageSize,
	})
	if err != nil {
		return nil, err
	}
	var out wire.ListOnPremisesInstancesOutput
	out.InstanceNames, out.NextToken = h.page(call, filter, page)
	return &out, nil
}

func (h *codeDeploy) addTagsToOnPremisesInstances(ctx context.Context, call *Call, in *wire.AddTagsToOnPremisesInstancesInput) error {
	return h.control.AddTagsToOnPremisesInstances(ctx, call.Namespace, in.InstanceNames, each(in.Tags, domainTag))
}

func (h *codeDeploy) removeTagsFromOnPremisesInstances(ctx context.Context, call *Call, in *wire.RemoveTagsFromOnPremisesInstancesInput) error {
	return h.control.RemoveTagsFromOnPremisesInstances(ctx, call.Namespace, in.InstanceNames, each(in.Tags, domainTag))
}
