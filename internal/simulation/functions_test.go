package simulation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/platform/lambda"
	"github.com/slipwayhq/slipway/internal/provider/function"
	"github.com/slipwayhq/slipway/internal/provider/function/mem"
	"github.com/slipwayhq/slipway/internal/store"
)

// functions is Lambda: one function with one alias, and hooks that answer, or
// do not. Its calls fail, or succeed and say that they failed.
type functions struct {
	w  *world
	is *mem.Functions

	alias    function.Alias // as it is
	foreign  bool           // somebody else changed it last
	foreigns int            // how often that happened
	begun    map[string]int // by deployment: foreigns when it was created
	moved    map[string]time.Time
	said     map[string]map[deploy.EventStatus]bool // by execution: what its hook has tried to answer
	accepted map[string]deploy.EventStatus          // the answer that was taken
}

const (
	fn, live = "orders", "live"
	lambdas  = "functions" // their application and group
)

// newFunctions makes the function.
func newFunctions(w *world) *functions {
	f := &functions{
		w: w, is: &mem.Functions{}, begun: map[string]int{}, moved: map[string]time.Time{},
		said: map[string]map[deploy.EventStatus]bool{}, accepted: map[string]deploy.EventStatus{},
	}
	f.is.Publish(fn, "1", "2", "3", "4")
	f.is.Publish("hook", "1")
	f.point(function.Alias{Version: "1"})
	f.foreigns = 0
	f.is.Fault = func(string, string) error {
		switch err := errors.New("simulated: the call failed"); {
		case !w.once(w.mood.calls):
			return nil
		case w.once(2):
			return mem.Lost{Err: err}
		case w.once(2):
			return function.ErrThrottled
		default:
			return err
		}
	}
	return f
}

// hookID is the execution id of a hook.
func hookID(deploymentID, event string) string { return deploymentID + "_of_the_hook_" + event }

func (f *functions) platform() lambda.Platform {
	return lambda.Platform{Functions: f, NewHookID: hookID}
}

// point changes the alias from outside.
func (f *functions) point(to function.Alias) {
	f.is.Point(fn, live, to)
	f.alias, f.foreign = to.Normal(), true
	f.foreigns++
}

// Alias is what the platform asks.
func (f *functions) Alias(ctx context.Context, to function.Scope, name, alias string) (function.Alias, error) {
	f.w.meanwhile()
	return f.is.Alias(ctx, to, name, alias)
}

// UpdateAlias changes the alias. Somebody else may be faster.
func (f *functions) UpdateAlias(ctx context.Context, to function.Scope, name, alias string, state function.Alias) (string, error) {
	f.w.meanwhile()
	before, changed := f.alias, f.foreign
	id, err := f.is.UpdateAlias(ctx, to, name, alias, state)
	if lost := (mem.Lost{}); err == nil || errors.As(err, &lost) {
		f.alias, f.foreign = state.Normal(), false
		f.w.rules.aliasChanged(before, f.alias, changed)
	}
	return id, err
}

// Version, Capacity and Invoke are the rest of what the platform asks.
func (f *functions) Version(ctx context.Context, to function.Scope, name, version string) error {
	return f.is.Version(ctx, to, name, version)
}

func (f *functions) Capacity(ctx context.Context, to function.Scope, name, alias string) (bool, error) {
	if f.w.once(5) {
		f.is.NotReady = 1
	}
	return f.is.Capacity(ctx, to, name, alias)
}

func (f *functions) Invoke(ctx context.Context, to function.Scope, name string, payload []byte) (function.Answer, error) {
	_, err := f.is.Invoke(ctx, to, name, payload)
	if lost := (mem.Lost{}); err != nil && !errors.As(err, &lost) {
		return function.Answer{}, err
	}
	var in struct {
		DeploymentID string `json:"DeploymentId"`
		ExecutionID  string `json:"LifecycleEventHookExecutionId"`
	}
	if err := json.Unmarshal(payload, &in); err != nil {
		panic(err)
	}
	switch {
	case f.w.once(10):
		f.w.saw("a hook does not answer")
	case f.w.once(5) && err == nil:
		status := f.verdict(in.ExecutionID)
		return function.Answer{Status: status}, nil
	default:
		f.w.after(f.w.upTo(10*time.Minute), func() { f.answer(in.DeploymentID, in.ExecutionID) })
		if f.w.once(4) {
			f.w.after(f.w.upTo(20*time.Minute), func() { f.answer(in.DeploymentID, in.ExecutionID) })
		}
	}
	return function.Answer{}, err
}

// verdict is what a hook says. It may say something else each time.
func (f *functions) verdict(execution string) deploy.EventStatus {
	status := deploy.EventSucceeded
	if f.w.once(5) {
		status = deploy.EventFailed
	}
	if f.said[execution] == nil {
		f.said[execution] = map[deploy.EventStatus]bool{}
	}
	f.said[execution][status] = true
	return status
}

