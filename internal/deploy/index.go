package deploy

import (
	"maps"
	"slices"
	"time"
)

// Index answers what each decision asks of all targets without looking at each
// of them: how many there are of which kind, where one is, whose time is over.
// It is made once for a fleet and then told of every change, so that an event
// on one host of ten thousand costs what it costs in a fleet of ten.
type Index struct {
	places map[string]int // by target id
	fleet  Tally
	zones  []Zone
	zoneOf []int // by place
	timers timers
	acting map[int]bool // those that wait for an action, which has a timer of its own
}

// Zone is a run of targets in one zone: those from place First up to End,
// which is not one of them. Without a zonal configuration it is all of them.
type Zone struct {
	Name       string
	First, End int
	Tally      Tally
}

// Hosts returns how many targets the zone has.
func (z *Zone) Hosts() int { return z.End - z.First }

// Tally counts targets.
type Tally struct {
	Overview
	// Waiting are those of Pending for which nothing was issued yet. A target is
	// InFlight from the moment its first command can be handed out.
	Waiting, WaitingHealthy, InFlight int
}

// Add counts a target n times: -1 takes back that it was counted.
func (t *Tally) Add(target *Target, n int) {
	t.Overview.add(target.Status, n)
	switch {
	case target.Status.Terminal():
	case target.Waits():
		t.Waiting += n
		if target.WasHealthy {
			t.WaitingHealthy += n
		}
	default:
		t.InFlight += n
	}
}

// Waits reports whether the target's turn has not come yet.
func (t *Target) Waits() bool { return t.Status == TargetPending && t.Outstanding == nil }

// NewIndex returns the index of targets that are in their order.
func NewIndex(targets []Target) *Index {
	x := &Index{
		places: make(map[string]int, len(targets)), zoneOf: make([]int, len(targets)),
		timers: timers{place: map[int]int{}}, acting: map[int]bool{},
	}
	for i := range targets {
		t := &targets[i]
		if i == 0 || t.Zone != targets[i-1].Zone {
			x.zones = append(x.zones, Zone{Name: t.Zone, First: i})
		}
		x.places[t.ID] = i
		x.zoneOf[i] = len(x.zones) - 1
		x.zones[x.zoneOf[i]].End = i + 1
		x.count(i, t, 1)
		x.wait(i, t.Outstanding)
	}
	return x
}

// Replace puts changed targets into their places, and keeps the index right.
func (x *Index) Replace(targets, changed []Target) {
	for _, t := range changed {
		i := t.Order
		x.count(i, &targets[i], -1)
		targets[i] = t
		x.count(i, &t, 1)
		x.wait(i, t.Outstanding)
	}
}

// wait notes what a target waits for, which may be nothing.
func (x *Index) wait(i int, o *Outstanding) {
	if o != nil && o.Action {
		x.acting[i], o = true, nil
	} else {
		delete(x.acting, i)
	}
	x.timers.set(i, o)
}

func (x *Index) count(i int, t *Target, n int) {
	x.fleet.Add(t, n)
	x.zones[x.zoneOf[i]].Tally.Add(t, n)
}

// Place returns where the target is.
func (x *Index) Place(id string) (int, bool) {
	i, ok := x.places[id]
	return i, ok
}

// Fleet counts all targets.
func (x *Index) Fleet() Tally { return x.fleet }

// Zones returns how many zones there are.
func (x *Index) Zones() int { return len(x.zones) }

// Zone returns zone i, in the order in which they are deployed to; an empty
// one when there are no targets.
func (x *Index) Zone(i int) Zone {
	if i >= len(x.zones) {
		return Zone{}
	}
	return x.zones[i]
}

// Outstanding returns the places of the targets that wait for something.
func (x *Index) Outstanding() []int {
	out := slices.AppendSeq(slices.Collect(maps.Keys(x.timers.place)), maps.Keys(x.acting))
	slices.Sort(out)
	return out
}

// Due returns the places of the targets whose hosts have had their time.
func (x *Index) Due(now time.Time) []int { return x.timers.due(now) }

// NextDue returns when the next wait for a host of the targets that are not
// left out is over; the zero time when none of them waits.
func (x *Index) NextDue(without func(place int) bool) time.Time { return x.timers.earliest(without) }
