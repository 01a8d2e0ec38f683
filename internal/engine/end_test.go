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

// TestRollbackUsesItsRevision: a rollback counts as a use of the revision.
func TestRollbackUsesItsRevision(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	defer func() { w.store.Close() }()
	w.plays("hosts web-1", "create v1.tgz", "all runs", "create v2.tgz rollback=FAILURE", "tick 1h")
	d := w.deployment("d-000000003")
	if d.Creator != deploy.CreatorRollback {
		t.Fatalf("no rollback: %+v", d)
	}
	w.view(func(tx *store.Tx) error {
		r, err := tx.Revision(w.app.ID, d.Revision)
		if r.LastUsedAt == nil || !r.LastUsedAt.Equal(d.CreatedAt) {
			t.Errorf("last used at %v, the rollback was created at %v", r.LastUsedAt, d.CreatedAt)
		}
		return err
	})
}

// broken is a platform with a bug: it panics while a deployment of the
// revision goes on.
type broken struct {
	server.Platform
	key string
}

func (b broken) Decide(s deploy.Snapshot, now time.Time) deploy.Decision {
	if s.Deployment.Revision.S3.Key == b.key && len(s.Reports) > 0 {
		panic("a bug")
	}
	return b.Platform.Decide(s, now)
}

// TestEngineFault: a deployment on which the engine fails ends as that, with
// all that follows from an end: what hosts remember, the rollback, and the
// turn of the next.
func TestEngineFault(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	defer func() { w.store.Close() }()
	w.plays("hosts web-1 web-2", "create v1.tgz", "all runs")
	w.engine = engine.New(w.store, engine.Options{
		Platforms: map[deploy.ComputePlatform]platform.Platform{deploy.Server: broken{key: "v2.tgz"}},
		Order:     func([]deploy.Instance) {}, Now: func() time.Time { return w.now }, NewID: w.newID,
	})
	w.plays("create v2.tgz rollback=FAILURE", "create v3.tgz", "web-1 ack ApplicationStop")
	d := w.deployment("d-000000002")
	if d.Status != deploy.Failed || d.Error.Code != deploy.InternalError || *d.Overview != (deploy.Overview{}) {
		t.Errorf("ended as %s %+v, overview %+v", d.Status, d.Error, d.Overview)
	}
	for _, target := range w.targets(d.ID) {
		if target.Status != deploy.TargetUnknown || target.Outstanding != nil {
			t.Errorf("%s is %s", target.ID, target.Status)
		}
	}
	if r := w.deployment(d.Rollback.RollbackID); r.Status != deploy.InProgress || r.Revision.S3.Key != "v1.tgz" {
		t.Errorf("the rollback is %s of %s", r.Status, r.Revision)
	}
	w.plays("all runs")
	for _, id := range []string{"d-000000003", d.Rollback.RollbackID} {
		if got := w.deployment(id).Status; got != deploy.Succeeded {
			t.Errorf("%s is %s", id, got)
		}
	}
}
