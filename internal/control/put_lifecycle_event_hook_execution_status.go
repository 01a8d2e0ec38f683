package control

import (
	"cmp"
	"context"
	"regexp"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// HookResult is what a hook function reports of a lifecycle event.
type HookResult struct {
	DeploymentID string
	ExecutionID  string  // that the function was invoked with
	Status       *string // Succeeded or Failed
}

// hookIDPattern is the form of execution ids: text that is good in URLs and
// too long to guess.
var hookIDPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{22,}$`)

const invalidHookID = "InvalidLifecycleEventHookExecutionIdException"

// PutLifecycleEventHookExecutionStatus takes the result of a hook function.
// This version invokes none, so no id is one of a deployment that goes on: a
// deployment with functions ends when it starts.
func (c *Control) PutLifecycleEventHookExecutionStatus(ctx context.Context, ns deploy.Namespace, in HookResult) error {
	if err := cmp.Or(
		checkDeploymentID(in.DeploymentID),
		checkHookStatus(in.Status),
		checkHookID(in.ExecutionID),
	); err != nil {
		return err
	}
	return c.store.View(ctx, func(tx *store.Tx) error {
		row, err := findDeployment(tx, ns, in.DeploymentID)
		if err != nil {
			return err
		}
		switch d := row.Deployment; {
		case d.Platform == deploy.Server:
			return deploy.Errorf(unsupportedAction, "The deployment %s goes to servers: its hooks are scripts, not functions", d.ID)
		case d.Status.Terminal():
			return deploy.Errorf("LifecycleEventAlreadyCompletedException",
				"The deployment %s is %s: all its lifecycle events have ended", d.ID, d.Status)
		default:
			return deploy.Errorf(invalidHookID, "The deployment %s has no hook execution %s", d.ID, in.ExecutionID)
		}
	})
}

func checkHookStatus(status *string) error {
	const code = "InvalidLifecycleEventHookExecutionStatusException"
	if status == nil {
		return deploy.Errorf(code, "The status is missing: it is Succeeded or Failed")
	}
	return checkChoice(code, "status of a hook", status, string(deploy.EventSucceeded), string(deploy.EventFailed))
}

func checkHookID(id string) error {
	if !hookIDPattern.MatchString(id) {
		return deploy.Errorf(invalidHookID, "%q is not a lifecycleEventHookExecutionId: send the one that the function was invoked with", id)
	}
	return nil
}
