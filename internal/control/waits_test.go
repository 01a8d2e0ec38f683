package control_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// hookID has the form of an execution id.
const hookID = "AAAAAAAAAAAAAAAAAAAAAA"

// replacing makes a deployment that could wait: blue/green on ECS or Server.
func (w *world) replacing(id string, platform deploy.ComputePlatform, keep bool) {
	w.t.Helper()
	w.change(id, func(d *deploy.Deployment) {
		d.Platform, d.Style = platform, both()
		d.BlueGreen = &deploy.BlueGreen{TerminateAction: "TERMINATE"}
		if keep {
			d.BlueGreen.TerminateAction = "KEEP_ALIVE"
		}
	})
}

func TestContinueDeployment(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.shop()
	id := w.deploy(deployment())
	ready, termination := new("READY_WAIT"), new("TERMINATION_WAIT")
	call := func(waitType *string) error { return w.ContinueDeployment(t.Context(), ns, id, waitType) }
	skip := func() error { return w.SkipWaitTimeForInstanceTermination(t.Context(), ns, id) }
	const operation, older = "ContinueDeployment", "SkipWaitTimeForInstanceTermination"

	refused(t, operation, call(new("X")), "InvalidDeploymentWaitType", "X")
	refused(t, operation, call(nil), "UnsupportedActionForDeploymentType", "IN_PLACE")
	refused(t, older, skip(), "UnsupportedActionForDeploymentType", "")
	w.replacing(id, deploy.Lambda, false)
	refused(t, operation, call(ready), "UnsupportedActionForDeploymentType", "Lambda")
	w.replacing(id, deploy.ECS, false)
	refused(t, operation, call(nil), "DeploymentIsNotInReadyState", "Created")
	refused(t, operation, call(ready), "DeploymentIsNotInReadyState", "Created")
	refused(t, operation, call(termination), "InvalidDeploymentStatus", "Created")
	refused(t, older, skip(), "UnsupportedActionForDeploymentType", "")
	w.replacing(id, deploy.Server, true)
	refused(t, operation, call(termination), "InvalidDeploymentWaitType", "KEEP_ALIVE")
	refused(t, older, skip(), "UnsupportedActionForDeploymentType", "")
	w.replacing(id, deploy.Server, false)
	refused(t, older, skip(), "DeploymentNotStarted", "Created")
	w.end(id, deploy.Stopped)
	refused(t, operation, call(nil), "DeploymentAlreadyCompleted", "Stopped")
	refused(t, older, skip(), "DeploymentAlreadyCompleted", "Stopped")

	deploymentIDFaults(t, operation, func(ctx context.Context, id string) error { return w.ContinueDeployment(ctx, ns, id, nil) })
	deploymentIDFaults(t, older, func(ctx context.Context, id string) error {
		return w.SkipWaitTimeForInstanceTermination(ctx, ns, id)
	})
}

// TestContinueWaiting: to a deployment that waits, going on is a fact, and
// saying it again changes nothing.
func TestContinueWaiting(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.shop()
	id := w.deploy(deployment())
	w.replacing(id, deploy.ECS, false)
	ready, termination := new("READY_WAIT"), new("TERMINATION_WAIT")
	call := func(waitType *string) error { return w.ContinueDeployment(t.Context(), ns, id, waitType) }
	skip := func() error { return w.SkipWaitTimeForInstanceTermination(t.Context(), ns, id) }
	w.change(id, func(d *deploy.Deployment) {
		d.Move(deploy.InProgress, w.tick())
		d.Move(deploy.Ready, w.tick())
	})
	refused(t, "ContinueDeployment", call(termination), "InvalidDeploymentStatus", "Ready")
	refused(t, "SkipWaitTimeForInstanceTermination", skip(), "UnsupportedActionForDeploymentType", "")
	for _, again := range []*string{nil, ready} {
		if err := call(again); err != nil {
			t.Fatal(err)
		}
		w.wantDue(id)
	}
	first := w.row(id).Continue
	if first.Ready == nil || first.Termination != nil {
		t.Errorf("stored %+v", first)
	}
	w.change(id, func(d *deploy.Deployment) {
		d.Move(deploy.InProgress, w.tick())
		d.TerminationWaitAt = new(w.tick())
	})
	refused(t, "ContinueDeployment", call(ready), "DeploymentIsNotInReadyState", "InProgress")
	if err := call(termination); err != nil {
		t.Fatal(err)
	}
	if err := skip(); err != nil {
		t.Fatal(err)
	}
	if all := w.row(id).Continue; !all.Ready.Equal(*first.Ready) || all.Termination == nil {
		t.Errorf("stored %+v", all)
	}

	// Until what was replaced is being removed, the deployment can be stopped.
	stop := control.StopDeployment{DeploymentID: id}
	w.targets(id, deploy.Target{ID: "c1:shop", Status: deploy.TargetSucceeded, ECS: &deploy.ECSTarget{Removing: true}})
	_, err := w.StopDeployment(t.Context(), ns, stop)
	refused(t, "StopDeployment", err, "DeploymentAlreadyCompleted", "removes what it replaced")
	w.targets(id, deploy.Target{ID: "c1:shop", Status: deploy.TargetSucceeded, ECS: &deploy.ECSTarget{}})
	if _, err := w.StopDeployment(t.Context(), ns, stop); err != nil {
		t.Error(err)
	}
}

