package control_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/notification"
	"github.com/slipwayhq/slipway/internal/store"
)

// subjects returns what waits to be told, oldest first.
func (w *world) subjects() []string {
	w.t.Helper()
	var out []string
	for _, n := range must(w.ListNotifications(w.t.Context(), ns.Account, false, 0, ""))(w.t) {
		out = append(out, n.Trigger+" "+n.Subject)
	}
	return out
}

func (w *world) wantSubjects(when string, want ...string) {
	w.t.Helper()
	if diff := cmp.Diff(want, w.subjects()); diff != "" {
		w.t.Errorf("%s is told (-want +got)\n%s", when, diff)
	}
}

// TestNotify: a new deployment is told with it, and a trigger that is saved is
// tried out; what fails is not told.
func TestNotify(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.Control = control.New(w.store, control.Options{Now: w.tick, Notify: notification.Routes{
		Triggers: []notification.Route{{Name: "hook"}},
	}})
	trigger := func(name string) deploy.Trigger {
		return deploy.Trigger{Name: name, TargetARN: "arn:aws:sns:eu-west-1:123456789012:" + name, Events: []string{"DeploymentStart"}}
	}
	w.application("shop", deploy.Server)
	group := prod()
	group.Triggers = []deploy.Trigger{trigger("t1")}
	w.group(group)
	const test = "TEST: AWS CodeDeploy trigger in eu-west-1"
	w.wantSubjects("a new group", "t1 "+test)

	if _, err := w.CreateDeploymentGroup(t.Context(), ns, group); err == nil {
		t.Error("a group was made twice")
	}
	update := control.UpdateDeploymentGroup{Application: "shop", Name: "prod", ConfigName: "CodeDeployDefault.AllAtOnce"}
	if err := w.UpdateDeploymentGroup(t.Context(), ns, update); err != nil {
		t.Fatal(err)
	}
	w.wantSubjects("a change of something else", "t1 "+test)
	update.Triggers = []deploy.Trigger{trigger("t1"), trigger("t2")}
	if err := w.UpdateDeploymentGroup(t.Context(), ns, update); err != nil {
		t.Fatal(err)
	}
	w.wantSubjects("a second trigger", "t1 "+test, "t2 "+test)

	id := w.deploy(deployment())
	created := "CREATED: AWS CodeDeploy " + id + " in eu-west-1 to shop"
	if _, err := w.CreateDeployment(t.Context(), ns, deployment()); err == nil {
		t.Error("a group has two active deployments")
	}
	got := w.subjects()[2:]
	slices.Sort(got) // they have the same time
	if diff := cmp.Diff([]string{"t1 " + created, "t2 " + created}, got); diff != "" {
		t.Errorf("a deployment is told (-want +got)\n%s", diff)
	}
}

// TestNobodyToTell: without destinations nothing is kept.
func TestNobodyToTell(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.application("shop", deploy.Server)
	group := prod()
	group.Triggers = []deploy.Trigger{{
		Name: "t1", TargetARN: "arn:aws:sns:eu-west-1:123456789012:t1", Events: []string{"DeploymentStart"},
	}}
	w.group(group)
	w.deploy(deployment())
	w.wantSubjects("a deployment")
}

// TestRetryNotification: only what waits or is dead, of the caller's account,
// is sent again.
func TestRetryNotification(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	m := notification.Message{ID: "m-1", Account: ns.Account, Destination: "hook", Lane: "a", At: start, Body: "{}"}
	if err := w.store.Update(t.Context(), func(tx *store.Tx) error { return tx.InsertMessages([]notification.Message{m}) }); err != nil {
		t.Fatal(err)
	}
	if err := w.RetryNotification(t.Context(), ns.Account, "m-1"); err != nil {
		t.Error(err)
	}
	for _, other := range [][2]string{{"999999999999", "m-1"}, {ns.Account, "m-2"}} {
		if err := w.RetryNotification(t.Context(), other[0], other[1]); deploy.CodeOf(err) != "InvalidInputException" {
			t.Errorf("%s is sent again: %v", other, err)
		}
	}
	if n, err := w.RetryNotifications(t.Context(), ns.Account); n != 0 || err != nil {
		t.Errorf("%d that did not fail are tried again, error %v", n, err)
	}
}
