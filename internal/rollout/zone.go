package rollout

import "github.com/slipwayhq/slipway/internal/deploy"

// Zone is the pace inside one zone: what the fleet allows, and what the zone
// allows on top of it.
type Zone struct {
	Fleet Pace
	Here  Pace // of the zone's hosts alone
}

// Zone returns the pace inside a zone of n hosts of which a minimum must stay
// healthy. No minimum is 0: then only the fleet limits.
func (p Pace) Zone(n int, m *deploy.MinimumHealthy) Zone {
	if m == nil {
		m = &deploy.MinimumHealthy{Type: deploy.FleetPercent}
	}
	return Zone{Fleet: p, Here: NewPace(n, m)}
}

// Concurrency is how many hosts of the zone may be worked on at once.
func (z Zone) Concurrency() int { return min(z.Fleet.Concurrency, z.Here.Concurrency) }

// Possible reports whether anything can be deployed in the zone.
func (z Zone) Possible() bool { return z.Concurrency() > 0 }

// Exhausted reports whether so many hosts of the fleet or of the zone have
// failed that the rest must not be touched.
func (z Zone) Exhausted(fleet, here Progress) bool {
	return z.Fleet.Exhausted(fleet) || z.Here.Exhausted(here)
}

// MayStart reports whether one more host of the zone may be started. Which
// healthy ones are spared depends on the fleet.
func (z Zone) MayStart(fleet, here Progress, wasHealthy bool) bool {
	return z.Here.hasRoom(here) && z.Fleet.MayStart(fleet, wasHealthy)
}

// Enough reports whether a zone in which nothing is pending has kept its
// minimum.
func (z Zone) Enough(here Progress) bool { return here.Succeeded >= z.Here.Minimum }
