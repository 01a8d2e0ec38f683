package ecs

import (
	"fmt"
	"strings"
	"time"

	"github.com/slipwayhq/slipway/internal/appspec"
	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/platform"
)

// Plan reads the AppSpec file. A rollback has none: it puts back what its
// deployment moved.
func (p Platform) Plan(d deploy.Deployment, f platform.Fleet, now time.Time) ([]deploy.Target, *deploy.ErrorInfo) {
	if d.Undo != nil {
		return []deploy.Target{target(d, undo(*d.Undo.ECS), now)}, nil
	}
	e, failure := settings(d, f.Group)
	if failure != nil {
		return nil, failure
	}
	if strings.TrimSpace(d.AppSpec) == "" {
		return nil, &deploy.ErrorInfo{
			Code: deploy.InvalidRevision, Message: "An AppSpec file is required, but could not be found in the revision",
		}
	}
	spec, err := appspec.ParseECS([]byte(d.AppSpec))
	if err != nil {
		return nil, &deploy.ErrorInfo{
			Code: deploy.InvalidRevision, Message: fmt.Sprintf("The AppSpec file cannot be deployed: %s.", err),
		}
	}
	apply(spec, &e)
	for _, t := range f.Earlier {
		if t.ECS != nil {
			e.Earlier = append(e.Earlier, t.DeploymentID, t.ECS.Blue.ARN, t.ECS.Green.ARN)
		}
	}
	return []deploy.Target{target(d, e, now)}, nil
}

// settings are what the deployment group says. It was complete when it was
// made, but may have been changed since.
func settings(d deploy.Deployment, g deploy.Group) (deploy.ECSTarget, *deploy.ErrorInfo) {
	switch {
	case len(g.ECSServices) != 1:
		return deploy.ECSTarget{}, &deploy.ErrorInfo{
			Code: deploy.InvalidECSService, Message: "The deployment group names no ECS service.",
		}
	case d.BlueGreen == nil:
		return deploy.ECSTarget{}, &deploy.ErrorInfo{
			Code: deploy.BlueGreenMissing, Message: "The deployment group has no blueGreenDeploymentConfiguration.",
		}
	case d.LoadBalancer == nil || len(d.LoadBalancer.TargetGroupPairs) != 1 ||
		len(d.LoadBalancer.TargetGroupPairs[0].TargetGroups) != 2 || len(d.LoadBalancer.TargetGroupPairs[0].ProdListeners) != 1:
		return deploy.ECSTarget{}, &deploy.ErrorInfo{
			Code: deploy.LoadBalancerMissing, Message: "The deployment group names no pair of target groups with a listener for production traffic.",
		}
	}
	pair := d.LoadBalancer.TargetGroupPairs[0]
	e := deploy.ECSTarget{
		Cluster: g.ECSServices[0].Cluster, Service: g.ECSServices[0].Service, Role: g.ServiceRoleARN,
		TargetGroups: pair.TargetGroups, Listener: pair.ProdListeners[0],
	}
	if len(pair.TestListeners) > 0 {
		e.TestListener = pair.TestListeners[0]
	}
	return e, nil
}

// apply takes over what the AppSpec file says. A hook of an event that the
// deployment does not have is ignored, as CodeDeploy does it.
func apply(spec *appspec.ECSSpec, e *deploy.ECSTarget) {
	e.TaskDefinition, e.ContainerName, e.ContainerPort = spec.TaskDefinition, spec.ContainerName, spec.ContainerPort
	e.PlatformVersion = spec.PlatformVersion
	if n := spec.Network; n != nil {
		e.Network = &deploy.TaskNetwork{Subnets: n.Subnets, SecurityGroups: n.SecurityGroups, AssignPublicIP: n.AssignPublicIP}
	}
	for _, c := range spec.CapacityProviders {
		e.CapacityProviders = append(e.CapacityProviders, deploy.CapacityProvider{Name: c.Name, Base: c.Base, Weight: c.Weight})
	}
	for _, h := range spec.Hooks {
		if e.Hooks == nil {
			e.Hooks = map[string]string{}
		}
		e.Hooks[h.Event] = h.Function
	}
}

// undo is the target of a rollback: the same service and listeners, and the
// same task sets, by the names that they had. It invokes nothing.
func undo(of deploy.ECSTarget) deploy.ECSTarget {
	return deploy.ECSTarget{
		Cluster: of.Cluster, Service: of.Service, Role: of.Role, TargetGroups: of.TargetGroups,
		Listener: of.Listener, TestListener: of.TestListener, Blue: of.Blue, Green: of.Green,
		Checked: true, // the service may be in any state that the deployment left it in
		Touched: true,
	}
}

func target(d deploy.Deployment, e deploy.ECSTarget, now time.Time) deploy.Target {
	t := deploy.Target{
		DeploymentID: d.ID, ID: name(e.Cluster) + ":" + name(e.Service), ARN: arn(d, e),
		Status: deploy.TargetPending, UpdatedAt: now, ECS: &e,
	}
	for _, event := range events(e.TestListener != "") {
		t.Events = append(t.Events, deploy.LifecycleEvent{Name: event, Status: deploy.EventPending})
	}
	return t
}

// name is the name of a cluster or a service that may be given as an ARN.
func name(s string) string { return s[strings.LastIndexByte(s, '/')+1:] }

func arn(d deploy.Deployment, e deploy.ECSTarget) string {
	switch {
	case d.Undo != nil:
		return d.Undo.ARN
	case strings.HasPrefix(e.Service, "arn:"):
		return e.Service
	}
	return fmt.Sprintf("arn:aws:ecs:%s:%s:service/%s/%s", d.Region, d.Account, name(e.Cluster), e.Service)
}
