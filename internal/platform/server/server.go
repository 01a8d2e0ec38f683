// Package server deploys to hosts: EC2 and on-premises instances, each driven
// through the agent that runs on it.
//
// # Flow
//
// Plan selects the hosts and fixes their order and lifecycle events. Each call
// of Decide then applies what hosts reported, lets timers expire, and starts
// as many more hosts as the minimum of healthy hosts allows. A target works
// through its events one at a time: an event is one host command, and the next
// is issued when the host has completed the one before. Behind a load balancer
// there are two events that the server carries out itself, each an action:
// BlockTraffic and AllowTraffic.
//
// # Ending
//
// Once an end is decided (a stop request, a time-out, too many failures) it is
// kept in Deployment.Ending. From then on nothing new is issued, commands that
// no host has acknowledged are cancelled, and the deployment ends when those
// that run have ended.
package server

import (
	"cmp"
	"slices"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/provider/loadbalancer"
)

// Platform deploys to hosts. The zero value has CodeDeploy's own limits.
type Platform struct {
	// StartTimeout is how long a host may take to acknowledge a command.
	// Default 5 minutes.
	StartTimeout time.Duration
	// RunTimeout is how long one event may run, all its scripts together.
	// Default 1 hour.
	RunTimeout time.Duration
	// SilentTimeout is how long a host may be silent while it has something to
	// do. Its group may say something else. Default 0: as long as the two above
	// allow, as in CodeDeploy.
	SilentTimeout time.Duration
	// TrafficTimeout is how long a host may take to leave its load balancers, or
	// to be healthy in them. Default 1 hour.
	TrafficTimeout time.Duration
	// Balancers are told of the hosts of deployments with traffic control. Nil:
	// there are none, and such deployments fail and say so.
	Balancers loadbalancer.Balancer
	// MaxInstances is how many targets a deployment may have. Default 10,000.
	MaxInstances int
}

func (p Platform) startTimeout() time.Duration {
	return cmp.Or(p.StartTimeout, 5*time.Minute)
}

func (p Platform) runTimeout() time.Duration {
	return cmp.Or(p.RunTimeout, time.Hour)
}

func (p Platform) trafficTimeout() time.Duration {
	return cmp.Or(p.TrafficTimeout, time.Hour)
}

func (p Platform) maxInstances() int { return cmp.Or(p.MaxInstances, 10_000) }

// The events of an in-place deployment: core without a load balancer, all of
// them, in this order, behind one.
var (
	block = []string{deploy.BeforeBlockTraffic, deploy.BlockTraffic, deploy.AfterBlockTraffic}
	core  = []string{
		deploy.ApplicationStop, deploy.DownloadBundle, deploy.BeforeInstall, deploy.Install,
		deploy.AfterInstall, deploy.ApplicationStart, deploy.ValidateService,
	}
	allow = []string{deploy.BeforeAllowTraffic, deploy.AllowTraffic, deploy.AfterAllowTraffic}
)

// eventsOf returns the names of the events of an instance in a deployment.
func eventsOf(d deploy.Deployment, i deploy.Instance) []string {
	if d.Style.Option != deploy.WithTrafficControl || !i.TrafficControl() {
		return core
	}
	return slices.Concat(block, core, allow)
}

// events returns a target's lifecycle events, all pending.
func events(names []string) []deploy.LifecycleEvent {
	out := make([]deploy.LifecycleEvent, len(names))
	for i, name := range names {
		out[i] = deploy.LifecycleEvent{Name: name, Status: deploy.EventPending}
	}
	return out
}

// ignorable reports whether a failure of the event is passed over when the
// deployment says ignoreApplicationStopFailures.
func ignorable(event string) bool {
	return event == deploy.ApplicationStop ||
		event == deploy.BeforeBlockTraffic || event == deploy.AfterBlockTraffic
}
