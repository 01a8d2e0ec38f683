package notification_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/notification"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the expected messages in testdata")

var (
	ns      = deploy.Namespace{Account: "111122223333", Region: "eu-west-2"}
	created = time.Date(2022, 10, 14, 8, 38, 46, 123e6, time.UTC)
	routes  = notification.Routes{
		Triggers: []notification.Route{{Name: "hook"}, {Name: "sns", PerTopic: true}},
		Events:   []notification.Route{{Name: "bus"}},
	}
	all = deploy.Trigger{Name: "t1", TargetARN: "arn:aws:sns:eu-west-2:111122223333:all", Events: []string{
		"DeploymentStart", "DeploymentSuccess", "DeploymentFailure", "DeploymentStop", "DeploymentRollback", "DeploymentReady",
		"InstanceStart", "InstanceSuccess", "InstanceFailure", "InstanceReady",
	}}
)

// at returns a moment n seconds after the deployment was created.
func at(n int) *time.Time {
	t := created.Add(time.Duration(n) * time.Second)
	return &t
}

func deployment(changes ...func(*deploy.Deployment)) deploy.Deployment {
	d := deploy.Deployment{
		Namespace: ns, ID: "d-ABCDEF123", ApplicationName: "app", GroupID: "4a1b0b1c-0000-4000-8000-000000000001",
		GroupName: "grp", Creator: deploy.CreatorUser, CreatedAt: created, Status: deploy.Created,
	}
	for _, change := range changes {
		change(&d)
	}
	return d
}

func running(d *deploy.Deployment) {
	d.Status, d.StartedAt, d.Overview = deploy.InProgress, at(1), &deploy.Overview{Pending: 2}
}

func ended(status deploy.Status, o *deploy.Overview, e *deploy.ErrorInfo) func(*deploy.Deployment) {
	return func(d *deploy.Deployment) { d.Status, d.CompletedAt, d.Overview, d.Error = status, at(452), o, e }
}

// rollback makes a deployment the rollback of another.
func rollback(d *deploy.Deployment) {
	d.ID, d.Creator = "d-ROLLBACK1", deploy.CreatorRollback
	d.Rollback = deploy.RollbackInfo{TriggeringID: "d-ABCDEF123", Message: "This deployment rolls back d-ABCDEF123."}
}

func target(status deploy.TargetStatus, events ...deploy.LifecycleEvent) deploy.Target {
	return deploy.Target{
		ID: "web-1", ARN: "arn:aws:codedeploy:eu-west-2:111122223333:instance/web-1_ABCDEF1234",
		Status: status, UpdatedAt: *at(9), Events: events,
	}
}

var (
	pendingStop = deploy.LifecycleEvent{Name: deploy.ApplicationStop, Status: deploy.EventPending}
	runningStop = deploy.LifecycleEvent{Name: deploy.ApplicationStop, Status: deploy.EventInProgress, StartedAt: at(2)}
	goodStop    = deploy.LifecycleEvent{Name: deploy.ApplicationStop, Status: deploy.EventSucceeded, StartedAt: at(2), EndedAt: at(3)}
	badInstall  = deploy.LifecycleEvent{Name: deploy.Install, Status: deploy.EventFailed, StartedAt: at(3), EndedAt: at(9)}
	skipped     = deploy.LifecycleEvent{Name: deploy.AfterInstall, Status: deploy.EventSkipped, EndedAt: at(9)}
	health      = &deploy.ErrorInfo{Code: deploy.HealthConstraints, Message: "Too many hosts <web-1> failed."}
)

func moved(before, after deploy.Target) []notification.TargetChange {
	return []notification.TargetChange{{Before: before, After: after}}
}

