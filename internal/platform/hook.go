package platform

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/provider/function"
)

// HookLimit is how long a hook may take to answer.
const HookLimit = time.Hour

// invokeLimit is for a hook that is waited for: as long as a function may run.
const invokeLimit = 15 * time.Minute

// HookAction is the action that invokes a hook. The limit is for the answer.
func HookAction(d deploy.Deployment, in deploy.HookInput, limit time.Duration, now time.Time) deploy.Action {
	return deploy.Action{
		Namespace: d.Namespace, ID: deploy.ActionID(d.ID, in.Event), DeploymentID: d.ID, Platform: d.Platform,
		Kind: deploy.InvokeHook, Input: Encode(in), CreatedAt: now, Deadline: now.Add(limit), Limit: invokeLimit,
		Late: deploy.ErrorInfo{Code: deploy.Timeout, Message: fmt.Sprintf("The deployment timed out while waiting for a status "+
			"callback. CodeDeploy expects a status callback within one hour after a deployment hook is invoked. "+
			"(The function %s, invoked for %s, did not call PutLifecycleEventHookExecutionStatus within %s.)",
			in.Function, in.Event, deploy.InWords(limit))},
	}
}

// ActHook invokes the function of a hook action. Invoking it again is safe: the
// first answer counts.
func ActHook(ctx context.Context, functions function.Invoker, a deploy.Action) (deploy.Outcome, error) {
	var in deploy.HookInput
	if err := json.Unmarshal(a.Input, &in); err != nil {
		return deploy.Outcome{}, err
	}
	payload := Encode(struct {
		DeploymentID string `json:"DeploymentId"`
		ExecutionID  string `json:"LifecycleEventHookExecutionId"`
	}{a.DeploymentID, in.ExecutionID})
	answer, err := functions.Invoke(ctx, function.Scope{Namespace: a.Namespace, Role: in.Role}, in.Function, payload)
	switch {
	case err != nil:
		return FunctionFailed("the function "+in.Function+" cannot be invoked", in.Role, err)
	case answer.Status == "":
		return deploy.Outcome{Status: deploy.ActionWaiting}, nil
	}
	return deploy.Outcome{
		Status: deploy.ActionDone, Output: Encode(deploy.HookAnswer{Status: answer.Status, Message: answer.Message}),
	}, nil
}

// HookResult says whether a hook let the deployment go on, and if not, why.
func HookResult(a deploy.Action) *deploy.ErrorInfo {
	if a.Outcome.Status == deploy.ActionFailed {
		return a.Outcome.Error
	}
	var out deploy.HookAnswer
	if err := json.Unmarshal(a.Outcome.Output, &out); err != nil {
		return &deploy.ErrorInfo{Code: deploy.InternalError, Message: "The answer of the hook cannot be read: " + err.Error()}
	}
	if out.Status == deploy.EventSucceeded {
		return nil
	}
	var in deploy.HookInput
	_ = json.Unmarshal(a.Input, &in) // only for the message
	message := fmt.Sprintf("The deployment failed because one or more of the lifecycle event validation functions failed. "+
		"(%s answered Failed for %s", in.Function, in.Event)
	if out.Message != "" {
		message += ": " + out.Message
	}
	return &deploy.ErrorInfo{Code: deploy.HookFailure, Message: message + ".)"}
}

// FunctionFailed turns a driver's error into an outcome, or into an error
// that may pass.
func FunctionFailed(what, role string, err error) (deploy.Outcome, error) {
	failure := deploy.ErrorInfo{Message: fmt.Sprintf("The deployment failed because %s: %s.", what, err)}
	switch {
	case errors.Is(err, function.ErrNotFound), errors.Is(err, function.ErrUnknown):
		failure.Code = deploy.InvalidFunction
	case errors.Is(err, function.ErrDenied):
		failure.Code = deploy.RolePermissions
		failure.Message = fmt.Sprintf("The IAM role %s does not give you permission to perform operations in the following "+
			"AWS service: AWSLambda. (%s: %s.)", role, what, err)
	case errors.Is(err, function.ErrInvalid):
		failure.Code = deploy.InvalidFunctionConfig
	case errors.Is(err, function.ErrThrottled):
		failure.Code = deploy.Throttled
		return deploy.Outcome{}, &failure
	default:
		failure.Code = deploy.InternalError
		return deploy.Outcome{}, &failure
	}
	return deploy.Outcome{Status: deploy.ActionFailed, Error: &failure}, nil
}

// Encode returns v as JSON. What platforms put into actions always encodes.
func Encode(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) //nolint:forbidigo // a broken invariant
	}
	return b
}