// answer is a hook that calls back, until it hears that it was heard.
func (f *functions) answer(id, execution string) {
	text := string(f.verdict(execution))
	in := control.HookResult{DeploymentID: id, ExecutionID: execution, Status: &text}
	var send func()
	send = func() {
		f.w.send(request{
			from: "hook", what: "answer " + text + " for " + execution,
			serve: func(s *server) func() {
				err := s.control.PutLifecycleEventHookExecutionStatus(context.Background(), ns, in)
				if err == nil {
					f.w.rules.hookAnswered(execution, deploy.EventStatus(text))
				}
				return func() {
					f.w.log("hook", "%s for %s %s", text, execution, says(err))
					if err != nil && deploy.CodeOf(err) == "" {
						f.w.after(f.w.upTo(10*time.Second), send)
					} else if err != nil {
						f.w.saw("an answer of a hook is refused")
					}
				}
			},
			lost: func() { f.w.after(f.w.upTo(10*time.Second), send) },
		})
	}
	send()
}

// ---- its user ----

// addFunctions makes an application, a group and a user of functions.
func (w *world) addFunctions() {
	w.functions = newFunctions(w)
	u := &user{w: w, name: "lambda-user", group: lambdas, left: 1 + w.rand.IntN(3), functions: true}
	app := deploy.Application{Namespace: ns, ID: "fns", Name: lambdas, Platform: deploy.Lambda, CreatedAt: time.Now()}
	g := deploy.Group{
		Namespace: ns, ID: lambdas, ApplicationID: app.ID, Name: lambdas, CreatedAt: time.Now(),
		ConfigName: "CodeDeployDefault.LambdaAllAtOnce", ServiceRoleARN: "arn:aws:iam::000000000000:role/deploy",
		Style:        deploy.Style{Type: deploy.BlueGreenType, Option: deploy.WithTrafficControl},
		AutoRollback: u.autoRollback(),
	}
	w.define(func(tx *store.Tx) error { return errors.Join(tx.InsertApplication(app), tx.InsertGroup(g)) })
	w.users = append(w.users, u)
	w.after(w.upTo(time.Minute), u.deploy)
}

// functionDeployment is from the version that the alias serves to another one.
func (u *user) functionDeployment() control.CreateDeployment {
	w := u.w
	versions := []string{"1", "2", "3", "4"}
	current, target := w.functions.alias.Version, versions[w.rand.IntN(len(versions))]
	hooks := ""
	for _, event := range []string{deploy.BeforeAllowTraffic, deploy.AfterAllowTraffic} {
		if w.once(2) {
			hooks += ", {" + event + ": hook}"
		}
	}
	spec := fmt.Sprintf("version: 0.0\nResources: [{orders: {Type: \"AWS::Lambda::Function\", Properties: "+
		"{Name: %s, Alias: %s, CurrentVersion: %q, TargetVersion: %q}}}]\nHooks: [%s]\n", fn, live, current, target, trimComma(hooks))
	configs := []string{"AllAtOnce", "Canary10Percent5Minutes", "Linear10PercentEvery1Minute", "Linear10PercentEvery3Minutes"}
	if w.once(4) {
		w.after(w.upTo(20*time.Minute), func() {
			w.saw("somebody else moves the traffic of an alias")
			w.log("world", "somebody points the alias elsewhere")
			to := function.Alias{Version: versions[w.rand.IntN(len(versions))]}
			if other := versions[w.rand.IntN(len(versions))]; other != to.Version && w.once(2) {
				to.Weights = map[string]float64{other: 0.55} // where no schedule stops
			}
			w.functions.point(to)
		})
	}
	return control.CreateDeployment{
		Application: lambdas, Group: lambdas, ConfigName: "CodeDeployDefault.Lambda" + configs[w.rand.IntN(len(configs))],
		Revision: &control.Revision{Type: deploy.AppSpecRevision, AppSpec: &deploy.Content{Text: spec}},
	}
}

func trimComma(s string) string {
	if s == "" {
		return s
	}
	return s[2:]
}

// ---- the server's part ----

// act is one turn of the loop that carries out actions.
func (s *server) act() {
	life := s.life
	if s.acting || s.stalled {
		return
	}
	s.acting = true
	next, err := s.engine.Act(context.Background())
	if !s.up || s.life != life {
		return
	}
	s.acting = false
	switch {
	case err != nil:
		s.w.log(s.name, "actions: %v", err)
		s.actIn(time.Second)
	case !next.IsZero():
		s.actIn(max(next.Sub(time.Now().Add(s.skew)), 0) + time.Millisecond)
	}
}

// actIn lets the server look for actions in d, unless it will earlier.
func (s *server) actIn(d time.Duration) {
	at := time.Now().Add(d)
	if !s.actAt.IsZero() && !at.Before(s.actAt) {
		return
	}
	s.actAt = at
	s.turns++
	mine, life := s.turns, s.life
	s.w.after(d, func() {
		if s.up && s.life == life && s.turns == mine {
			s.actAt = time.Time{}
			s.act()
		}
	})
}

// watchActions is the safety net of that loop.
func (s *server) watchActions() {
	life := s.life
	s.w.after(s.w.upTo(safetyNet)+safetyNet/2, func() {
		if s.up && s.life == life {
			if s.w.model.activeOn(deploy.Lambda) {
				s.act()
			}
			s.watchActions()
		}
	})
}