func TestPutLifecycleEventHookExecutionStatus(t *testing.T) {
	t.Parallel()
	const operation = "PutLifecycleEventHookExecutionStatus"
	w := newWorld(t, control.Quotas{})
	w.shop()
	id := w.deploy(deployment())
	put := func(hook string, status *string) error {
		return w.PutLifecycleEventHookExecutionStatus(t.Context(), ns, control.HookResult{DeploymentID: id, ExecutionID: hook, Status: status})
	}
	good := new("Succeeded")
	refused(t, operation, put(hookID, nil), "InvalidLifecycleEventHookExecutionStatus", "missing")
	for _, status := range []string{"", "succeeded", "Pending", "InProgress", "Skipped", "Unknown"} {
		refused(t, operation, put(hookID, &status), "InvalidLifecycleEventHookExecutionStatus", status)
	}
	for _, hook := range []string{"", "short", strings.Repeat("!", 30)} {
		refused(t, operation, put(hook, good), "InvalidLifecycleEventHookExecutionId", hook)
	}
	refused(t, operation, put(hookID, good), "UnsupportedActionForDeploymentType", "scripts")
	w.replacing(id, deploy.Lambda, false)
	refused(t, operation, put(hookID, new("Failed")), "InvalidLifecycleEventHookExecutionId", hookID)
	w.invoke(id, deploy.BeforeAllowTraffic, hookID)
	other := strings.Repeat("B", 30)
	refused(t, operation, put(other, good), "InvalidLifecycleEventHookExecutionId", other)
	if err := put(hookID, new("Failed")); err != nil {
		t.Fatal(err)
	}
	if got := w.answers(id); got != `{"status":"Failed"}` {
		t.Errorf("the answer is %s", got)
	}
	refused(t, operation, put(hookID, good), "LifecycleEventAlreadyCompleted", id)
	w.invoke(id, deploy.AfterAllowTraffic, other)
	w.end(id, deploy.Failed)
	refused(t, operation, put(hookID, good), "LifecycleEventAlreadyCompleted", id)
	w.drop(id)
	refused(t, operation, put(other, good), "LifecycleEventAlreadyCompleted", id)
	deploymentIDFaults(t, operation, func(ctx context.Context, id string) error {
		return w.PutLifecycleEventHookExecutionStatus(ctx, ns, control.HookResult{DeploymentID: id, ExecutionID: hookID, Status: good})
	})
}

// invoke stores what the engine does of a hook that it invokes.
func (w *world) invoke(id, event, executionID string) {
	w.t.Helper()
	in, err := json.Marshal(deploy.HookInput{Function: "check", Event: event, ExecutionID: executionID})
	if err != nil {
		w.t.Fatal(err)
	}
	w.update(func(tx *store.Tx) error {
		return tx.InsertAction(deploy.Action{
			Namespace: ns, ID: deploy.ActionID(id, event), DeploymentID: id, Kind: deploy.InvokeHook, Input: in,
		})
	})
}

// answers returns, and takes, what the engine is told of a deployment's hooks.
func (w *world) answers(id string) (all string) {
	w.t.Helper()
	w.update(func(tx *store.Tx) error {
		outcomes, err := tx.TakeOutcomes(id)
		for _, a := range outcomes {
			all += string(a.Outcome.Output)
		}
		return err
	})
	return all
}

// drop ends all that a deployment waits for, as its end does.
func (w *world) drop(id string) {
	w.t.Helper()
	w.update(func(tx *store.Tx) error { return tx.DropActions(id) })
}

func (w *world) update(f func(*store.Tx) error) {
	w.t.Helper()
	if err := w.store.Update(w.t.Context(), f); err != nil {
		w.t.Fatal(err)
	}
}

