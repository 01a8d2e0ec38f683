package engine_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/engine"
	"github.com/slipwayhq/slipway/internal/platform"
	"github.com/slipwayhq/slipway/internal/platform/ecs"
	"github.com/slipwayhq/slipway/internal/provider/container"
	"github.com/slipwayhq/slipway/internal/provider/container/mem"
	"github.com/slipwayhq/slipway/internal/provider/function"
	"github.com/slipwayhq/slipway/internal/seal"
	"github.com/slipwayhq/slipway/internal/store"
)

// ecsWorld is an engine that deploys to ECS, on a clock that goes from one due
// moment to the next.
type ecsWorld struct {
	t      *testing.T
	store  *store.Store
	engine *engine.Engine
	start  time.Time
	now    time.Time
	spec   string
	pair   deploy.TargetGroupPair
	ids    int
}

func newECSWorld(t *testing.T, o container.Orchestrator, service deploy.ECSService, pair deploy.TargetGroupPair, spec string) *ecsWorld {
	w := &ecsWorld{t: t, start: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), spec: spec, pair: pair}
	w.now = w.start
	path := filepath.Join(t.TempDir(), "slipway.db")
	err := os.WriteFile(path, emptyStore(), 0o600)
	if err == nil {
		w.store, err = store.OpenSQLite(t.Context(), path, seal.NewBox(seal.Key{}))
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.store.Close() })
	w.engine = engine.New(w.store, engine.Options{
		Platforms: map[deploy.ComputePlatform]platform.Platform{deploy.ECS: ecs.Platform{
			Containers: o, Functions: function.Chain{}, NewHookID: func(id, event string) string { return id + event },
		}},
		Now: func() time.Time { return w.now }, NewID: w.newID,
	})
	w.update(func(tx *store.Tx) error {
		return errors.Join(
			tx.InsertApplication(deploy.Application{Namespace: ns, ID: "app-1", Name: "shop", Platform: deploy.ECS}),
			tx.InsertGroup(deploy.Group{
				Namespace: ns, ID: "group-1", ApplicationID: "app-1", Name: "prod", ECSServices: []deploy.ECSService{service},
			}))
	})
	return w
}

func (w *ecsWorld) newID() string {
	w.ids++
	return fmt.Sprint("d-", w.ids)
}

// create stores a deployment as control does.
func (w *ecsWorld) create(config string, change func(*deploy.Deployment)) string {
	w.t.Helper()
	c, known := deploy.PredefinedConfig(deploy.PredefinedPrefix + "ECS" + config)
	if !known {
		w.t.Fatal(config)
	}
	revision := deploy.Revision{Type: deploy.AppSpecRevision, Content: &deploy.Content{Text: w.spec, SHA256: "x"}}
	d := deploy.Deployment{
		Namespace: ns, ID: w.newID(), ApplicationID: "app-1", GroupID: "group-1", Platform: deploy.ECS, Revision: revision, Config: c,
		Creator: deploy.CreatorUser, CreatedAt: w.now, Status: deploy.Created,
		BlueGreen:    &deploy.BlueGreen{TerminateAction: "TERMINATE", ReadyAction: "CONTINUE_DEPLOYMENT", TerminationWait: 5},
		LoadBalancer: &deploy.LoadBalancerInfo{TargetGroupPairs: []deploy.TargetGroupPair{w.pair}},
		AutoRollback: &deploy.AutoRollback{Enabled: true, Events: []deploy.RollbackEvent{deploy.RollbackOnFailure, deploy.RollbackOnStop}},
	}
	if change != nil {
		change(&d)
	}
	w.update(func(tx *store.Tx) error {
		return errors.Join(
			tx.PutRevision(deploy.RegisteredRevision{Namespace: ns, ApplicationID: "app-1", Revision: revision}),
			tx.InsertDeployment(d))
	})
	return d.ID
}

// run lets time go on until the deployment has ended, or done says so.
func (w *ecsWorld) run(id string, done func(deploy.Deployment) bool) deploy.Deployment {
	w.t.Helper()
	for range 10_000 {
		next := w.settle()
		d := w.deployment(id)
		if d.Status.Terminal() || done != nil && done(d) {
			return d
		}
		if !next.After(w.now) {
			w.t.Fatal("the engine has more to do, and does not do it")
		}
		w.now = next
	}
	w.t.Fatal("the deployment does not end")
	return deploy.Deployment{}
}

// settle lets the engine do what is due, and returns when there is more.
func (w *ecsWorld) settle() time.Time {
	w.t.Helper()
	for {
		_, err := w.engine.Step(w.t.Context())
		if err == nil {
			_, err = w.engine.Act(w.t.Context())
		}
		if err != nil {
			w.t.Fatal(err)
		}
		next := w.now.Add(24 * time.Hour)
		w.view(func(tx *store.Tx) error {
			due, err := tx.DueDeployments(store.Leaseholder{}, w.now, 1)
			pass := due.Next
			if len(due.IDs) > 0 {
				pass = w.now
			}
			action, actionErr := tx.NextAction()
			for _, at := range []time.Time{pass, action} {
				if !at.IsZero() && at.Before(next) {
					next = at
				}
			}
			return errors.Join(err, actionErr)
		})
		if next.After(w.now) {
			return next
		}
	}
}

