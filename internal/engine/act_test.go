package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/engine"
	"github.com/slipwayhq/slipway/internal/platform"
	"github.com/slipwayhq/slipway/internal/seal"
	"github.com/slipwayhq/slipway/internal/store"
)

// errand is a platform whose deployments are one action: how that ends is how
// they end.
type errand struct {
	after    time.Duration // how long the world takes
	pause    time.Duration // between two looks at it; 0: 10 minutes
	clock    func() time.Time
	answered bool // somebody else brings the answer
	err      error
	acts     *[]time.Duration // when Act was called, since the start
	start    time.Time
}

func (p errand) Plan(d deploy.Deployment, _ platform.Fleet, now time.Time) ([]deploy.Target, *deploy.ErrorInfo) {
	return []deploy.Target{{DeploymentID: d.ID, ID: "it", Status: deploy.TargetPending, UpdatedAt: now}}, nil
}

func (p errand) Decide(s deploy.Snapshot, now time.Time) deploy.Decision {
	d := deploy.Decision{Deployment: s.Deployment}
	t := s.Targets[0].Clone()
	switch {
	case t.Status == deploy.TargetPending:
		t.Move(deploy.TargetInProgress, now)
		d.Act = []deploy.Action{{
			Namespace: ns, ID: deploy.ActionID(s.Deployment.ID, "errand"), DeploymentID: s.Deployment.ID,
			Platform: s.Deployment.Platform, Kind: "Errand", CreatedAt: now, Deadline: now.Add(time.Hour),
			Late: deploy.ErrorInfo{Code: deploy.Timeout, Message: "too late"},
		}}
	case s.Deployment.Ending != nil:
		t.Move(deploy.TargetFailed, now)
		d.Deployment.Error = &s.Deployment.Ending.Error
		d.Deployment.Move(s.Deployment.Ending.Status, now)
	}
	for _, a := range s.Outcomes {
		switch a.Outcome.Status {
		case deploy.ActionDone:
			t.Move(deploy.TargetSucceeded, now)
			d.Deployment.Move(deploy.Succeeded, now)
		case deploy.ActionFailed:
			t.Move(deploy.TargetFailed, now)
			d.Deployment.Error = a.Outcome.Error
			d.Deployment.Move(deploy.Failed, now)
		case deploy.ActionWaiting:
		}
	}
	d.Targets = []deploy.Target{t}
	overview := deploy.Count(d.Targets)
	d.Deployment.Overview = &overview
	return d
}

func (p errand) Act(context.Context, deploy.Action) (deploy.Outcome, error) {
	since := p.clock().Sub(p.start)
	*p.acts = append(*p.acts, since)
	switch {
	case p.err != nil:
		return deploy.Outcome{}, p.err
	case p.answered:
		return deploy.Outcome{Status: deploy.ActionWaiting}, nil
	case since < p.after && p.pause > 0:
		return deploy.Outcome{Status: deploy.ActionWaiting, After: p.pause, Output: json.RawMessage(`1`)}, nil
	case since < p.after:
		return deploy.Outcome{Status: deploy.ActionWaiting, After: 10 * time.Minute, Output: json.RawMessage(`1`)}, nil
	}
	return deploy.Outcome{Status: deploy.ActionDone}, nil
}