// targets gives a deployment targets as the engine does.
func (w *world) targets(id string, targets ...deploy.Target) {
	w.t.Helper()
	w.change(id, func(d *deploy.Deployment) { d.Overview = new(deploy.Count(targets)) })
	err := w.store.Update(w.t.Context(), func(tx *store.Tx) error {
		for i, target := range targets {
			target.DeploymentID, target.Order = id, i
			if err := tx.PutTarget(target); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func TestDeploymentInstances(t *testing.T) {
	t.Parallel()
	const list, get, batch = "ListDeploymentInstances", "GetDeploymentInstance", "BatchGetDeploymentInstances"
	w := newWorld(t, control.Quotas{})
	w.shop()
	id := w.deploy(deployment())
	names := func(in control.ListDeploymentInstances) ([]string, error) {
		in.DeploymentID, in.Limit = id, 2
		var all []string
		for {
			page, err := w.ListDeploymentInstances(t.Context(), ns, in)
			all = append(all, page.Items...)
			if in.After = page.Next; err != nil || in.After == "" {
				return all, err
			}
		}
	}
	one := func(name string) (control.Target, error) { return w.GetDeploymentInstance(t.Context(), ns, id, name) }
	_, err := names(control.ListDeploymentInstances{})
	refused(t, list, err, "DeploymentNotStarted", "")
	_, err = one("web-1")
	refused(t, get, err, "InstanceDoesNotExist", "web-1") // this one declares no error for an early question

	const arn = "arn:aws:ec2:eu-west-1:123456789012:instance/i-0abc"
	w.targets(id,
		deploy.Target{ID: "web-1", Status: deploy.TargetSucceeded},
		deploy.Target{ID: "web-2", Status: deploy.TargetPending},
		deploy.Target{ID: "i-0abc", ARN: arn, Status: deploy.TargetPending})
	if all, err := names(control.ListDeploymentInstances{}); err != nil || !slices.Equal(all, []string{"i-0abc", "web-1", "web-2"}) {
		t.Errorf("listed %v, %v", all, err)
	}
	pending, err := names(control.ListDeploymentInstances{Statuses: []string{"Pending", "Failed"}})
	if err != nil || !slices.Equal(pending, []string{"i-0abc", "web-2"}) {
		t.Errorf("pending %v, %v", pending, err)
	}
	for _, name := range []string{"i-0abc", arn} {
		if target := must(one(name))(t); target.ID != "i-0abc" {
			t.Errorf("%s is %+v", name, target)
		}
	}
	found, missing, err := w.BatchGetDeploymentInstances(t.Context(), ns, id, []string{"web-2", arn, "x", "i-0abc"})
	if err != nil || len(found) != 2 || found[0].ID != "web-2" || found[1].ID != "i-0abc" || missing != "Not found: instances x" {
		t.Errorf("found %+v, missing %q, %v", found, missing, err)
	}

	_, err = names(control.ListDeploymentInstances{Statuses: []string{"X"}})
	refused(t, list, err, "InvalidInstanceStatus", "X")
	_, err = names(control.ListDeploymentInstances{Labels: []string{"BLUE"}})
	refused(t, list, err, "InvalidInstanceType", "BLUE")
	_, err = names(control.ListDeploymentInstances{Labels: []string{"Blue"}})
	refused(t, list, err, "InvalidDeploymentInstanceType", "")
	for name, code := range map[string]string{
		"": "InstanceIdRequired", "a b": "InvalidInstanceName", "x": "InstanceDoesNotExist",
		strings.Replace(arn, "eu-west-1", "us-east-1", 1): "InvalidInstanceName",
	} {
		_, err := one(name)
		refused(t, get, err, code, "")
		if code != "InstanceDoesNotExist" {
			_, _, err := w.BatchGetDeploymentInstances(t.Context(), ns, id, []string{"web-1", name})
			refused(t, batch, err, code, "")
		}
	}
	_, _, err = w.BatchGetDeploymentInstances(t.Context(), ns, id, nil)
	refused(t, batch, err, "InstanceIdRequired", "")
	_, _, err = w.BatchGetDeploymentInstances(t.Context(), ns, id, slices.Repeat([]string{"web-1"}, 26))
	refused(t, batch, err, "BatchLimitExceeded", "26")

	w.replacing(id, deploy.Lambda, false)
	_, err = one("a b")
	refused(t, get, err, "InvalidInstanceName", "function")
	w.replacing(id, deploy.Server, false)
	if labelled, err := names(control.ListDeploymentInstances{Labels: []string{"Green"}}); err != nil || len(labelled) != 0 {
		t.Errorf("labelled %v, %v", labelled, err)
	}
	w.replacing(id, deploy.ECS, false)
	_, err = names(control.ListDeploymentInstances{})
	refused(t, list, err, "InvalidComputePlatform", "ECS")
	_, err = one("web-1")
	refused(t, get, err, "InvalidComputePlatform", "ECS")
	_, _, err = w.BatchGetDeploymentInstances(t.Context(), ns, id, []string{"web-1"})
	refused(t, batch, err, "InvalidComputePlatform", "ECS")
	for operation, call := range map[string]func(context.Context, string) error{
		list: func(ctx context.Context, id string) error {
			_, err := w.ListDeploymentInstances(ctx, ns, control.ListDeploymentInstances{DeploymentID: id, Limit: 1})
			return err
		},
		get: func(ctx context.Context, id string) error {
			_, err := w.GetDeploymentInstance(ctx, ns, id, "web-1")
			return err
		},
		batch: func(ctx context.Context, id string) error {
			_, _, err := w.BatchGetDeploymentInstances(ctx, ns, id, []string{"web-1"})
			return err
		},
	} {
		deploymentIDFaults(t, operation, call)
	}
}
