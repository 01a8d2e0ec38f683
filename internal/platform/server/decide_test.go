package server

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/platform"
	"github.com/slipwayhq/slipway/internal/rollout"
)

var start = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// run is a deployment under random hosts.
type run struct {
	t        *rapid.T
	snapshot deploy.Snapshot
	commands map[string]*deploy.HostCommand // live ones
	issued   map[string]bool
	now      time.Time
}

func newRun(t *rapid.T) *run {
	n := rapid.IntRange(1, 12).Draw(t, "hosts")
	minimum := rapid.SampledFrom([]*deploy.MinimumHealthy{
		{Type: deploy.MostConcurrency, Value: 1},
		{Type: deploy.FleetPercent, Value: rapid.IntRange(0, 99).Draw(t, "percent")},
		{Type: deploy.HostCount, Value: rapid.IntRange(0, n).Draw(t, "count")},
	}).Draw(t, "minimum")
	f := platform.Fleet{Known: map[string]deploy.GroupHost{}}
	f.Group.OnPremisesFilters = []deploy.TagFilter{{Type: deploy.KeyOnly, Key: "k"}}
	for i := range n {
		name := fmt.Sprintf("h%d", i)
		f.Instances = append(f.Instances, deploy.Instance{Name: name, Tags: []deploy.Tag{{Key: "k"}}})
		f.Known[name] = deploy.GroupHost{Healthy: rapid.Bool().Draw(t, "healthy")}
	}
	d := deploy.Deployment{
		ID: "d-1", Status: deploy.Created, Config: deploy.Config{MinimumHealthy: minimum},
		IgnoreApplicationStopFailures: rapid.Bool().Draw(t, "ignore"),
	}
	targets, failure := Platform{}.Plan(d, f, start)
	if possible := rollout.NewPace(n, minimum).Possible(); possible != (failure == nil) {
		t.Fatalf("possible: %v, failure: %v", possible, failure)
	}
	if failure != nil {
		t.Skip("nothing can be deployed")
	}
	d.Move(deploy.InProgress, start)
	return &run{
		t: t, snapshot: deploy.Snapshot{Deployment: d, Targets: targets}, now: start,
		commands: map[string]*deploy.HostCommand{}, issued: map[string]bool{},
	}
}

// decide takes one decision and applies it, as the engine would.
func (r *run) decide() {
	before := mustJSON(r.snapshot)
	d := Platform{}.Decide(r.snapshot, r.now)
	if diff := cmp.Diff(mustJSON(d), mustJSON(Platform{}.Decide(r.snapshot, r.now))); diff != "" {
		r.t.Fatal("the same snapshot, another decision", diff)
	}
	if diff := cmp.Diff(before, mustJSON(r.snapshot)); diff != "" {
		r.t.Fatal("the decision changed the snapshot", diff)
	}
	r.snapshot.Deployment, r.snapshot.Reports = d.Deployment, nil
	for _, t := range d.Targets {
		r.checkMoves(r.snapshot.Targets[t.Order], t)
		r.snapshot.Targets[t.Order] = t
	}
	for _, id := range d.Cancel {
		delete(r.commands, id)
	}
	for _, c := range d.Issue {
		if r.issued[c.ID] {
			r.t.Fatalf("%s was issued twice", c.ID)
		}
		r.issued[c.ID] = true
		r.commands[c.ID] = &c
	}
	r.check(d)
}

// checkMoves: what has ended does not change.
func (r *run) checkMoves(old, now deploy.Target) {
	if old.Status.Terminal() && old.Status != now.Status {
		r.t.Fatalf("%s moved from %s to %s", old.ID, old.Status, now.Status)
	}
	for i := range old.Events {
		if old.Events[i].Status.Terminal() && old.Events[i].Status != now.Events[i].Status {
			r.t.Fatalf("%s of %s moved from %s to %s", old.Events[i].Name, old.ID, old.Events[i].Status, now.Events[i].Status)
		}
	}
}

// check asserts what must hold after every decision.
func (r *run) check(d deploy.Decision) {
	pace := rollout.NewPace(len(r.snapshot.Targets), r.snapshot.Deployment.Config.MinimumHealthy)
	inFlight, failed := 0, 0
	for _, t := range r.snapshot.Targets {
		r.checkTarget(t)
		switch {
		case t.Status == deploy.TargetFailed:
			failed++
		case t.Outstanding != nil:
			inFlight++
			if d.WakeAt.IsZero() || d.WakeAt.After(t.Outstanding.Deadline) {
				r.t.Fatalf("%s waits until %s, the engine sleeps until %s", t.ID, t.Outstanding.Deadline, d.WakeAt)
			}
		}
	}
	if inFlight > pace.Concurrency {
		r.t.Fatalf("%d hosts in flight, %d allowed", inFlight, pace.Concurrency)
	}
	if pace.Minimum > 0 && failed+inFlight > pace.Hosts-pace.Minimum {
		r.t.Fatalf("%d failed and %d in flight of %d hosts, minimum %d", failed, inFlight, pace.Hosts, pace.Minimum)
	}
	if r.snapshot.Deployment.Status.Terminal() != (inFlight == 0) {
		r.t.Fatalf("%s with %d hosts in flight", r.snapshot.Deployment.Status, inFlight)
	}
	if got := *r.snapshot.Deployment.Overview; got != deploy.Count(r.snapshot.Targets) {
		r.t.Fatalf("overview %+v", got)
	}
}

