package control_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// plan gives a deployment targets, as the engine does when it starts.
func (w *world) plan(id string, targets ...deploy.Target) {
	w.t.Helper()
	err := w.store.Update(w.t.Context(), func(tx *store.Tx) error {
		row, err := tx.DeploymentRow(id)
		if err != nil {
			return err
		}
		row.Deployment.Overview = new(deploy.Count(targets))
		for i, target := range targets {
			target.DeploymentID, target.Order = id, i
			if err := tx.PutTarget(target); err != nil {
				return err
			}
		}
		return tx.SaveDeployment(row, time.Time{})
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func TestTargets(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.shop()
	id := w.deploy(deployment())
	var targets []deploy.Target
	for i, status := range []deploy.TargetStatus{deploy.TargetFailed, deploy.TargetInProgress, deploy.TargetPending} {
		targets = append(targets, deploy.Target{ID: fmt.Sprint("web-", i), Status: status})
	}
	w.plan(id, targets...)
	list := func(filters map[string][]string) []string {
		t.Helper()
		var all []string
		in := control.ListDeploymentTargets{DeploymentID: id, Filters: filters, Limit: 1}
		for {
			page := must(w.ListDeploymentTargets(t.Context(), ns, in))(t)
			all = append(all, page.Items...)
			if in.After = page.Next; in.After == "" {
				return all
			}
		}
	}
	if got := list(nil); !slices.Equal(got, []string{"web-0", "web-1", "web-2"}) {
		t.Errorf("all: %v", got)
	}
	if got := list(map[string][]string{"TargetStatus": {"Failed", "Pending", "Unknown"}}); !slices.Equal(got, []string{"web-0", "web-2"}) {
		t.Errorf("by status: %v", got)
	}
	target := must(w.GetDeploymentTarget(t.Context(), ns, id, "web-1"))(t)
	if target.Status != deploy.TargetInProgress || target.Platform != deploy.Server {
		t.Errorf("got %+v", target)
	}
	batch := must(w.BatchGetDeploymentTargets(t.Context(), ns, id, []string{"web-2", "web-0"}))(t)
	if len(batch) != 2 || batch[0].ID != "web-2" || batch[1].ID != "web-0" {
		t.Errorf("batch %+v", batch)
	}
}

func TestListDeploymentTargetsFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.shop()
	id := w.deploy(deployment())
	list := func(ctx context.Context, id string, filters map[string][]string) error {
		_, err := w.ListDeploymentTargets(ctx, ns, control.ListDeploymentTargets{DeploymentID: id, Filters: filters, Limit: 10})
		return err
	}
	deploymentIDFaults(t, "ListDeploymentTargets", func(ctx context.Context, id string) error { return list(ctx, id, nil) })
	refused(t, "ListDeploymentTargets", list(t.Context(), id, nil), "DeploymentNotStarted", "Created")
	w.plan(id)
	for name, c := range map[string]struct{ value, code string }{
		"Status":              {"Failed", "InvalidTargetFilterName"},
		"TargetStatus":        {"failed", "InvalidInstanceStatus"},
		"ServerInstanceLabel": {"BLUE", "InvalidInstanceType"},
	} {
		refused(t, "ListDeploymentTargets", list(t.Context(), id, map[string][]string{name: {c.value}}), c.code, "")
	}
	err := list(t.Context(), id, map[string][]string{"ServerInstanceLabel": {"Blue"}})
	refused(t, "ListDeploymentTargets", err, "InvalidDeploymentInstanceType", id)
}

func TestGetDeploymentTargetFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.shop()
	id := w.deploy(deployment())
	get := func(ctx context.Context, id, target string) error {
		_, err := w.GetDeploymentTarget(ctx, ns, id, target)
		return err
	}
	batch := func(ctx context.Context, id string, targets ...string) error {
		_, err := w.BatchGetDeploymentTargets(ctx, ns, id, targets)
		return err
	}
	deploymentIDFaults(t, "GetDeploymentTarget", func(ctx context.Context, id string) error { return get(ctx, id, "x") })
	deploymentIDFaults(t, "BatchGetDeploymentTargets", func(ctx context.Context, id string) error { return batch(ctx, id, "x") })
	refused(t, "GetDeploymentTarget", get(t.Context(), id, "x"), "DeploymentNotStarted", "")
	refused(t, "BatchGetDeploymentTargets", batch(t.Context(), id, "x"), "DeploymentNotStarted", "")
	w.plan(id)
	refused(t, "GetDeploymentTarget", get(t.Context(), id, ""), "DeploymentTargetIdRequired", "")
	refused(t, "GetDeploymentTarget", get(t.Context(), id, "a:b"), "InvalidInstanceName", "a:b")
	refused(t, "GetDeploymentTarget", get(t.Context(), id, "i-1"), "DeploymentTargetDoesNotExist", "i-1")
	refused(t, "BatchGetDeploymentTargets", batch(t.Context(), id), "DeploymentTargetIdRequired", "")
	refused(t, "BatchGetDeploymentTargets", batch(t.Context(), id, "a", ""), "DeploymentTargetIdRequired", "")
	refused(t, "BatchGetDeploymentTargets", batch(t.Context(), id, slices.Repeat([]string{"a"}, 26)...), "DeploymentTargetListSizeExceeded", "26")
	refused(t, "BatchGetDeploymentTargets", batch(t.Context(), id, "a b"), "InvalidDeploymentTargetId", "a b")
	refused(t, "BatchGetDeploymentTargets", batch(t.Context(), id, "a"), "DeploymentTargetDoesNotExist", "a")
}

func TestTargetIDsOfOtherPlatforms(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.threeApplications()
	w.group(lambdaGroup())
	w.group(ecsGroup())
	pay := w.deploy(control.CreateDeployment{Application: "pay", Group: "live", Revision: appSpec("hello", "")})
	boxes := w.deploy(control.CreateDeployment{Application: "boxes", Group: "web", Revision: appSpec("hello", "")})
	w.plan(pay, deploy.Target{ID: "pay:live", Status: deploy.TargetPending})
	w.plan(boxes, deploy.Target{ID: "c1:web", Status: deploy.TargetPending})
	for id, target := range map[string]string{pay: "pay:live", boxes: "c1:web"} {
		if _, err := w.GetDeploymentTarget(t.Context(), ns, id, target); err != nil {
			t.Error(err)
		}
		_, err := w.BatchGetDeploymentTargets(t.Context(), ns, id, []string{target, target})
		refused(t, "BatchGetDeploymentTargets", err, "DeploymentTargetListSizeExceeded", "one target")
		_, err = w.GetDeploymentTarget(t.Context(), ns, id, "a b")
		refused(t, "GetDeploymentTarget", err, "InvalidDeploymentTargetId", "a b")
	}
}

// A deployment that failed before its targets were known has none, and will
// not get any.
func TestTargetsOfADeploymentThatNeverStarted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.shop()
	id := w.deploy(deployment())
	w.change(id, func(d *deploy.Deployment) { d.Move(deploy.Failed, w.tick()) })
	page := must(w.ListDeploymentTargets(t.Context(), ns, control.ListDeploymentTargets{DeploymentID: id, Limit: 10}))(t)
	if len(page.Items) != 0 {
		t.Errorf("got %v", page.Items)
	}
}
