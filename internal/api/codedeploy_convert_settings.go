package api

import (
	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/wire"
)

// Settings that groups and deployments share.

func domainStyle(s *wire.DeploymentStyle) *deploy.Style {
	if s == nil {
		return nil
	}
	return &deploy.Style{
		Type:   deploy.DeploymentType(wire.Value(s.DeploymentType)),
		Option: deploy.DeploymentOption(wire.Value(s.DeploymentOption)),
	}
}

func deploymentStyle(s deploy.Style) *wire.DeploymentStyle {
	return &wire.DeploymentStyle{
		DeploymentType:   new(wire.DeploymentType(s.Type)),
		DeploymentOption: new(wire.DeploymentOption(s.Option)),
	}
}

func domainBlueGreen(b *wire.BlueGreenDeploymentConfiguration) *control.BlueGreen {
	if b == nil {
		return nil
	}
	var out control.BlueGreen
	if r := b.DeploymentReadyOption; r != nil {
		out.Ready = &control.TimedAction{Action: (*string)(r.ActionOnTimeout), Wait: domainInt(r.WaitTimeInMinutes)}
	}
	if t := b.TerminateBlueInstancesOnDeploymentSuccess; t != nil {
		out.Terminate = &control.TimedAction{Action: (*string)(t.Action), Wait: domainInt(t.TerminationWaitTimeInMinutes)}
	}
	if g := b.GreenFleetProvisioningOption; g != nil {
		out.GreenFleet = &control.TimedAction{Action: (*string)(g.Action)}
	}
	return &out
}

func domainInt(n *int32) *int {
	if n == nil {
		return nil
	}
	return new(int(*n))
}

func blueGreenConfiguration(b *deploy.BlueGreen) *wire.BlueGreenDeploymentConfiguration {
	if b == nil {
		return nil
	}
	out := &wire.BlueGreenDeploymentConfiguration{
		TerminateBlueInstancesOnDeploymentSuccess: &wire.BlueInstanceTerminationOption{
			Action:                       new(wire.InstanceAction(b.TerminateAction)),
			TerminationWaitTimeInMinutes: new(int32(b.TerminationWait)),
		},
		DeploymentReadyOption: &wire.DeploymentReadyOption{
			ActionOnTimeout:   new(wire.DeploymentReadyAction(b.ReadyAction)),
			WaitTimeInMinutes: new(int32(b.ReadyWait)),
		},
	}
	if b.HasGreenFleetPart {
		out.GreenFleetProvisioningOption = &wire.GreenFleetProvisioningOption{
			Action: new(wire.GreenFleetProvisioningAction(b.GreenFleetAction)),
		}
	}
	return out
}

func domainAlarms(a *wire.AlarmConfiguration) *deploy.Alarms {
	if a == nil {
		return nil
	}
	return &deploy.Alarms{
		Enabled:           wire.Value(a.Enabled),
		IgnorePollFailure: wire.Value(a.IgnorePollAlarmFailure),
		Names:             each(a.Alarms, func(a wire.Alarm) string { return wire.Value(a.Name) }),
	}
}

func alarmConfiguration(a *deploy.Alarms) *wire.AlarmConfiguration {
	if a == nil {
		return nil
	}
	return &wire.AlarmConfiguration{
		Enabled:                &a.Enabled,
		IgnorePollAlarmFailure: &a.IgnorePollFailure,
		Alarms:                 orEmpty(each(a.Names, func(name string) wire.Alarm { return wire.Alarm{Name: &name} })),
	}
}

func domainAutoRollback(a *wire.AutoRollbackConfiguration) *deploy.AutoRollback {
	if a == nil {
		return nil
	}
	return &deploy.AutoRollback{
		Enabled: wire.Value(a.Enabled),
		Events:  each(a.Events, func(e wire.AutoRollbackEvent) deploy.RollbackEvent { return deploy.RollbackEvent(e) }),
	}
}

func autoRollbackConfiguration(a *deploy.AutoRollback) *wire.AutoRollbackConfiguration {
	if a == nil {
		return nil
	}
	return &wire.AutoRollbackConfiguration{
		Enabled: &a.Enabled,
		Events:  orEmpty(each(a.Events, func(e deploy.RollbackEvent) wire.AutoRollbackEvent { return wire.AutoRollbackEvent(e) })),
	}
}
