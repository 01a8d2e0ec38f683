package server

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/platform"
	"github.com/slipwayhq/slipway/internal/provider/loadbalancer"
)

// noteAfter is how long traffic may take to go or to come before the event
// says what it waits for.
const noteAfter = time.Minute

// checkLimit is how long load balancers may be unreachable when a deployment
// begins.
const checkLimit = 5 * time.Minute

// movesTraffic reports whether the server itself carries out the event.
func movesTraffic(event string) bool {
	return event == deploy.BlockTraffic || event == deploy.AllowTraffic
}

// pools are the load balancers and target groups of a deployment. A host is in
// all of them.
func pools(lb *deploy.LoadBalancerInfo) []loadbalancer.Pool {
	if lb == nil {
		return nil
	}
	var out []loadbalancer.Pool
	for _, name := range lb.ClassicELBs {
		out = append(out, loadbalancer.Pool{Kind: loadbalancer.Classic, Name: name})
	}
	for _, name := range lb.TargetGroups {
		out = append(out, loadbalancer.Pool{Kind: loadbalancer.TargetGroup, Name: name})
	}
	return out
}

// behindBalancer reports whether the target's events move traffic.
func behindBalancer(t *deploy.Target) bool {
	return slices.ContainsFunc(t.Events, func(e deploy.LifecycleEvent) bool { return movesTraffic(e.Name) })
}

// serverOf is what load balancers call a target.
func serverOf(t *deploy.Target) string {
	if t.Server != "" {
		return t.Server
	}
	return t.ID
}

// checking reports whether no host may be started yet, because it is not known
// whether the load balancers are there.
func (d *draft) checking() bool {
	return d.dep.Style.Option == deploy.WithTrafficControl && d.dep.Balancers != deploy.BalancersKnown
}

// checkBalancers asks for the load balancers, once, before the first host is
// touched.
func (d *draft) checkBalancers() {
	if !d.checking() || d.dep.Balancers == deploy.BalancersAsked || d.dep.Ending != nil {
		return
	}
	var hosts []string
	for i := range d.targets {
		if behindBalancer(&d.targets[i]) {
			hosts = append(hosts, serverOf(&d.targets[i]))
		}
	}
	if len(hosts) == 0 {
		d.dep.Balancers = deploy.BalancersKnown
		return
	}
	d.dep.Balancers = deploy.BalancersAsked
	d.dep.Messages = []string{"Waiting for an answer of the load balancers."}
	d.act = append(d.act, d.action(checkPools, checkPools, poolsInput{Pools: pools(d.dep.LoadBalancer), Hosts: hosts}, checkLimit,
		"The load balancers could not be asked for."))
}

// moveTraffic lets the server carry out BlockTraffic or AllowTraffic. It has
// begun: the server needs nobody to begin it.
func (d *draft) moveTraffic(t *deploy.Target, event int) {
	name, limit := t.Events[event].Name, d.limits.trafficTimeout()
	late := fmt.Sprintf("%s was not out of traffic within %s", serverOf(t), deploy.InWords(limit))
	if name == deploy.AllowTraffic {
		late = fmt.Sprintf("%s was not healthy in traffic within %s", serverOf(t), deploy.InWords(limit))
	}
	in := trafficInput{Target: t.ID, Host: serverOf(t), Pools: pools(d.dep.LoadBalancer)}
	a := d.action(name, t.ID+":"+name, in, limit, late)
	d.act = append(d.act, a)
	t.Outstanding = &deploy.Outstanding{CommandID: a.ID, Event: event, Acked: true, Action: true, Deadline: a.Deadline}
	t.MoveEvent(event, deploy.EventInProgress, d.now)
	if t.Status == deploy.TargetPending {
		t.Move(deploy.TargetInProgress, d.now)
	}
}

func (d *draft) action(kind, what string, in any, limit time.Duration, late string) deploy.Action {
	return deploy.Action{
		Namespace: d.dep.Namespace, ID: deploy.ActionID(d.dep.ID, what), DeploymentID: d.dep.ID, Platform: deploy.Server,
		Kind: kind, Input: platform.Encode(in), CreatedAt: d.now, Deadline: d.now.Add(limit),
		Late: deploy.ErrorInfo{Code: deploy.InternalError, Message: late},
	}
}

