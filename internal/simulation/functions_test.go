package simulation

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/platform/lambda"
	"github.com/slipwayhq/slipway/internal/provider/function"
	"github.com/slipwayhq/slipway/internal/provider/function/mem"
	"github.com/slipwayhq/slipway/internal/store"
)

// functions is Lambda: one function with one alias, which the deployments of
// one group move, or of two, and somebody else.
type functions struct {
	*outside
	is      *mem.Functions
	alias   function.Alias // as it is
	gone    bool           // somebody deleted it
	history history
	moved   map[string]time.Time // when the first shift of a deployment was
}

const (
	fn, live = "orders", "live"
	lambdas  = "functions" // their application, and their first group
)

// newFunctions makes the function.
func newFunctions(w *world) *functions {
	f := &functions{outside: w.outside, is: &mem.Functions{}, moved: map[string]time.Time{}}
	f.is.Publish(fn, "1", "2", "3", "4")
	f.point(function.Alias{Version: "1"})
	return f
}

func (f *functions) platform() lambda.Platform {
	return lambda.Platform{Functions: f, NewHookID: hookID}
}

// point changes the alias from outside.
func (f *functions) point(to function.Alias) {
	f.is.Point(fn, live, to)
	f.alias, f.gone = to.Normal(), false
	f.history.note(somebody)
}

// Alias is what the platform asks.
func (f *functions) Alias(ctx context.Context, to function.Scope, name, alias string) (have function.Alias, err error) {
	err = f.call(ctx, function.ErrThrottled, func() (err error) {
		have, err = f.is.Alias(ctx, to, name, alias)
		return err
	})
	return have, err
}

// UpdateAlias changes the alias. Somebody else may be faster.
func (f *functions) UpdateAlias(ctx context.Context, to function.Scope, name, alias string, state function.Alias) (id string, err error) {
	err = f.call(ctx, function.ErrThrottled, func() (err error) {
		if id, err = f.is.UpdateAlias(ctx, to, name, alias, state); err != nil {
			return err
		}
		before := f.alias
		f.alias = state.Normal()
		f.w.rules.aliasChanged(callerOf(ctx).d, before, f.alias)
		f.history.note(callerOf(ctx).d.ID)
		return nil
	})
	return id, err
}

// Version and Capacity are the rest of what the platform asks.
func (f *functions) Version(ctx context.Context, to function.Scope, name, version string) error {
	return f.call(ctx, function.ErrThrottled, func() error { return f.is.Version(ctx, to, name, version) })
}

func (f *functions) Capacity(ctx context.Context, to function.Scope, name, alias string) (ready bool, err error) {
	err = f.call(ctx, function.ErrThrottled, func() (err error) {
		if f.w.once(5) {
			f.is.NotReady = 1
		}
		ready, err = f.is.Capacity(ctx, to, name, alias)
		return err
	})
	return ready, err
}

// ---- its users ----

// addFunctions makes an application, its groups and their users.
func (w *world) addFunctions() {
	w.functions = newFunctions(w)
	app := deploy.Application{Namespace: ns, ID: "fns", Name: lambdas, Platform: deploy.Lambda, CreatedAt: time.Now()}
	w.define(func(tx *store.Tx) error { return tx.InsertApplication(app) })
	groups := []string{lambdas}
	if w.once(3) {
		groups = append(groups, "more-functions")
	}
	for _, group := range groups {
		u := &user{w: w, name: "user-of-" + group, group: group, left: 1 + w.rand.IntN(4), next: (*user).functionDeployment}
		g := deploy.Group{
			Namespace: ns, ID: group, ApplicationID: app.ID, Name: group, CreatedAt: time.Now(),
			ConfigName: "CodeDeployDefault.LambdaAllAtOnce", ServiceRoleARN: "arn:aws:iam::000000000000:role/deploy",
			Style:        deploy.Style{Type: deploy.BlueGreenType, Option: deploy.WithTrafficControl},
			AutoRollback: u.autoRollback(), Alarms: w.alarmSetting(),
		}
		w.define(func(tx *store.Tx) error { return tx.InsertGroup(g) })
		w.users = append(w.users, u)
		w.after(w.upTo(time.Minute), u.deploy)
	}
}

