package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/engine"
	"github.com/slipwayhq/slipway/internal/platform"
	"github.com/slipwayhq/slipway/internal/platform/lambda"
	"github.com/slipwayhq/slipway/internal/provider/artifact"
	"github.com/slipwayhq/slipway/internal/provider/function"
	"github.com/slipwayhq/slipway/internal/provider/function/mem"
	"github.com/slipwayhq/slipway/internal/store"
)

const functionSpec = `{"version":0.0,"Resources":[{"orders":{"Type":"AWS::Lambda::Function","Properties":
{"Name":"orders","Alias":"live","CurrentVersion":"4","TargetVersion":"5"}}}],"Hooks":[{"BeforeAllowTraffic":"pre"}]}`

// bucket is a source of AppSpec files.
type bucket map[string]any // the text, or an error, by key

func (b bucket) Read(_ context.Context, _ deploy.Namespace, at deploy.S3Location, limit int64) ([]byte, error) {
	switch v := b[at.Key].(type) {
	case error:
		return nil, v
	case string:
		if int64(len(v)) > limit {
			return nil, artifact.ErrTooLarge
		}
		return []byte(v), nil
	}
	return nil, artifact.ErrNotFound
}

// functionWorld is an engine that deploys functions in memory, on a clock that
// only run moves.
type functionWorld struct {
	*errandWorld
	functions *mem.Functions
	groups    int
	roleFault *deploy.ErrorInfo // of every group's service role
}

func newFunctionWorld(t *testing.T, objects bucket) *functionWorld {
	w := &functionWorld{errandWorld: newErrandWorld(t, errand{}), functions: &mem.Functions{}}
	w.functions.Publish("orders", "4", "5")
	w.functions.Publish("pre", "1")
	w.functions.Answers = map[string]function.Answer{"pre": {Status: deploy.EventSucceeded}}
	w.functions.Point("orders", "live", function.Alias{Version: "4"})
	w.reopen(objects)
	return w
}

func (w *functionWorld) reopen(objects bucket) {
	ids := 0
	w.engine = engine.New(w.store, engine.Options{
		Platforms: map[deploy.ComputePlatform]platform.Platform{deploy.Lambda: lambda.Platform{
			Functions: w.functions, NewHookID: func(id, event string) string { return id + event },
		}},
		Artifacts: objects, Now: w.clock, NewID: func() string { ids++; return fmt.Sprintf("d-rollback-%d", ids) },
		ServiceRole: func(*store.Tx, deploy.Group) (*deploy.ErrorInfo, error) { return w.roleFault, nil },
	})
}

// deploy makes a deployment in a group of its own and returns its id.
func (w *functionWorld) deploy(r deploy.Revision, config string, rollback ...deploy.RollbackEvent) string {
	w.t.Helper()
	w.groups++
	d := deploy.Deployment{
		Namespace: ns, ID: fmt.Sprintf("d-f%d", w.groups), ApplicationID: "app-1", GroupID: fmt.Sprintf("group-f%d", w.groups),
		GroupName: fmt.Sprint("g", w.groups), Platform: deploy.Lambda, Revision: r, Creator: deploy.CreatorUser, CreatedAt: w.now,
		Status: deploy.Created, AutoRollback: &deploy.AutoRollback{Enabled: len(rollback) > 0, Events: rollback},
	}
	d.Config, _ = deploy.PredefinedConfig(deploy.PredefinedPrefix + "Lambda" + config)
	w.update(func(tx *store.Tx) error {
		return errors.Join(
			tx.InsertGroup(deploy.Group{Namespace: ns, ID: d.GroupID, ApplicationID: "app-1", Name: d.GroupName}),
			tx.PutRevision(deploy.RegisteredRevision{Namespace: ns, ApplicationID: "app-1", Revision: r}),
			tx.InsertDeployment(d))
	})
	return d.ID
}

// end brings a deployment to its end.
func (w *functionWorld) end(id string) deploy.Deployment {
	w.t.Helper()
	for range 1000 {
		next := w.settle()
		if d := w.get(id); d.Status.Terminal() {
			return d
		}
		w.now = next
	}
	w.t.Fatal("the deployment does not end")
	return deploy.Deployment{}
}

