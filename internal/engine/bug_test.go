package engine_test

import (
	"testing"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/engine"
	"github.com/slipwayhq/slipway/internal/platform"
	"github.com/slipwayhq/slipway/internal/store"
)

// TestUnknown: when the engine cannot decide, the deployment fails, and what
// had not ended of its targets is unknown and not counted.
func TestUnknown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, line := range [][]string{
		{"hosts", "web-1", "web-2"},
		{"create", "v1.tgz"},
		{"web-1", "runs", "until", "Install"},
		{"web-1", "ack", "Install"},
	} {
		w.do(line)
		w.settle()
	}
	w.engine = engine.New(w.store, engine.Options{
		Platforms: map[deploy.ComputePlatform]platform.Platform{deploy.Server: broken{key: "v1.tgz"}},
		Now:       func() time.Time { return w.now },
	})
	w.do([]string{"web-1", "ok", "Install"})
	w.settle()
	const want = `d-000000001 v1.tgz Failed INTERNAL_ERROR at 12:00:01
  d-000000001: The server could not go on with this deployment because of a fault of its own. Its log has the details; please report them.
  d-000000001 web-1 Unknown: stop=ok download=ok before=ok install=? after=? start=? validate=?
  d-000000001 web-2 Unknown: stop=? download=? before=? install=? after=? start=? validate=?
`
	if got := w.do([]string{"show"})(); got != want {
		t.Errorf("got\n%s", got)
	}
	w.view(func(tx *store.Tx) error {
		d, err := tx.Deployment("d-000000001")
		if *d.Overview != (deploy.Overview{}) {
			t.Errorf("counted %+v", *d.Overview)
		}
		return err
	})
	w.store.Close()
}
