package api

import (
	"strings"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/wire"
)

// deploymentTarget shows a target in the one member that is for its platform.
func deploymentTarget(t control.Target) wire.DeploymentTarget {
	status, updated := wire.TargetStatus(t.Status), wire.At(t.UpdatedAt)
	events := orEmpty(each(t.Events, lifecycleEvent))
	switch t.Platform {
	case deploy.Lambda:
		return wire.DeploymentTarget{
			DeploymentTargetType: new(wire.DeploymentTargetTypeLambdaTarget),
			LambdaTarget: &wire.LambdaTarget{
				DeploymentID: &t.DeploymentID, TargetID: &t.ID, TargetARN: &t.ARN,
				Status: &status, LastUpdatedAt: updated, LifecycleEvents: events,
				LambdaFunctionInfo: functionInfo(t.Function),
			},
		}
	case deploy.ECS:
		return wire.DeploymentTarget{
			DeploymentTargetType: new(wire.DeploymentTargetTypeECSTarget),
			ECSTarget: &wire.ECSTarget{
				DeploymentID: &t.DeploymentID, TargetID: &t.ID, TargetARN: &t.ARN,
				Status: &status, LastUpdatedAt: updated, LifecycleEvents: events,
				TaskSetsInfo: taskSets(t.ECS),
			},
		}
	case deploy.Server:
	}
	return wire.DeploymentTarget{
		DeploymentTargetType: new(wire.DeploymentTargetTypeInstanceTarget),
		InstanceTarget: &wire.InstanceTarget{
			DeploymentID: &t.DeploymentID, TargetID: &t.ID, TargetARN: &t.ARN,
			Status: &status, LastUpdatedAt: updated, LifecycleEvents: events,
		},
	}
}

// functionInfo shows what a target on Lambda is about. (The weight is a
// fraction, as CodeDeploy has it; that of ECS targets is a percentage.)
func functionInfo(f *deploy.FunctionTarget) *wire.LambdaFunctionInfo {
	if f == nil {
		return nil
	}
	return &wire.LambdaFunctionInfo{
		FunctionName: &f.Function, FunctionAlias: &f.Alias, CurrentVersion: &f.Current, TargetVersion: &f.Target,
		TargetVersionWeight: &f.Weight,
	}
}

// taskSets shows the task sets of a target on ECS, as far as they are known.
func taskSets(e *deploy.ECSTarget) []wire.ECSTaskSet {
	if e == nil {
		return nil
	}
	var out []wire.ECSTaskSet
	for _, s := range []struct {
		label wire.TargetLabel
		set   deploy.TaskSet
	}{{wire.TargetLabelBlue, e.Blue}, {wire.TargetLabelGreen, e.Green}} {
		if s.set.ARN == "" {
			continue
		}
		out = append(out, wire.ECSTaskSet{
			Identifier: &s.set.ID, Status: &s.set.Status, TrafficWeight: &s.set.Weight, TaskSetLabel: &s.label,
			DesiredCount: new(int64(s.set.Desired)), PendingCount: new(int64(s.set.Pending)), RunningCount: new(int64(s.set.Running)),
			TargetGroup: &wire.TargetGroupInfo{Name: &s.set.TargetGroup},
		})
	}
	return out
}

// instanceSummary shows a target as the older operations do, which name cloud
// instances by their ARN.
func instanceSummary(t control.Target) wire.InstanceSummary {
	id := t.ID
	if strings.HasPrefix(id, "i-") {
		id = t.ARN
	}
	return wire.InstanceSummary{
		DeploymentID:    &t.DeploymentID,
		InstanceID:      &id,
		Status:          new(wire.InstanceStatus(t.Status)),
		LastUpdatedAt:   wire.At(t.UpdatedAt),
		LifecycleEvents: orEmpty(each(t.Events, lifecycleEvent)),
	}
}

func lifecycleEvent(e deploy.LifecycleEvent) wire.LifecycleEvent {
	return wire.LifecycleEvent{
		LifecycleEventName: &e.Name,
		Diagnostics:        diagnostics(e.Diagnostics),
		StartTime:          timeIfSet(e.StartedAt),
		EndTime:            timeIfSet(e.EndedAt),
		Status:             new(wire.LifecycleEventStatus(e.Status)),
	}
}

func diagnostics(d *deploy.Diagnostics) *wire.Diagnostics {
	if d == nil {
		return nil
	}
	return &wire.Diagnostics{
		ErrorCode:  new(wire.LifecycleErrorCode(d.ErrorCode)),
		ScriptName: &d.ScriptName,
		Message:    &d.Message,
		LogTail:    &d.LogTail,
	}
}
