package engine_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/engine"
	"github.com/slipwayhq/slipway/internal/notification"
	"github.com/slipwayhq/slipway/internal/platform"
	"github.com/slipwayhq/slipway/internal/store"
)

// listen lets somebody be told everything: a trigger, and events.
func (w *world) listen() {
	w.notify = notification.Routes{Triggers: []notification.Route{{Name: "hook"}}, Events: []notification.Route{{Name: "bus"}}}
	w.group.Triggers = []deploy.Trigger{{Name: "t1", TargetARN: "arn:aws:sns:us-east-1:000000000000:all", Events: []string{
		"DeploymentStart", "DeploymentSuccess", "DeploymentFailure", "DeploymentStop", "DeploymentRollback", "DeploymentReady",
		"InstanceStart", "InstanceSuccess", "InstanceFailure", "InstanceReady",
	}}}
	w.update(func(tx *store.Tx) error { return tx.SaveGroup(w.group) })
	w.crash() // the engine learns of it when it starts
}

// told returns what waits to be told to a destination, in order.
func (w *world) told(destination string) (out []string) {
	w.t.Helper()
	for {
		var due []store.OutboxRow
		w.update(func(tx *store.Tx) (err error) {
			due, err = tx.DueMessages(destination, w.now, 1)
			return err
		})
		if len(due) == 0 {
			return out
		}
		out = append(out, inShort(w.t, due[0].Message))
		w.update(func(tx *store.Tx) error { return tx.RemoveMessage(due[0].Message.ID) })
	}
}

// inShort is a message in one line.
func inShort(t *testing.T, m notification.Message) string {
	t.Helper()
	var b struct {
		Status       string
		DeploymentID string
		InstanceID   string
		Status2      string `json:"instanceStatus"`
		Rollback     string `json:"rollbackInformation"`
		Detail       struct{ State, DeploymentID, InstanceID string }
	}
	if err := json.Unmarshal([]byte(m.Body), &b); err != nil {
		t.Fatal(err)
	}
	var r struct{ RollbackTriggeringDeploymentID string }
	if b.Rollback != "" {
		if err := json.Unmarshal([]byte(b.Rollback), &r); err != nil {
			t.Fatal(err)
		}
	}
	_, instance, _ := strings.Cut(b.InstanceID, "/")
	return strings.Join(slices.DeleteFunc([]string{
		b.Status, b.Status2, b.Detail.State, b.DeploymentID, b.Detail.DeploymentID, instance, b.Detail.InstanceID,
		r.RollbackTriggeringDeploymentID,
	}, func(s string) bool { return s == "" }), " ")
}

// TestNotified: a deployment that fails and its rollback are told step by step,
// wherever the server crashes. (The deployment's own creation is told by
// control, which this story does without.)
func TestNotified(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/failure_rollback.txt")
	if err != nil {
		t.Fatal(err)
	}
	commands := commandsOf(string(text))
	run := func(crashAt int) (hook, bus []string) {
		w := newWorld(t)
		defer func() { w.store.Close() }()
		w.listen()
		for i, line := range commands {
			command, isCommand := strings.CutPrefix(line, "> ")
			if !isCommand {
				continue
			}
			w.do(strings.Fields(command))
			if i == crashAt {
				w.crash()
			}
			w.settle()
		}
		return w.told("hook"), w.told("bus")
	}
	for crashAt := -1; crashAt < len(commands); crashAt += thinned {
		hook, bus := run(crashAt)
		if diff := cmp.Diff(strings.Split(wantHook, "\n"), hook); diff != "" {
			t.Fatalf("the trigger's messages, with a crash after line %d of the story (-want +got)\n%s", crashAt, diff)
		}
		if diff := cmp.Diff(strings.Split(wantBus, "\n"), bus); diff != "" {
			t.Fatalf("the events, with a crash after line %d of the story (-want +got)\n%s", crashAt, diff)
		}
	}
}

const (
	wantHook = `IN_PROGRESS d-000000001 web-1
SUCCEEDED d-000000001 web-1
IN_PROGRESS d-000000001 web-2
SUCCEEDED d-000000001 web-2
IN_PROGRESS d-000000001 web-3
SUCCEEDED d-000000001 web-3
SUCCEEDED d-000000001
IN_PROGRESS d-000000002 web-1
SUCCEEDED d-000000002 web-1
IN_PROGRESS d-000000002 web-2
FAILED d-000000002 web-2
FAILED d-000000002
CREATED d-000000003 d-000000002
IN_PROGRESS d-000000003 d-000000002
IN_PROGRESS d-000000003 web-2
SUCCEEDED d-000000003 web-2
IN_PROGRESS d-000000003 web-1
SUCCEEDED d-000000003 web-1
IN_PROGRESS d-000000003 web-3
SUCCEEDED d-000000003 web-3
SUCCEEDED d-000000003 d-000000002`
	wantBus = `START d-000000001
START d-000000001 web-1
SUCCESS d-000000001 web-1
START d-000000001 web-2
SUCCESS d-000000001 web-2
START d-000000001 web-3
SUCCESS d-000000001 web-3
SUCCESS d-000000001
START d-000000002
START d-000000002 web-1
SUCCESS d-000000002 web-1
START d-000000002 web-2
FAILURE d-000000002 web-2
FAILURE d-000000002
START d-000000003
START d-000000003 web-2
SUCCESS d-000000003 web-2
START d-000000003 web-1
SUCCESS d-000000003 web-1
START d-000000003 web-3
SUCCESS d-000000003 web-3
SUCCESS d-000000003`
)

// TestBugIsTold: a deployment that the engine itself fails on is told of like
// any other that fails.
func TestBugIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	defer func() { w.store.Close() }()
	w.listen()
	w.register([]string{"a"})
	w.engine = engine.New(w.store, engine.Options{
		Platforms: map[deploy.ComputePlatform]platform.Platform{deploy.Server: hollow{}}, Notify: w.notify,
	})
	w.create([]string{"v1"})
	w.settle()
	w.now = w.now.AddDate(10, 0, 0) // that engine has the real clock
	if diff := cmp.Diff([]string{"FAILED d-000000001"}, w.told("hook")); diff != "" {
		t.Errorf("the trigger's messages (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]string{"FAILURE d-000000001"}, w.told("bus")); diff != "" {
		t.Errorf("the events (-want +got)\n%s", diff)
	}
}

// hollow is a platform with a bug: it cannot plan.
type hollow struct{ platform.Platform }
