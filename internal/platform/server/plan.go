package server

import (
	"fmt"
	"slices"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/platform"
	"github.com/slipwayhq/slipway/internal/rollout"
)

// Plan selects the group's hosts. Unhealthy hosts come first, then those whose
// revision is unknown, then those with an old one, then the current ones.
func (p Platform) Plan(d deploy.Deployment, f platform.Fleet, now time.Time) ([]deploy.Target, *deploy.ErrorInfo) {
	if d.Style.Type == deploy.BlueGreenType || d.Style.Option == deploy.WithTrafficControl {
		return nil, &deploy.ErrorInfo{Code: deploy.InternalError, Message: "This version of Slipway deploys to servers in " +
			"place and without a load balancer only. It leaves the instances alone rather than replace them without " +
			"telling the load balancer."}
	}
	selected := make([]deploy.Instance, 0, len(f.Instances))
	for _, i := range f.Instances {
		if i.Registered() && f.Group.SelectsOnPremises(i.Tags) {
			selected = append(selected, i)
		}
	}
	if len(selected) == 0 {
		return nil, &deploy.ErrorInfo{Code: deploy.NoInstances, Message: fmt.Sprintf(
			"No registered instance matches the tags of the deployment group %q. Check the group's tag filters "+
				"and the instances' tags.", f.Group.Name)}
	}
	if d.UpdateOutdatedInstancesOnly {
		selected = slices.DeleteFunc(selected, func(i deploy.Instance) bool { return installed(f, i.Name, &d.Revision) })
	}
	if limit := p.maxInstances(); len(selected) > limit {
		return nil, &deploy.ErrorInfo{Code: deploy.OverMaxInstances, Message: fmt.Sprintf(
			"The deployment group %q has %d instances; a deployment may have %d.", f.Group.Name, len(selected), limit)}
	}
	pace := rollout.NewPace(len(selected), d.Config.MinimumHealthy)
	if len(selected) > 0 && !pace.Possible() {
		return nil, &deploy.ErrorInfo{Code: deploy.HealthConstraintsInvalid, Message: fmt.Sprintf(
			"The deployment configuration %q wants %d healthy instances, but the group has only %d, so none can be "+
				"deployed to. Lower the minimum or add instances.", d.Config.Name, pace.Minimum, len(selected))}
	}
	slices.SortStableFunc(selected, func(a, b deploy.Instance) int {
		return class(d, f, a.Name) - class(d, f, b.Name)
	})
	return targets(d, f, selected, now), nil
}

// targets writes the plan down.
func targets(d deploy.Deployment, f platform.Fleet, selected []deploy.Instance, now time.Time) []deploy.Target {
	out := make([]deploy.Target, len(selected))
	for i, instance := range selected {
		out[i] = deploy.Target{
			DeploymentID: d.ID, ID: instance.Name, ARN: instance.ARN, HostIdentifier: instance.HostIdentifier(),
			Order: i, WasHealthy: f.Known[instance.Name].Healthy,
			Status: deploy.TargetPending, UpdatedAt: now, Events: events(core),
		}
	}
	return out
}

// class is a host's place in the order of targets.
func class(d deploy.Deployment, f platform.Fleet, host string) int {
	known := f.Known[host]
	switch {
	case !known.Healthy:
		return 0
	case known.Installed == nil:
		return 1
	case d.PreviousRevision == nil || !installed(f, host, d.PreviousRevision):
		return 2
	}
	return 3
}

// installed reports whether the revision is what the host runs for this group.
func installed(f platform.Fleet, host string, r *deploy.Revision) bool {
	have := f.Known[host].Installed
	return have != nil && have.Key() == r.Key()
}
