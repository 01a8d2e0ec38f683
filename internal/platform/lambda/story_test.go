package lambda

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/platform"
	"github.com/slipwayhq/slipway/internal/provider/function"
	"github.com/slipwayhq/slipway/internal/provider/function/mem"
)

// story is one deployment with the world around it. Its clock goes from one
// moment at which something is due to the next.
type story struct {
	t     *testing.T
	p     Platform
	world *mem.Functions
	start time.Time
	now   time.Time
	s     deploy.Snapshot
	wake  time.Time
	open  []*work
	plans []plan // what happens from outside, by time
	moves []string
	alias function.Alias
}

// work is an action that has not ended, and when it is due.
type work struct {
	action deploy.Action
	due    time.Time
}

// plan is something that happens at a time after the start.
type plan struct {
	after time.Duration
	do    func(*story)
}

const (
	fn   = "orders"
	live = "live"
)

func newStory(t *testing.T, d deploy.Deployment) *story {
	st := &story{t: t, world: &mem.Functions{}, start: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	st.now = st.start
	st.world.Publish(fn, "4", "5", "6")
	st.world.Publish("pre", "1")
	st.world.Publish("post", "1")
	st.world.Point(fn, live, function.Alias{Version: "4"})
	st.p = Platform{Functions: st.world, NewHookID: func(id, event string) string { return "secret of " + id + " " + event }}
	d.ID, d.Platform, d.Status, d.CreatedAt = "d-1", deploy.Lambda, deploy.Created, st.now
	d.Namespace = deploy.Namespace{Account: "111122223333", Region: "us-east-1"}
	st.s.Deployment = d
	return st
}

// run plays the deployment to its end.
func (st *story) run() deploy.Deployment {
	st.look()
	targets, failure := st.p.Plan(st.s.Deployment, platform.Fleet{Group: deploy.Group{ServiceRoleARN: "arn:aws:iam::1:role/r"}}, st.now)
	if failure != nil {
		st.s.Deployment.Error = failure
		st.s.Deployment.Move(deploy.Failed, st.now)
		return st.s.Deployment
	}
	st.s.Targets = targets
	st.s.Deployment.Move(deploy.InProgress, st.now)
	st.decide()
	for range 10_000 {
		if st.s.Deployment.Status.Terminal() {
			return st.s.Deployment
		}
		st.step()
	}
	st.t.Fatal("the deployment does not end")
	return st.s.Deployment
}

// step does what is due next.
func (st *story) step() {
	next, do := st.wake, func() { st.decide() }
	earlier := func(at time.Time, f func()) {
		if next.IsZero() || at.Before(next) {
			next, do = at, f
		}
	}
	for _, w := range st.open {
		earlier(w.due, func() { st.act(w) })
	}
	for i, p := range st.plans {
		earlier(st.start.Add(p.after), func() {
			st.plans = slices.Delete(st.plans, i, i+1)
			p.do(st)
			st.look()
		})
	}
	if next.IsZero() {
		st.t.Fatal("nothing is due and the deployment has not ended")
	}
	if next.After(st.now) {
		st.now = next
	}
	do()
}

// decide runs a decision, and applies it.
func (st *story) decide() {
	before, _ := json.Marshal(st.s)
	d := st.p.Decide(st.s, st.now)
	if after, _ := json.Marshal(st.s); string(after) != string(before) {
		st.t.Fatalf("the decision changed the snapshot:\n%s\n%s", before, after)
	}
	st.s.Deployment, st.s.Outcomes, st.wake = d.Deployment, nil, d.WakeAt
	st.s.Targets = d.Targets
	for _, a := range d.Act {
		st.open = append(st.open, &work{a, st.now})
	}
	st.open = slices.DeleteFunc(st.open, func(w *work) bool { return slices.Contains(d.Drop, w.action.ID) })
	if st.s.Deployment.Status.Terminal() && len(st.open) > 0 {
		st.t.Errorf("the deployment ended while %s was open", st.open[0].action.ID)
	}
}

// act carries out an action as the engine does.
func (st *story) act(w *work) {
	a := &w.action
	outcome, err := st.p.Act(st.t.Context(), *a)
	st.look()
	switch late := !st.now.Before(a.Deadline); {
	case err != nil && !late:
		w.due = st.now.Add(time.Second)
		return
	case late && (err != nil || outcome.Status == deploy.ActionWaiting):
		failure := a.Late
		if info, ok := err.(*deploy.ErrorInfo); ok { //nolint:errorlint // as the platform made it
			failure = *info
		}
		outcome = deploy.Outcome{Status: deploy.ActionFailed, Error: &failure}
	}
	w.due = a.Deadline
	if outcome.After > 0 {
		w.due = st.now.Add(outcome.After)
	}
	st.finish(w, outcome)
}

// finish gives an action its outcome.
func (st *story) finish(w *work, outcome deploy.Outcome) {
	outcome.At = st.now
	w.action.Outcome = &outcome
	if w.action.Ended() {
		st.open = slices.DeleteFunc(st.open, func(o *work) bool { return o == w })
	}
	st.s.Outcomes = append(st.s.Outcomes, w.action)
	st.decide()
}

// look notes what the alias has become.
func (st *story) look() {
	fault := st.world.Fault
	st.world.Fault = nil
	a, err := st.world.Alias(st.t.Context(), function.Scope{}, fn, live)
	st.world.Fault = fault
	if err != nil || a.Same(st.alias) {
		return
	}
	st.alias = a
	st.moves = append(st.moves, fmt.Sprintf("%s %s", short(st.now.Sub(st.start)), a))
}

// answer is a plan: the hook that is waited for calls back.
func answer(after time.Duration, status deploy.EventStatus) plan {
	return plan{after, func(st *story) {
		for _, w := range st.open {
			if w.action.Kind == deploy.InvokeHook {
				st.finish(w, deploy.Outcome{Status: deploy.ActionDone, Output: platform.Encode(deploy.HookAnswer{Status: status})})
				return
			}
		}
	}}
}

// ending is a plan: the engine's gate decides an end.
func ending(after time.Duration, status deploy.Status, code deploy.ErrorCode) plan {
	return plan{after, func(st *story) {
		st.s.Deployment.Ending = &deploy.Ending{Status: status, Error: deploy.ErrorInfo{Code: code, Message: "because"}}
		st.decide()
	}}
}

// point is a plan: somebody else changes the alias.
func point(after time.Duration, a function.Alias) plan {
	return plan{after, func(st *story) { st.world.Point(fn, live, a) }}
}

// short writes 5m0s as 5m, and nothing for no time at all.
func short(d time.Duration) string {
	if d == 0 {
		return ""
	}
	if s, whole := strings.CutSuffix(d.String(), "m0s"); whole {
		return s + "m"
	}
	return d.String()
}

// eventsOf lists the events' statuses.
func (st *story) eventsOf() string {
	if len(st.s.Targets) == 0 {
		return ""
	}
	var out []string
	for _, e := range st.s.Targets[0].Events {
		out = append(out, string(e.Status))
	}
	return strings.Join(out, " ")
}
