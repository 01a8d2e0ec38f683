// Package mem is a load balancer in memory, for tests and simulations: it
// drains hosts, and finds them healthy, as slowly as it is told to.
package mem

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/slipwayhq/slipway/internal/provider/loadbalancer"
)

// Balancer has pools of hosts. All hosts are in at first.
type Balancer struct {
	// Now is the clock. Default time.Now.
	Now func() time.Time
	// Drain is how long a host that is put out still has something to end,
	// Health how long one that is put in takes to be found healthy.
	Drain, Health time.Duration
	// Fault is asked before each call, if it is set: an error is what the call
	// fails with.
	Fault func(call string, pool loadbalancer.Pool, host string) error

	mu    sync.Mutex
	pools map[string]map[string]*member
	sick  map[string]bool
	calls []string
}

// member is a host in a pool.
type member struct {
	in    bool
	since time.Time // zero: for ever
	busy  bool      // it has a request that does not end
}

// ErrAway is a fault that may pass.
var ErrAway = errors.New("the load balancer does not answer")

var _ loadbalancer.Balancer = (*Balancer)(nil)

// AddPool adds a pool with its hosts.
func (b *Balancer) AddPool(name string, hosts ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.pools == nil {
		b.pools, b.sick = map[string]map[string]*member{}, map[string]bool{}
	}
	if b.pools[name] == nil {
		b.pools[name] = map[string]*member{}
	}
	for _, h := range hosts {
		b.pools[name][h] = &member{in: true}
	}
}

// Sicken lets a host be found unhealthy, or healthy again.
func (b *Balancer) Sicken(host string, sick bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sick[host] = sick
}

// Occupy gives a host in a pool a request that does not end, or ends it.
func (b *Balancer) Occupy(pool, host string, busy bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pools[pool][host].busy = busy
}

// Status says where a host in a pool is.
func (b *Balancer) Status(pool, host string) loadbalancer.Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	if m := b.pools[pool][host]; m != nil {
		return b.state(m, host).Status
	}
	return loadbalancer.Absent
}

// Calls returns what changed something, in order, as "PutOut web h1".
func (b *Balancer) Calls() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.calls)
}

// Check is as in [loadbalancer.Balancer].
func (b *Balancer) Check(_ context.Context, _ loadbalancer.Scope, pool loadbalancer.Pool, hosts []string) ([]string, error) {
	if err := b.fault("Check", pool, ""); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	members, ok := b.pools[pool.Name]
	if !ok {
		return nil, loadbalancer.ErrNotFound
	}
	var strangers []string
	for _, h := range hosts {
		if members[h] == nil {
			strangers = append(strangers, h)
		}
	}
	return strangers, nil
}

// PutOut is as in [loadbalancer.Balancer].
func (b *Balancer) PutOut(_ context.Context, _ loadbalancer.Scope, pool loadbalancer.Pool, host string) error {
	return b.put("PutOut", pool, host, false)
}

// PutIn is as in [loadbalancer.Balancer].
func (b *Balancer) PutIn(_ context.Context, _ loadbalancer.Scope, pool loadbalancer.Pool, host string) error {
	return b.put("PutIn", pool, host, true)
}

// State is as in [loadbalancer.Balancer].
func (b *Balancer) State(_ context.Context, _ loadbalancer.Scope, pool loadbalancer.Pool, host string) (loadbalancer.State, error) {
	if err := b.fault("State", pool, host); err != nil {
		return loadbalancer.State{}, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	m, err := b.member(pool, host)
	if err != nil {
		return loadbalancer.State{}, err
	}
	return b.state(m, host), nil
}

// put moves a host, unless it is there or on its way.
func (b *Balancer) put(call string, pool loadbalancer.Pool, host string, in bool) error {
	if err := b.fault(call, pool, host); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	m, err := b.member(pool, host)
	if err != nil || m.in == in {
		return err
	}
	m.in, m.since = in, b.now()
	b.calls = append(b.calls, call+" "+pool.Name+" "+host)
	return nil
}

func (b *Balancer) member(pool loadbalancer.Pool, host string) (*member, error) {
	members, ok := b.pools[pool.Name]
	if !ok {
		return nil, loadbalancer.ErrNotFound
	}
	if members[host] == nil {
		return nil, loadbalancer.ErrNoHost
	}
	return members[host], nil
}

func (b *Balancer) state(m *member, host string) loadbalancer.State {
	since := b.now().Sub(m.since)
	switch {
	case !m.in && m.busy:
		return loadbalancer.State{Status: loadbalancer.Draining, Note: "a request does not end"}
	case !m.in && since < b.Drain:
		return loadbalancer.State{Status: loadbalancer.Draining, Note: "requests are under way"}
	case !m.in:
		return loadbalancer.State{Status: loadbalancer.Absent}
	case b.sick[host]:
		return loadbalancer.State{Status: loadbalancer.Unhealthy, Note: "it answers with 500"}
	case since < b.Health:
		return loadbalancer.State{Status: loadbalancer.Initial, Note: "not checked yet"}
	}
	return loadbalancer.State{Status: loadbalancer.Healthy}
}

func (b *Balancer) fault(call string, pool loadbalancer.Pool, host string) error {
	if b.Fault == nil {
		return nil
	}
	return b.Fault(call, pool, host)
}

func (b *Balancer) now() time.Time {
	if b.Now == nil {
		return time.Now()
	}
	return b.Now()
}
