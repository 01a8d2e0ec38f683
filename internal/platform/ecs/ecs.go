// Package ecs deploys services of ECS: beside the task set that serves (blue)
// it puts one of the new task definition (green), moves the traffic of a load
// balancer from the one to the other, and removes blue.
//
// # Flow
//
// A deployment has one target, its group's service, with six lifecycle events,
// or eight if there is a test listener. Decide looks at the service first,
// then works through the events: hooks are functions that answer, Install puts
// green there and waits until it is steady, AllowTraffic is the shifts of the
// deployment's configuration. All that reaches the outside is an action, one
// at a time, that reads before it writes. Nothing is changed before Install.
//
// Two waits are for people: Ready before BeforeAllowTraffic, and the one
// before blue is removed. Each can be ended by a stored fact.
//
// # Ending
//
// Once an end is decided (a stop request, an alarm, a failure) nothing new is
// asked for. What only looks is forgotten; what changes something comes to its
// end first, so that the rollback knows where it starts. All stays as it is
// then: putting traffic back is what the rollback does, a deployment of its
// own. Once blue's removal has been asked for there is no way back: the
// deployment ends as the removal does.
package ecs

import (
	"cmp"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/platform"
	"github.com/slipwayhq/slipway/internal/provider/container"
	"github.com/slipwayhq/slipway/internal/provider/function"
)

// Platform deploys ECS services.
type Platform struct {
	Containers container.Orchestrator
	Functions  function.Invoker // hooks
	// NewHookID makes the execution id that a hook answers with. It is the
	// same for the same deployment and event, and nobody else can guess it.
	NewHookID func(deploymentID, event string) string
	// HookLimit is how long a hook may take to answer. Default one hour.
	HookLimit time.Duration
	// Minute is how long a minute of a traffic routing configuration and of a
	// group's waits takes. Default: a minute; tests have less time.
	Minute time.Duration
}

// scaled is a time that a group or its configuration sets, as it passes here.
func (p Platform) scaled(d time.Duration) time.Duration {
	if p.Minute == 0 {
		return d
	}
	return time.Duration(d.Minutes() * float64(p.Minute))
}

func (p Platform) hookLimit() time.Duration { return cmp.Or(p.HookLimit, platform.HookLimit) }

// events are the lifecycle events of a target, in order. Those of test traffic
// are only there with a test listener.
func events(test bool) []string {
	names := []string{deploy.BeforeInstall, deploy.Install, deploy.AfterInstall}
	if test {
		names = append(names, deploy.AllowTestTraffic, deploy.AfterAllowTestTraffic)
	}
	return append(names, deploy.BeforeAllowTraffic, deploy.AllowTraffic, deploy.AfterAllowTraffic)
}

// The limits of what is waited for are CodeDeploy's own, but callLimit: how
// long a call is tried that fails for a reason that may pass.
const (
	callLimit    = 5 * time.Minute
	tryLimit     = 2 * time.Minute // of one try: a listener may have a hundred rules
	installLimit = time.Hour       // for green to become steady
	scaledLimit  = 5 * time.Minute // the same, once traffic is moving
	shiftLimit   = 120 * time.Hour // from Install to the first shift
)

// What a group says to the waits.
const (
	stopDeployment = "STOP_DEPLOYMENT" // wait for the word to go on
	keepAlive      = "KEEP_ALIVE"      // do not remove blue
)
