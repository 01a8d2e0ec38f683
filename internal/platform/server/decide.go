package server

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/rollout"
)

// steps is what one decision consists of, in order.
var steps = []func(*draft){
	(*draft).applyReports,
	(*draft).applyOutcomes,
	(*draft).expireTimers,
	(*draft).judgeHealth,
	(*draft).checkBalancers,
	(*draft).leaveZone,
	(*draft).startHosts,
	(*draft).finish,
}

// Decide says what to change now. It costs what has changed, not what the
// fleet has, as long as the snapshot comes with its index.
func (p Platform) Decide(s deploy.Snapshot, now time.Time) deploy.Decision {
	d := newDraft(p, s, now)
	for _, step := range steps {
		step(d)
	}
	return d.decision()
}

// draft is a decision in the making: the snapshot, which stays as it is, and
// over it the targets that the steps have changed.
type draft struct {
	limits   Platform
	now      time.Time
	dep      deploy.Deployment
	targets  []deploy.Target
	index    *deploy.Index
	changed  map[int]*deploy.Target // by place
	reports  []deploy.HostCommand
	outcomes []deploy.Action
	seen     map[string]time.Time
	fleet    rollout.Pace
	issue    []deploy.HostCommand
	cancel   []string
	act      []deploy.Action
	drop     []string // actions
}

func newDraft(p Platform, s deploy.Snapshot, now time.Time) *draft {
	if s.Index == nil {
		s.Index = deploy.NewIndex(s.Targets)
	}
	return &draft{
		limits: p, now: now, dep: s.Deployment, targets: s.Targets, index: s.Index, changed: map[int]*deploy.Target{},
		reports: s.Reports, outcomes: s.Outcomes, seen: s.Seen, fleet: rollout.NewPace(len(s.Targets), s.Deployment.Config.MinimumHealthy),
	}
}

// at returns target i for reading.
func (d *draft) at(i int) *deploy.Target {
	if t, ok := d.changed[i]; ok {
		return t
	}
	return &d.targets[i]
}

// change returns target i for writing.
func (d *draft) change(i int) *deploy.Target {
	if t, ok := d.changed[i]; ok {
		return t
	}
	t := d.targets[i].Clone()
	d.changed[i] = &t
	return &t
}

// count counts the targets of the fleet and of the zone that the deployment is
// in.
func (d *draft) count() (fleet, zone deploy.Tally) {
	z := d.index.Zone(d.dep.Zone)
	fleet, zone = d.index.Fleet(), z.Tally
	for i, t := range d.changed {
		fleet.Add(&d.targets[i], -1)
		fleet.Add(t, 1)
		if z.First <= i && i < z.End {
			zone.Add(&d.targets[i], -1)
			zone.Add(t, 1)
		}
	}
	return fleet, zone
}

// progress is count for the arithmetic of pace.
func (d *draft) progress() (fleet, zone rollout.Progress) {
	f, z := d.count()
	return progress(f), progress(z)
}

func progress(t deploy.Tally) rollout.Progress {
	return rollout.Progress{
		Succeeded: t.Succeeded, Failed: t.Failed, InFlight: t.InFlight, Pending: t.Waiting, PendingHealthy: t.WaitingHealthy,
	}
}

// decision returns what the steps changed.
func (d *draft) decision() deploy.Decision {
	fleet, _ := d.count()
	d.dep.Overview = &fleet.Overview
	out := deploy.Decision{Deployment: d.dep, Issue: d.issue, Cancel: d.cancel, Act: d.act, Drop: d.drop}
	out.WakeAt = d.index.NextDue(func(i int) bool { return d.changed[i] != nil })
	for _, i := range slices.Sorted(maps.Keys(d.changed)) {
		t := d.changed[i]
		out.Targets = append(out.Targets, *t)
		if t.Outstanding != nil && !t.Outstanding.Action {
			out.WakeAt = earlier(out.WakeAt, t.Outstanding.Due())
		}
	}
	if d.dep.BakeUntil != nil {
		out.WakeAt = earlier(out.WakeAt, *d.dep.BakeUntil)
	}
	return out
}

// earlier returns the earlier of two times; the zero one is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

// judgeHealth ends the deployment when too many hosts have failed.
func (d *draft) judgeHealth() {
	if fleet, zone := d.progress(); d.dep.Ending == nil && d.pace().Exhausted(fleet, zone) {
		d.endUnhealthy()
	}
}

