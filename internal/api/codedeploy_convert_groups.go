package api

import (
	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/wire"
)

// deploymentGroupInfo shows a group. Its tags are shown by ListTagsForResource
// only.
func deploymentGroupInfo(info control.GroupInfo) *wire.DeploymentGroupInfo {
	g := info.Group
	out := &wire.DeploymentGroupInfo{
		ApplicationName:                  &info.Application.Name,
		DeploymentGroupID:                &g.ID,
		DeploymentGroupName:              &g.Name,
		DeploymentConfigName:             &g.ConfigName,
		AutoScalingGroups:                orEmpty(each(g.AutoScalingGroups, autoScalingGroup)),
		ServiceRoleARN:                   &g.ServiceRoleARN,
		TriggerConfigurations:            orEmpty(each(g.Triggers, triggerConfig)),
		AlarmConfiguration:               alarmConfiguration(g.Alarms),
		AutoRollbackConfiguration:        autoRollbackConfiguration(g.AutoRollback),
		DeploymentStyle:                  deploymentStyle(g.Style),
		OutdatedInstancesStrategy:        new(wire.OutdatedInstancesStrategy(g.OutdatedInstances)),
		BlueGreenDeploymentConfiguration: blueGreenConfiguration(g.BlueGreen),
		LoadBalancerInfo:                 loadBalancerInfo(g.LoadBalancer),
		LastSuccessfulDeployment:         lastDeploymentInfo(info.LastSuccessful),
		LastAttemptedDeployment:          lastDeploymentInfo(info.LastAttempted),
		EC2TagSet:                        ec2TagSet(g.EC2Set),
		OnPremisesTagSet:                 onPremisesTagSet(g.OnPremisesSet),
		ComputePlatform:                  new(wire.ComputePlatform(info.Application.Platform)),
		ECSServices:                      each(g.ECSServices, ecsService),
		TerminationHookEnabled:           &g.TerminationHook,
	}
	// The filters are shown, if only as an empty list, unless a set is used.
	if out.EC2TagSet == nil {
		out.EC2TagFilters = orEmpty(each(g.EC2Filters, ec2TagFilter))
	}
	if out.OnPremisesTagSet == nil {
		out.OnPremisesInstanceTagFilters = orEmpty(each(g.OnPremisesFilters, tagFilter))
	}
	if info.LastSuccessful != nil {
		out.TargetRevision = revisionLocation(info.LastSuccessful.Revision)
	}
	return out
}

func autoScalingGroup(name string) wire.AutoScalingGroup { return wire.AutoScalingGroup{Name: &name} }

func domainECSService(s wire.ECSService) deploy.ECSService {
	return deploy.ECSService{Service: wire.Value(s.ServiceName), Cluster: wire.Value(s.ClusterName)}
}

func ecsService(s deploy.ECSService) wire.ECSService {
	return wire.ECSService{ServiceName: &s.Service, ClusterName: &s.Cluster}
}

func domainTrigger(t wire.TriggerConfig) deploy.Trigger {
	return deploy.Trigger{
		Name:      wire.Value(t.TriggerName),
		TargetARN: wire.Value(t.TriggerTargetARN),
		Events:    each(t.TriggerEvents, func(e wire.TriggerEventType) string { return string(e) }),
	}
}

func triggerConfig(t deploy.Trigger) wire.TriggerConfig {
	return wire.TriggerConfig{
		TriggerName:      &t.Name,
		TriggerTargetARN: &t.TargetARN,
		TriggerEvents:    each(t.Events, func(e string) wire.TriggerEventType { return wire.TriggerEventType(e) }),
	}
}

func lastDeploymentInfo(d *deploy.Deployment) *wire.LastDeploymentInfo {
	if d == nil {
		return nil
	}
	return &wire.LastDeploymentInfo{
		DeploymentID: &d.ID,
		Status:       new(wire.DeploymentStatus(d.Status)),
		EndTime:      timeIfSet(d.CompletedAt),
		CreateTime:   wire.At(d.CreatedAt),
	}
}
