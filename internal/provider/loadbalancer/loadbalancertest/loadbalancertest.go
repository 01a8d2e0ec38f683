// Package loadbalancertest is what every driver of package loadbalancer must
// do, as tests.
package loadbalancertest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/provider/loadbalancer"
)

// Fixture is what there is: two hosts, healthy and in traffic, in each of two
// pools.
type Fixture struct {
	Pools [2]string
	Hosts [2]string
	// Wait lets time pass, a little each time it is called.
	Wait func(time.Duration)
	// Occupy gives a host in a pool a request that is under way until the
	// returned function is called.
	Occupy func(t *testing.T, pool, host string) (end func())
	// Sicken lets a host fail its health checks from now on, or no longer.
	Sicken func(host string, sick bool)
}

// patience is how long a state may take to come.
const patience = 20 * time.Second

// putting is PutOut or PutIn.
type putting = func(context.Context, loadbalancer.Scope, loadbalancer.Pool, string) error

type suite struct {
	loadbalancer.Balancer
	Fixture
	to loadbalancer.Scope
}

// Run tests a driver. It leaves everything as it was.
func Run(t *testing.T, b loadbalancer.Balancer, f Fixture) {
	s := suite{b, f, loadbalancer.Scope{Namespace: deploy.Namespace{Account: "000000000000", Region: "us-east-1"}}}
	t.Run("what is not there", s.missing)
	t.Run("out and in", s.outAndIn)
	t.Run("draining is observed", s.drains)
	t.Run("health is observed", s.health)
}

func pool(name string) loadbalancer.Pool {
	return loadbalancer.Pool{Kind: loadbalancer.TargetGroup, Name: name}
}

func (s suite) missing(t *testing.T) {
	strangers, err := s.Check(t.Context(), s.to, pool(s.Pools[0]), []string{s.Hosts[0], "stranger", s.Hosts[1]})
	if err != nil || !slices.Equal(strangers, []string{"stranger"}) {
		t.Errorf("Check finds the strangers %q, %v", strangers, err)
	}
	// Names are only names, whatever is in them.
	for _, name := range []string{"nowhere", "", "a b", "a;b", "a\nb", s.Pools[0] + "/" + s.Hosts[0], "ä"} {
		if _, err := s.Check(t.Context(), s.to, pool(name), s.Hosts[:]); !errors.Is(err, loadbalancer.ErrNotFound) {
			t.Errorf("Check of the pool %q: %v", name, err)
		}
		s.fail(t, s.Pools[0], name, loadbalancer.ErrNoHost)
		s.fail(t, name, s.Hosts[0], loadbalancer.ErrNotFound)
	}
}

// fail expects the calls for a host to fail.
func (s suite) fail(t *testing.T, in, host string, want error) {
	t.Helper()
	_, err := s.State(t.Context(), s.to, pool(in), host)
	for call, err := range map[string]error{
		"State": err, "PutOut": s.PutOut(t.Context(), s.to, pool(in), host), "PutIn": s.PutIn(t.Context(), s.to, pool(in), host),
	} {
		if !errors.Is(err, want) {
			t.Errorf("%s of %q in %q: %v, want %v", call, host, in, err, want)
		}
	}
}

func (s suite) outAndIn(t *testing.T) {
	for range 2 { // again is the same
		s.out(t, s.Pools[0], s.Hosts[0])
	}
	s.is(t, s.Pools[1], s.Hosts[0], loadbalancer.Healthy)
	s.is(t, s.Pools[0], s.Hosts[1], loadbalancer.Healthy)
	for range 2 {
		s.in(t, s.Pools[0], s.Hosts[0])
	}
}

// drains: a host that has a request is not out.
func (s suite) drains(t *testing.T) {
	end := s.Occupy(t, s.Pools[0], s.Hosts[0])
	for range 3 {
		s.call(t, s.PutOut(t.Context(), s.to, pool(s.Pools[0]), s.Hosts[0]))
		s.is(t, s.Pools[0], s.Hosts[0], loadbalancer.Draining)
		s.Wait(100 * time.Millisecond)
	}
	end()
	s.out(t, s.Pools[0], s.Hosts[0])
	s.in(t, s.Pools[0], s.Hosts[0])
}

// health: a host that fails its checks is not in, and says why.
func (s suite) health(t *testing.T) {
	s.out(t, s.Pools[0], s.Hosts[0])
	s.Sicken(s.Hosts[0], true)
	s.until(t, s.Pools[0], s.Hosts[0], loadbalancer.Unhealthy, s.PutIn)
	state, err := s.State(t.Context(), s.to, pool(s.Pools[0]), s.Hosts[0])
	if err != nil || state.Note == "" {
		t.Errorf("an unhealthy host says nothing: %+v, %v", state, err)
	}
	s.Sicken(s.Hosts[0], false)
	s.in(t, s.Pools[0], s.Hosts[0])
	s.in(t, s.Pools[1], s.Hosts[0])
}

func (s suite) out(t *testing.T, in, host string) {
	t.Helper()
	s.until(t, in, host, loadbalancer.Absent, s.PutOut)
}

func (s suite) in(t *testing.T, in, host string) {
	t.Helper()
	s.until(t, in, host, loadbalancer.Healthy, s.PutIn)
}

// until puts a host out or in, again and again, until it is there.
func (s suite) until(t *testing.T, in, host string, want loadbalancer.Status, put putting) {
	t.Helper()
	const step = 50 * time.Millisecond
	var state loadbalancer.State
	for waited := time.Duration(0); waited < patience; waited += step {
		s.call(t, put(t.Context(), s.to, pool(in), host))
		var err error
		state, err = s.State(t.Context(), s.to, pool(in), host)
		s.call(t, err)
		if state.Status == want {
			return
		}
		s.Wait(step)
	}
	t.Fatalf("%s in %s stays %+v, and never is %s", host, in, state, want)
}

func (s suite) is(t *testing.T, in, host string, want loadbalancer.Status) {
	t.Helper()
	state, err := s.State(t.Context(), s.to, pool(in), host)
	if err != nil || state.Status != want {
		t.Fatalf("%s in %s is %+v, %v; want %s", host, in, state, err, want)
	}
}

func (s suite) call(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
