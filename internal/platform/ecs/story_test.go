package ecs

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/platform"
	"github.com/slipwayhq/slipway/internal/provider/container"
	"github.com/slipwayhq/slipway/internal/provider/container/mem"
	functions "github.com/slipwayhq/slipway/internal/provider/function/mem"
)

// story is one deployment with the world around it, and its rollback. Its
// clock goes from one moment at which something is due to the next.
type story struct {
	t     *testing.T
	p     Platform
	world *mem.World
	hooks *functions.Functions
	group deploy.Group
	early []deploy.Target
	start time.Time
	now   time.Time
	s     deploy.Snapshot
	wake  time.Time
	open  []*work
	plans []plan // what happens from outside, by time
	twice bool   // each action is carried out twice, as after a crash

	moves   []string // what became of listeners and task sets
	state   string
	refused bool // a hook said no: there must be no production traffic on green
	broken  []string
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
	cluster  = "c1"
	shop     = "shop"
	balancer = "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/lb/1"
	prod     = "arn:aws:elasticloadbalancing:us-east-1:111122223333:listener/app/lb/1/80"
	test     = "arn:aws:elasticloadbalancing:us-east-1:111122223333:listener/app/lb/1/8080"
	groupA   = "arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/tg-a/1"
	groupB   = "arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/tg-b/1"
	other    = "arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/other/1"
	service  = "arn:aws:ecs:us-east-1:111122223333:service/c1/shop"
	blueARN  = "arn:aws:ecs:us-east-1:111122223333:task-set/c1/shop/ecs-svc/original"
)

