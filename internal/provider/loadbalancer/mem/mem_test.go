package mem_test

import (
	"testing"
	"time"

	"github.com/slipwayhq/slipway/internal/provider/loadbalancer/loadbalancertest"
	"github.com/slipwayhq/slipway/internal/provider/loadbalancer/mem"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	b := &mem.Balancer{Now: func() time.Time { return now }, Drain: 2 * time.Second, Health: 3 * time.Second}
	f := loadbalancertest.Fixture{
		Pools: [2]string{"web", "api"}, Hosts: [2]string{"h1", "h2"},
		Wait: func(d time.Duration) { now = now.Add(d) },
		Occupy: func(_ *testing.T, pool, host string) func() {
			b.Occupy(pool, host, true)
			return func() { b.Occupy(pool, host, false) }
		},
		Sicken: b.Sicken,
	}
	for _, pool := range f.Pools {
		b.AddPool(pool, f.Hosts[:]...)
	}
	loadbalancertest.Run(t, b, f)
}