// TestActions runs deployments that are one action to their end, on a clock
// that goes from one due moment to the next.
func TestActions(t *testing.T) {
	t.Parallel()
	denied := &deploy.ErrorInfo{Code: deploy.InternalError, Message: "denied"}
	for name, c := range map[string]struct {
		world  errand
		answer time.Duration // when somebody brings the answer; 0: nobody does
		stop   time.Duration
		status deploy.Status
		error  string
		acts   []time.Duration
	}{
		"done at once":        {status: deploy.Succeeded, acts: []time.Duration{0}},
		"done when it is":     {world: errand{after: 15 * time.Minute}, status: deploy.Succeeded, acts: minutes(0, 10, 20)},
		"never done":          {world: errand{after: 5 * time.Hour}, status: deploy.Failed, error: "too late", acts: minutes(0, 10, 20, 30, 40, 50, 60)},
		"answered":            {world: errand{answered: true}, answer: 30 * time.Minute, status: deploy.Succeeded, acts: minutes(0)},
		"never answered":      {world: errand{answered: true}, status: deploy.Failed, error: "too late", acts: minutes(0)},
		"stopped":             {world: errand{answered: true}, stop: time.Minute, status: deploy.Stopped, error: "The deployment was stopped on request.", acts: minutes(0)},
		"an error that lasts": {world: errand{err: denied}, status: deploy.Failed, error: "denied"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newErrandWorld(t, c.world)
			d := w.run(c.answer, c.stop)
			message := ""
			if d.Error != nil {
				message = d.Error.Message
			}
			if d.Status != c.status || message != c.error {
				t.Errorf("%s %q, want %s %q", d.Status, message, c.status, c.error)
			}
			if c.acts == nil { // tried again and again, with pauses
				c.acts = backoff(time.Hour)
			}
			if diff := cmp.Diff(c.acts, *w.acts); diff != "" {
				t.Errorf("tries (-want +got):\n%s", diff)
			}
		})
	}
}

func minutes(list ...int) (out []time.Duration) {
	for _, m := range list {
		out = append(out, time.Duration(m)*time.Minute)
	}
	return out
}

// backoff lists the tries at what always fails: pauses of 1, 2, 4, 8, 16 and
// then 30 seconds, and a last try at the deadline.
func backoff(deadline time.Duration) (out []time.Duration) {
	rest := time.Second
	for at := time.Duration(0); at < deadline; at, rest = at+rest, min(2*rest, 30*time.Second) {
		out = append(out, at)
	}
	return append(out, deadline)
}

// errandWorld is an engine with a clock that only run moves.
type errandWorld struct {
	errand
	t      *testing.T
	path   string
	store  *store.Store
	engine *engine.Engine
	now    time.Time
}

