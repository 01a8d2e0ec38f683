// Package lambda deploys functions: it moves the traffic of an alias from one
// published version to another.
//
// # Flow
//
// A deployment has one target, the alias that its AppSpec file names, with
// three lifecycle events. Decide looks at the alias first, then works through
// the events: hooks are functions that answer, AllowTraffic is the shifts of
// the deployment's configuration, each so long after the one before. All that
// reaches the outside is an action, one at a time.
//
// # Ending
//
// Once an end is decided (a stop request, an alarm, a failure) nothing new is
// asked for. A hook that is waited for is forgotten; a shift under way comes to
// its end first. The alias stays as it is: putting it back is what the
// rollback does, a deployment of its own that invokes no hooks.
package lambda

import (
	"cmp"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/platform"
	"github.com/slipwayhq/slipway/internal/provider/function"
)

// Platform deploys Lambda functions.
type Platform struct {
	Functions function.Service
	// NewHookID makes the execution id that a hook answers with. It is the
	// same for the same deployment and event, and nobody else can guess it.
	NewHookID func(deploymentID, event string) string
	// HookLimit is how long a hook may take to answer. Default one hour.
	HookLimit time.Duration
	// Minute is how long a minute of a traffic routing configuration takes.
	// Default: a minute; tests and demonstrations have less time.
	Minute time.Duration
}

// scaled is a time of a traffic routing configuration as it passes here.
func (p Platform) scaled(d time.Duration) time.Duration {
	if p.Minute == 0 {
		return d
	}
	return time.Duration(d.Minutes() * float64(p.Minute))
}

func (p Platform) hookLimit() time.Duration { return cmp.Or(p.HookLimit, platform.HookLimit) }

// events are the lifecycle events of a target, in order.
var events = []string{deploy.BeforeAllowTraffic, deploy.AllowTraffic, deploy.AfterAllowTraffic}
