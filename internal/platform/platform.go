// Package platform says what the engine needs to know of a compute platform.
// Each platform is a package of its own below this one.
package platform

import (
	"context"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// Platform knows how one compute platform deploys. Plan and Decide are pure:
// they have no clock, no I/O and no randomness of their own.
type Platform interface {
	// Plan chooses the targets of a deployment and writes down their lifecycle
	// events, all pending. A failure says why the deployment cannot start.
	Plan(deploy.Deployment, Fleet, time.Time) ([]deploy.Target, *deploy.ErrorInfo)
	// Decide says what to change now. It must not change the snapshot.
	Decide(deploy.Snapshot, time.Time) deploy.Decision
	// Act carries out an action that Decide asked for. It is called again
	// after a crash, so it finds out what has been done already. An error is
	// one that may pass: the action is tried again until its deadline. What
	// cannot get better is a failed outcome.
	Act(context.Context, deploy.Action) (deploy.Outcome, error)
}

// Fleet is what a deployment's targets are chosen from.
type Fleet struct {
	Group     deploy.Group
	Instances []deploy.Instance           // registered ones; their order breaks ties
	Known     map[string]deploy.GroupHost // what the group remembers, by instance name
	Earlier   []deploy.Target             // ECS: those of the group's last deployments
}
