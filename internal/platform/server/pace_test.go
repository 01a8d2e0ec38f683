package server

import (
	"fmt"
	"testing"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
)

func minimum(kind deploy.MinimumType, n int) *deploy.MinimumHealthy {
	return &deploy.MinimumHealthy{Type: kind, Value: n}
}

var (
	oneAtATime  = minimum(deploy.MostConcurrency, 1)
	halfAtATime = minimum(deploy.FleetPercent, 50)
)

// numbered returns the names of the hosts of these numbers, from 1.
func numbered(hosts ...int) map[string]bool {
	out := map[string]bool{}
	for _, n := range hosts {
		out[fmt.Sprintf("h%04d", n)] = true
	}
	return out
}

// TestDocumentedCases runs the cases of CodeDeploy's guide, and what follows
// from its rules, through whole deployments: how they end, how many hosts are
// worked on at once, and how many are touched.
func TestDocumentedCases(t *testing.T) {
	t.Parallel()
	first := func(n int) (out []int) {
		for i := range n {
			out = append(out, i+1)
		}
		return out
	}
	for _, tc := range []struct {
		name    string
		n       int
		m       *deploy.MinimumHealthy
		fails   []int
		want    deploy.Status
		most    int
		touched int
	}{
		{"10, count 9, all ok", 10, minimum(deploy.HostCount, 9), nil, deploy.Succeeded, 1, 10},
		{"10, count 9, 1st fails", 10, minimum(deploy.HostCount, 9), []int{1}, deploy.Failed, 1, 1},
		{"10, count 9, only last fails", 10, minimum(deploy.HostCount, 9), []int{10}, deploy.Succeeded, 1, 10},
		{"10, count 8, two fail mid-way", 10, minimum(deploy.HostCount, 8), []int{4, 6}, deploy.Failed, 2, 6},
		{"10, count 8, second failure is the very last", 10, minimum(deploy.HostCount, 8), []int{4, 10}, deploy.Succeeded, 2, 10},
		{"10, 85 % (M=9), any non-last fails", 10, minimum(deploy.FleetPercent, 85), []int{9}, deploy.Failed, 1, 9},
		{"10, count 0, 9 fail", 10, minimum(deploy.HostCount, 0), first(9), deploy.Succeeded, 10, 10},
		{"10, count 0, 10 fail", 10, minimum(deploy.HostCount, 0), first(10), deploy.Failed, 10, 10},
		{"9, half, 4 last fail", 9, halfAtATime, []int{6, 7, 8, 9}, deploy.Succeeded, 4, 9},
		{"9, half, first 4 fail", 9, halfAtATime, first(4), deploy.Failed, 4, 4},
		{"9, one at a time, 9th fails", 9, oneAtATime, []int{9}, deploy.Succeeded, 1, 9},
		{"1, one at a time, fails", 1, oneAtATime, []int{1}, deploy.Failed, 1, 1},
		{"9, count 6, 2 fail", 9, minimum(deploy.HostCount, 6), []int{2, 5}, deploy.Succeeded, 3, 9},
		{"9, 40 % (M=4, C=5), 5 fail incl. last", 9, minimum(deploy.FleetPercent, 40), []int{1, 2, 3, 4, 9}, deploy.Succeeded, 5, 9},
	} {
		for _, healthy := range []bool{false, true} {
			d := deploy.Deployment{Config: deploy.Config{MinimumHealthy: tc.m}}
			s := begin(t, Platform{}, d, fleet(tc.n, healthy))
			s.runsAll(numbered(tc.fails...))
			got := s.snapshot.Deployment
			if got.Status != tc.want || s.most != tc.most || len(s.touched) != tc.touched {
				t.Errorf("%s (healthy before: %v): %s, %d at once, %d touched; want %s, %d, %d",
					tc.name, healthy, got.Status, s.most, len(s.touched), tc.want, tc.most, tc.touched)
			}
			if got.Status == deploy.Failed && got.Error.Code != deploy.HealthConstraints {
				t.Errorf("%s: %s", tc.name, got.Error.Code)
			}
			if skipped := got.Overview.Skipped; skipped != tc.n-tc.touched {
				t.Errorf("%s: %d skipped", tc.name, skipped)
			}
		}
	}
}