// hearOfActions notices that there is something to do.
func (s *server) hearOfActions() {
	select {
	case <-s.toldOfActions:
		s.actIn(s.w.lag())
	default:
	}
}

// ---- rules ----

// share is how much of the traffic a version has.
func share(a function.Alias, version string) float64 {
	rest := 1.0
	for v, w := range a.Weights {
		if v == version {
			return w
		}
		rest -= w
	}
	if a.Version == version {
		return rest
	}
	return 0
}

// aliasChanged checks a change that the engine made. There is one group, so one
// deployment is at it.
func (r *rules) aliasChanged(before, after function.Alias, foreign bool) {
	var d *deployment
	for _, other := range r.m.active {
		if other.Platform == deploy.Lambda && other.Status == deploy.InProgress {
			d = other
		}
	}
	if d == nil {
		r.broken("traffic moves in a deployment", "the alias goes from %s to %s while there is none", before, after)
		return
	}
	r.w.log("lambda", "%s: from %s to %s", d.ID, before, after)
	f := d.targets[0].Function
	sum := share(after, f.Current) + share(after, f.Target)
	moved := share(after, f.Target) - share(before, f.Target)
	events := d.targets[0].Events
	switch {
	case sum < 1-1e-9 || sum > 1+1e-9 || len(after.Weights) > 1:
		r.broken("weights are one whole", "%s makes the alias %s; it is about %s and %s", d.ID, after, f.Current, f.Target)
	case moved < 0:
		r.broken("traffic goes forward", "%s takes traffic from %s: %s, then %s", d.ID, f.Target, before, after)
	case d.Undo != nil:
		r.w.saw("traffic is put back")
	case foreign && r.w.functions.foreigns > r.w.functions.begun[d.ID] && share(before, f.Current) < 1:
		r.broken("others' traffic is left alone", "%s makes %s of %s, which somebody else made", d.ID, after, before)
	case events[0].Status != deploy.EventSucceeded:
		r.broken("no traffic on what a hook refused", "%s moves traffic while %s is %s", d.ID, events[0].Name, events[0].Status)
	}
	r.checkSchedule(d, share(after, f.Target))
}

// shifting reports whether a deployment that is to end waits for a shift of its
// traffic. That has a deadline of its own, and wakes it.
func (d *deployment) shifting() bool {
	return d.Ending != nil && len(d.targets) == 1 && d.targets[0].Function != nil && d.targets[0].Function.Waiting != ""
}

// checkSchedule: traffic moves no faster than the configuration says.
func (r *rules) checkSchedule(d *deployment, now float64) {
	begun, known := r.w.functions.moved[d.ID]
	if !known {
		begun = time.Now()
		r.w.functions.moved[d.ID] = begun
	}
	t := d.Config.Traffic
	if d.Undo != nil || t == nil || t.Type != deploy.Canary && t.Type != deploy.Linear {
		return
	}
	steps := int((time.Since(begun) + 2*r.w.skew + time.Millisecond) / (time.Duration(t.Interval) * time.Minute))
	most := float64(t.Percentage*(steps+1)) / 100
	if t.Type == deploy.Canary && steps > 0 {
		most = 1
	}
	if now > most+1e-9 {
		r.broken("traffic keeps to its schedule", "%s has moved %g of it after %s; %g is allowed", d.ID, now, time.Since(begun), most)
	}
	if now < 1 {
		r.w.saw("traffic moves step by step")
	}
}

// hookAnswered: one answer of a hook counts.
func (r *rules) hookAnswered(execution string, status deploy.EventStatus) {
	f := r.w.functions
	if _, before := f.accepted[execution]; before {
		r.broken("the first answer of a hook counts", "a second one is taken for %s", execution)
	}
	f.accepted[execution] = status
}

// hookMoved: a hook's event succeeds only if the hook said so.
func (r *rules) hookMoved(d *deployment, t *deploy.Target, e *deploy.LifecycleEvent) {
	f, execution := r.w.functions, hookID(d.ID, e.Name)
	if t.Function.Hooks[e.Name] == "" {
		return
	}
	accepted, known := f.accepted[execution]
	if !f.said[execution][deploy.EventSucceeded] || known && accepted != deploy.EventSucceeded {
		r.broken("success is never made up", "%s of %s is Succeeded, which its hook did not say", e.Name, d.ID)
	}
}

// checkTraffic: a deployment that succeeded has moved all traffic, and a
// rollback has moved all of it back,
// unless somebody else has moved it since.
func (r *rules) checkTraffic(d *deployment) {
	f := r.w.functions
	if d.Status != deploy.Succeeded || f.foreigns > f.begun[d.ID] {
		return
	}
	want := d.targets[0].Function.Target
	if d.Creator == deploy.CreatorRollback {
		want = r.m.deployments[d.Rollback.TriggeringID].targets[0].Function.Current
	}
	if share(f.alias, want) != 1 {
		r.broken("all traffic is there at the end", "%s is Succeeded, and the alias is %s, not %s", d.ID, f.alias, want)
	}
}
