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

func TestGetDeploymentFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.shop()
	id := w.deploy(deployment())
	deploymentIDFaults(t, "GetDeployment", func(ctx context.Context, id string) error {
		_, err := w.GetDeployment(ctx, ns, id)
		return err
	})
	for _, other := range []deploy.Namespace{{Account: ns.Account, Region: "us-east-1"}, {Account: "000000000000", Region: ns.Region}} {
		_, err := w.GetDeployment(t.Context(), other, id)
		refused(t, "GetDeployment", err, "DeploymentDoesNotExist", id)
	}
}

func TestListDeployments(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.shop()
	other := prod()
	other.Name = "test"
	w.group(other)
	var ids []string // oldest first
	var times []time.Time
	for i := range 5 {
		in := deployment()
		if i == 3 {
			in.Group = "test"
		}
		id := w.deploy(in)
		ids = append(ids, id)
		times = append(times, must(w.GetDeployment(t.Context(), ns, id))(t).CreatedAt)
		w.end(id, []deploy.Status{deploy.Succeeded, deploy.Failed}[i%2])
	}
	pick := func(places ...int) []string {
		var out []string
		for _, i := range places {
			out = append(out, ids[i])
		}
		return out
	}
	for _, c := range []struct {
		name string
		in   control.ListDeployments
		want []string
	}{
		{"all", control.ListDeployments{}, pick(4, 3, 2, 1, 0)},
		{"group", control.ListDeployments{Application: "shop", Group: "test"}, pick(3)},
		{"status", control.ListDeployments{Statuses: []deploy.Status{deploy.Failed, deploy.Created}}, pick(3, 1)},
		{"from", control.ListDeployments{From: times[3]}, pick(4, 3)},
		{"to", control.ListDeployments{To: times[1]}, pick(1, 0)},
		{"range", control.ListDeployments{From: times[2], To: times[2]}, pick(2)},
		{"external id", control.ListDeployments{ExternalID: new("stack")}, nil},
	} {
		var got []string
		for c.in.Limit = 2; ; {
			keys, more, err := w.ListDeployments(t.Context(), ns, c.in)
			if err != nil {
				t.Fatal(err)
			}
			for _, k := range keys {
				got = append(got, k.ID)
				c.in.After = k
			}
			if !more {
				break
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestListDeploymentsFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.shop()
	for _, c := range []struct {
		in   control.ListDeployments
		code string
	}{
		{control.ListDeployments{Group: "prod"}, "ApplicationNameRequired"},
		{control.ListDeployments{Application: "shop"}, "DeploymentGroupNameRequired"},
		{control.ListDeployments{Application: "?", Group: "prod"}, "InvalidApplicationName"},
		{control.ListDeployments{Application: "x", Group: "prod"}, "ApplicationDoesNotExist"},
		{control.ListDeployments{Application: "shop", Group: "?"}, "InvalidDeploymentGroupName"},
		{control.ListDeployments{Application: "shop", Group: "x"}, "DeploymentGroupDoesNotExist"},
		{control.ListDeployments{From: start.Add(1), To: start}, "InvalidTimeRange"},
		{control.ListDeployments{Statuses: []deploy.Status{"In Progress"}}, "InvalidDeploymentStatus"},
		{control.ListDeployments{ExternalID: new("")}, "InvalidExternalId"},
		{control.ListDeployments{Application: "shop", Group: "prod", ExternalID: new("x")}, "InvalidInput"},
	} {
		_, _, err := w.ListDeployments(t.Context(), ns, c.in)
		refused(t, "ListDeployments", err, c.code, "")
	}
}

func (w *world) stop(id string, rollback *bool) control.Stopping {
	w.t.Helper()
	return must(w.StopDeployment(w.t.Context(), ns, control.StopDeployment{DeploymentID: id, AutoRollback: rollback}))(w.t)
}

func (w *world) row(id string) store.DeploymentRow {
	w.t.Helper()
	var row store.DeploymentRow
	err := w.store.View(w.t.Context(), func(tx *store.Tx) (err error) {
		row, err = tx.DeploymentRow(id)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return row
}

// run gives a deployment a command that its host has acknowledged.
func (w *world) run(id string) deploy.HostCommand {
	w.t.Helper()
	cmd := deploy.HostCommand{
		Namespace: ns, ID: deploy.CommandID(id, "web-1", deploy.Install), DeploymentID: id, TargetID: "web-1",
		HostIdentifier: *userARN("web-1"), Event: deploy.Install, State: deploy.CommandRunning, CreatedAt: w.tick(),
	}
	if err := w.store.Update(w.t.Context(), func(tx *store.Tx) error { return tx.InsertCommand(cmd) }); err != nil {
		w.t.Fatal(err)
	}
	return cmd
}

func TestStopDeployment(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.shop()
	id := w.deploy(deployment())
	w.change(id, func(d *deploy.Deployment) { d.Move(deploy.InProgress, w.tick()) })
	cmd := w.run(id)

	if got := w.stop(id, new(true)); got.Status != "Pending" || got.Message == "" {
		t.Errorf("while a command runs: %+v", got)
	}
	w.wantDue(id)
	row := w.row(id)
	if row.Stop == nil || row.Stop.AutoRollback == nil || !*row.Stop.AutoRollback || row.Deployment.Status != deploy.InProgress {
		t.Errorf("stored %+v, status %s", row.Stop, row.Deployment.Status)
	}
	w.stop(id, new(false))
	if again := w.row(id); !*again.Stop.AutoRollback || !again.Stop.At.Equal(row.Stop.At) {
		t.Errorf("the second request replaced the first: %+v", again.Stop)
	}
	cmd.State = deploy.CommandSucceeded
	if err := w.store.Update(t.Context(), func(tx *store.Tx) error { return tx.SaveCommand(cmd) }); err != nil {
		t.Fatal(err)
	}
	if got := w.stop(id, nil); got.Status != "Succeeded" {
		t.Errorf("when none runs: %+v", got)
	}
	w.change(id, func(d *deploy.Deployment) { d.Move(deploy.Stopped, w.tick()) })
	if got := w.stop(id, nil); got.Status != "Succeeded" {
		t.Errorf("after it stopped: %+v", got)
	}
}

func TestStopDeploymentFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.shop()
	stop := func(ctx context.Context, id string, rollback *bool) error {
		_, err := w.StopDeployment(ctx, ns, control.StopDeployment{DeploymentID: id, AutoRollback: rollback})
		return err
	}
	deploymentIDFaults(t, "StopDeployment", func(ctx context.Context, id string) error { return stop(ctx, id, nil) })
	for _, status := range []deploy.Status{deploy.Succeeded, deploy.Failed} {
		id := w.deploy(deployment())
		w.end(id, status)
		refused(t, "StopDeployment", stop(t.Context(), id, nil), "DeploymentAlreadyCompleted", string(status))
	}
	id := w.deploy(deployment())
	w.change(id, func(d *deploy.Deployment) { d.Creator = deploy.CreatorTermination })
	refused(t, "StopDeployment", stop(t.Context(), id, nil), "UnsupportedActionForDeploymentType", id)
	if err := w.DeleteDeploymentGroup(t.Context(), ns, "shop", "prod"); err != nil {
		t.Fatal(err)
	}
	refused(t, "StopDeployment", stop(t.Context(), id, new(true)), "DeploymentGroupDoesNotExist", "prod")
}

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
