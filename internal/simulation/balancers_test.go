package simulation

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	hosts "github.com/slipwayhq/slipway/internal/platform/server"
	"github.com/slipwayhq/slipway/internal/provider/loadbalancer"
	"github.com/slipwayhq/slipway/internal/provider/loadbalancer/mem"
)

// balancers is a load balancer with a pool for each group of hosts. Its calls
// fail now and then, and some come late: the deployment that they are for has
// ended, on a server that was stopped in the middle of them.
type balancers struct {
	w     *world
	rand  *rand.Rand
	is    *mem.Balancer
	known map[string]bool // "pool host"
	late  map[string]bool // "pool host": where a late call has left it
}

// addBalancers adds a load balancer to one world in eight. It has a generator
// of its own, so that all other worlds are as they were without.
func (w *world) addBalancers() {
	own := rand.New(rand.NewPCG(w.seed, 0x1bb))
	if own.IntN(8) > 0 {
		return
	}
	b := &balancers{w: w, rand: own, known: map[string]bool{}, late: map[string]bool{}}
	b.is = &mem.Balancer{
		Now: time.Now, Drain: time.Duration(own.IntN(90)) * time.Second, Health: time.Duration(own.IntN(90)) * time.Second,
		Fault: func(string, loadbalancer.Pool, string) error {
			if w.once(w.mood.calls) {
				w.saw("a load balancer does not answer")
				return mem.ErrAway
			}
			return nil
		},
	}
	w.balancers = b
}

// hostPlatform is what hosts are deployed to with.
func (w *world) hostPlatform() hosts.Platform {
	if w.balancers == nil {
		return hosts.Platform{}
	}
	return hosts.Platform{Balancers: w.balancers}
}

// putBehind puts some groups behind the load balancer, in worlds that have one.
func (w *world) putBehind(g *deploy.Group) {
	if w.balancers == nil || w.balancers.rand.IntN(4) == 0 {
		return
	}
	g.Style.Option = deploy.WithTrafficControl
	g.LoadBalancer = &deploy.LoadBalancerInfo{TargetGroups: []string{g.Name}}
	w.balancers.is.AddPool(g.Name)
}

// join lets a host be in a pool, as a load balancer has it in its
// configuration before it is deployed to.
func (b *balancers) join(pool, host string) {
	if !b.known[pool+" "+host] {
		b.known[pool+" "+host] = true
		b.is.AddPool(pool, host)
	}
}

// Check is what the platform asks first.
func (b *balancers) Check(ctx context.Context, to loadbalancer.Scope, pool loadbalancer.Pool, hosts []string) ([]string, error) {
	for _, h := range hosts {
		b.join(pool.Name, h)
	}
	b.w.meanwhile()
	return b.is.Check(ctx, to, pool, hosts)
}

// PutOut and PutIn are what it tells.
func (b *balancers) PutOut(ctx context.Context, to loadbalancer.Scope, pool loadbalancer.Pool, host string) error {
	b.w.meanwhile()
	b.note(pool.Name, host, deploy.BlockTraffic)
	return b.is.PutOut(ctx, to, pool, host)
}

func (b *balancers) PutIn(ctx context.Context, to loadbalancer.Scope, pool loadbalancer.Pool, host string) error {
	b.w.meanwhile()
	b.note(pool.Name, host, deploy.AllowTraffic)
	return b.is.PutIn(ctx, to, pool, host)
}

// State is what it sees.
func (b *balancers) State(ctx context.Context, to loadbalancer.Scope, pool loadbalancer.Pool, host string) (loadbalancer.State, error) {
	return b.is.State(ctx, to, pool, host)
}

// note notes whether a call is one that a deployment waits for.
func (b *balancers) note(pool, host, event string) {
	waits := slices.ContainsFunc(b.w.model.active, func(d *deployment) bool {
		t := d.target(host)
		return d.GroupName == pool && t != nil && t.Outstanding != nil && t.Outstanding.Action &&
			t.Events[t.Outstanding.Event].Name == event
	})
	b.late[pool+" "+host] = !waits
	if !waits {
		b.w.saw("a load balancer is told something late")
	}
}

// ---- rules ----

// is reports whether a host of a deployment is at one of the places, or where
// a late call has brought it.
func (r *rules) is(d *deployment, host string, places ...loadbalancer.Status) bool {
	b := r.w.balancers
	return b.late[d.GroupName+" "+host] || slices.Contains(places, b.is.Status(d.GroupName, host))
}

// trafficMoved: what the server says of traffic is so.
func (r *rules) trafficMoved(d *deployment, t *deploy.Target, e *deploy.LifecycleEvent) {
	want := loadbalancer.Healthy
	if e.Name == deploy.BlockTraffic {
		want = loadbalancer.Absent
	}
	if !r.is(d, t.ID, want) {
		r.broken("traffic has moved when it is said to", "%s of %s in %s is Succeeded, and the host is %s",
			e.Name, t.ID, d.ID, r.w.balancers.is.Status(d.GroupName, t.ID))
	}
	r.w.saw(e.Name + " is done")
}

// worksOn: nothing is done to a host that has traffic.
func (r *rules) worksOn(h *host, commandID, event string) {
	d := r.m.deployments[strings.SplitN(commandID, ":", 2)[0]]
	between := !slices.Contains([]string{
		deploy.BeforeBlockTraffic, deploy.AfterAllowTraffic,
	}, event)
	if d == nil || d.LoadBalancer == nil || !between {
		return
	}
	if !r.is(d, h.name, loadbalancer.Absent) {
		r.broken("no host is worked on while it has traffic", "%s executes %s, and is %s",
			h.name, commandID, r.w.balancers.is.Status(d.GroupName, h.name))
	}
}

// checkBalanced: whoever was deployed to is in traffic again.
func (r *rules) checkBalanced(d *deployment) {
	if d.LoadBalancer == nil || d.Status != deploy.Succeeded {
		return
	}
	for _, t := range d.targets {
		if t.Status == deploy.TargetSucceeded && !r.is(d, t.ID, loadbalancer.Healthy) {
			r.broken("whoever was deployed to has traffic again", "%s in %s is %s", t.ID, d.ID, r.w.balancers.is.Status(d.GroupName, t.ID))
		}
	}
}

// onBalancers are rules of load balancers.
var onBalancers = []mutant{
	{
		name:   "traffic is not waited for",
		edits:  []edit{{"platform/server/act.go", "case state.Status == w.want:", "case state.Status != \"\":"}},
		caught: "traffic has moved when it is said to|no host is worked on while it has traffic",
	},
	{
		name:   "hosts are not put back",
		edits:  []edit{{"platform/server/server.go", "slices.Concat(block, core, allow)", "slices.Concat(block, core)"}},
		caught: "whoever was deployed to has traffic again",
	},
	{
		name:   "hosts are not taken out",
		edits:  []edit{{"platform/server/server.go", "slices.Concat(block, core, allow)", "slices.Concat(core, allow)"}},
		caught: "no host is worked on while it has traffic",
	},
}