// applyOutcomes brings the deployment on by what came of actions. Outcomes that
// nobody waits for change nothing.
func (d *draft) applyOutcomes() {
	for _, a := range d.outcomes {
		if a.Kind == checkPools {
			d.balancersChecked(a)
			continue
		}
		var in trafficInput
		if err := json.Unmarshal(a.Input, &in); err != nil {
			panic(err) //nolint:forbidigo // written by moveTraffic
		}
		i, known := d.index.Place(in.Target)
		if !known || d.at(i).Outstanding == nil || d.at(i).Outstanding.CommandID != a.ID {
			continue
		}
		d.applyOutcome(i, a)
	}
}

// balancersChecked lets the hosts begin, or ends the deployment.
func (d *draft) balancersChecked(a deploy.Action) {
	switch {
	case d.dep.Balancers != deploy.BalancersAsked || !a.Ended():
	case a.Outcome.Status == deploy.ActionDone:
		d.dep.Balancers, d.dep.Messages = deploy.BalancersKnown, nil
	case d.dep.Ending == nil:
		d.dep.Ending = &deploy.Ending{Status: deploy.Failed, Event: deploy.RollbackOnFailure, Error: *a.Outcome.Error}
	}
}

// applyOutcome brings target i on by what came of its action.
func (d *draft) applyOutcome(i int, a deploy.Action) {
	at := a.Outcome.At
	if !a.Ended() {
		d.noteTraffic(i, a)
		return
	}
	t := d.change(i)
	event := t.Outstanding.Event
	t.Outstanding = nil
	if a.Outcome.Status == deploy.ActionFailed {
		message, seen := a.Outcome.Error.Message, seenBy(a)
		if len(seen.Waits) > 0 {
			message += ": " + strings.Join(seen.Waits, "; ")
		}
		d.failTraffic(t, event, at, message+". "+whatNow(t.Events[event].Name, seen))
		return
	}
	t.Events[event].Diagnostics = &deploy.Diagnostics{ErrorCode: codeSuccess, Message: "Succeeded"}
	t.MoveEvent(event, deploy.EventSucceeded, at)
	d.goOn(i, at)
}

// noteTraffic shows in an event's diagnostics what it waits for, when it has
// for a while.
func (d *draft) noteTraffic(i int, a deploy.Action) {
	at, event := a.Outcome.At, d.at(i).Outstanding.Event
	if at.Sub(*d.at(i).Events[event].StartedAt) < noteAfter {
		return
	}
	t := d.change(i)
	t.Events[event].Diagnostics = unknown(fmt.Sprintf("At %s it waits for %s; it fails at %s unless that has passed.",
		clock(at), strings.Join(seenBy(a).Waits, "; "), clock(a.Deadline)))
	t.UpdatedAt = at
}

// giveUp fails an event that the server carries out, because the deployment
// ends. (As CodeDeploy does on ECS. What it has begun stays as it is.)
func (d *draft) giveUp(t *deploy.Target) {
	event := t.Outstanding.Event
	d.drop = append(d.drop, t.Outstanding.CommandID)
	t.Outstanding = nil
	d.failTraffic(t, event, d.now, "The deployment ended before this was done. "+whatNow(t.Events[event].Name, sight{}))
}

func (d *draft) failTraffic(t *deploy.Target, event int, at time.Time, why string) {
	t.Events[event].Diagnostics = unknown(why)
	t.MoveEvent(event, deploy.EventFailed, at)
	d.conclude(t, deploy.TargetFailed, at)
}

// whatNow says how a host is left when its traffic could not be moved.
func whatNow(event string, seen sight) string {
	switch {
	case event == deploy.BlockTraffic && seen.Untouched:
		return "The host is as it was."
	case event == deploy.BlockTraffic:
		return "The host may be out of some of its load balancers; the next deployment that succeeds puts it back."
	}
	return "The host has what was deployed, and stays in its load balancers as it is there."
}

// seenBy returns what the action saw last.
func seenBy(a deploy.Action) (seen sight) {
	if len(a.Outcome.Output) == 0 {
		return seen
	}
	if err := json.Unmarshal(a.Outcome.Output, &seen); err != nil {
		panic(err) //nolint:forbidigo // written by Act
	}
	return seen
}