// TestConstraintsInvalid: 95 % of ten is all of them, and half of one is one.
func TestConstraintsInvalid(t *testing.T) {
	t.Parallel()
	zones := func(m *deploy.MinimumHealthy) deploy.Config {
		return deploy.Config{MinimumHealthy: minimum(deploy.HostCount, 0), Zonal: &deploy.ZonalConfig{MinimumHealthyPerZone: m}}
	}
	for name, tc := range map[string]struct {
		n      int
		config deploy.Config
	}{
		"10, 95 %":             {10, deploy.Config{MinimumHealthy: minimum(deploy.FleetPercent, 95)}},
		"1, half":              {1, deploy.Config{MinimumHealthy: halfAtATime}},
		"3, count 3":           {3, deploy.Config{MinimumHealthy: minimum(deploy.HostCount, 3)}},
		"zones 2 and 1, Mz=1":  {3, zones(minimum(deploy.HostCount, 1))},
		"zones 2 and 1, Mz=1%": {3, zones(minimum(deploy.FleetPercent, 1))},
	} {
		_, failure := Platform{}.Plan(deploy.Deployment{Config: tc.config}, inZones(fleet(tc.n, true), tc.n-tc.n/3, tc.n/3), start)
		if failure == nil || failure.Code != deploy.HealthConstraintsInvalid {
			t.Errorf("%s: %+v", name, failure)
		}
	}
}

// TestHealthyAreSpared: unhealthy hosts are started whatever happens to the
// count of healthy ones; healthy ones only while enough remain.
func TestHealthyAreSpared(t *testing.T) {
	t.Parallel()
	f := fleet(5, true)
	for _, name := range []string{"h0001", "h0002", "h0003"} {
		f.Known[name] = deploy.GroupHost{}
	}
	d := deploy.Deployment{Config: deploy.Config{MinimumHealthy: minimum(deploy.HostCount, 2)}}
	s := begin(t, Platform{}, d, f)
	if len(s.touched) != 3 {
		t.Fatalf("%v were started: a healthy one would take the group below two", s.touched)
	}
	s.runs("h0001", "")
	if len(s.touched) != 4 {
		t.Fatalf("%v were started: three are healthy now", s.touched)
	}
}

// TestZonesInTurn is CodeDeploy's example of 200 hosts in two zones, with the
// deployment baking between them.
func TestZonesInTurn(t *testing.T) {
	t.Parallel()
	monitor := int64(600)
	d := deploy.Deployment{Config: deploy.Config{
		MinimumHealthy: minimum(deploy.HostCount, 160),
		Zonal: &deploy.ZonalConfig{
			MonitorSeconds: &monitor, MinimumHealthyPerZone: minimum(deploy.HostCount, 50),
		},
	}}
	s := begin(t, Platform{}, d, inZones(fleet(200, true), 100, 100))
	s.runsAll(nil)
	if got := s.snapshot.Deployment; got.Status != deploy.Baking || s.most != 40 || len(s.touched) != 100 {
		t.Fatalf("%s, %d at once, %d touched", got.Status, s.most, len(s.touched))
	}
	if want := start.Add(10 * time.Minute); !s.wakeAt.Equal(want) {
		t.Fatalf("wakes at %s, want %s", s.wakeAt, want)
	}
	s.now = start.Add(10*time.Minute - time.Millisecond)
	s.decide()
	if s.snapshot.Deployment.Status != deploy.Baking {
		t.Fatal("the monitor duration is not over")
	}
	s.now = start.Add(10 * time.Minute)
	s.decide()
	s.runsAll(nil)
	if got := s.snapshot.Deployment; got.Status != deploy.Succeeded || s.most != 40 || len(s.touched) != 200 || got.BakeUntil != nil {
		t.Fatalf("%s, %d at once, %d touched", got.Status, s.most, len(s.touched))
	}
}

// TestFirstZoneMonitor: the first zone's monitor duration is that of all zones
// unless it has one of its own, and that is 0 unless it is given.
func TestFirstZoneMonitor(t *testing.T) {
	t.Parallel()
	seconds := func(n int64) *int64 { return &n }
	for _, tc := range []struct {
		first, all *int64
		want       [2]time.Duration
	}{
		{nil, nil, [2]time.Duration{0, 0}},
		{nil, seconds(5), [2]time.Duration{5 * time.Second, 5 * time.Second}},
		{seconds(7), nil, [2]time.Duration{7 * time.Second, 0}},
		{seconds(0), seconds(5), [2]time.Duration{0, 5 * time.Second}},
		{seconds(1 << 62), seconds(1), [2]time.Duration{1e9 * time.Second, time.Second}},
	} {
		z := deploy.ZonalConfig{FirstZoneMonitorSeconds: tc.first, MonitorSeconds: tc.all}
		if got := [2]time.Duration{z.MonitorAfter(0), z.MonitorAfter(1)}; got != tc.want {
			t.Errorf("%v, want %v", got, tc.want)
		}
	}
}