func (w *functionWorld) get(id string) (d deploy.Deployment) {
	w.t.Helper()
	err := w.store.View(w.t.Context(), func(tx *store.Tx) (err error) {
		d, err = tx.Deployment(id)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

func (w *functionWorld) alias() string {
	w.t.Helper()
	a, err := w.functions.Alias(w.t.Context(), function.Scope{}, "orders", "live")
	if err != nil {
		w.t.Fatal(err)
	}
	return a.String()
}

func content(text string) deploy.Revision {
	return deploy.Revision{Type: deploy.AppSpecRevision, Content: &deploy.Content{Text: text, SHA256: "sum"}}
}

func object(key string) deploy.Revision {
	return deploy.Revision{Type: deploy.S3Revision, S3: &deploy.S3Location{Bucket: "specs", Key: key, BundleType: "JSON"}}
}

// TestAppSpecFromS3: an AppSpec file that lies in a bucket is read before the
// deployment starts, however long that takes, and what is wrong with it has the
// code that says so.
func TestAppSpecFromS3(t *testing.T) {
	t.Parallel()
	objects := bucket{
		"good": functionSpec, "changed": artifact.ErrChanged, "denied": artifact.ErrDenied,
		"large": functionSpec + strings.Repeat(" ", 1<<20), "away": errors.New("no route to host"), "bad": "hello",
	}
	for key, want := range map[string]deploy.ErrorCode{
		"good": "", "missing": deploy.RevisionMissing, "changed": deploy.RevisionMissing, "denied": deploy.RolePermissions,
		"large": deploy.InvalidRevision, "away": deploy.RevisionMissing, "bad": deploy.InvalidRevision,
	} {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			w := newFunctionWorld(t, objects)
			d := w.end(w.deploy(object(key), "AllAtOnce"))
			var code deploy.ErrorCode
			if d.Error != nil {
				code = d.Error.Code
			}
			if code != want || (d.Status == deploy.Succeeded) != (want == "") {
				t.Errorf("%s %s, want %s: %+v", d.Status, code, want, d.Error)
			}
			if began := d.StartedAt != nil; began != (want == "") {
				t.Errorf("started at %v", d.StartedAt)
			}
			if took := d.CompletedAt.Sub(w.start); key == "away" && took != 5*time.Minute {
				t.Errorf("it was tried for %s", took)
			}
		})
	}
}

// TestPutBack: what a Lambda deployment that ends badly leaves, and what its
// rollback makes of it.
func TestPutBack(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		broken   func(*functionWorld) // before the deployment
		stop     time.Duration
		config   string
		left     string // by the deployment, without a rollback
		code     deploy.ErrorCode
		rollback deploy.Status // "" : none
	}{
		"the hook refuses": {
			broken: func(w *functionWorld) { w.functions.Answers["pre"] = function.Answer{Status: deploy.EventFailed} },
			config: "AllAtOnce", left: "version 4", code: deploy.HookFailure, rollback: deploy.Succeeded,
		},
		"stopped in the middle": {
			stop: 2 * time.Minute, config: "Canary10Percent5Minutes", left: "version 4 with 10 % on version 5",
			code: deploy.ManualStop, rollback: deploy.Succeeded,
		},
		"the capacity fails, for the rollback too": {
			broken: func(w *functionWorld) {
				w.functions.Fault = func(call, _ string) error {
					if call == "Capacity" {
						return function.ErrInvalid
					}
					return nil
				}
			},
			config: "AllAtOnce", left: "version 5", code: deploy.InvalidFunctionConfig, rollback: deploy.Failed,
		},
		"before it begins": {
			broken: func(w *functionWorld) { w.functions.Point("orders", "live", function.Alias{Version: "5"}) },
			config: "AllAtOnce", left: "version 5", code: deploy.InvalidFunctionConfig,
		},
	} {
		for _, rolled := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", rollback ", rolled), func(t *testing.T) {
				t.Parallel()
				w := newFunctionWorld(t, nil)
				if c.broken != nil {
					c.broken(w)
				}
				var events []deploy.RollbackEvent
				if rolled {
					events = []deploy.RollbackEvent{deploy.RollbackOnFailure, deploy.RollbackOnStop}
				}
				id := w.deploy(content(functionSpec), c.config, events...)
				if c.stop > 0 {
					w.settle()
					w.now = w.start.Add(c.stop)
					w.update(func(tx *store.Tx) error { return tx.RequestStop(id, deploy.StopRequest{At: w.now}) })
				}
				d := w.end(id)
				if d.Error == nil || d.Error.Code != c.code {
					t.Fatalf("%s %+v, want %s", d.Status, d.Error, c.code)
				}
				if !rolled || c.rollback == "" {
					if d.Rollback.RollbackID != "" || w.alias() != c.left {
						t.Errorf("left at %s with the rollback %q, want %s and none", w.alias(), d.Rollback.RollbackID, c.left)
					}
					return
				}
				r := w.end(d.Rollback.RollbackID)
				if r.Status != c.rollback || r.Creator != deploy.CreatorRollback || r.Rollback.TriggeringID != id || r.Rollback.RollbackID != "" {
					t.Errorf("the rollback is %s: %+v", r.Status, r)
				}
				if r.Config.Name != "CodeDeployDefault.LambdaAllAtOnce" {
					t.Errorf("it goes by %s", r.Config.Name)
				}
				if r.Status == deploy.Succeeded && w.alias() != "version 4" {
					t.Errorf("the alias is at %s", w.alias())
				}
				w.notTheLast(r)
			})
		}
	}
}

