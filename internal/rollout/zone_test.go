package rollout

import (
	"fmt"
	"testing"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// runZones deploys to one zone after the other, each in waves. fails says which
// hosts (from 1, over all zones) fail.
func runZones(fleet Pace, zones []int, m *deploy.MinimumHealthy, fails func(host int) bool) (outcome string, waves [][]int) {
	all := Progress{Pending: fleet.Hosts}
	host := 0
	for _, n := range zones {
		z := fleet.Zone(n, m)
		if !z.Possible() {
			return "HEALTH_CONSTRAINTS_INVALID", waves
		}
		here := Progress{Pending: n}
		var inZone []int
		for here.Pending > 0 {
			if z.Exhausted(all, here) {
				return "Failed", append(waves, inZone)
			}
			wave := 0
			for z.MayStart(all, here, false) {
				wave++
				for _, p := range []*Progress{&all, &here} {
					p.Pending--
					p.InFlight++
				}
			}
			inZone = append(inZone, wave)
			if wave == 0 {
				return "stuck", append(waves, inZone)
			}
			for range wave {
				host++
				for _, p := range []*Progress{&all, &here} {
					p.InFlight--
					if fails(host) {
						p.Failed++
					} else {
						p.Succeeded++
					}
				}
			}
		}
		waves = append(waves, inZone)
		if !z.Enough(here) {
			return "Failed", waves
		}
	}
	if fleet.Enough(all) {
		return "Succeeded", waves
	}
	return "Failed", waves
}

// TestZones: the first example is CodeDeploy's own; the others follow from its
// rules.
func TestZones(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		zones []int
		fleet *deploy.MinimumHealthy
		zone  *deploy.MinimumHealthy
		fails []int
		want  string
		waves string
	}{
		{"N=200, M=160, two zones of 100, Mz=50", []int{100, 100}, count(160), count(50), nil, "Succeeded", "[[40 40 20] [40 40 20]]"},
		{"N=9, M=6, Mz=2: the last of each zone fails", []int{3, 3, 3}, count(6), count(2), []int{3, 6, 9}, "Succeeded", "[[1 1 1] [1 1 1] [1 1 1]]"},
		{"N=9, M=6, Mz=2: one fails with hosts of its zone left", []int{3, 3, 3}, count(6), count(2), []int{3, 5}, "Failed", "[[1 1 1] [1 1]]"},
		{"N=6 (4 and 2), M=50%, Mz=50%", []int{4, 2}, percent(50), percent(50), nil, "Succeeded", "[[2 2] [1 1]]"},
		{"no minimum per zone: only the fleet's budget counts", []int{3, 3}, count(4), nil, []int{1, 2}, "Failed", "[[2]]"},
		{"no minimum per zone: all of a zone may fail", []int{2, 4}, count(4), nil, []int{1, 2}, "Failed", "[[2] []]"},
		{"no minimum at all: a zone whose hosts all fail is finished", []int{2, 2}, count(0), nil, []int{1, 2}, "Succeeded", "[[2] [2]]"},
		{"a zone without room", []int{2, 1}, count(0), count(1), nil, "HEALTH_CONSTRAINTS_INVALID", "[[1 1]]"},
		{"percentages of a zone are rounded up", []int{3}, count(0), percent(50), nil, "Succeeded", "[[1 1 1]]"},
	} {
		n := 0
		for _, z := range tc.zones {
			n += z
		}
		fails := map[int]bool{}
		for _, host := range tc.fails {
			fails[host] = true
		}
		got, waves := runZones(NewPace(n, tc.fleet), tc.zones, tc.zone, func(h int) bool { return fails[h] })
		if got != tc.want || fmt.Sprint(waves) != tc.waves {
			t.Errorf("%s: %s with waves %v, want %s with %s", tc.name, got, waves, tc.want, tc.waves)
		}
	}
}
