package rollout

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/slipwayhq/slipway/internal/deploy"
)

var (
	oneAtATime = &deploy.MinimumHealthy{Type: deploy.MostConcurrency, Value: 1}
	allAtOnce  = &deploy.MinimumHealthy{Type: deploy.FleetPercent, Value: 0}
)

func percent(p int) *deploy.MinimumHealthy {
	return &deploy.MinimumHealthy{Type: deploy.FleetPercent, Value: p}
}

func count(n int) *deploy.MinimumHealthy {
	return &deploy.MinimumHealthy{Type: deploy.HostCount, Value: n}
}

// TestPaceTable is what CodeDeploy's rules give: minimum and concurrency
// for fleets of one to ten hosts; "inv" where nothing can be deployed.
func TestPaceTable(t *testing.T) {
	t.Parallel()
	columns := []*deploy.MinimumHealthy{
		oneAtATime, percent(50), allAtOnce, percent(75), percent(33), percent(95), count(1), count(3),
	}
	rows := []string{
		1:  "0/1 1/inv 0/1 1/inv 1/inv 1/inv 1/inv 3/inv",
		2:  "1/1 1/1 0/2 2/inv 1/1 2/inv 1/1 3/inv",
		3:  "2/1 2/1 0/3 3/inv 1/2 3/inv 1/2 3/inv",
		4:  "3/1 2/2 0/4 3/1 2/2 4/inv 1/3 3/1",
		5:  "4/1 3/2 0/5 4/1 2/3 5/inv 1/4 3/2",
		6:  "5/1 3/3 0/6 5/1 2/4 6/inv 1/5 3/3",
		7:  "6/1 4/3 0/7 6/1 3/4 7/inv 1/6 3/4",
		8:  "7/1 4/4 0/8 6/2 3/5 8/inv 1/7 3/5",
		9:  "8/1 5/4 0/9 7/2 3/6 9/inv 1/8 3/6",
		10: "9/1 5/5 0/10 8/2 4/6 10/inv 1/9 3/7",
	}
	for n := 1; n <= 10; n++ {
		var got []string
		for _, c := range columns {
			p := NewPace(n, c)
			concurrency := "inv"
			if p.Possible() {
				concurrency = fmt.Sprint(p.Concurrency)
			}
			got = append(got, fmt.Sprintf("%d/%s", p.Minimum, concurrency))
		}
		if line := strings.Join(got, " "); line != rows[n] {
			t.Errorf("%d hosts:\n got %s\nwant %s", n, line, rows[n])
		}
	}
}

// run deploys to a fleet in waves: every host in flight ends before the next
// are started. fails says which hosts (from 1) fail.
func run(p Pace, healthy bool, fails func(host int) bool) (outcome string, waves []int, skipped int) {
	if !p.Possible() {
		return "HEALTH_CONSTRAINTS_INVALID", nil, p.Hosts
	}
	now := Progress{Pending: p.Hosts}
	if healthy {
		now.PendingHealthy = p.Hosts
	}
	host := 0
	for {
		if p.Exhausted(now) {
			return "Failed", waves, now.Pending
		}
		for p.MayStart(now, healthy) {
			now.Pending--
			if healthy {
				now.PendingHealthy--
			}
			now.InFlight++
		}
		if now.InFlight == 0 {
			break
		}
		waves = append(waves, now.InFlight)
		for ; now.InFlight > 0; now.InFlight-- {
			host++
			if fails(host) {
				now.Failed++
			} else {
				now.Succeeded++
			}
		}
	}
	if now.Pending == 0 && p.Enough(now) {
		return "Succeeded", waves, 0
	}
	return "Failed", waves, now.Pending
}

// TestDocumentedCases are the examples of CodeDeploy's guide and what follows from its rules.
func TestDocumentedCases(t *testing.T) {
	t.Parallel()
	hosts := func(list ...int) func(int) bool {
		return func(h int) bool {
			for _, l := range list {
				if l == h {
					return true
				}
			}
			return false
		}
	}
	for _, tc := range []struct {
		name    string
		n       int
		m       *deploy.MinimumHealthy
		fails   func(int) bool
		want    string
		skipped int
		wave    int // the size of the first wave
	}{
		{"all ok", 10, count(9), hosts(), "Succeeded", 0, 1},
		{"first fails", 10, count(9), hosts(1), "Failed", 9, 1},
		{"only last fails", 10, count(9), hosts(10), "Succeeded", 0, 1},
		{"two fail mid-way", 10, count(8), hosts(4, 6), "Failed", 4, 2},
		{"two fail, second is the very last", 10, count(8), hosts(4, 10), "Succeeded", 0, 2},
		{"95 percent of ten", 10, percent(95), hosts(), "HEALTH_CONSTRAINTS_INVALID", 10, 0},
		{"85 percent, one fails", 10, percent(85), hosts(5), "Failed", 5, 1},
		{"minimum 0, nine fail", 10, count(0), hosts(1, 2, 3, 4, 5, 6, 7, 8, 9), "Succeeded", 0, 10},
		{"minimum 0, all fail", 10, count(0), func(int) bool { return true }, "Failed", 0, 10},
		{"half, four last fail", 9, percent(50), hosts(6, 7, 8, 9), "Succeeded", 0, 4},
		{"half, first four fail", 9, percent(50), hosts(1, 2, 3, 4), "Failed", 5, 4},
		{"one at a time, last fails", 9, oneAtATime, hosts(9), "Succeeded", 0, 1},
		{"one host fails", 1, oneAtATime, hosts(1), "Failed", 0, 1},
		{"three at a time, two fail", 9, count(6), hosts(2, 5), "Succeeded", 0, 3},
		{"five fail incl. last", 9, percent(40), hosts(1, 2, 3, 4, 9), "Succeeded", 0, 5},
	} {
		for _, healthy := range []bool{false, true} {
			got, waves, skipped := run(NewPace(tc.n, tc.m), healthy, tc.fails)
			if got != tc.want || skipped != tc.skipped || (len(waves) > 0 && waves[0] != tc.wave) {
				t.Errorf("%s (healthy before: %v): %s, %d skipped, waves %v; want %s, %d skipped, first wave %d",
					tc.name, healthy, got, skipped, waves, tc.want, tc.skipped, tc.wave)
			}
		}
	}
}