func newErrandWorld(t *testing.T, e errand) *errandWorld {
	w := &errandWorld{t: t, errand: e, path: filepath.Join(t.TempDir(), "slipway.db"), now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	if err := os.WriteFile(w.path, emptyStore(), 0o600); err != nil {
		t.Fatal(err)
	}
	w.start, w.acts, w.clock = w.now, new([]time.Duration), func() time.Time { return w.now }
	w.open()
	revision := deploy.Revision{Type: deploy.AppSpecRevision, Content: &deploy.Content{Text: "{}", SHA256: "x"}}
	err := w.store.Update(t.Context(), func(tx *store.Tx) error {
		return errors.Join(
			tx.InsertApplication(deploy.Application{Namespace: ns, ID: "app-1", Name: "shop", Platform: deploy.Lambda}),
			tx.InsertGroup(deploy.Group{Namespace: ns, ID: "group-1", ApplicationID: "app-1", Name: "prod"}),
			tx.PutRevision(deploy.RegisteredRevision{Namespace: ns, ApplicationID: "app-1", Revision: revision}),
			tx.InsertDeployment(deploy.Deployment{
				Namespace: ns, ID: "d-1", ApplicationID: "app-1", GroupID: "group-1", Platform: deploy.Lambda, Revision: revision,
				Creator: deploy.CreatorUser, CreatedAt: w.now, Status: deploy.Created,
			}))
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// open starts the server on what is on disk.
func (w *errandWorld) open() {
	var err error
	if w.store, err = store.OpenSQLite(w.t.Context(), w.path, seal.NewBox(seal.Key{})); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { w.store.Close() })
	w.engine = engine.New(w.store, engine.Options{
		Platforms: map[deploy.ComputePlatform]platform.Platform{deploy.Lambda: w.errand}, Now: w.clock,
	})
}

// run brings the deployment to its end.
func (w *errandWorld) run(answer, stop time.Duration) deploy.Deployment {
	for range 1000 {
		next := w.settle()
		d := w.deployment()
		if d.Status.Terminal() {
			return d
		}
		if stop > 0 && w.now.Sub(w.start) < stop {
			w.now = w.start.Add(stop)
			w.update(func(tx *store.Tx) error { return tx.RequestStop("d-1", deploy.StopRequest{At: w.now}) })
			continue
		}
		if answer > 0 && w.now.Sub(w.start) < answer {
			w.now = w.start.Add(answer)
			w.update(func(tx *store.Tx) error {
				a, err := tx.Action("d-1:errand")
				a.Outcome = &deploy.Outcome{Status: deploy.ActionDone, At: w.now}
				_, saveErr := tx.SaveAction(a, w.now, w.now)
				return errors.Join(err, saveErr)
			})
			continue
		}
		w.now = next
	}
	w.t.Fatal("the deployment does not end")
	return deploy.Deployment{}
}

// settle lets the engine do what is due, and returns when there is more.
func (w *errandWorld) settle() time.Time {
	var next time.Time
	for range 3 { // pass, act, pass
		step, err := w.engine.Step(w.t.Context())
		if err != nil {
			w.t.Fatal(err)
		}
		act, err := w.engine.Act(w.t.Context())
		if err != nil {
			w.t.Fatal(err)
		}
		next = step
		if !act.IsZero() && act.Before(next) {
			next = act
		}
	}
	return next
}

func (w *errandWorld) update(f func(*store.Tx) error) {
	w.t.Helper()
	if err := w.store.Update(w.t.Context(), f); err != nil {
		w.t.Fatal(err)
	}
}

func (w *errandWorld) deployment() (d deploy.Deployment) {
	w.t.Helper()
	err := w.store.View(w.t.Context(), func(tx *store.Tx) (err error) {
		d, err = tx.Deployment("d-1")
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

// TestActionAgain: an action that a server was at when it died is carried out
// again when its claim is over, or at once by a server that starts alone.
func TestActionAgain(t *testing.T) {
	t.Parallel()
	for name, release := range map[string]bool{"by another server": false, "by a server that starts alone": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newErrandWorld(t, errand{})
			if _, err := w.engine.Step(t.Context()); err != nil {
				t.Fatal(err)
			}
			w.update(func(tx *store.Tx) error {
				due, err := tx.ClaimActions(w.now, 30*time.Second, 1)
				if len(due) != 1 {
					t.Errorf("%d actions are due", len(due))
				}
				return err
			})
			w.store.Close()
			w.open()
			if release {
				w.update((*store.Tx).ReleaseActions)
			}
			want := w.start
			if !release {
				want = want.Add(time.Minute)
				if w.settle(); len(*w.acts) != 0 {
					t.Error("somebody is at it, and it was done")
				}
				w.now = want
			}
			w.settle()
			if d := w.deployment(); d.Status != deploy.Succeeded || !d.CompletedAt.Equal(want) {
				t.Errorf("%s at %v", d.Status, d.CompletedAt)
			}
		})
	}
}

// TestActionsRun: a running engine does by itself what the other tests do step
// by step.
func TestActionsRun(t *testing.T) {
	t.Parallel()
	w := newErrandWorld(t, errand{})
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- w.engine.Run(ctx) }()
	for !w.deployment().Status.Terminal() {
		time.Sleep(time.Millisecond)
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if d := w.deployment(); d.Status != deploy.Succeeded {
		t.Error(d.Status, d.Error)
	}
}

// TestActionsRunWhenDue: a running engine looks at what waits as often as that
// asks for, though nobody tells it to.
func TestActionsRunWhenDue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newErrandWorld(t, errand{after: 3 * time.Second, pause: time.Second})
		w.store.Close()
		time.Sleep(time.Until(w.start))
		w.clock = time.Now
		w.open()
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- w.engine.Run(ctx) }()
		time.Sleep(8 * time.Second)
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([]time.Duration{0, time.Second, 2 * time.Second, 3 * time.Second}, *w.acts); diff != "" {
			t.Errorf("tries (-want +got):\n%s", diff)
		}
		w.store.Close()
	})
}
