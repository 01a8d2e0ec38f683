package api

import (
	"fmt"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/wire"
)

func deploymentInfo(d deploy.Deployment) *wire.DeploymentInfo {
	out := &wire.DeploymentInfo{
		ApplicationName:                    &d.ApplicationName,
		DeploymentGroupName:                &d.GroupName,
		DeploymentConfigName:               &d.Config.Name,
		DeploymentID:                       &d.ID,
		Revision:                           revisionLocation(d.Revision),
		Status:                             new(wire.DeploymentStatus(d.Status)),
		ErrorInformation:                   errorInformation(d.Error),
		CreateTime:                         wire.At(d.CreatedAt),
		StartTime:                          timeIfSet(d.StartedAt),
		CompleteTime:                       timeIfSet(d.CompletedAt),
		DeploymentOverview:                 deploymentOverview(d.Overview),
		Description:                        ifSet(d.Description),
		Creator:                            new(wire.DeploymentCreator(d.Creator)),
		IgnoreApplicationStopFailures:      &d.IgnoreApplicationStopFailures,
		AutoRollbackConfiguration:          autoRollbackConfiguration(d.AutoRollback),
		UpdateOutdatedInstancesOnly:        &d.UpdateOutdatedInstancesOnly,
		RollbackInfo:                       rollbackInfo(d.Rollback),
		DeploymentStyle:                    deploymentStyle(d.Style),
		TargetInstances:                    targetInstances(d.TargetInstances),
		InstanceTerminationWaitTimeStarted: new(d.TerminationWaitAt != nil),
		BlueGreenDeploymentConfiguration:   blueGreenConfiguration(d.BlueGreen),
		LoadBalancerInfo:                   loadBalancerInfo(d.LoadBalancer),
		FileExistsBehavior:                 new(wire.FileExistsBehavior(d.FileExistsBehavior)),
		DeploymentStatusMessages:           statusMessages(d),
		ComputePlatform:                    new(wire.ComputePlatform(d.Platform)),
		RelatedDeployments:                 relatedDeployments(d),
		OverrideAlarmConfiguration:         alarmConfiguration(d.AlarmOverride),
	}
	if d.RestartOf != "" {
		// Absent otherwise, as it is in CodeDeploy's answers.
		out.DeploymentMode = new(wire.DeploymentModeRestart)
	}
	if d.PreviousRevision != nil {
		out.PreviousRevision = revisionLocation(*d.PreviousRevision)
	}
	return out
}

// statusMessages says what a deployment waits for that its targets do not show.
func statusMessages(d deploy.Deployment) []string {
	messages := orEmpty(d.Messages)
	if d.BakeUntil == nil {
		return messages
	}
	return append(messages, fmt.Sprintf("The last zone is monitored until %s; then the deployment goes on with the next one.",
		d.BakeUntil.UTC().Format(time.RFC3339)))
}

func errorInformation(e *deploy.ErrorInfo) *wire.ErrorInformation {
	if e == nil {
		return nil
	}
	return &wire.ErrorInformation{Code: new(wire.ErrorCode(e.Code)), Message: &e.Message}
}

func deploymentOverview(o *deploy.Overview) *wire.DeploymentOverview {
	if o == nil {
		return nil
	}
	return &wire.DeploymentOverview{
		Pending:    new(int64(o.Pending)),
		InProgress: new(int64(o.InProgress)),
		Succeeded:  new(int64(o.Succeeded)),
		Failed:     new(int64(o.Failed)),
		Skipped:    new(int64(o.Skipped)),
		Ready:      new(int64(o.Ready)),
	}
}

func rollbackInfo(r deploy.RollbackInfo) *wire.RollbackInfo {
	if r == (deploy.RollbackInfo{}) {
		return nil
	}
	return &wire.RollbackInfo{
		RollbackDeploymentID:           ifSet(r.RollbackID),
		RollbackTriggeringDeploymentID: ifSet(r.TriggeringID),
		RollbackMessage:                ifSet(r.Message),
	}
}

// relatedDeployments names a root's follow-ups, or a follow-up's root.
func relatedDeployments(d deploy.Deployment) *wire.RelatedDeployments {
	if d.RootID == "" && len(d.FollowUps) == 0 {
		return nil
	}
	return &wire.RelatedDeployments{
		AutoUpdateOutdatedInstancesRootDeploymentID: ifSet(d.RootID),
		AutoUpdateOutdatedInstancesDeploymentIDs:    d.FollowUps,
	}
}

func domainTargetInstances(t *wire.TargetInstances) *deploy.TargetInstances {
	if t == nil {
		return nil
	}
	return &deploy.TargetInstances{
		TagFilters:        each(t.TagFilters, domainEC2Filter),
		AutoScalingGroups: t.AutoScalingGroups,
		EC2Set:            domainEC2Set(t.EC2TagSet),
	}
}

func targetInstances(t *deploy.TargetInstances) *wire.TargetInstances {
	if t == nil {
		return nil
	}
	return &wire.TargetInstances{
		TagFilters:        orEmpty(each(t.TagFilters, ec2TagFilter)),
		AutoScalingGroups: orEmpty(t.AutoScalingGroups),
		EC2TagSet:         ec2TagSet(t.EC2Set),
	}
}