func (w *ecsWorld) update(f func(*store.Tx) error) {
	w.t.Helper()
	if err := w.store.Update(w.t.Context(), f); err != nil {
		w.t.Fatal(err)
	}
}

func (w *ecsWorld) view(f func(*store.Tx) error) {
	w.t.Helper()
	if err := w.store.View(w.t.Context(), f); err != nil {
		w.t.Fatal(err)
	}
}

func (w *ecsWorld) deployment(id string) (d deploy.Deployment) {
	w.t.Helper()
	w.view(func(tx *store.Tx) (err error) {
		d, err = tx.Deployment(id)
		return err
	})
	return d
}

func (w *ecsWorld) target(id string) (t deploy.Target) {
	w.t.Helper()
	w.view(func(tx *store.Tx) error {
		targets, err := tx.Targets(id)
		if len(targets) > 0 {
			t = targets[0]
		}
		return err
	})
	return t
}

// shown is what a target shows of its task sets.
func shown(t deploy.Target) string {
	var sets []string
	for _, s := range []deploy.TaskSet{t.ECS.Blue, t.ECS.Green} {
		sets = append(sets, fmt.Sprintf("%s %s %g%%", s.TargetGroup, s.Status, s.Weight))
	}
	return strings.Join(sets, ", ")
}

const ecsSpec = `{"version": 0.0, "Resources": [{"TargetService": {"Type": "AWS::ECS::Service", "Properties": {
	"TaskDefinition": "arn:aws:ecs:eu-west-1:123456789012:task-definition/shop:2",
	"LoadBalancerInfo": {"ContainerName": "web", "ContainerPort": 8080}}}}]}`

// memECS is a service behind the target group a, in memory.
func memECS(t *testing.T) (*mem.World, *ecsWorld) {
	m := &mem.World{}
	m.AddService("c1", "shop", container.Service{ARN: "service", Status: container.Active, Controller: container.External, Scheduling: "REPLICA"})
	m.AddTaskSet("c1", "shop", container.TaskSet{ARN: "original", ID: "original", Status: container.Primary, TargetGroupARN: "arn-a", Desired: 2})
	for _, name := range []string{"a", "b"} {
		m.AddTargetGroup(container.TargetGroup{Name: name, ARN: "arn-" + name})
	}
	m.SetRoute(container.Route{
		ARN: "prod", ListenerARN: "prod", BalancerARN: "lb", Default: true, Shares: []container.Share{{TargetGroupARN: "arn-a", Weight: 1}},
	})
	w := newECSWorld(t, m, deploy.ECSService{Cluster: "c1", Service: "shop"},
		deploy.TargetGroupPair{TargetGroups: []string{"a", "b"}, ProdListeners: []string{"prod"}}, ecsSpec)
	m.Now = func() time.Time { return w.now }
	return m, w
}

// TestECSWaits: what people say to the waits of a deployment is a stored fact.
func TestECSWaits(t *testing.T) {
	t.Parallel()
	_, w := memECS(t)
	id := w.create("AllAtOnce", func(d *deploy.Deployment) {
		d.BlueGreen.ReadyAction, d.BlueGreen.ReadyWait, d.BlueGreen.TerminationWait = "STOP_DEPLOYMENT", 60, 60
	})
	d := w.run(id, func(d deploy.Deployment) bool { return d.Status == deploy.Ready })
	if target := w.target(id); d.Status != deploy.Ready || target.Status != deploy.TargetReady || d.Overview.Ready != 1 {
		t.Fatalf("%s %+v, target %s", d.Status, d.Error, target.Status)
	}
	if next := w.settle(); !next.Equal(w.start.Add(time.Hour)) {
		t.Errorf("it waits until %s", next)
	}
	w.now = w.now.Add(10 * time.Minute)
	w.update(func(tx *store.Tx) error { return tx.RequestContinue(id, deploy.Continuation{Ready: &w.now}, w.now) })
	d = w.run(id, func(d deploy.Deployment) bool { return d.TerminationWaitAt != nil })
	if target := w.target(id); d.Status != deploy.InProgress || target.Status != deploy.TargetSucceeded {
		t.Fatalf("%s %+v, target %s", d.Status, d.Error, target.Status)
	}
	if got, want := shown(w.target(id)), "a ACTIVE 0%, b PRIMARY 100%"; got != want {
		t.Errorf("the target shows %s, want %s", got, want)
	}
	w.now = w.now.Add(10 * time.Minute)
	both := deploy.Continuation{Ready: &w.start, Termination: &w.now}
	w.update(func(tx *store.Tx) error { return tx.RequestContinue(id, both, w.now) })
	d = w.run(id, nil)
	if d.Status != deploy.Succeeded || d.CompletedAt.Sub(w.start) != 20*time.Minute {
		t.Errorf("%s %+v after %s", d.Status, d.Error, d.CompletedAt.Sub(w.start))
	}
	if got, want := shown(w.target(id)), "a DRAINING 0%, b PRIMARY 100%"; got != want {
		t.Errorf("the target shows %s, want %s", got, want)
	}
}

