package control_test

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/seal"
	"github.com/slipwayhq/slipway/internal/store"
	"github.com/slipwayhq/slipway/internal/wire"
)

var (
	ns    = deploy.Namespace{Account: "123456789012", Region: "eu-west-1"}
	start = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
)

const role = "arn:aws:iam::123456789012:role/deploy"

// world is a control plane on a store of its own, with a clock that moves a
// second each time it is looked at.
type world struct {
	*control.Control
	t     *testing.T
	store *store.Store

	mu  sync.Mutex
	now time.Time
}

func newWorld(t *testing.T, quotas control.Quotas) *world {
	t.Helper()
	w := &world{t: t, store: openStore(t), now: start}
	w.Control = control.New(w.store, control.Options{Now: w.tick, Quotas: quotas})
	return w
}

func openStore(t testing.TB) *store.Store {
	t.Helper()
	s, err := store.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "slipway.db"), seal.NewBox(seal.Key{}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func (w *world) tick() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(time.Second)
	return w.now
}

// must fails the test on an error.
func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func (w *world) application(name string, platform deploy.ComputePlatform) string {
	w.t.Helper()
	return must(w.CreateApplication(w.t.Context(), ns, control.CreateApplication{Name: name, Platform: &platform}))(w.t)
}

func (w *world) group(in control.CreateDeploymentGroup) string {
	w.t.Helper()
	return must(w.CreateDeploymentGroup(w.t.Context(), ns, in))(w.t)
}

// shop makes the application "shop" with the group "prod".
func (w *world) shop() {
	w.t.Helper()
	w.application("shop", deploy.Server)
	w.group(prod())
}

func prod() control.CreateDeploymentGroup {
	return control.CreateDeploymentGroup{Application: "shop", Name: "prod", ServiceRoleARN: role}
}

func bundle(key string) *control.Revision {
	return &control.Revision{Type: deploy.S3Revision, S3: &deploy.S3Location{Bucket: "b", Key: key, BundleType: "zip"}}
}

// deployment is the least that a deployment of "shop" takes.
func deployment() control.CreateDeployment {
	return control.CreateDeployment{Application: "shop", Group: "prod", Revision: bundle("shop-7.zip")}
}

func (w *world) deploy(in control.CreateDeployment) string {
	w.t.Helper()
	return must(w.CreateDeployment(w.t.Context(), ns, in))(w.t)
}

// change does to a deployment what the engine would.
func (w *world) change(id string, f func(*deploy.Deployment)) {
	w.t.Helper()
	err := w.store.Update(w.t.Context(), func(tx *store.Tx) error {
		row, err := tx.DeploymentRow(id)
		if err != nil {
			return err
		}
		f(&row.Deployment)
		return tx.SaveDeployment(row, time.Time{})
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// end moves a deployment through its life.
func (w *world) end(id string, status deploy.Status) {
	w.t.Helper()
	w.change(id, func(d *deploy.Deployment) {
		d.Move(deploy.InProgress, w.tick())
		d.Move(status, w.tick())
	})
}

// refused checks that err is the exception, and one that the operation
// declares: clients in typed languages know no others.
func refused(t *testing.T, operation string, err error, code, text string) {
	t.Helper()
	if got := deploy.CodeOf(err); got != code+"Exception" {
		t.Fatalf("%s: error %v, want %sException", operation, err, code)
	}
	if !strings.Contains(err.Error(), text) {
		t.Errorf("%s: error %q does not contain %q", operation, err, text)
	}
	op, _ := wire.Lookup(operation)
	if !slices.Contains(op.Errors, code+"Exception") {
		t.Errorf("%s does not declare %sException", operation, code)
	}
}

var long = strings.Repeat("x", 101)

// applicationNameFaults runs the three faults of an application name against
// an operation that finds the application.
func applicationNameFaults(t *testing.T, operation string, call func(ctx context.Context, name string) error) {
	t.Helper()
	for name, code := range map[string]string{
		"": "ApplicationNameRequired", long: "InvalidApplicationName", "a b": "InvalidApplicationName",
		"unknown": "ApplicationDoesNotExist",
	} {
		text := ""
		if name == "unknown" {
			text = "No application found for name: unknown"
		}
		refused(t, operation, call(t.Context(), name), code, text)
	}
}

// deploymentIDFaults is the same for deployment ids; a deployment of another
// region is one of them.
func deploymentIDFaults(t *testing.T, operation string, call func(ctx context.Context, id string) error) {
	t.Helper()
	for id, code := range map[string]string{
		"": "DeploymentIdRequired", "x": "InvalidDeploymentId", "d-abcdefghi": "InvalidDeploymentId",
		"d-AAAAAAAAA": "DeploymentDoesNotExist",
	} {
		refused(t, operation, call(t.Context(), id), code, "")
	}
}
