// Package rollout is the arithmetic of pace: how many hosts may be worked on
// at once, when too many have failed, and when enough have succeeded. It is
// pure: numbers in, numbers out.
package rollout

import "github.com/slipwayhq/slipway/internal/deploy"

// Pace is a minimum of healthy hosts applied to a fleet: two numbers decide
// everything.
type Pace struct {
	Hosts       int // N, how many hosts are deployed to
	Minimum     int // M, how many must stay healthy
	Concurrency int // how many may be worked on at once
	// fixed: the concurrency was given as such (OneAtATime), so hosts that
	// were healthy need not be spared.
	fixed bool
}

// NewPace applies a configuration to n hosts. Percentages are rounded up: half
// of nine is five. A nil minimum is that of the default configuration.
func NewPace(n int, m *deploy.MinimumHealthy) Pace {
	if m == nil {
		m = &deploy.MinimumHealthy{Type: deploy.MostConcurrency, Value: 1}
	}
	p := Pace{Hosts: n}
	switch m.Type {
	case deploy.HostCount:
		p.Minimum = m.Value
	case deploy.FleetPercent:
		p.Minimum = (n*m.Value + 99) / 100
	case deploy.MostConcurrency:
		p.Minimum = max(n-m.Value, 0)
		p.fixed = true
	}
	p.Concurrency = n - p.Minimum
	return p
}

// Possible reports whether anything can be deployed at all: the minimum must
// leave a host to work on.
func (p Pace) Possible() bool { return p.Concurrency > 0 }

// budget is how many hosts may fail while others are still to come.
func (p Pace) budget() int { return p.Hosts - p.Minimum }

// Progress counts the hosts of a deployment. PendingHealthy are those of
// Pending that were healthy before it.
type Progress struct {
	Succeeded, Failed, InFlight, Pending, PendingHealthy int
}

// Exhausted reports whether so many hosts have failed that the rest must not
// be touched. With a minimum of 0 that never happens.
func (p Pace) Exhausted(now Progress) bool {
	return p.Minimum > 0 && now.Pending > 0 && now.Failed >= p.budget()
}

// MayStart reports whether one more host may be started. wasHealthy says
// whether it was healthy before: a healthy host is spared while the healthy
// ones that remain are just enough.
func (p Pace) MayStart(now Progress, wasHealthy bool) bool {
	left := now.Succeeded + now.PendingHealthy - 1
	return p.hasRoom(now) && (p.fixed || !wasHealthy || left >= p.Minimum)
}

// hasRoom reports whether one more host may be worked on: were all in flight
// to fail, the failures must stay within the budget.
func (p Pace) hasRoom(now Progress) bool {
	return now.Pending > 0 && now.InFlight < p.Concurrency && now.Failed+now.InFlight < max(p.budget(), 1)
}

// Enough reports whether a deployment in which nothing is pending has
// succeeded: one host at least, and never fewer than the minimum.
func (p Pace) Enough(now Progress) bool { return now.Succeeded >= max(p.Minimum, 1) }