// changes are the kinds of changes that something is told of.
var changes = map[string]notification.Change{
	"created": {After: deployment()},
	"queued":  {Before: deployment(), After: deployment(func(d *deploy.Deployment) { d.Status = deploy.Queued })},
	"started": {Before: deployment(), After: deployment(running)},
	"started with a target": {
		Before: deployment(), After: deployment(running),
		Targets: moved(deploy.Target{}, target(deploy.TargetInProgress, runningStop)),
	},
	"ready": {
		Before: deployment(running),
		After:  deployment(running, func(d *deploy.Deployment) { d.Status = deploy.Ready }),
	},
	"succeeded": {
		Before: deployment(running), After: deployment(running, ended(deploy.Succeeded, &deploy.Overview{Succeeded: 2}, nil)),
	},
	"failed": {
		Before: deployment(running),
		After:  deployment(running, ended(deploy.Failed, &deploy.Overview{Failed: 1, Skipped: 1}, health)),
	},
	"failed before the start": {
		Before: deployment(), After: deployment(ended(deploy.Failed, nil, &deploy.ErrorInfo{Code: deploy.NoInstances, Message: "None."})),
	},
	"stopped": {
		Before: deployment(running),
		After:  deployment(running, ended(deploy.Stopped, &deploy.Overview{Succeeded: 1, Skipped: 1}, &deploy.ErrorInfo{Code: deploy.ManualStop, Message: "Stopped."})),
	},
	"started and ended at once": {
		Before: deployment(), After: deployment(running, ended(deploy.Succeeded, &deploy.Overview{}, nil)),
	},
	"rollback created":   {After: deployment(rollback)},
	"rollback started":   {Before: deployment(rollback), After: deployment(rollback, running)},
	"rollback succeeded": {Before: deployment(rollback, running), After: deployment(rollback, running, ended(deploy.Succeeded, &deploy.Overview{Succeeded: 2}, nil))},
	"target ready": {
		Before: deployment(running), After: deployment(running),
		Targets: moved(target(deploy.TargetInProgress, runningStop), target(deploy.TargetReady, goodStop)),
	},
	"target succeeded": {
		Before: deployment(running), After: deployment(running),
		Targets: moved(target(deploy.TargetInProgress, runningStop), target(deploy.TargetSucceeded, goodStop)),
	},
	"target failed": {
		Before: deployment(running), After: deployment(running),
		Targets: moved(target(deploy.TargetInProgress, goodStop), target(deploy.TargetFailed, goodStop, badInstall, skipped)),
	},
	"target failed that was never reached": {
		Before: deployment(running), After: deployment(running),
		Targets: moved(target(deploy.TargetPending, pendingStop), target(deploy.TargetFailed, skipped)),
	},
}

// TestMessages compares the messages of each kind of change with those in
// testdata, where each is shown with its body opened up.
func TestMessages(t *testing.T) {
	t.Parallel()
	for name, c := range changes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.At, c.Triggers = *at(500), []deploy.Trigger{all}
			compare(t, name, routes.Messages(c))
		})
	}
}

func TestSaved(t *testing.T) {
	t.Parallel()
	group := deploy.Group{Namespace: ns, ID: "group-1", Name: "grp", Triggers: []deploy.Trigger{all}}
	compare(t, "trigger saved", routes.Saved("app", deploy.Group{}, group, created))

	again := group
	again.Triggers = []deploy.Trigger{{Name: "t1", TargetARN: all.TargetARN, Events: []string{"DeploymentStop"}}}
	if got := routes.Saved("app", group, again, created); len(got) != 0 {
		t.Errorf("a trigger that only has other events is tested again: %v", got)
	}
	again.Triggers[0].TargetARN += "-2"
	if got := routes.Saved("app", group, again, created); len(got) != len(routes.Triggers) {
		t.Errorf("a trigger with a new topic has %d tests, want %d", len(got), len(routes.Triggers))
	}
}

