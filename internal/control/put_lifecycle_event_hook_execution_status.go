package control

import (
	"cmp"
	"context"
	"crypto/subtle"
	"encoding/json"
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

// PutLifecycleEventHookExecutionStatus takes the answer of a hook function: it
// is the outcome of the action that invoked it. The first answer counts; a
// repeated one is refused, as one is that comes too late. (As CodeDeploy does
// it: who calls back takes that for done.)
func (c *Control) PutLifecycleEventHookExecutionStatus(ctx context.Context, ns deploy.Namespace, in HookResult) error {
	if err := cmp.Or(
		checkDeploymentID(in.DeploymentID),
		checkHookStatus(in.Status),
		checkHookID(in.ExecutionID),
	); err != nil {
		return err
	}
	return c.store.Update(ctx, func(tx *store.Tx) error {
		row, err := findDeployment(tx, ns, in.DeploymentID)
		if err != nil {
			return err
		}
		if d := row.Deployment; d.Platform == deploy.Server {
			return deploy.Errorf(unsupportedAction, "The deployment %s goes to servers: its hooks are scripts, not functions", d.ID)
		}
		hook, err := findHook(tx, in)
		if err != nil {
			return err
		}
		now := c.now()
		hook.Outcome = &deploy.Outcome{Status: deploy.ActionDone, At: now, Output: hookAnswer(*in.Status)}
		open, err := tx.SaveAction(hook, now, now)
		if err == nil && !open {
			return deploy.Errorf("LifecycleEventAlreadyCompletedException",
				"The lifecycle event of the deployment %s that the function was invoked for has ended: its answer comes too late, "+
					"or for the second time", in.DeploymentID)
		}
		return err
	})
}

// findHook returns the action that invoked the function.
func findHook(tx *store.Tx, in HookResult) (deploy.Action, error) {
	actions, err := tx.Actions(in.DeploymentID, deploy.InvokeHook)
	if err != nil {
		return deploy.Action{}, err
	}
	for _, a := range actions {
		var hook deploy.HookInput
		if err := json.Unmarshal(a.Input, &hook); err != nil {
			return deploy.Action{}, err
		}
		if subtle.ConstantTimeCompare([]byte(hook.ExecutionID), []byte(in.ExecutionID)) == 1 {
			return a, nil
		}
	}
	return deploy.Action{}, deploy.Errorf(invalidHookID, "The deployment %s has no hook execution %s", in.DeploymentID, in.ExecutionID)
}

// hookAnswer is the output of the action.
func hookAnswer(status string) json.RawMessage {
	b, err := json.Marshal(deploy.HookAnswer{Status: deploy.EventStatus(status)})
	if err != nil {
		panic(err) //nolint:forbidigo // two strings always marshal
	}
	return b
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