// TestWaves is what follows from the same rules for fleets of one to ten hosts:
// the batches when every host succeeds, and how many may fail at the end;
// "inv" where nothing can be deployed.
func TestWaves(t *testing.T) {
	t.Parallel()
	columns := []*deploy.MinimumHealthy{oneAtATime, percent(50), percent(75), percent(33), count(3), allAtOnce}
	rows := []string{
		1:  "1 (0)|inv|inv|inv|inv|1 (0)",
		2:  "1,1 (1)|1,1 (1)|inv|1,1 (1)|inv|2 (1)",
		3:  "1,1,1 (1)|1,1,1 (1)|inv|2,1 (2)|inv|3 (2)",
		4:  "1,1,1,1 (1)|2,2 (2)|1,1,1,1 (1)|2,2 (2)|1,1,1,1 (1)|4 (3)",
		5:  "1,1,1,1,1 (1)|2,2,1 (2)|1,1,1,1,1 (1)|3,2 (3)|2,2,1 (2)|5 (4)",
		6:  "1,1,1,1,1,1 (1)|3,3 (3)|1,1,1,1,1,1 (1)|4,2 (4)|3,3 (3)|6 (5)",
		7:  "1,1,1,1,1,1,1 (1)|3,3,1 (3)|1,1,1,1,1,1,1 (1)|4,3 (4)|4,3 (4)|7 (6)",
		8:  "1,1,1,1,1,1,1,1 (1)|4,4 (4)|2,2,2,2 (2)|5,3 (5)|5,3 (5)|8 (7)",
		9:  "1,1,1,1,1,1,1,1,1 (1)|4,4,1 (4)|2,2,2,2,1 (2)|6,3 (6)|6,3 (6)|9 (8)",
		10: "1,1,1,1,1,1,1,1,1,1 (1)|5,5 (5)|2,2,2,2,2 (2)|6,4 (6)|7,3 (7)|10 (9)",
	}
	for n := 1; n <= 10; n++ {
		var got []string
		for _, c := range columns {
			got = append(got, wavesOf(t, n, c))
		}
		if line := strings.Join(got, "|"); line != rows[n] {
			t.Errorf("%d hosts:\n got %s\nwant %s", n, line, rows[n])
		}
	}
}

// wavesOf describes a deployment in which all hosts succeed, and how many of
// the last ones may fail.
func wavesOf(t *testing.T, n int, m *deploy.MinimumHealthy) string {
	t.Helper()
	outcome, waves, _ := run(NewPace(n, m), true, func(int) bool { return false })
	if outcome != "Succeeded" {
		return "inv"
	}
	tolerated := 0
	for failing := 1; failing <= n; failing++ {
		if outcome, _, _ := run(NewPace(n, m), true, func(h int) bool { return h > n-failing }); outcome != "Succeeded" {
			break
		}
		tolerated = failing
	}
	return fmt.Sprintf("%s (%d)", strings.Join(strings.Fields(strings.Trim(fmt.Sprint(waves), "[]")), ","), tolerated)
}

// TestNeverBelowMinimum: whatever fails, a fleet that was healthy keeps its
// minimum of healthy hosts, and every run ends.
func TestNeverBelowMinimum(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 40).Draw(t, "hosts")
		m := rapid.SampledFrom([]*deploy.MinimumHealthy{
			oneAtATime, percent(rapid.IntRange(0, 99).Draw(t, "percent")), count(rapid.IntRange(0, 45).Draw(t, "count")),
		}).Draw(t, "minimum")
		failing := rapid.SliceOfN(rapid.Bool(), n, n).Draw(t, "failing")
		p := NewPace(n, m)
		now := Progress{Pending: n, PendingHealthy: n}
		for host := 0; p.Possible() && !p.Exhausted(now) && now.Pending+now.InFlight > 0; {
			for p.MayStart(now, true) {
				now.Pending, now.PendingHealthy, now.InFlight = now.Pending-1, now.PendingHealthy-1, now.InFlight+1
			}
			if healthy := now.Succeeded + now.PendingHealthy; healthy < p.Minimum {
				t.Fatalf("%d of %d hosts healthy, minimum %d (%+v)", healthy, n, p.Minimum, now)
			}
			if now.InFlight == 0 {
				t.Fatalf("nothing in flight and nothing may start: %+v of %+v", now, p)
			}
			now.InFlight--
			if failing[host] {
				now.Failed++
			} else {
				now.Succeeded++
			}
			host++
		}
	})
}
