package engine_test

import (
	"testing"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/engine"
	"github.com/slipwayhq/slipway/internal/platform"
	"github.com/slipwayhq/slipway/internal/platform/server"
	"github.com/slipwayhq/slipway/internal/store"
)

// replica is one of several engines on the world's store.
func (w *world) replica(name string, change func(engine.Options) engine.Options) *engine.Engine {
	return engine.New(w.store, change(engine.Options{
		Platforms: map[deploy.ComputePlatform]platform.Platform{deploy.Server: server.Platform{}},
		Order:     func([]deploy.Instance) {},
		Now:       func() time.Time { return w.now }, NewID: w.newID, Name: name,
	}))
}

func unchanged(o engine.Options) engine.Options { return o }

// wakeUp makes the deployment due, lets an engine look, and returns who owns
// it then.
func (w *world) wakeUp(id string, e *engine.Engine) (owner string) {
	w.t.Helper()
	w.update(func(tx *store.Tx) error { return tx.WakeDeployment(id, w.now) })
	if _, err := e.Step(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	return w.row(id).Lease.Owner
}

func (w *world) row(id string) (row store.DeploymentRow) {
	w.t.Helper()
	err := w.store.View(w.t.Context(), func(tx *store.Tx) (err error) {
		row, err = tx.DeploymentRow(id)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return row
}

// TestLeases: an engine leaves alone what is another's, takes over what a dead
// one had when the lease has ended, and the dead one, should it come back,
// changes nothing.
func TestLeases(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do([]string{"hosts", "h1"})
	w.do([]string{"create", "v1"})
	const id = "d-000000001"
	a, b := w.replica("a", unchanged), w.replica("b", unchanged)
	owner := func(what string, e *engine.Engine, want string) {
		t.Helper()
		if got := w.wakeUp(id, e); got != want {
			t.Errorf("%s: the owner is %q, want %q", what, got, want)
		}
	}
	owner("the first to look", a, "a")
	before := w.row(id).Version
	owner("another, while the lease lasts", b, "a")
	if got := w.row(id).Version; got != before {
		t.Errorf("the other engine saved: version %d, was %d", got, before)
	}

	w.now = w.now.Add(5 * time.Second)
	if _, err := a.Step(t.Context()); err != nil { // it says that it is there
		t.Fatal(err)
	}
	w.now = w.now.Add(9 * time.Second)
	owner("another, when the lease was extended", b, "a")
	next, err := b.Step(t.Context())
	if left := next.Sub(w.now); err != nil || left <= 0 || left > time.Second {
		t.Errorf("the other engine looks again in %v (%v), want when the lease ends", left, err)
	}

	w.now = next
	owner("another, when the lease has ended", b, "b")
	before = w.row(id).Version
	owner("the first, back too late", a, "b")
	if got := w.row(id).Version; got != before {
		t.Errorf("the first engine saved: version %d, was %d", got, before)
	}
}

// TestLeasesIgnored shows that the fault which tests can set does break the
// rule.
func TestLeasesIgnored(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do([]string{"hosts", "h1"})
	w.do([]string{"create", "v1"})
	const id = "d-000000001"
	if got := w.wakeUp(id, w.replica("a", unchanged)); got != "a" {
		t.Fatalf("the owner is %q", got)
	}
	if got := w.wakeUp(id, w.replica("b", engine.IgnoringLeases)); got != "b" {
		t.Errorf("an engine that minds no leases left the deployment to %q", got)
	}
}
