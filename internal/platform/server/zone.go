package server

import (
	"fmt"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/rollout"
)

// pace is how fast the deployment may go in the zone that it is in.
func (d *draft) pace() rollout.Zone {
	z := d.index.Zone(d.dep.Zone)
	return zonePace(d.fleet, &d.dep, z.Hosts())
}

func zonePace(fleet rollout.Pace, d *deploy.Deployment, hosts int) rollout.Zone {
	if d.Config.Zonal == nil {
		return fleet.Zone(hosts, nil)
	}
	return fleet.Zone(hosts, d.Config.Zonal.MinimumHealthyPerZone)
}

// leaveZone goes on to the next zone when this one is through: at once, or when
// its monitor duration is over, during which the deployment bakes. Whatever
// ends a deployment ends one that bakes, too.
func (d *draft) leaveZone() {
	_, zone := d.progress()
	last := d.dep.Zone >= d.index.Zones()-1
	if d.dep.Ending != nil || last || zone.Pending > 0 || zone.InFlight > 0 {
		return
	}
	if !d.pace().Enough(zone) {
		d.endUnhealthy()
		return
	}
	if d.dep.BakeUntil == nil {
		monitor := d.dep.Config.Zonal.MonitorAfter(d.dep.Zone)
		if monitor > 0 {
			until := d.now.Add(monitor)
			d.dep.BakeUntil = &until
			d.dep.Move(deploy.Baking, d.now)
			return
		}
	} else {
		if d.now.Before(*d.dep.BakeUntil) {
			return
		}
		d.dep.BakeUntil = nil
		d.dep.Move(deploy.InProgress, d.now)
	}
	d.dep.Zone++
}

// zoneInWords says where the hosts of a zone are.
func zoneInWords(name string) string {
	if name == "" {
		return "among the instances without a zone"
	}
	return fmt.Sprintf("in the zone %q", name)
}
