package server

import (
	"fmt"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// The error codes that the server itself puts into diagnostics.
const (
	codeSuccess = "Success"
	codeUnknown = "UnknownError"
)

// applyReports brings targets on by what their hosts said. Reports that nobody
// waits for (late, repeated) change nothing.
func (d *draft) applyReports() {
	if len(d.reports) == 0 {
		return
	}
	index := make(map[string]int, len(d.targets))
	for i := range d.targets {
		index[d.targets[i].ID] = i
	}
	for _, c := range d.reports {
		i, known := index[c.TargetID]
		if !known || d.targets[i].Outstanding == nil || d.targets[i].Outstanding.CommandID != c.ID {
			continue
		}
		d.applyReport(i, c)
	}
}

// applyReport brings target i on by a report on the command it waits for.
func (d *draft) applyReport(i int, c deploy.HostCommand) {
	t := d.change(i)
	d.begin(t, c)
	event := t.Outstanding.Event
	t.Events[event].Diagnostics = c.Diagnostics
	switch c.State {
	case deploy.CommandReady, deploy.CommandRunning:
		return
	case deploy.CommandSucceeded:
		t.MoveEvent(event, deploy.EventSucceeded, reportedAt(c, d.now))
	case deploy.CommandFailed, deploy.CommandCancelled:
		t.MoveEvent(event, deploy.EventFailed, reportedAt(c, d.now))
	}
	t.Outstanding = nil
	if t.Events[event].Status == deploy.EventFailed && !d.forgiven(t.Events[event].Name) {
		d.conclude(t, deploy.TargetFailed)
		return
	}
	d.goOn(i)
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
func (d *draft) goOn(i int) {
	t := d.change(i)
	switch {
	case t.NextEvent() < 0:
		t.Move(deploy.TargetSucceeded, d.now)
	case d.dep.Ending != nil:
		// A stop lets the running event end; a host with events left did not
		// get what was deployed.
		d.conclude(t, deploy.TargetFailed)
	default:
		d.issueNext(i)
	}
}

// issueNext makes the next event of target i available to its host.
func (d *draft) issueNext(i int) {
	t := d.change(i)
	next := t.NextEvent()
	c := deploy.HostCommand{
		Namespace: d.dep.Namespace, ID: deploy.CommandID(d.dep.ID, t.ID, t.Events[next].Name),
		DeploymentID: d.dep.ID, TargetID: t.ID, HostIdentifier: t.HostIdentifier, Event: t.Events[next].Name,
		State: deploy.CommandReady, CreatedAt: d.now,
	}
	t.Outstanding = &deploy.Outstanding{CommandID: c.ID, Event: next, Deadline: d.now.Add(d.limits.startTimeout())}
	t.UpdatedAt = d.now
	d.issue = append(d.issue, c)
}

// conclude ends a target; the events it did not get to are skipped.
func (d *draft) conclude(t *deploy.Target, status deploy.TargetStatus) {
	t.SkipRest(d.now)
	t.Move(status, d.now)
}

// expireTimers fails the targets whose hosts have been silent for too long.
func (d *draft) expireTimers() {
	for i := range d.targets {
		o := d.targets[i].Outstanding
		if o == nil || d.now.Before(o.Deadline) {
			continue
		}
		t := d.change(i)
		d.cancel = append(d.cancel, o.CommandID)
		t.Outstanding = nil
		e := &t.Events[o.Event]
		if o.Acked {
			e.Diagnostics = silent(fmt.Sprintf("The host did not report the end of %s within %s. Look at the agent "+
				"and its log on the host.", e.Name, deploy.InWords(d.limits.runTimeout())))
			t.MoveEvent(o.Event, deploy.EventFailed, d.now)
		} else {
			e.Diagnostics = silent(fmt.Sprintf("The host did not pick up %s within %s. Check that its agent runs and "+
				"reaches the server.", e.Name, deploy.InWords(d.limits.startTimeout())))
		}
		d.conclude(t, deploy.TargetFailed)
	}
}

// silent is the diagnostics of an event whose host said nothing.
func silent(message string) *deploy.Diagnostics {
	return &deploy.Diagnostics{ErrorCode: codeUnknown, Message: message}
}

// reportedAt is when the host's completion reached the server.
func reportedAt(c deploy.HostCommand, now time.Time) time.Time {
	if c.CompletedAt != nil {
		return *c.CompletedAt
	}
	return now
}