// compare compares messages with a file. The body, which is a text, is shown
// as the JSON that it holds.
func compare(t *testing.T, name string, messages []notification.Message) {
	t.Helper()
	var out bytes.Buffer
	for _, m := range messages {
		e := json.NewEncoder(&out)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		if err := e.Encode(struct {
			notification.Message
			Body json.RawMessage `json:"body"`
		}{m, json.RawMessage(m.Body)}); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join("testdata", strings.ReplaceAll(name, " ", "-")+".json")
	if *rewrite {
		if err := os.WriteFile(file, out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), out.String()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestQuiet: what is not told.
func TestQuiet(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]notification.Change{
		"an event that ended": {
			Before: deployment(running), After: deployment(running),
			Targets: moved(target(deploy.TargetInProgress, runningStop), target(deploy.TargetInProgress, goodStop)),
		},
		"a target that was skipped": {
			Before: deployment(running), After: deployment(running),
			Targets: moved(target(deploy.TargetPending, pendingStop), target(deploy.TargetSkipped, skipped)),
		},
		"a target that was lost": {
			Before: deployment(running), After: deployment(running),
			Targets: moved(target(deploy.TargetInProgress, runningStop), target(deploy.TargetUnknown, runningStop)),
		},
		"a target that is planned": {
			Before: deployment(running), After: deployment(running),
			Targets: moved(deploy.Target{}, target(deploy.TargetPending, pendingStop)),
		},
		"a replacement target that gets traffic": {
			Before: deployment(running), After: deployment(running),
			Targets: moved(target(deploy.TargetReady, goodStop), target(deploy.TargetInProgress, goodStop)),
		},
		"a deployment that goes on": {
			Before: deployment(running, func(d *deploy.Deployment) { d.Status = deploy.Baking }), After: deployment(running),
		},
	} {
		c.Triggers = []deploy.Trigger{all}
		if got := routes.Messages(c); len(got) != 0 {
			t.Errorf("%s is told: %v", name, got)
		}
	}
}

// TestOnlyWhatIsAskedFor: a trigger gets its events, and nobody gets anything
// where there is nowhere to send it.
func TestOnlyWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	c := changes["failed"]
	c.Triggers = []deploy.Trigger{
		{Name: "good", TargetARN: all.TargetARN, Events: []string{"DeploymentSuccess"}},
		{Name: "bad", TargetARN: all.TargetARN + "-2", Events: []string{"DeploymentFailure"}},
	}
	var got []string
	for _, m := range routes.Messages(c) {
		got = append(got, m.Destination+" "+m.Trigger)
	}
	if want := []string{"hook bad", "sns bad", "bus "}; !slices.Equal(got, want) {
		t.Errorf("messages to %q, want %q", got, want)
	}
	if got := (notification.Routes{}).Messages(c); got != nil {
		t.Errorf("without routes there are messages: %v", got)
	}
	c.Triggers = nil // the group was deleted
	if got := routes.Messages(c); len(got) != 1 || !got[0].Event() {
		t.Errorf("without a group there is the event alone, not %v", got)
	}
}

// TestIDs: messages that differ have different ids, and the same one always
// has the same.
func TestIDs(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for name, c := range changes {
		c.Triggers = []deploy.Trigger{all, {Name: "t2", TargetARN: all.TargetARN + "-2", Events: all.Events}}
		first, second := routes.Messages(c), routes.Messages(c)
		if diff := cmp.Diff(first, second); diff != "" {
			t.Errorf("%s: the same change is told in other ways:\n%s", name, diff)
		}
		for _, m := range first {
			what := m.Destination + " " + m.Trigger + " " + m.Subject + " " + m.Deployment
			if m.Event() {
				what += eventState(t, m)
			}
			if other, known := seen[m.ID]; known && other != what {
				t.Errorf("%q and %q have the id %s", what, other, m.ID)
			}
			seen[m.ID] = what
		}
	}
}

func eventState(t *testing.T, m notification.Message) string {
	t.Helper()
	var e struct {
		DetailType string `json:"detail-type"`
		Detail     struct{ State string }
	}
	if err := json.Unmarshal([]byte(m.Body), &e); err != nil {
		t.Fatal(err)
	}
	return e.DetailType + e.Detail.State
}

// TestLongSubject: a topic takes 100 characters.
func TestLongSubject(t *testing.T) {
	t.Parallel()
	c := notification.Change{Triggers: []deploy.Trigger{all}, After: deployment(func(d *deploy.Deployment) {
		d.ApplicationName = strings.Repeat("a", 100)
	})}
	if s := routes.Messages(c)[0].Subject; len(s) != 100 || !strings.HasSuffix(s, "aaa...") {
		t.Errorf("the subject is %q", s)
	}
}
