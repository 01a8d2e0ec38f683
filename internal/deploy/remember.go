package deploy

import (
	"maps"
	"slices"
)

// Attempted reports whether the host was given something to do.
func (t *Target) Attempted() bool {
	return t.Status != TargetPending && t.Status != TargetSkipped
}

// Reached reports whether the host began the event.
func (t *Target) Reached(event string) bool {
	return slices.ContainsFunc(t.Events, func(e LifecycleEvent) bool {
		return e.Name == event && e.Status != EventPending && e.Status != EventSkipped
	})
}

// RememberHosts returns what a group knows of its hosts when a deployment has
// ended, as far as that has changed. Known is what it knew before.
//
// A host is healthy when it was attempted and succeeded. After a deployment
// that succeeded, all others are unhealthy, and of those that ran the group's
// revision until then it is unknown what they run. One that ended otherwise
// says nothing of hosts that it did not attempt. (As CodeDeploy's guide has
// it. But where a failed host got as far as Install, or out of traffic, what it
// runs is unknown, whatever it ran before: otherwise updateOutdatedInstancesOnly
// would pass it over.)
func RememberHosts(d Deployment, targets []Target, known map[string]GroupHost) []GroupHost {
	var out []GroupHost
	attempted := map[string]bool{}
	for i := range targets {
		t := &targets[i]
		if !t.Attempted() {
			continue
		}
		attempted[t.ID] = true
		h := GroupHost{GroupID: d.GroupID, Host: t.ID, DeploymentID: d.ID, Installed: known[t.ID].Installed}
		switch {
		case t.Status == TargetSucceeded:
			h.Healthy, h.Installed = true, &d.Revision
		case t.Reached(Install), t.Reached(BlockTraffic), d.Status == Succeeded && d.wasCurrent(h.Installed):
			h.Installed = nil
		}
		out = append(out, h)
	}
	if d.Status != Succeeded {
		return out
	}
	for _, host := range slices.Sorted(maps.Keys(known)) {
		h := known[host]
		leftOut := d.UpdateOutdatedInstancesOnly && sameRevision(h.Installed, &d.Revision)
		if attempted[host] || leftOut {
			continue
		}
		h.Healthy = false
		if d.wasCurrent(h.Installed) {
			h.Installed = nil
		}
		out = append(out, h)
	}
	return out
}

// wasCurrent reports whether the revision is one that the group was to run
// until the deployment succeeded, or since.
func (d *Deployment) wasCurrent(r *Revision) bool {
	return sameRevision(r, d.PreviousRevision) || sameRevision(r, &d.Revision)
}

// sameRevision reports whether both are known and one revision.
func sameRevision(a, b *Revision) bool { return a != nil && b != nil && a.Key() == b.Key() }
