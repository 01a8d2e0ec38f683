package rollout

import (
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// Shift is one change of traffic: which share the new version has from then
// on, and how long after the shift before it comes.
type Shift struct {
	After   time.Duration
	Percent int
}

// Shifts is the schedule of a traffic routing configuration. The first shift
// comes at once, the last one moves everything; nothing waits after it. (As
// CodeDeploy does it: ten per cent every minute takes nine minutes.) A nil
// configuration moves all at once.
func Shifts(t *deploy.TrafficRouting) []Shift {
	if t == nil {
		return []Shift{{Percent: 100}}
	}
	interval := time.Duration(t.Interval) * time.Minute
	switch t.Type {
	case deploy.Canary:
		return []Shift{{Percent: t.Percentage}, {After: interval, Percent: 100}}
	case deploy.Linear:
		shifts := []Shift{{Percent: t.Percentage}}
		for p := 2 * t.Percentage; shifts[len(shifts)-1].Percent < 100; p += t.Percentage {
			shifts = append(shifts, Shift{After: interval, Percent: min(p, 100)})
		}
		return shifts
	}
	return []Shift{{Percent: 100}}
}