// TestPutBackIsNotKept: what would keep a deployment from starting does not
// keep a rollback from putting traffic back.
func TestPutBackIsNotKept(t *testing.T) {
	t.Parallel()
	for name, obstacle := range map[string]func(w *functionWorld, d deploy.Deployment){
		"the service role has gone": func(w *functionWorld, _ deploy.Deployment) {
			w.roleFault = &deploy.ErrorInfo{Code: deploy.RoleMissing, Message: "It was deleted."}
		},
		"another group has begun with the alias": func(w *functionWorld, d deploy.Deployment) {
			other := d
			other.ID, other.GroupID = "d-other", "group-other"
			w.update(func(tx *store.Tx) error {
				target, err := tx.Target(d.ID, "orders:live")
				target.DeploymentID = other.ID
				return errors.Join(err,
					tx.InsertGroup(deploy.Group{Namespace: ns, ID: other.GroupID, ApplicationID: "app-1", Name: "other"}),
					tx.InsertDeployment(other), tx.PutTarget(target))
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newFunctionWorld(t, nil)
			id := w.deploy(content(functionSpec), "Canary10Percent5Minutes", deploy.RollbackOnStop)
			w.settle()
			w.now = w.start.Add(2 * time.Minute)
			obstacle(w, w.get(id))
			w.update(func(tx *store.Tx) error { return tx.RequestStop(id, deploy.StopRequest{At: w.now}) })
			if r := w.end(w.end(id).Rollback.RollbackID); r.Status != deploy.Succeeded || w.alias() != "version 4" {
				t.Errorf("the rollback is %s %+v, the alias at %s", r.Status, r.Error, w.alias())
			}
		})
	}
}

// notTheLast checks that a rollback that puts traffic back is not the group's
// last success.
func (w *functionWorld) notTheLast(r deploy.Deployment) {
	w.t.Helper()
	err := w.store.View(w.t.Context(), func(tx *store.Tx) error {
		_, err := tx.LastSuccessful(r.GroupID)
		return err
	})
	if !errors.Is(err, store.ErrNotFound) {
		w.t.Errorf("the rollback counts as a success of the group: %v", err)
	}
}

// TestSameAlias: two groups cannot move one alias at the same time.
func TestSameAlias(t *testing.T) {
	t.Parallel()
	w := newFunctionWorld(t, nil)
	first := w.deploy(content(functionSpec), "Canary10Percent5Minutes")
	w.settle()
	second := w.end(w.deploy(content(functionSpec), "AllAtOnce"))
	if second.Error == nil || second.Error.Code != deploy.InvalidFunctionConfig || !strings.Contains(second.Error.Message, first) {
		t.Errorf("%s %+v", second.Status, second.Error)
	}
	if d := w.end(first); d.Status != deploy.Succeeded {
		t.Errorf("the first one is %s %+v", d.Status, d.Error)
	}
	if diff := cmp.Diff("version 5", w.alias()); diff != "" {
		t.Error(diff)
	}
}