// startHosts starts as many more hosts of the zone as the pace allows.
func (d *draft) startHosts() {
	if d.dep.Ending != nil || d.dep.BakeUntil != nil || d.checking() {
		return
	}
	pace, end := d.pace(), d.index.Zone(d.dep.Zone).End
	fleet, zone := d.progress()
	// Hosts are started in their order, so those that wait are the last ones.
	for i := end - zone.Pending; i < end && pace.MayStart(fleet, zone, d.at(i).WasHealthy); i++ {
		started(&fleet, d.at(i).WasHealthy)
		started(&zone, d.at(i).WasHealthy)
		d.issueNext(i)
	}
	if zone.Pending > 0 && zone.InFlight == 0 {
		// Starting any of the hosts that are left would take healthy ones
		// below the minimum.
		d.endUnhealthy()
	}
}

// started counts a host that is being started.
func started(p *rollout.Progress, wasHealthy bool) {
	p.Pending--
	if wasHealthy {
		p.PendingHealthy--
	}
	p.InFlight++
}

// endUnhealthy decides the end for want of healthy hosts.
func (d *draft) endUnhealthy() {
	fleet, zone := d.count()
	msg := fmt.Sprintf("The deployment failed because too many instances failed or too few healthy ones are left: "+
		"%d of %d succeeded, %d failed, and at least %d must stay healthy.",
		fleet.Succeeded, d.fleet.Hosts, fleet.Failed, max(d.fleet.Minimum, 1))
	if here := d.pace().Here; here.Minimum > 0 {
		msg += fmt.Sprintf(" Of these, %d of %d failed %s, where at least %d must stay healthy.",
			zone.Failed, here.Hosts, zoneInWords(d.index.Zone(d.dep.Zone).Name), here.Minimum)
	}
	if first := d.firstFailure(); first != "" {
		msg += " First failure: " + first
	}
	d.dep.Ending = &deploy.Ending{
		Status: deploy.Failed, Event: deploy.RollbackOnFailure,
		Error: deploy.ErrorInfo{Code: deploy.HealthConstraints, Message: msg},
	}
}

// firstFailure describes the event that failed first, so that nobody has to
// look for it. It looks at all targets, once in a deployment.
func (d *draft) firstFailure() string {
	var first *deploy.LifecycleEvent
	host := ""
	for i := range d.targets {
		t := d.at(i)
		if t.Status != deploy.TargetFailed {
			continue
		}
		if e := failure(t); e != nil && (first == nil || e.EndedAt.Before(*first.EndedAt)) {
			first, host = e, t.ID
		}
	}
	if first == nil {
		return ""
	}
	return fmt.Sprintf("%s on %s: %s (%s)", first.Name, host, first.Diagnostics.Message, first.Diagnostics.ErrorCode)
}

// failure returns the event because of which a target failed: the last one
// that has diagnostics of an error.
func failure(t *deploy.Target) *deploy.LifecycleEvent {
	for i := len(t.Events) - 1; i >= 0; i-- {
		e := &t.Events[i]
		if e.Diagnostics != nil && e.Diagnostics.ErrorCode != codeSuccess && e.EndedAt != nil {
			return e
		}
	}
	return nil
}

// finish ends the deployment when nothing is left to wait for.
func (d *draft) finish() {
	if d.dep.Ending != nil {
		d.cancelUnacknowledged()
	}
	fleet, _ := d.progress()
	switch {
	case fleet.InFlight > 0:
		return
	case d.dep.Ending == nil && d.checking():
		return
	case d.dep.Ending == nil && d.dep.BakeUntil != nil:
		return
	case d.dep.Ending == nil && d.fleet.Hosts > 0 && !d.fleet.Enough(fleet):
		d.endUnhealthy()
	}
	d.skipPending()
	d.dep.BakeUntil = nil
	if e := d.dep.Ending; e != nil {
		d.dep.Error = &e.Error
		d.dep.Move(e.Status, d.now)
		return
	}
	d.dep.Move(deploy.Succeeded, d.now)
}

// cancelUnacknowledged takes back the commands that no host has begun, and gives
// up what the server itself waits for.
func (d *draft) cancelUnacknowledged() {
	for _, i := range d.index.Outstanding() {
		o := d.at(i).Outstanding
		if o != nil && o.Action {
			d.giveUp(d.change(i))
			continue
		}
		if o == nil || o.Acked {
			continue
		}
		t := d.change(i)
		d.cancel = append(d.cancel, t.Outstanding.CommandID)
		t.Outstanding = nil
		if t.Status != deploy.TargetPending {
			d.conclude(t, deploy.TargetFailed, d.now)
		}
	}
}

// skipPending ends the targets whose turn did not come.
func (d *draft) skipPending() {
	for i := range d.targets {
		if d.at(i).Status == deploy.TargetPending {
			d.conclude(d.change(i), deploy.TargetSkipped, d.now)
		}
	}
}