// checkTarget: events go in order, none runs behind one that failed.
func (r *run) checkTarget(t deploy.Target) {
	ended := true
	for _, e := range t.Events {
		switch {
		case e.Status == deploy.EventPending || e.Status == deploy.EventSkipped:
			ended = false
		case !ended:
			r.t.Fatalf("%s of %s is %s before its turn", e.Name, t.ID, e.Status)
		case e.Status == deploy.EventInProgress:
			ended = false
		case e.Status == deploy.EventFailed:
			ended = r.snapshot.Deployment.IgnoreApplicationStopFailures && ignorable(e.Name)
		}
	}
	if r.snapshot.Deployment.Status.Terminal() && !t.Status.Terminal() {
		r.t.Fatalf("%s is %s in a deployment that is %s", t.ID, t.Status, r.snapshot.Deployment.Status)
	}
}

// hostActs lets a random host do something about a command, or time pass.
func (r *run) hostActs() {
	ids := make([]string, 0, len(r.commands))
	for id := range r.commands {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	verb := rapid.SampledFrom([]string{"ack", "ok", "ok", "ok", "fail", "wait", "stop", "late"}).Draw(r.t, "verb")
	switch {
	case verb == "wait":
		r.now = r.now.Add(rapid.SampledFrom([]time.Duration{time.Second, 5 * time.Minute, time.Hour}).Draw(r.t, "time"))
		return
	case verb == "stop":
		if rapid.IntRange(0, 20).Draw(r.t, "really") == 0 && r.snapshot.Deployment.Ending == nil {
			r.snapshot.Deployment.Ending = &deploy.Ending{Status: deploy.Stopped}
		}
		return
	case verb == "late": // a report on a command that nobody waits for
		r.snapshot.Reports = append(r.snapshot.Reports, deploy.HostCommand{
			ID: "d-1:h0:ApplicationStop", TargetID: "h0", State: deploy.CommandCancelled,
		})
		if c := r.commands["d-1:h0:ApplicationStop"]; c != nil {
			r.snapshot.Reports = nil // somebody does
		}
		return
	case len(ids) == 0:
		return
	}
	c := r.commands[rapid.SampledFrom(ids).Draw(r.t, "command")]
	r.now = r.now.Add(time.Second)
	at := r.now
	switch verb {
	case "ack":
		c.State, c.AckedAt = deploy.CommandRunning, &at
	case "ok", "fail":
		c.State, c.CompletedAt = deploy.CommandSucceeded, &at
		if verb == "fail" {
			c.State = deploy.CommandFailed
			c.Diagnostics = &deploy.Diagnostics{ErrorCode: "ScriptFailed"}
		}
		delete(r.commands, c.ID)
	}
	r.snapshot.Reports = append(r.snapshot.Reports, *c)
}

// TestDecide drives random deployments to their end: after every decision the
// budget holds, events are in order, what has ended stays, and it does end.
func TestDecide(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := newRun(t)
		r.decide()
		for steps := 0; !r.snapshot.Deployment.Status.Terminal(); steps++ {
			if steps < 300 {
				r.hostActs()
			} else {
				r.now = r.now.Add(time.Hour) // hosts that say nothing are given up
			}
			if steps > 1000 {
				t.Fatal("the deployment does not end")
			}
			r.decide()
		}
	})
}

func mustJSON(v any) string {
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		panic(err)
	}
	return string(b)
}

// TestOrder: unhealthy hosts first, then unknown, old and current ones.
func TestOrder(t *testing.T) {
	t.Parallel()
	revision := func(key string) *deploy.Revision {
		return &deploy.Revision{Type: deploy.S3Revision, S3: &deploy.S3Location{Bucket: "b", Key: key}}
	}
	f := platform.Fleet{
		Group: deploy.Group{OnPremisesFilters: []deploy.TagFilter{{Type: deploy.KeyOnly, Key: "k"}}},
		Known: map[string]deploy.GroupHost{
			"current": {Healthy: true, Installed: revision("2")},
			"old":     {Healthy: true, Installed: revision("1")},
			"unknown": {Healthy: true},
			"failed":  {Healthy: false, Installed: revision("2")},
		},
	}
	for _, name := range []string{"current", "old", "unknown", "failed", "new"} {
		f.Instances = append(f.Instances, deploy.Instance{Name: name, Tags: []deploy.Tag{{Key: "k"}}})
	}
	gone := start
	f.Instances = append(f.Instances, deploy.Instance{Name: "gone", Tags: []deploy.Tag{{Key: "k"}}, DeregisteredAt: &gone},
		deploy.Instance{Name: "other", Tags: []deploy.Tag{{Key: "x"}}})
	d := deploy.Deployment{Revision: *revision("3"), PreviousRevision: revision("2")}
	targets, failure := Platform{}.Plan(d, f, start)
	if failure != nil {
		t.Fatal(failure)
	}
	var got []string
	for _, t := range targets {
		got = append(got, t.ID)
	}
	if diff := cmp.Diff([]string{"failed", "new", "unknown", "old", "current"}, got); diff != "" {
		t.Error(diff)
	}
}

// TestMaxInstances: a fleet over the limit is refused before it is touched.
func TestMaxInstances(t *testing.T) {
	t.Parallel()
	f := platform.Fleet{Group: deploy.Group{OnPremisesFilters: []deploy.TagFilter{{Type: deploy.KeyOnly, Key: "k"}}}}
	for i := range 3 {
		f.Instances = append(f.Instances, deploy.Instance{Name: fmt.Sprint(i), Tags: []deploy.Tag{{Key: "k"}}})
	}
	_, failure := Platform{MaxInstances: 2}.Plan(deploy.Deployment{}, f, start)
	if failure == nil || failure.Code != deploy.OverMaxInstances {
		t.Errorf("got %+v", failure)
	}
}
