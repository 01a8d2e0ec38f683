package server

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/platform"
	"github.com/slipwayhq/slipway/internal/provider/loadbalancer/mem"
	"github.com/slipwayhq/slipway/internal/rollout"
)

var start = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// run is a deployment under random hosts.
type run struct {
	t        *rapid.T
	platform Platform
	snapshot deploy.Snapshot
	acts     map[string]deploy.Action       // live ones
	commands map[string]*deploy.HostCommand // live ones
	issued   map[string]bool
	now      time.Time
	index    *deploy.Index // kept up to date, where the snapshot has none
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
		zone := rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "zone")
		f.Instances = append(f.Instances, deploy.Instance{Name: name, Tags: []deploy.Tag{{Key: "k"}, {Key: deploy.ZoneTag, Value: zone}}})
		f.Known[name] = deploy.GroupHost{Healthy: rapid.Bool().Draw(t, "healthy")}
	}
	d := deploy.Deployment{
		ID: "d-1", Status: deploy.Created, Config: deploy.Config{MinimumHealthy: minimum, Zonal: drawZonal(t)},
		IgnoreApplicationStopFailures: rapid.Bool().Draw(t, "ignore"),
	}
	p := Platform{Balancers: &mem.Balancer{}}
	if rapid.Bool().Draw(t, "behind a load balancer") {
		d.Style.Option = deploy.WithTrafficControl
		d.LoadBalancer = &deploy.LoadBalancerInfo{TargetGroups: []string{"web"}}
	}
	f.Group.Tags = rapid.SampledFrom([][]deploy.Tag{nil, {{Key: deploy.SilentTimeoutTag, Value: "2m"}}}).Draw(t, "silent timeout")
	targets, failure := p.Plan(d, f, start)
	if possible := rollout.NewPace(n, minimum).Possible(); d.Config.Zonal == nil && possible != (failure == nil) {
		t.Fatalf("possible: %v, failure: %v", possible, failure)
	}
	if failure != nil {
		t.Skip("nothing can be deployed")
	}
	d.Move(deploy.InProgress, start)
	return &run{
		t: t, platform: p, acts: map[string]deploy.Action{}, snapshot: deploy.Snapshot{Deployment: d, Targets: targets}, now: start,
		commands: map[string]*deploy.HostCommand{}, issued: map[string]bool{}, index: deploy.NewIndex(targets),
	}
}

// drawZonal returns a zonal configuration, or none.
func drawZonal(t *rapid.T) *deploy.ZonalConfig {
	if rapid.Bool().Draw(t, "without zones") {
		return nil
	}
	monitor := rapid.SampledFrom([]int64{0, 60}).Draw(t, "monitor")
	return &deploy.ZonalConfig{
		MonitorSeconds: &monitor,
		MinimumHealthyPerZone: rapid.SampledFrom([]*deploy.MinimumHealthy{
			nil, {Type: deploy.HostCount, Value: 1}, {Type: deploy.FleetPercent, Value: 50},
		}).Draw(t, "minimum per zone"),
	}
}

