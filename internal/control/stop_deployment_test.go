package control_test

import (
	"context"
	"testing"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

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

// TestStopWhileTrafficMoves: what the server does to a load balancer counts as
// running, as a command of a host does.
func TestStopWhileTrafficMoves(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.shop()
	id := w.deploy(deployment())
	w.change(id, func(d *deploy.Deployment) { d.Move(deploy.InProgress, w.tick()) })
	action := deploy.Action{Namespace: ns, ID: deploy.ActionID(id, "web-1:BlockTraffic"), DeploymentID: id, CreatedAt: w.tick()}
	if err := w.store.Update(t.Context(), func(tx *store.Tx) error { return tx.InsertAction(action) }); err != nil {
		t.Fatal(err)
	}
	if got := w.stop(id, nil); got.Status != "Pending" {
		t.Errorf("while traffic moves: %+v", got)
	}
	if err := w.store.Update(t.Context(), func(tx *store.Tx) error { return tx.DropAction(action.ID) }); err != nil {
		t.Fatal(err)
	}
	if got := w.stop(id, nil); got.Status != "Succeeded" {
		t.Errorf("when it does not any more: %+v", got)
	}
}