// newStory has a service with three tasks behind tg-a, and both listeners
// there.
func newStory(t *testing.T, d deploy.Deployment) *story {
	st := &story{
		t: t, world: &mem.World{}, hooks: &functions.Functions{},
		start: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	st.now = st.start
	st.world.Now = func() time.Time { return st.now }
	st.world.AddService(cluster, shop, container.Service{
		ARN: service, Status: container.Active, Controller: container.External, Scheduling: "REPLICA",
	})
	st.world.AddTaskSet(cluster, shop, container.TaskSet{
		ARN: blueARN, ID: "ecs-svc/original", Status: container.Primary, TargetGroupARN: groupA, Desired: 3,
		Placement: container.Placement{
			LaunchType: "FARGATE", PlatformVersion: "1.4.0",
			Network: &deploy.TaskNetwork{Subnets: []string{"subnet-1"}, SecurityGroups: []string{"sg-1"}, AssignPublicIP: "DISABLED"},
		},
	})
	for name, arn := range map[string]string{"tg-a": groupA, "tg-b": groupB, "other": other} {
		st.world.AddTargetGroup(container.TargetGroup{Name: name, ARN: arn})
	}
	st.world.SetRoute(route(prod, prod, groupA, 1))
	st.world.SetRoute(route(test, test, groupA, 1))
	st.hooks.Publish("hook", "1")
	st.p = Platform{
		Containers: st.world, Functions: st.hooks,
		NewHookID: func(id, event string) string { return "secret of " + id + " " + event },
	}
	st.world.OnChange = st.look
	st.group = deploy.Group{ECSServices: []deploy.ECSService{{Cluster: cluster, Service: shop}}, ServiceRoleARN: "arn:aws:iam::1:role/r"}
	st.s.Deployment = st.created(d, "d-1")
	return st
}

// route is a route that forwards to target groups with weights.
func route(listener, arn string, shares ...any) container.Route {
	r := container.Route{
		ARN: arn, ListenerARN: listener, BalancerARN: balancer, Default: arn == listener, Network: container.IsNetworkListener(listener),
	}
	for i := 0; i < len(shares); i += 2 {
		r.Shares = append(r.Shares, container.Share{TargetGroupARN: shares[i].(string), Weight: shares[i+1].(int)}) //nolint:forcetypeassert // a test's own
	}
	return r
}

func (st *story) created(d deploy.Deployment, id string) deploy.Deployment {
	d.ID, d.Platform, d.Status, d.CreatedAt = id, deploy.ECS, deploy.Created, st.now
	d.Namespace = deploy.Namespace{Account: "111122223333", Region: "us-east-1"}
	return d
}

// run plays the deployment to its end.
func (st *story) run() deploy.Deployment {
	st.look()
	targets, failure := st.p.Plan(st.s.Deployment, platform.Fleet{Group: st.group, Earlier: st.early}, st.now)
	if failure != nil {
		st.s.Deployment.Error = failure
		st.s.Deployment.Move(deploy.Failed, st.now)
		return st.s.Deployment
	}
	st.s.Targets = targets
	st.s.Deployment.Move(deploy.InProgress, st.now)
	st.decide()
	for range 100_000 {
		if st.s.Deployment.Status.Terminal() {
			return st.s.Deployment
		}
		st.step()
	}
	st.t.Fatal("the deployment does not end")
	return st.s.Deployment
}

// rollback plays the rollback of the deployment that has ended, as the engine
// makes it.
func (st *story) rollback() deploy.Deployment {
	undo := st.s.Targets[0].Clone()
	if !undo.ECS.Touched {
		return st.s.Deployment
	}
	st.s = deploy.Snapshot{Deployment: st.created(deploy.Deployment{
		Creator: deploy.CreatorRollback, Undo: &undo, BlueGreen: st.s.Deployment.BlueGreen, Config: deployment("AllAtOnce").Config,
	}, "d-2")}
	st.wake, st.open, st.plans = time.Time{}, nil, nil
	return st.run()
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
	st.note()
}

// act carries out an action as the engine does.
func (st *story) act(w *work) {
	a := &w.action
	if st.twice {
		_, _ = st.p.Act(st.t.Context(), *a) // and then the server died
	}
	outcome, err := st.p.Act(st.t.Context(), *a)
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
	if outcome.After > 0 && st.now.Add(outcome.After).Before(a.Deadline) {
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

// look notes what listeners and task sets have become, and what must never be.
func (st *story) look() {
	made := map[string]int{}
	for _, t := range st.world.SeeService(cluster, shop).TaskSets {
		made[t.ExternalID]++
	}
	if made["d-1"] > 1 {
		st.broken = append(st.broken, "the deployment has made two task sets")
	}
	for _, r := range st.world.See(prod) {
		sum := 0
		for _, s := range r.Shares {
			sum += s.Weight
		}
		if len(r.Shares) > 1 && sum != 100 {
			st.broken = append(st.broken, fmt.Sprintf("the weights of %s sum to %d", r.ARN, sum))
		}
		if w, _ := r.Weight(groupB); w > 0 && st.refused {
			st.broken = append(st.broken, "there is traffic on what a hook refused")
		}
	}
	st.note()
}

// note keeps how the world looks, if that is new.
func (st *story) note() {
	state := st.describe()
	if state == st.state {
		return
	}
	st.state = state
	st.moves = append(st.moves, strings.TrimSpace(short(st.now.Sub(st.start))+" "+state))
}

// describe is one line: weights of production at tg-a and tg-b, where the test
// listener is, the task sets.
func (st *story) describe() string {
	weights := func(listener string) string {
		var all []string
		for _, r := range st.world.See(listener) {
			a, _ := r.Weight(groupA)
			b, _ := r.Weight(groupB)
			if len(r.Shares) == 1 {
				a, b = a*100, b*100
			}
			all = append(all, fmt.Sprintf("%d/%d", min(a, 100), min(b, 100)))
		}
		return strings.Join(all, " ")
	}
	var sets []string
	for _, t := range st.world.SeeService(cluster, shop).TaskSets {
		sets = append(sets, strings.TrimPrefix(t.ID, "ecs-svc/")+" "+t.Status)
	}
	return fmt.Sprintf("%s test %s, %s", weights(prod), weights(test), strings.Join(sets, ", "))
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
		st.t.Error("no hook waits for an answer at", after)
	}}
}

// ending is a plan: the engine's gate decides an end.
func ending(after time.Duration, status deploy.Status, code deploy.ErrorCode) plan {
	return plan{after, func(st *story) {
		st.s.Deployment.Ending = &deploy.Ending{Status: status, Error: deploy.ErrorInfo{Code: code, Message: "because"}}
		st.decide()
	}}
}

// goOn is a plan: somebody ends the wait for traffic to be rerouted.
func goOn(after time.Duration) plan {
	return plan{after, func(st *story) {
		st.s.Continue.Ready = &st.now
		st.decide()
	}}
}

// skip is a plan: somebody ends the wait before the original is removed.
func skip(after time.Duration) plan {
	return plan{after, func(st *story) {
		st.s.Continue.Termination = &st.now
		st.decide()
	}}
}

// world is a plan: somebody changes something outside.
func world(after time.Duration, f func(*mem.World)) plan {
	return plan{after, func(st *story) { f(st.world) }}
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

// eventsOf lists the events' statuses: + succeeded, x failed, - skipped.
func (st *story) eventsOf() string {
	if len(st.s.Targets) == 0 {
		return ""
	}
	out := ""
	for _, e := range st.s.Targets[0].Events {
		out += map[deploy.EventStatus]string{
			deploy.EventSucceeded: "+", deploy.EventFailed: "x", deploy.EventSkipped: "-", deploy.EventPending: ".", deploy.EventInProgress: ">",
		}[e.Status]
	}
	return out
}