// TestECSRollback: a stopped deployment is put back by one rollback, which
// changes nothing about the group's last good revision; the next deployment
// finds a service that it can deploy to.
func TestECSRollback(t *testing.T) {
	t.Parallel()
	m, w := memECS(t)
	id := w.create("Canary10Percent5Minutes", nil)
	w.run(id, func(deploy.Deployment) bool { return w.target(id).ECS.Shifts == 1 })
	w.now = w.now.Add(time.Minute)
	w.update(func(tx *store.Tx) error { return tx.RequestStop(id, deploy.StopRequest{At: w.now}) })
	d := w.run(id, nil)
	if d.Status != deploy.Stopped || d.Error.Code != deploy.ManualStop || d.Rollback.RollbackID != "d-2" {
		t.Fatalf("%s %+v, rollback %+v", d.Status, d.Error, d.Rollback)
	}
	r := w.run("d-2", nil)
	if r.Status != deploy.Succeeded || r.Creator != deploy.CreatorRollback || r.Config.Name != "CodeDeployDefault.ECSAllAtOnce" ||
		r.Rollback.TriggeringID != id || r.Rollback.RollbackID != "" {
		t.Fatalf("%+v", r)
	}
	for _, id := range []string{id, "d-2"} {
		if got, want := shown(w.target(id)), "a PRIMARY 100%, b DRAINING 0%"; got != want {
			t.Errorf("the target of %s shows %s, want %s", id, got, want)
		}
	}
	want := []container.Share{{TargetGroupARN: "arn-a", Weight: 100}, {TargetGroupARN: "arn-b", Weight: 0}}
	if diff := cmp.Diff(want, m.See("prod")[0].Shares); diff != "" {
		t.Errorf("the listener (-want +got):\n%s", diff)
	}
	next := w.create("AllAtOnce", func(d *deploy.Deployment) { d.BlueGreen.TerminateAction = "KEEP_ALIVE" })
	if d := w.run(next, nil); d.Status != deploy.Succeeded {
		t.Fatalf("the next deployment %s %+v", d.Status, d.Error)
	}
	// The original, which no deployment made, was kept; it is known all the same.
	last := w.create("AllAtOnce", nil)
	if d := w.run(last, nil); d.Status != deploy.Succeeded {
		t.Fatalf("the last deployment %s %+v", d.Status, d.Error)
	}
	if got, want := shown(w.target(last)), "b DRAINING 0%, a PRIMARY 100%"; got != want {
		t.Errorf("the last target shows %s, want %s", got, want)
	}
}

// TestECSNothingToPutBack: a deployment that changed nothing has no rollback,
// and neither has one whose original may be gone.
func TestECSNothingToPutBack(t *testing.T) {
	t.Parallel()
	m, w := memECS(t)
	m.EditService("c1", "shop", func(s *container.Service) { s.Scheduling = container.Daemon })
	d := w.run(w.create("AllAtOnce", nil), nil)
	if d.Status != deploy.Failed || d.Error.Code != deploy.InvalidECSService || d.Rollback.RollbackID != "" ||
		!strings.Contains(d.Rollback.Message, "before it changed anything") {
		t.Errorf("%s %+v %+v", d.Status, d.Error, d.Rollback)
	}
	m.EditService("c1", "shop", func(s *container.Service) { s.Scheduling = "REPLICA" })
	m.Fault = func(call string) error {
		if call == "DeleteTaskSet" {
			return &container.Fault{Kind: container.ErrDenied, Service: container.ECS}
		}
		return nil
	}
	d = w.run(w.create("AllAtOnce", nil), nil)
	if d.Status != deploy.Failed || d.Error.Code != deploy.RolePermissions || d.Rollback.RollbackID != "" {
		t.Errorf("%s %+v %+v", d.Status, d.Error, d.Rollback)
	}
}

// TestECSBusy: one service, one deployment at a time, whatever its group.
func TestECSBusy(t *testing.T) {
	t.Parallel()
	_, w := memECS(t)
	first := w.create("Canary10Percent5Minutes", nil)
	w.run(first, func(deploy.Deployment) bool { return w.target(first).ECS.Shifts == 1 })
	w.update(func(tx *store.Tx) error {
		return tx.InsertGroup(deploy.Group{
			Namespace: ns, ID: "group-2", ApplicationID: "app-1", Name: "again", ECSServices: []deploy.ECSService{{Cluster: "c1", Service: "shop"}},
		})
	})
	second := w.create("AllAtOnce", func(d *deploy.Deployment) { d.GroupID = "group-2" })
	d := w.run(second, nil)
	if d.Status != deploy.Failed || d.Error.Code != deploy.InvalidECSService || !strings.Contains(d.Error.Message, first) {
		t.Errorf("%s %+v", d.Status, d.Error)
	}
}
