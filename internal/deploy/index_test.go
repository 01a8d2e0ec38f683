package deploy

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestIndex holds an index that is told of every change against one that is
// made anew, and its timers against a look at every target.
func TestIndex(t *testing.T) {
	t.Parallel()
	start := time.Unix(0, 0)
	rapid.Check(t, func(t *rapid.T) {
		zones := rapid.SliceOfN(rapid.SampledFrom([]string{"", "a", "b"}), 0, 12).Draw(t, "zones")
		slices.Sort(zones)
		targets := make([]Target, len(zones))
		for i, zone := range zones {
			targets[i] = Target{ID: fmt.Sprint("h", i), Order: i, Zone: zone, WasHealthy: rapid.Bool().Draw(t, "healthy"), Status: TargetPending}
		}
		x := NewIndex(targets)
		for range rapid.IntRange(0, 40).Draw(t, "changes") {
			if len(targets) == 0 {
				break
			}
			changed := targets[rapid.IntRange(0, len(targets)-1).Draw(t, "target")]
			changed.Status = rapid.SampledFrom([]TargetStatus{
				TargetPending, TargetInProgress, TargetSucceeded, TargetFailed, TargetSkipped, TargetUnknown,
			}).Draw(t, "status")
			changed.Outstanding = nil
			if rapid.Bool().Draw(t, "waits") && !changed.Status.Terminal() {
				changed.Outstanding = &Outstanding{Deadline: start.Add(time.Duration(rapid.IntRange(1, 9).Draw(t, "deadline")))}
			}
			x.Replace(targets, []Target{changed})
		}
		checkIndex(t, x, targets, start.Add(5))
	})
}

func checkIndex(t *rapid.T, x *Index, targets []Target, now time.Time) {
	anew := NewIndex(targets)
	if x.Fleet() != anew.Fleet() || !slices.Equal(x.zones, anew.zones) || x.Fleet().Overview != Count(targets) {
		t.Fatalf("the index counts %+v, one made anew %+v", x.Fleet(), anew.Fleet())
	}
	var due, waiting []int
	var next time.Time // of the targets at even places
	for i, target := range targets {
		if place, ok := x.Place(target.ID); !ok || place != i {
			t.Fatalf("%s is at %d, %v, not at %d", target.ID, place, ok, i)
		}
		if target.Outstanding == nil {
			continue
		}
		at := target.Outstanding.Due()
		waiting = append(waiting, i)
		if !at.After(now) {
			due = append(due, i)
		}
		if i%2 == 0 && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	if got := x.Due(now); !slices.Equal(got, due) {
		t.Fatalf("due are %v, the index says %v", due, got)
	}
	if got := x.Outstanding(); !slices.Equal(got, waiting) {
		t.Fatalf("%v wait, the index says %v", waiting, got)
	}
	if got := x.NextDue(func(i int) bool { return i%2 == 1 }); !got.Equal(next) {
		t.Fatalf("the next is due at %v, the index says %v", next, got)
	}
}
