// Package platform says what the engine needs to know of a compute platform.
// Each platform is a package of its own below this one.
package platform

import (
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// Platform knows how one compute platform deploys. Both methods are pure:
// they have no clock, no I/O and no randomness of their own.
type Platform interface {
	// Plan chooses the targets of a deployment and writes down their lifecycle
	// events, all pending. A failure says why the deployment cannot start.
	Plan(deploy.Deployment, Fleet, time.Time) ([]deploy.Target, *deploy.ErrorInfo)
	// Decide says what to change now. It must not change the snapshot.
	Decide(deploy.Snapshot, time.Time) deploy.Decision
}

// Fleet is what a deployment's targets are chosen from.
type Fleet struct {
	Group     deploy.Group
	Instances []deploy.Instance           // registered ones; their order breaks ties
	Known     map[string]deploy.GroupHost // what the group remembers, by instance name
}