// decide takes one decision and applies it, as the engine would. The index that
// is told of every change must lead to what one that is made anew leads to.
func (r *run) decide() {
	before := mustJSON(r.snapshot)
	d := r.platform.Decide(r.snapshot, r.now)
	indexed := r.snapshot
	indexed.Index = r.index
	if diff := cmp.Diff(mustJSON(d), mustJSON(r.platform.Decide(indexed, r.now))); diff != "" {
		r.t.Fatal("the same snapshot, another decision", diff)
	}
	if diff := cmp.Diff(before, mustJSON(r.snapshot)); diff != "" {
		r.t.Fatal("the decision changed the snapshot", diff)
	}
	r.snapshot.Deployment, r.snapshot.Reports, r.snapshot.Outcomes = d.Deployment, nil, nil
	for _, t := range d.Targets {
		r.checkMoves(r.snapshot.Targets[t.Order], t)
	}
	r.index.Replace(r.snapshot.Targets, d.Targets)
	r.checkIndex()
	for _, id := range d.Cancel {
		delete(r.commands, id)
	}
	for _, id := range d.Drop {
		delete(r.acts, id)
	}
	for _, a := range d.Act {
		if r.issued[a.ID] {
			r.t.Fatalf("%s was asked for twice", a.ID)
		}
		r.issued[a.ID] = true
		r.acts[a.ID] = a
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

// checkIndex: the index counts and finds what a look at every target does.
func (r *run) checkIndex() {
	var fleet deploy.Tally
	zones := map[string]deploy.Tally{}
	var due []int
	var next time.Time
	for i, t := range r.snapshot.Targets {
		fleet.Add(&t, 1)
		zone := zones[t.Zone]
		zone.Add(&t, 1)
		zones[t.Zone] = zone
		if t.Outstanding == nil || t.Outstanding.Action {
			continue
		}
		if !t.Outstanding.Due().After(r.now) {
			due = append(due, i)
		}
		if next.IsZero() || t.Outstanding.Due().Before(next) {
			next = t.Outstanding.Due()
		}
	}
	if diff := cmp.Diff(fleet, r.index.Fleet()); diff != "" || r.index.Zones() != len(zones) {
		r.t.Fatal("the index counts otherwise", diff)
	}
	for i := range r.index.Zones() {
		if z := r.index.Zone(i); z.Tally != zones[z.Name] {
			r.t.Fatalf("the index counts %+v in zone %q, not %+v", z.Tally, z.Name, zones[z.Name])
		}
	}
	if got := r.index.Due(r.now); !slices.Equal(due, got) {
		r.t.Fatalf("due are %v, the index says %v", due, got)
	}
	if got := r.index.NextDue(func(int) bool { return false }); !got.Equal(next) {
		r.t.Fatalf("the next is due at %s, the index says %s", next, got)
	}
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
			if t.Outstanding.Action {
				r.checkAction(t)
				continue
			}
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
	baking := r.snapshot.Deployment.Status == deploy.Baking
	checking := r.snapshot.Deployment.Balancers == deploy.BalancersAsked
	if (r.snapshot.Deployment.Status.Terminal() || baking || checking) != (inFlight == 0) {
		r.t.Fatalf("%s with %d hosts in flight", r.snapshot.Deployment.Status, inFlight)
	}
	if until := r.snapshot.Deployment.BakeUntil; baking != (until != nil) || (baking && !d.WakeAt.Equal(*until)) {
		r.t.Fatalf("%s until %v, the engine sleeps until %s", r.snapshot.Deployment.Status, until, d.WakeAt)
	}
	r.checkZones()
	if got := *r.snapshot.Deployment.Overview; got != deploy.Count(r.snapshot.Targets) {
		r.t.Fatalf("overview %+v", got)
	}
}

// checkAction: whoever waits for an action has one, which ends by itself.
func (r *run) checkAction(t deploy.Target) {
	a, ok := r.acts[t.Outstanding.CommandID]
	if !ok || !a.Deadline.Equal(t.Outstanding.Deadline) || t.Events[t.Outstanding.Event].Status != deploy.EventInProgress {
		r.t.Fatalf("%s waits for %+v, which is %+v", t.ID, t.Outstanding, a)
	}
}

// balancersAct lets something come of a random action, and of all whose time
// is over.
func (r *run) balancersAct() {
	ids := slices.Sorted(maps.Keys(r.acts))
	for _, id := range ids {
		if !r.now.Before(r.acts[id].Deadline) {
			r.acted(id, deploy.Outcome{Status: deploy.ActionFailed, Error: &deploy.ErrorInfo{Message: "late"}})
		}
	}
	verb := rapid.SampledFrom([]deploy.OutcomeStatus{
		"", deploy.ActionDone, deploy.ActionDone, deploy.ActionDone, deploy.ActionWaiting, deploy.ActionFailed,
	}).Draw(r.t, "balancers")
	if len(ids) == 0 || verb == "" {
		return
	}
	id := rapid.SampledFrom(ids).Draw(r.t, "action")
	if _, live := r.acts[id]; live {
		r.acted(id, deploy.Outcome{Status: verb, Error: &deploy.ErrorInfo{Message: "refused"}})
	}
}

func (r *run) acted(id string, outcome deploy.Outcome) {
	a := r.acts[id]
	outcome.At = r.now
	a.Outcome = &outcome
	if a.Ended() {
		delete(r.acts, id)
	}
	r.snapshot.Outcomes = append(r.snapshot.Outcomes, a)
}

// checkZones: the zones take turns, and none loses more than it may before its
// last host.
func (r *run) checkZones() {
	d := &r.snapshot.Deployment
	for i := range r.index.Zones() {
		zone := r.index.Zone(i)
		pace := zonePace(rollout.NewPace(len(r.snapshot.Targets), d.Config.MinimumHealthy), d, zone.Hosts())
		here := zone.Tally
		switch {
		case i < d.Zone && (here.Waiting > 0 || here.InFlight > 0 || here.Succeeded < pace.Here.Minimum):
			r.t.Fatalf("the deployment is in zone %d, and left %+v in zone %d", d.Zone, here, i)
		case i > d.Zone && here.InFlight > 0:
			r.t.Fatalf("the deployment is in zone %d, and works in zone %d", d.Zone, i)
		case here.InFlight > pace.Concurrency():
			r.t.Fatalf("%d hosts of zone %d in flight, %d allowed", here.InFlight, i, pace.Concurrency())
		case pace.Here.Minimum > 0 && here.Failed+here.InFlight > zone.Hosts()-pace.Here.Minimum:
			r.t.Fatalf("%d failed and %d in flight of %d hosts of zone %d", here.Failed, here.InFlight, zone.Hosts(), i)
		}
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
	verb := rapid.SampledFrom([]string{"ack", "ok", "ok", "ok", "fail", "wait", "stop", "late", "silent", "back", "lost"}).Draw(r.t, "verb")
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
		c.State, c.AckedAt, c.Silence = deploy.CommandRunning, &at, nil
	case "silent":
		c.Silence = &deploy.Silence{Since: r.now.Add(-30 * time.Second)}
	case "back":
		c.Silence = nil
	case "lost":
		c.State, c.CompletedAt = deploy.CommandLost, &at
		delete(r.commands, c.ID)
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
			r.balancersAct()
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
