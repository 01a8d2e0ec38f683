package simulation

import (
	"cmp"
	"slices"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// zone is the targets of a zonal deployment in one zone.
type zone struct {
	name    string
	targets []*deploy.Target
}

// zones returns the zones of a deployment in the order in which it goes through
// them: by name, and what is in none last.
func (d *deployment) zones() []zone {
	var all []zone
	for _, t := range d.targets {
		i := slices.IndexFunc(all, func(z zone) bool { return z.name == t.Zone })
		if i < 0 {
			i = len(all)
			all = append(all, zone{name: t.Zone})
		}
		all[i].targets = append(all[i].targets, t)
	}
	slices.SortFunc(all, func(a, b zone) int {
		if (a.name == "") != (b.name == "") {
			return cmp.Compare(b.name, a.name)
		}
		return cmp.Compare(a.name, b.name)
	})
	return all
}

// checkZones: one zone after the other, each at its own pace, with the time to
// watch between them.
func (r *rules) checkZones(d *deployment) {
	if d.Config.Zonal == nil || len(d.targets) == 0 {
		return
	}
	zones := d.zones()
	before := true // everything in the zones so far has ended
	for i, z := range zones {
		n := tallyOf(z.targets)
		least, most := 0, n.hosts
		if m := d.Config.Zonal.MinimumHealthyPerZone; m != nil {
			least, most = minimum(n.hosts, m)
		}
		begun := n.busy + n.succeeded + n.failed
		switch {
		case begun > 0 && !before:
			r.broken("one zone after the other", "%s works in the zone %q before it is through with %q", d.ID, z.name, zones[i-1].name)
		case n.busy > most:
			r.broken("the minimum of healthy hosts of a zone", "%s works on %d of %d hosts of %q; %d are allowed", d.ID, n.busy, n.hosts, z.name, most)
		case least > 0 && n.busy > 0 && n.busy+n.failed > n.hosts-least:
			r.broken("the minimum of healthy hosts of a zone", "%s has %d hosts of %q busy and %d failed of %d; %d must stay healthy",
				d.ID, n.busy, z.name, n.failed, n.hosts, least)
		case d.Status == deploy.Succeeded && n.succeeded < least:
			r.broken("success is never made up", "%s is Succeeded with %d of %d hosts of %q; %d must be healthy", d.ID, n.succeeded, n.hosts, z.name, least)
		}
		if i > 0 && begun > 0 && n.busy == begun {
			r.checkMonitored(d, zones[i-1], z, i-1)
		}
		before = before && n.pending+n.busy == 0
	}
	if n := d.tally(); d.Status == deploy.Baking && n.busy > 0 {
		r.broken("one zone after the other", "%s bakes and works on %d hosts", d.ID, n.busy)
	}
}

// checkMonitored: between the end of a zone and the start of the next lies the
// monitor duration. Three servers may have a part in it, each with its own
// clock: who notes the end, who begins to wait, and who goes on.
func (r *rules) checkMonitored(d *deployment, from, to zone, number int) {
	z := d.Config.Zonal
	seconds := z.MonitorSeconds
	if number == 0 && z.FirstZoneMonitorSeconds != nil {
		seconds = z.FirstZoneMonitorSeconds
	}
	if seconds == nil || *seconds == 0 {
		return
	}
	r.w.saw("a zone is monitored")
	var ended time.Time
	for _, t := range from.targets {
		if t.UpdatedAt.After(ended) {
			ended = t.UpdatedAt
		}
	}
	for _, t := range to.targets {
		started := ended.Add(time.Duration(*seconds) * time.Second)
		if t.Outstanding != nil && time.Now().Add(3*r.w.skew+time.Millisecond).Before(started) {
			r.broken("a zone is monitored", "%s starts %s of %q before %s", d.ID, t.ID, to.name, started)
		}
	}
}
