package api

import (
	"context"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/wire"
)

func (h *codeDeploy) groups() Table {
	return Table{
		"CreateDeploymentGroup": Answers(mayCreateGroup, h.createDeploymentGroup),
		"GetDeploymentGroup": Answers(onGroup(func(in *wire.GetDeploymentGroupInput) (application, group *string) {
			return in.ApplicationName, in.DeploymentGroupName
		}), h.getDeploymentGroup),
		"BatchGetDeploymentGroups": Answers(mayBatchGetGroups, h.batchGetDeploymentGroups),
		"UpdateDeploymentGroup":    Answers(mayUpdateGroup, h.updateDeploymentGroup),
		"ListDeploymentGroups": Answers(On(func(call *Call, in *wire.ListDeploymentGroupsInput) string {
			return call.Namespace.GroupARN(wire.Value(in.ApplicationName), "*")
		}), h.listDeploymentGroups),
		"DeleteDeploymentGroup": Answers(onGroup(func(in *wire.DeleteDeploymentGroupInput) (application, group *string) {
			return in.ApplicationName, in.DeploymentGroupName
		}), h.deleteDeploymentGroup),
	}
}

func (h *codeDeploy) createDeploymentGroup(ctx context.Context, call *Call, in *wire.CreateDeploymentGroupInput) (*wire.CreateDeploymentGroupOutput, error) {
	id, err := h.control.CreateDeploymentGroup(ctx, call.Namespace, control.CreateDeploymentGroup{
		Application:       wire.Value(in.ApplicationName),
		Name:              wire.Value(in.DeploymentGroupName),
		ConfigName:        wire.Value(in.DeploymentConfigName),
		ServiceRoleARN:    wire.Value(in.ServiceRoleARN),
		EC2Filters:        each(in.EC2TagFilters, domainEC2Filter),
		EC2Set:            domainEC2Set(in.EC2TagSet),
		OnPremisesFilters: each(in.OnPremisesInstanceTagFilters, domainFilter),
		OnPremisesSet:     domainOnPremisesSet(in.OnPremisesTagSet),
		AutoScalingGroups: in.AutoScalingGroups,
		ECSServices:       each(in.ECSServices, domainECSService),
		Style:             domainStyle(in.DeploymentStyle),
		BlueGreen:         domainBlueGreen(in.BlueGreenDeploymentConfiguration),
		LoadBalancer:      domainLoadBalancer(in.LoadBalancerInfo),
		Triggers:          each(in.TriggerConfigurations, domainTrigger),
		Alarms:            domainAlarms(in.AlarmConfiguration),
		AutoRollback:      domainAutoRollback(in.AutoRollbackConfiguration),
		OutdatedInstances: (*string)(in.OutdatedInstancesStrategy),
		TerminationHook:   wire.Value(in.TerminationHookEnabled),
		Tags:              each(in.Tags, domainTag),
	})
	return &wire.CreateDeploymentGroupOutput{DeploymentGroupID: &id}, err
}

func (h *codeDeploy) getDeploymentGroup(ctx context.Context, call *Call, in *wire.GetDeploymentGroupInput) (*wire.GetDeploymentGroupOutput, error) {
	info, err := h.control.GetDeploymentGroup(ctx, call.Namespace, wire.Value(in.ApplicationName), wire.Value(in.DeploymentGroupName))
	if err != nil {
		return nil, err
	}
	return &wire.GetDeploymentGroupOutput{DeploymentGroupInfo: deploymentGroupInfo(info)}, nil
}

func (h *codeDeploy) batchGetDeploymentGroups(ctx context.Context, call *Call, in *wire.BatchGetDeploymentGroupsInput) (*wire.BatchGetDeploymentGroupsOutput, error) {
	found, missing, err := h.control.BatchGetDeploymentGroups(ctx, call.Namespace, wire.Value(in.ApplicationName), in.DeploymentGroupNames)
	if err != nil {
		return nil, err
	}
	return &wire.BatchGetDeploymentGroupsOutput{
		DeploymentGroupsInfo: orEmpty(each(found, func(g control.GroupInfo) wire.DeploymentGroupInfo { return *deploymentGroupInfo(g) })),
		ErrorMessage:         &missing,
	}, nil
}

func (h *codeDeploy) updateDeploymentGroup(ctx context.Context, call *Call, in *wire.UpdateDeploymentGroupInput) (*wire.UpdateDeploymentGroupOutput, error) {
	err := h.control.UpdateDeploymentGroup(ctx, call.Namespace, control.UpdateDeploymentGroup{
		Application:       wire.Value(in.ApplicationName),
		Name:              wire.Value(in.CurrentDeploymentGroupName),
		NewName:           wire.Value(in.NewDeploymentGroupName),
		ConfigName:        wire.Value(in.DeploymentConfigName),
		ServiceRoleARN:    in.ServiceRoleARN,
		EC2Filters:        each(in.EC2TagFilters, domainEC2Filter),
		EC2Set:            domainEC2Set(in.EC2TagSet),
		OnPremisesFilters: each(in.OnPremisesInstanceTagFilters, domainFilter),
		OnPremisesSet:     domainOnPremisesSet(in.OnPremisesTagSet),
		AutoScalingGroups: in.AutoScalingGroups,
		ECSServices:       each(in.ECSServices, domainECSService),
		Style:             domainStyle(in.DeploymentStyle),
		BlueGreen:         domainBlueGreen(in.BlueGreenDeploymentConfiguration),
		LoadBalancer:      domainLoadBalancer(in.LoadBalancerInfo),
		Triggers:          each(in.TriggerConfigurations, domainTrigger),
		Alarms:            domainAlarms(in.AlarmConfiguration),
		AutoRollback:      domainAutoRollback(in.AutoRollbackConfiguration),
		OutdatedInstances: (*string)(in.OutdatedInstancesStrategy),
		TerminationHook:   in.TerminationHookEnabled,
	})
	return &wire.UpdateDeploymentGroupOutput{HooksNotCleanedUp: []wire.AutoScalingGroup{}}, err
}

func (h *codeDeploy) listDeploymentGroups(ctx context.Context, call *Call, in *wire.ListDeploymentGroupsInput) (*wire.ListDeploymentGroupsOutput, error) {
	application := wire.Value(in.ApplicationName)
	after, err := h.pager.After(call, application, in.NextToken)
	if err != nil {
		return nil, err
	}
	page, err := h.control.ListDeploymentGroups(ctx, call.Namespace, application, after, PageSize)
	if err != nil {
		return nil, err
	}
	out := wire.ListDeploymentGroupsOutput{ApplicationName: in.ApplicationName}
	out.DeploymentGroups, out.NextToken = h.page(call, application, page)
	return &out, nil
}

func (h *codeDeploy) deleteDeploymentGroup(ctx context.Context, call *Call, in *wire.DeleteDeploymentGroupInput) (*wire.DeleteDeploymentGroupOutput, error) {
	err := h.control.DeleteDeploymentGroup(ctx, call.Namespace, wire.Value(in.ApplicationName), wire.Value(in.DeploymentGroupName))
	return &wire.DeleteDeploymentGroupOutput{HooksNotCleanedUp: []wire.AutoScalingGroup{}}, err
}
