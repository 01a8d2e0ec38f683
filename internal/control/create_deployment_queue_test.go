package control_test

import (
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
)

// TestQueueing: the group's tag decides whether a deployment to a busy group
// waits, without one the server's setting.
func TestQueueing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		setting bool
		tag     string
		queues  bool
	}{
		{"as CodeDeploy", false, "", false},
		{"the server's setting", true, "", true},
		{"the group opts in", false, "true", true},
		{"the group opts out", true, "false", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, control.Quotas{})
			w.Control = control.New(w.store, control.Options{Now: w.tick, Queue: c.setting})
			w.application("shop", deploy.Server)
			group := prod()
			if c.tag != "" {
				group.Tags = []deploy.Tag{{Key: deploy.QueueTag, Value: c.tag}}
			}
			w.group(group)
			first := w.deploy(deployment())
			second, err := w.CreateDeployment(t.Context(), ns, deployment())
			if !c.queues {
				refused(t, "CreateDeployment", err, "DeploymentLimitExceeded", "already has an active Deployment '"+first+"'")
				return
			}
			d := must(w.GetDeployment(t.Context(), ns, second))(t)
			want := []string{"Queued until the deployment " + first + " to the same group has ended."}
			if d.Status != deploy.Queued || d.Overview != nil || d.StartedAt != nil || !cmp.Equal(want, d.Messages) {
				t.Errorf("queued as %+v", d)
			}
			w.wantDue(second)
		})
	}
}

// TestQueuedDeployment: what can be asked of a deployment that waits.
func TestQueuedDeployment(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.Control = control.New(w.store, control.Options{Now: w.tick, Queue: true})
	w.shop()
	w.deploy(deployment())
	id := w.deploy(deployment())
	if got := w.stop(id, nil); got.Status != "Succeeded" {
		t.Errorf("stop: %+v", got)
	}
	w.wantDue(id)
	_, err := w.ListDeploymentTargets(t.Context(), ns, control.ListDeploymentTargets{DeploymentID: id})
	refused(t, "ListDeploymentTargets", err, "DeploymentNotStarted", id)
	if last := must(w.LastAttempted("shop", "prod"))(t); last.ID != id {
		t.Errorf("last attempted %s", last.ID)
	}
	if err := w.DeleteDeploymentGroup(t.Context(), ns, "shop", "prod"); err != nil {
		t.Fatal(err)
	}
	w.wantDue(id)
}

// TestQueueOrder: the times of creation, by which turns are taken, differ even
// for a clock that stands still.
func TestQueueOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.shop()
	w.Control = control.New(w.store, control.Options{Now: func() time.Time { return start.Add(time.Hour) }, Queue: true})
	ids := make([]string, 8)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() {
			id, err := w.CreateDeployment(t.Context(), ns, deployment())
			if err != nil {
				t.Error(err)
			}
			ids[i] = id
		})
	}
	wg.Wait()
	times, created := map[time.Time]bool{}, 0
	for _, id := range ids {
		d := w.row(id).Deployment
		times[d.CreatedAt] = true
		if d.Status == deploy.Created {
			created++
		}
	}
	if len(times) != len(ids) || created != 1 {
		t.Errorf("%d times of creation of %d deployments, %d not queued", len(times), len(ids), created)
	}
}

// TestRevisionBookkeeping: when a revision was used, where it runs, and that
// it can be listed by that.
func TestRevisionBookkeeping(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.shop()
	info := func() control.RevisionInfo {
		t.Helper()
		return must(w.GetApplicationRevision(t.Context(), ns, "shop", bundle("shop-7.zip")))(t)
	}
	first := w.row(w.deploy(deployment())).Deployment
	if r := info(); !r.FirstUsedAt.Equal(first.CreatedAt) || !r.LastUsedAt.Equal(first.CreatedAt) || len(r.Groups) > 0 {
		t.Errorf("while it is deployed: %+v", r)
	}
	w.end(first.ID, deploy.Failed)
	if r := info(); len(r.Groups) > 0 {
		t.Errorf("after it failed: %+v", r)
	}
	second := w.row(w.deploy(deployment())).Deployment
	w.end(second.ID, deploy.Succeeded)
	if r := info(); !r.FirstUsedAt.Equal(first.CreatedAt) || !r.LastUsedAt.Equal(second.CreatedAt) || !cmp.Equal(r.Groups, []string{"prod"}) {
		t.Errorf("after it succeeded: %+v", r)
	}
}
