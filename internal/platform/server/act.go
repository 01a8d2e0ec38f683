package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/platform"
	"github.com/slipwayhq/slipway/internal/provider/loadbalancer"
)

// checkPools is the kind of the action that looks whether the load balancers
// are there. The other two have the names of their events.
const checkPools = "CheckLoadBalancers"

// pollAfter is when a load balancer is looked at again, after so many looks:
// often at first, when it may be a matter of seconds, and then less so.
func pollAfter(looks int) time.Duration {
	switch {
	case looks <= 4:
		return time.Second
	case looks <= 30:
		return 2 * time.Second
	}
	return 5 * time.Second
}

// poolsInput is the input of checkPools.
type poolsInput struct {
	Pools []loadbalancer.Pool `json:"pools"`
	Hosts []string            `json:"hosts"` // as load balancers call them
}

// trafficInput is the input of BlockTraffic and AllowTraffic.
type trafficInput struct {
	Target string              `json:"target"`
	Host   string              `json:"host"` // as load balancers call it
	Pools  []loadbalancer.Pool `json:"pools"`
}

// sight is their output: what they saw.
type sight struct {
	Waits []string `json:"waits,omitempty"` // for people, one for each pool that is not as it is to be
	Looks int      `json:"looks,omitempty"`
	// Untouched: it was refused before any pool was told.
	Untouched bool `json:"untouched,omitempty"`
}

// Act asks load balancers, and tells them of hosts. (What hosts are to do they
// ask for themselves.)
func (p Platform) Act(ctx context.Context, a deploy.Action) (deploy.Outcome, error) {
	if p.Balancers == nil { // it was started again without
		return deploy.Outcome{}, p.refuses(deploy.Deployment{Style: deploy.Style{Option: deploy.WithTrafficControl}})
	}
	to := loadbalancer.Scope{Namespace: a.Namespace}
	switch a.Kind {
	case checkPools:
		return p.check(ctx, to, a)
	case deploy.BlockTraffic:
		return putting{p.Balancers, to, p.Balancers.PutOut, loadbalancer.Absent}.act(ctx, a)
	case deploy.AllowTraffic:
		return putting{p.Balancers, to, p.Balancers.PutIn, loadbalancer.Healthy}.act(ctx, a)
	}
	return deploy.Outcome{Status: deploy.ActionFailed, Error: &deploy.ErrorInfo{
		Code: deploy.InternalError, Message: "Unknown action " + a.Kind + ".",
	}}, nil
}

// check looks whether the pools are there. One host that a pool does not take
// fails in its turn; when it takes none, nothing is begun.
func (p Platform) check(ctx context.Context, to loadbalancer.Scope, a deploy.Action) (deploy.Outcome, error) {
	var in poolsInput
	if err := json.Unmarshal(a.Input, &in); err != nil {
		return deploy.Outcome{}, err
	}
	failed := func(code deploy.ErrorCode, format string, args ...any) (deploy.Outcome, error) {
		return deploy.Outcome{Status: deploy.ActionFailed, Error: &deploy.ErrorInfo{Code: code, Message: fmt.Sprintf(format, args...)}}, nil
	}
	for _, pool := range in.Pools {
		strangers, err := p.Balancers.Check(ctx, to, pool, in.Hosts)
		switch {
		case errors.Is(err, loadbalancer.ErrNotFound):
			return failed(deploy.LoadBalancingInvalid, "The deployment group names the %s, which no load balancer of this server knows.", pool)
		case errors.Is(err, loadbalancer.ErrDenied):
			return failed(deploy.RolePermissions, "Slipway may not work with the %s: %s.", pool, err)
		case err != nil:
			return deploy.Outcome{}, &deploy.ErrorInfo{Code: deploy.InternalError, Message: fmt.Sprintf(
				"The %s could not be asked for %s: %s.", pool, deploy.InWords(checkLimit), err)}
		case len(strangers) == len(in.Hosts):
			return failed(deploy.InvalidELBInstance, "The %s takes none of the instances: it has no server named %s. An instance "+
				"goes by its name there, or by its tag %s.", pool, someOf(strangers), deploy.ServerTag)
		}
	}
	return deploy.Outcome{Status: deploy.ActionDone}, nil
}

// someOf lists a few names.
func someOf(names []string) string {
	if more := len(names) - 3; more > 0 {
		return fmt.Sprintf("%s or %d others", strings.Join(names[:3], ", "), more)
	}
	return strings.Join(names, ", ")
}

// putting brings a host out of all pools, or into them.
type putting struct {
	loadbalancer.Balancer
	to   loadbalancer.Scope
	put  func(context.Context, loadbalancer.Scope, loadbalancer.Pool, string) error
	want loadbalancer.Status
}

// act tells every pool, and looks how far it is. It is done when all are. What
// may pass is waited for like all else, so that people see it.
func (w putting) act(ctx context.Context, a deploy.Action) (deploy.Outcome, error) {
	var in trafficInput
	if err := json.Unmarshal(a.Input, &in); err != nil {
		return deploy.Outcome{}, err
	}
	var seen sight
	if a.Outcome != nil {
		if err := json.Unmarshal(a.Outcome.Output, &seen); err != nil {
			return deploy.Outcome{}, err
		}
	}
	seen.Looks, seen.Waits = seen.Looks+1, nil
	if seen.Looks == 1 {
		for _, pool := range in.Pools { // all of them take the host, or none is told
			if _, err := w.State(ctx, w.to, pool, in.Host); lasts(err) {
				return refused(pool, in.Host, err, sight{Untouched: true})
			}
		}
	}
	for _, pool := range in.Pools {
		waits, err := w.bring(ctx, pool, in.Host)
		if err != nil {
			return refused(pool, in.Host, err, sight{})
		}
		if waits != "" {
			seen.Waits = append(seen.Waits, waits)
		}
	}
	if len(seen.Waits) == 0 {
		return deploy.Outcome{Status: deploy.ActionDone}, nil
	}
	return deploy.Outcome{Status: deploy.ActionWaiting, After: pollAfter(seen.Looks), Output: platform.Encode(seen)}, nil
}

// lasts reports whether an error does not pass.
func lasts(err error) bool {
	return errors.Is(err, loadbalancer.ErrNotFound) || errors.Is(err, loadbalancer.ErrNoHost) || errors.Is(err, loadbalancer.ErrDenied)
}

func refused(pool loadbalancer.Pool, host string, err error, seen sight) (deploy.Outcome, error) {
	return deploy.Outcome{Status: deploy.ActionFailed, Output: platform.Encode(seen), Error: &deploy.ErrorInfo{
		Code: deploy.InternalError, Message: fmt.Sprintf("%s cannot be moved in the %s: %s", host, pool, err),
	}}, nil
}

// bring tells one pool, and says what is to be waited for. An error is one that
// does not pass.
func (w putting) bring(ctx context.Context, pool loadbalancer.Pool, host string) (waits string, err error) {
	err = w.put(ctx, w.to, pool, host)
	var state loadbalancer.State
	if err == nil {
		state, err = w.State(ctx, w.to, pool, host)
	}
	switch {
	case lasts(err):
		return "", err
	case err != nil:
		return fmt.Sprintf("the %s: %s", pool, err), nil
	case state.Status == w.want:
		return "", nil
	case state.Note != "":
		return fmt.Sprintf("the %s, where %s is %s: %s", pool, host, state.Status, state.Note), nil
	}
	return fmt.Sprintf("the %s, where %s is %s", pool, host, state.Status), nil
}
