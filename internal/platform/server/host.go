package server

import (
	"maps"
	"slices"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// The error codes that the server itself puts into diagnostics.
const (
	codeSuccess = "Success"
	codeUnknown = "UnknownError"
)

// applyReports brings targets on by what their hosts said, and by what control
// noticed of them. Reports that nobody waits for (late, repeated) change
// nothing.
func (d *draft) applyReports() {
	for _, c := range d.reports {
		i, known := d.index.Place(c.TargetID)
		if !known || d.at(i).Outstanding == nil || d.at(i).Outstanding.CommandID != c.ID {
			continue
		}
		d.applyReport(i, c)
	}
}

// applyReport brings target i on by a report on the command it waits for.
func (d *draft) applyReport(i int, c deploy.HostCommand) {
	t := d.change(i)
	at := reportedAt(c, d.now)
	switch c.State {
	case deploy.CommandReady:
		d.noteSilence(t, c)
		return
	case deploy.CommandLost:
		d.fail(t, at, "The instance was deregistered, so nothing more can be expected of it.")
		return
	case deploy.CommandRunning:
		d.begin(t, c)
		d.noteSilence(t, c)
		return
	case deploy.CommandSucceeded, deploy.CommandFailed, deploy.CommandCancelled:
	}
	d.begin(t, c)
	event := t.Outstanding.Event
	status := deploy.EventFailed
	if c.State == deploy.CommandSucceeded {
		status = deploy.EventSucceeded
	}
	t.MoveEvent(event, status, at)
	t.Events[event].Diagnostics = c.Diagnostics
	t.Outstanding = nil
	if status == deploy.EventFailed && !d.forgiven(t.Events[event].Name) {
		d.conclude(t, deploy.TargetFailed, at)
		return
	}
	d.goOn(i, at)
}

// begin notes that the host has taken the command, and lets the run timer take
// the place of the start timer.
func (d *draft) begin(t *deploy.Target, c deploy.HostCommand) {
	o := t.Outstanding
	if o.Acked {
		return
	}
	at := d.now
	if c.AckedAt != nil {
		at = *c.AckedAt
	} else if c.CompletedAt != nil {
		at = *c.CompletedAt // the official agent may complete without acknowledging
	}
	o.Acked = true
	o.Deadline = at.Add(d.limits.runTimeout())
	t.MoveEvent(o.Event, deploy.EventInProgress, at)
	if t.Status == deploy.TargetPending {
		t.Move(deploy.TargetInProgress, at)
	}
}

// forgiven reports whether the deployment passes over a failure of the event.
func (d *draft) forgiven(event string) bool {
	return d.dep.IgnoreApplicationStopFailures && ignorable(event)
}

// goOn issues the next event of target i, or ends the target.
func (d *draft) goOn(i int, at time.Time) {
	t := d.change(i)
	switch {
	case t.NextEvent() < 0:
		t.Move(deploy.TargetSucceeded, at)
	case d.dep.Ending != nil:
		// A stop lets the running event end; a host with events left did not
		// get what was deployed.
		d.conclude(t, deploy.TargetFailed, at)
	default:
		d.issueNext(i)
	}
}

// issueNext makes the next event of target i available to its host, or lets the
// server do it.
func (d *draft) issueNext(i int) {
	t := d.change(i)
	next := t.NextEvent()
	if movesTraffic(t.Events[next].Name) {
		d.moveTraffic(t, next)
		return
	}
	c := deploy.HostCommand{
		Namespace: d.dep.Namespace, ID: deploy.CommandID(d.dep.ID, t.ID, t.Events[next].Name),
		DeploymentID: d.dep.ID, TargetID: t.ID, HostIdentifier: t.HostIdentifier, Event: t.Events[next].Name,
		State: deploy.CommandReady, CreatedAt: d.now,
	}
	t.Outstanding = &deploy.Outstanding{CommandID: c.ID, Event: next, Deadline: d.now.Add(d.limits.startTimeout())}
	t.UpdatedAt = d.now
	d.issue = append(d.issue, c)
}

// conclude ends a target; the events it did not get to are skipped at the same
// moment.
func (d *draft) conclude(t *deploy.Target, status deploy.TargetStatus, at time.Time) {
	t.SkipRest(at)
	t.Move(status, at)
}

// expireTimers fails the targets whose hosts have taken too long.
func (d *draft) expireTimers() {
	// What has just been reported may have moved a deadline either way.
	due := slices.AppendSeq(d.index.Due(d.now), maps.Keys(d.changed))
	slices.Sort(due)
	for _, i := range slices.Compact(due) {
		o := d.at(i).Outstanding
		if o == nil || o.Action || d.now.Before(o.Due()) {
			continue
		}
		t := d.change(i)
		d.cancel = append(d.cancel, o.CommandID)
		d.fail(t, d.now, d.overdue(t))
	}
}

// fail ends a target whose host is lost. An event that it had begun has failed;
// one that it had not is skipped with the rest, and still says why. A lost host
// is never forgiven.
func (d *draft) fail(t *deploy.Target, at time.Time, why string) {
	o := t.Outstanding
	t.Outstanding = nil
	t.Events[o.Event].Diagnostics = unknown(why)
	if o.Acked {
		t.MoveEvent(o.Event, deploy.EventFailed, at)
	}
	d.conclude(t, deploy.TargetFailed, at)
}

// unknown is the diagnostics of what the server itself noticed.
func unknown(message string) *deploy.Diagnostics {
	return &deploy.Diagnostics{ErrorCode: codeUnknown, Message: message}
}

// reportedAt is when the end of a command reached the server.
func reportedAt(c deploy.HostCommand, now time.Time) time.Time {
	if c.CompletedAt != nil {
		return *c.CompletedAt
	}
	return now
}