// functionDeployment is from the version that the alias serves to another one.
func (u *user) functionDeployment() control.CreateDeployment {
	w, f := u.w, u.w.functions
	versions := []string{"1", "2", "3", "4"}
	if (f.gone || len(f.alias.Weights) > 0) && len(w.model.active) == 0 && !w.once(4) {
		w.log(u.name, "clears the alias by hand")
		f.point(function.Alias{Version: versions[w.rand.IntN(len(versions))]})
	}
	current, target := f.alias.Version, versions[w.rand.IntN(len(versions))]
	spec := fmt.Sprintf("version: 0.0\nResources: [{orders: {Type: \"AWS::Lambda::Function\", Properties: "+
		"{Name: %s, Alias: %s, CurrentVersion: %q, TargetVersion: %q}}}]\nHooks: [%s]\n", fn, live, current, target,
		w.someHooks(deploy.BeforeAllowTraffic, deploy.AfterAllowTraffic))
	configs := []string{"AllAtOnce", "Canary10Percent5Minutes", "Linear10PercentEvery1Minute", "Linear10PercentEvery3Minutes"}
	if w.once(4) {
		w.after(w.upTo(20*time.Minute), func() { f.meddle(versions) })
	}
	return control.CreateDeployment{
		Application: lambdas, Group: u.group, ConfigName: "CodeDeployDefault.Lambda" + configs[w.rand.IntN(len(configs))],
		Revision: &control.Revision{Type: deploy.AppSpecRevision, AppSpec: &deploy.Content{Text: spec}},
	}
}

// someHooks declares hooks for some of the events.
func (w *world) someHooks(events ...string) string {
	var hooks []string
	for _, event := range events {
		if w.once(2) {
			hooks = append(hooks, "{"+event+": hook}")
		}
	}
	return strings.Join(hooks, ", ")
}

// meddle is somebody else who moves the traffic of the alias, or deletes it.
func (f *functions) meddle(versions []string) {
	w := f.w
	if w.once(6) {
		w.saw("somebody else deletes an alias")
		w.log("world", "somebody deletes the alias")
		f.is.Remove(fn, live)
		f.alias, f.gone = function.Alias{}, true
		f.history.note(somebody)
		return
	}
	w.saw("somebody else moves the traffic of an alias")
	to := function.Alias{Version: versions[w.rand.IntN(len(versions))]}
	if other := versions[w.rand.IntN(len(versions))]; other != to.Version && w.once(2) {
		to.Weights = map[string]float64{other: 0.55} // where no schedule stops
	}
	w.log("world", "somebody points the alias to %s", to)
	f.point(to)
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

// aliasChanged checks a change that the engine made for a deployment.
func (r *rules) aliasChanged(d *deployment, before, after function.Alias) {
	if d.Status != deploy.InProgress {
		r.broken("the end is the end", "%s is %s and makes the alias %s", d.ID, d.Status, after)
		return
	}
	r.w.log("lambda", "%s: from %s to %s", d.ID, before, after)
	f, history := d.targets[0].Function, r.w.functions.history
	sum := share(after, f.Current) + share(after, f.Target)
	moved := share(after, f.Target) - share(before, f.Target)
	switch {
	case sum < 1-1e-9 || sum > 1+1e-9 || len(after.Weights) > 1:
		r.broken("weights are one whole", "%s makes the alias %s; it is about %s and %s", d.ID, after, f.Current, f.Target)
	case share(before, f.Current)+share(before, f.Target) < 1-1e-9:
		r.broken("others' traffic is left alone", "%s makes %s of %s, which somebody else made", d.ID, after, before)
	case before.Same(after):
		r.broken("nothing is done twice", "%s makes the alias %s, which it is", d.ID, after)
	case moved < 0:
		r.broken("traffic goes forward", "%s takes traffic from %s: %s, then %s", d.ID, f.Target, before, after)
	case d.Undo != nil:
		if share(after, f.Target) != 1 {
			r.broken("a rollback puts all back", "%s makes the alias %s", d.ID, after)
		}
		r.w.saw("traffic is put back")
	case history[len(history)-1] == somebody && history.others(d.since, d.ID) && share(before, f.Current) < 1:
		r.broken("others' traffic is left alone", "%s makes %s of %s, which somebody else made", d.ID, after, before)
	}
	r.checkMayShift(d)
	begun, known := r.w.functions.moved[d.ID]
	if !known {
		begun = time.Now()
		r.w.functions.moved[d.ID] = begun
	}
	r.checkSchedule(d, begun, share(after, f.Target))
}

// checkMayShift: production traffic moves once all that comes before it has
// succeeded, and no hook has refused.
func (r *rules) checkMayShift(d *deployment) {
	for _, e := range d.targets[0].Events {
		if e.Name == deploy.AllowTraffic || e.Name == deploy.AfterAllowTraffic {
			continue
		}
		execution := hookID(d.ID, e.Name)
		if r.w.outside.accepted[execution] == deploy.EventFailed || e.Status != deploy.EventSucceeded {
			r.broken("no traffic on what a hook refused", "%s moves traffic while %s is %s", d.ID, e.Name, e.Status)
		}
	}
}

// checkSchedule: traffic moves no faster than the configuration says.
func (r *rules) checkSchedule(d *deployment, begun time.Time, now float64) {
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

// checkTraffic: a deployment that succeeded has moved all traffic, and a
// rollback has moved all of it back, unless somebody else has moved it since.
func (r *rules) checkTraffic(d *deployment) {
	f := r.w.functions
	if d.Status != deploy.Succeeded || f.history.others(d.since, d.ID) {
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
