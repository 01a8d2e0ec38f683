package server

import (
	"fmt"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// noteSilence shows in an event's diagnostics that its host is silent, or no
// longer is. The event stays as it is: the host has the time that the timers
// leave it.
func (d *draft) noteSilence(t *deploy.Target, c deploy.HostCommand) {
	o := t.Outstanding
	e := &t.Events[o.Event]
	o.SilentDeadline = nil
	e.Diagnostics = c.Diagnostics
	t.UpdatedAt = d.now
	if c.Silence == nil {
		return
	}
	if t.SilentTimeout > 0 {
		until := c.Silence.Since.Add(t.SilentTimeout)
		o.SilentDeadline = &until
	}
	did := "picked up"
	if o.Acked {
		did = "reported the end of"
	}
	var last time.Time
	if c.Silence.LastSeen != nil {
		last = *c.Silence.LastSeen
	}
	e.Diagnostics = unknown(fmt.Sprintf("%s; at %s it had not %s %s, and it fails at %s unless it does. %s",
		lastSeen(last, d.now), clock(d.now), did, e.Name, clock(o.Due()), advice(o)))
	if c.Diagnostics != nil {
		e.Diagnostics.ScriptName, e.Diagnostics.LogTail = c.Diagnostics.ScriptName, c.Diagnostics.LogTail
	}
}

// advice says where to look when nothing comes from a host.
func advice(o *deploy.Outstanding) string {
	if o.Acked {
		return "Look at the agent and its log on the host."
	}
	return "Check that its agent runs and reaches the server."
}

// overdue says why a host's time is over.
func (d *draft) overdue(t *deploy.Target) string {
	o := t.Outstanding
	name, what := t.Events[o.Event].Name, ""
	switch silent := d.now.Before(o.Deadline); {
	case silent && o.Acked:
		what = fmt.Sprintf("The host was silent for %s while it ran %s", deploy.InWords(t.SilentTimeout), name)
	case silent:
		what = fmt.Sprintf("The host was silent for %s while %s waited for it", deploy.InWords(t.SilentTimeout), name)
	case o.Acked:
		what = fmt.Sprintf("The host did not report the end of %s within %s", name, deploy.InWords(d.limits.runTimeout()))
	default:
		what = fmt.Sprintf("The host did not pick up %s within %s", name, deploy.InWords(d.limits.startTimeout()))
	}
	return fmt.Sprintf("%s: %s. %s", what, lastSeen(d.seen[t.ID], d.now), advice(o))
}

// lastSeen says when a host was last heard; the zero time is never.
func lastSeen(at, now time.Time) string {
	if at.IsZero() {
		return "host was never seen"
	}
	return "host last seen " + age(now.Sub(at)) + " ago"
}

// age returns a duration as precisely as anybody wants to know it.
func age(d time.Duration) string {
	switch d = max(d, 0); {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return fmt.Sprintf("%d h", d/time.Hour)
}

func clock(t time.Time) string { return t.UTC().Format("15:04:05 UTC") }
