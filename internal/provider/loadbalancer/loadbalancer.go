// Package loadbalancer is what deployments need of load balancers: to take a
// host out of traffic while it is worked on, and to put it back. The drivers
// are in folders of their own.
package loadbalancer

import (
	"context"
	"errors"
	"fmt"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// Balancer takes hosts out of traffic and puts them back. Each call may be
// repeated: what has been done already is done. None of them waits until the
// traffic has gone or come; State says whether it has. A balancer is asked from
// several goroutines.
type Balancer interface {
	// Check fails with ErrNotFound when there is no such pool, and returns
	// those of the hosts that can never be in it.
	Check(ctx context.Context, to Scope, pool Pool, hosts []string) (strangers []string, err error)
	// PutOut sees to it that the host gets nothing new. What it has begun it
	// may end, for as long as the balancer lets it.
	PutOut(ctx context.Context, to Scope, pool Pool, host string) error
	// PutIn sees to it that the host gets traffic as soon as the balancer
	// finds it healthy.
	PutIn(ctx context.Context, to Scope, pool Pool, host string) error
	// State looks at the host, as the balancer sees it now.
	State(ctx context.Context, to Scope, pool Pool, host string) (State, error)
}

// Scope says for whom a balancer is reached.
type Scope struct {
	deploy.Namespace
}

// Pool is what hosts are put into: a load balancer or a target group, by name.
type Pool struct {
	Kind Kind   `json:"kind"`
	Name string `json:"name"`
}

// Kind says which list of a deployment group names the pool. Balancers outside
// of AWS have pools of one kind, and pass over it.
type Kind string

// The kinds.
const (
	Classic     Kind = "load balancer" // loadBalancerInfo.elbInfoList
	TargetGroup Kind = "target group"  // loadBalancerInfo.targetGroupInfoList
)

// String names the pool for messages.
func (p Pool) String() string { return fmt.Sprintf("%s %q", p.Kind, p.Name) }

// State is what a balancer says of a host.
type State struct {
	Status Status `json:"status"`
	Note   string `json:"note,omitempty"` // for people: what keeps it there
}

// Status is where a host is between out and in. The words are those of target
// groups.
type Status string

// The statuses.
const (
	Absent    Status = "absent"    // it gets nothing, and has nothing left to end
	Draining  Status = "draining"  // it gets nothing new
	Initial   Status = "initial"   // not found healthy yet
	Healthy   Status = "healthy"   // it gets traffic
	Unhealthy Status = "unhealthy" // it is in, and not found healthy
)

// What a driver fails with. Everything else may pass, and is tried again.
var (
	ErrNotFound = errors.New("there is no such load balancer or target group")
	ErrNoHost   = errors.New("the load balancer does not take the host")
	ErrDenied   = errors.New("it is not allowed")
)

// Chain asks several balancers, in order: the first that knows the pool is
// the one.
type Chain []Balancer

// Check is as in [Balancer].
func (c Chain) Check(ctx context.Context, to Scope, pool Pool, hosts []string) (strangers []string, err error) {
	err = c.first(func(b Balancer) (err error) {
		strangers, err = b.Check(ctx, to, pool, hosts)
		return err
	})
	return strangers, err
}

// PutOut is as in [Balancer].
func (c Chain) PutOut(ctx context.Context, to Scope, pool Pool, host string) error {
	return c.first(func(b Balancer) error { return b.PutOut(ctx, to, pool, host) })
}

// PutIn is as in [Balancer].
func (c Chain) PutIn(ctx context.Context, to Scope, pool Pool, host string) error {
	return c.first(func(b Balancer) error { return b.PutIn(ctx, to, pool, host) })
}

// State is as in [Balancer].
func (c Chain) State(ctx context.Context, to Scope, pool Pool, host string) (s State, err error) {
	err = c.first(func(b Balancer) (err error) {
		s, err = b.State(ctx, to, pool, host)
		return err
	})
	return s, err
}

// first runs f on each balancer until one knows the pool. One that cannot be
// asked may know it: those behind it are not.
func (c Chain) first(f func(Balancer) error) error {
	for _, b := range c {
		if err := f(b); !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	return ErrNotFound
}
