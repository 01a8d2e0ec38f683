// Package haproxy takes hosts out of HAProxy and puts them back, through its
// runtime API: the "stats socket" of its configuration, with "level admin".
//
// A load balancer or target group is a backend, by name; a host is the server
// of its name there. Out is the admin state maint, by way of drain: what the
// host has begun it may end. In is ready, and in traffic is a server that
// HAProxy's own checks have found up since, or that has none.
//
// What the driver knows it reads from HAProxy each time, so that a server of
// Slipway that dies, or another one that goes on in its place, changes nothing.
package haproxy

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/slipwayhq/slipway/internal/provider"
	"github.com/slipwayhq/slipway/internal/provider/loadbalancer"
)

// DefaultDrain is how long a host may take to end what it has begun, as in
// AWS's target groups.
const DefaultDrain = 5 * time.Minute

// Balancer is an HAProxy, or several that share their configuration: a host is
// out when it is out of all of them.
type Balancer struct {
	processes []process
	drain     time.Duration
}

var _ loadbalancer.Balancer = (*Balancer)(nil)

// Open returns the balancer that a URL names:
//
//	haproxy+unix:///run/haproxy/admin.sock
//	haproxy+tcp://10.0.0.5:9999?also=10.0.0.6:9999&drain=30s
//
// also lists further processes, by socket path or address, with commas between
// them; drain is how long requests may take to end. Nothing is connected to
// yet.
func Open(_ context.Context, u *url.URL) (*Balancer, error) {
	values, err := provider.Parameters(u, "also", "drain")
	if err != nil {
		return nil, err
	}
	first, wrong, example := u.Host, u.Path, "haproxy+tcp://10.0.0.5:9999"
	if u.Scheme == "haproxy+unix" {
		first, wrong, example = u.Path, u.Host, "haproxy+unix:///run/haproxy/admin.sock"
	}
	if first == "" || wrong != "" || u.User != nil {
		return nil, fmt.Errorf("the %s URL is written like %s", u.Scheme, example)
	}
	b := &Balancer{drain: DefaultDrain}
	for _, at := range append([]string{first}, strings.FieldsFunc(values["also"], func(r rune) bool { return r == ',' })...) {
		p, ok := processAt(at)
		if !ok {
			return nil, fmt.Errorf("the %s URL has %q, which is neither the path of a socket nor HOST:PORT", u.Scheme, at)
		}
		b.processes = append(b.processes, p)
	}
	if text := values["drain"]; text != "" {
		if b.drain, err = time.ParseDuration(text); err != nil || b.drain < 0 {
			return nil, fmt.Errorf("the %s URL has drain=%q, which is not a duration of 0 or more, like 30s", u.Scheme, text)
		}
	}
	return b, nil
}

// Check is as in [loadbalancer.Balancer].
func (b *Balancer) Check(ctx context.Context, _ loadbalancer.Scope, pool loadbalancer.Pool, hosts []string) ([]string, error) {
	missing := map[string]bool{}
	for _, p := range b.processes {
		servers, err := p.servers(ctx, pool.Name)
		if err != nil {
			return nil, err
		}
		for _, h := range hosts {
			if _, there := servers[h]; !there {
				missing[h] = true
			}
		}
	}
	var strangers []string
	for _, h := range hosts {
		if missing[h] {
			strangers = append(strangers, h)
		}
	}
	return strangers, nil
}

// PutOut is as in [loadbalancer.Balancer]. The first call lets the server
// drain; one that finds nothing left to end, or no time, makes it maint.
func (b *Balancer) PutOut(ctx context.Context, _ loadbalancer.Scope, pool loadbalancer.Pool, host string) error {
	return b.each(ctx, pool, host, func(p process, s server) error {
		switch {
		case s.maintained():
			return nil
		case !s.drains():
			return p.set(ctx, s, "state drain")
		case s.sessions == 0 || s.since >= b.drain:
			return p.set(ctx, s, "state maint")
		}
		return nil
	})
}

// PutIn is as in [loadbalancer.Balancer]. A server that has health checks is
// taken to be down until they have passed: HAProxy itself takes one that comes
// back to be up until they fail.
func (b *Balancer) PutIn(ctx context.Context, _ loadbalancer.Scope, pool loadbalancer.Pool, host string) error {
	return b.each(ctx, pool, host, func(p process, s server) error {
		switch {
		case !s.maintained() && !s.drains():
			return nil
		case s.checked:
			return p.set(ctx, s, "state drain", "health down", "state ready")
		}
		return p.set(ctx, s, "state ready")
	})
}

// State is as in [loadbalancer.Balancer]. Of several processes it is the state
// of the one that is furthest from having the host where one of them has it.
func (b *Balancer) State(ctx context.Context, _ loadbalancer.Scope, pool loadbalancer.Pool, host string) (loadbalancer.State, error) {
	var states []loadbalancer.State
	err := b.each(ctx, pool, host, func(p process, s server) error {
		state := s.state()
		if len(b.processes) > 1 && state.Note != "" {
			state.Note += " (" + p.address + ")"
		}
		states = append(states, state)
		return nil
	})
	return together(states), err
}

// together is the state of a host that has several. It is absent, or healthy,
// where all say so; when some say the one and some the other it is on its way.
func together(states []loadbalancer.State) loadbalancer.State {
	var out loadbalancer.State
	for i, s := range states {
		switch {
		case i == 0, rank[s.Status] > rank[out.Status]:
			out = s
		case rank[s.Status] == 0 && s.Status != out.Status && rank[out.Status] == 0:
			out = loadbalancer.State{Status: loadbalancer.Initial, Note: "some processes of HAProxy have it in, and some out"}
		}
	}
	return out
}

// rank says which of two states is told. Those without one are the ends.
var rank = map[loadbalancer.Status]int{loadbalancer.Initial: 1, loadbalancer.Unhealthy: 2, loadbalancer.Draining: 3}

// each asks every process for the server of a host. One that fails does not
// keep the others from being told.
func (b *Balancer) each(ctx context.Context, pool loadbalancer.Pool, host string, f func(process, server) error) error {
	var errs []error
	for _, p := range b.processes {
		servers, err := p.servers(ctx, pool.Name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		s, there := servers[host]
		if !there {
			errs = append(errs, fmt.Errorf("the backend %q has no server %q: %w", pool.Name, host, loadbalancer.ErrNoHost))
			continue
		}
		errs = append(errs, f(p, s))
	}
	return errors.Join(errs...)
}
