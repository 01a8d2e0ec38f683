package server

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/platform"
	"github.com/slipwayhq/slipway/internal/rollout"
)

// Plan selects the group's hosts. In a zonal deployment they go by zone. Then
// unhealthy hosts come first, then those whose revision is unknown, then those
// with an old one, then the current ones.
func (p Platform) Plan(d deploy.Deployment, f platform.Fleet, now time.Time) ([]deploy.Target, *deploy.ErrorInfo) {
	if failure := p.refuses(d); failure != nil {
		return nil, failure
	}
	selected := selectHosts(f)
	if len(selected) == 0 {
		return nil, noInstances(f)
	}
	if d.UpdateOutdatedInstancesOnly {
		selected = slices.DeleteFunc(selected, func(i deploy.Instance) bool { return installed(f, i.Name, &d.Revision) })
	}
	if limit := p.maxInstances(); len(selected) > limit {
		return nil, &deploy.ErrorInfo{Code: deploy.OverMaxInstances, Message: fmt.Sprintf(
			"The deployment group %q has %d instances; a deployment may have %d.", f.Group.Name, len(selected), limit)}
	}
	slices.SortStableFunc(selected, func(a, b deploy.Instance) int {
		return cmp.Or(byZone(d, a, b), class(d, f, a.Name)-class(d, f, b.Name))
	})
	out := p.targets(d, f, selected, now)
	return out, impossible(d, out)
}

// refuses says why a deployment of this style cannot be made.
func (p Platform) refuses(d deploy.Deployment) *deploy.ErrorInfo {
	switch {
	case d.Style.Type == deploy.BlueGreenType:
		return &deploy.ErrorInfo{Code: deploy.InternalError, Message: "This version of Slipway deploys to servers in place " +
			"only. It leaves the instances of a blue/green deployment alone rather than replace them."}
	case d.Style.Option == deploy.WithTrafficControl && p.Balancers == nil:
		return &deploy.ErrorInfo{Code: deploy.LoadBalancingInvalid, Message: "The deployment is WITH_TRAFFIC_CONTROL, but this " +
			"server was not told where load balancers are. Start it with a --provider loadbalancer=URL, as in " +
			"loadbalancer=haproxy+unix:///run/haproxy/admin.sock."}
	}
	return nil
}

// selectHosts returns the instances that the group selects, each once however
// many of the group's selectors it fits.
func selectHosts(f platform.Fleet) []deploy.Instance {
	selected := make([]deploy.Instance, 0, len(f.Instances))
	known := make(map[string]bool, len(f.Instances))
	for _, i := range f.Instances {
		if i.Registered() && !known[i.Name] && f.Group.SelectsOnPremises(i.Tags) {
			known[i.Name] = true
			selected = append(selected, i)
		}
	}
	return selected
}

// noInstances says why a group has nothing to deploy to.
func noInstances(f platform.Fleet) *deploy.ErrorInfo {
	g := f.Group
	msg := fmt.Sprintf("No registered instance matches the tags of the deployment group %q. Check the group's tag filters "+
		"and the instances' tags.", g.Name)
	if len(g.OnPremisesFilters)+len(g.OnPremisesSet) == 0 && len(g.EC2Filters)+len(g.EC2Set)+len(g.AutoScalingGroups) > 0 {
		msg = fmt.Sprintf("The deployment group %q selects EC2 instances only, of which this version of Slipway knows none. "+
			"Register the hosts as on-premises instances and select them with on-premises tag filters.", g.Name)
	}
	return &deploy.ErrorInfo{Code: deploy.NoInstances, Message: msg}
}

// byZone orders the instances of a zonal deployment by the names of their
// zones. Those without one are a zone of their own, the last.
func byZone(d deploy.Deployment, a, b deploy.Instance) int {
	x, y := a.Zone(), b.Zone()
	switch {
	case d.Config.Zonal == nil || x == y:
		return 0
	case x == "":
		return 1
	case y == "":
		return -1
	}
	return cmp.Compare(x, y)
}

// impossible says why nothing can be deployed to the targets, before the first
// host is touched: the minimum of the fleet, or of one of its zones, leaves
// none to work on.
func impossible(d deploy.Deployment, targets []deploy.Target) *deploy.ErrorInfo {
	if len(targets) == 0 {
		return nil
	}
	fleet := rollout.NewPace(len(targets), d.Config.MinimumHealthy)
	if !fleet.Possible() {
		return &deploy.ErrorInfo{Code: deploy.HealthConstraintsInvalid, Message: fmt.Sprintf(
			"The deployment configuration %q wants %d healthy instances, but the group has only %d, so none can be "+
				"deployed to. Lower the minimum or add instances.", d.Config.Name, fleet.Minimum, len(targets))}
	}
	index := deploy.NewIndex(targets)
	for i := range index.Zones() {
		zone := index.Zone(i)
		if pace := zonePace(fleet, &d, zone.Hosts()); !pace.Possible() {
			return &deploy.ErrorInfo{Code: deploy.HealthConstraintsInvalid, Message: fmt.Sprintf(
				"The deployment configuration %q wants %d healthy instances in each zone, but %s there are only %d, so none "+
					"of them can be deployed to. Lower the minimum per zone or add instances.",
				d.Config.Name, pace.Here.Minimum, zoneInWords(zone.Name), zone.Hosts())}
		}
	}
	return nil
}

// targets writes the plan down.
func (p Platform) targets(d deploy.Deployment, f platform.Fleet, selected []deploy.Instance, now time.Time) []deploy.Target {
	silentTimeout, ok := f.Group.SilentTimeout()
	if !ok {
		silentTimeout = p.SilentTimeout
	}
	out := make([]deploy.Target, len(selected))
	for i, instance := range selected {
		out[i] = deploy.Target{
			DeploymentID: d.ID, ID: instance.Name, ARN: instance.ARN, HostIdentifier: instance.HostIdentifier(),
			Order: i, WasHealthy: f.Known[instance.Name].Healthy, SilentTimeout: silentTimeout,
			Status: deploy.TargetPending, UpdatedAt: now, Events: events(eventsOf(d, instance)),
		}
		if name := instance.Server(); name != instance.Name {
			out[i].Server = name
		}
		if d.Config.Zonal != nil {
			out[i].Zone = instance.Zone()
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
	return have != nil && r.Same(*have)
}
