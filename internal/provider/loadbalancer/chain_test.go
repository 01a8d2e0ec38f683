package loadbalancer_test

import (
	"errors"
	"testing"

	"github.com/slipwayhq/slipway/internal/provider/loadbalancer"
	"github.com/slipwayhq/slipway/internal/provider/loadbalancer/mem"
)

// TestChain: the first balancer that knows a pool has it. One that does not
// answer may know it, so the next is not asked.
func TestChain(t *testing.T) {
	t.Parallel()
	first, second := &mem.Balancer{}, &mem.Balancer{}
	first.AddPool("web", "h1")
	second.AddPool("web", "h1")
	second.AddPool("api", "h1")
	chain := loadbalancer.Chain{first, second}
	put := func(name, host string) error {
		p := loadbalancer.Pool{Kind: loadbalancer.Classic, Name: name}
		_, checked := chain.Check(t.Context(), loadbalancer.Scope{}, p, nil)
		_, seen := chain.State(t.Context(), loadbalancer.Scope{}, p, host)
		return errors.Join(chain.PutOut(t.Context(), loadbalancer.Scope{}, p, host), checked, seen)
	}
	if err := errors.Join(put("web", "h1"), put("api", "h1")); err != nil {
		t.Error(err)
	}
	if first.Status("web", "h1") != loadbalancer.Absent || second.Status("web", "h1") != loadbalancer.Healthy || second.Status("api", "h1") != loadbalancer.Absent {
		t.Errorf("the first did %q, the second %q", first.Calls(), second.Calls())
	}
	if err := put("web", "stranger"); !errors.Is(err, loadbalancer.ErrNoHost) {
		t.Error("a host that the first does not have:", err)
	}
	if err := put("nowhere", "h1"); !errors.Is(err, loadbalancer.ErrNotFound) {
		t.Error("a pool that nobody has:", err)
	}
	first.Fault = func(string, loadbalancer.Pool, string) error { return mem.ErrAway }
	if err := put("api", "h1"); !errors.Is(err, mem.ErrAway) {
		t.Error("a balancer that is away:", err)
	}
}
