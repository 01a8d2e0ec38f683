package engine_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/slipwayhq/slipway/internal/platform/server"
	"github.com/slipwayhq/slipway/internal/provider/loadbalancer"
	"github.com/slipwayhq/slipway/internal/provider/loadbalancer/mem"
)

// What transcripts can say of load balancers.

// hosts is the platform that is deployed to.
func (w *world) hosts() server.Platform {
	p := server.Platform{MaxInstances: w.outside.maxInstances}
	if w.outside.balancer != nil {
		p.Balancers = w.outside.balancer
	}
	return p
}

// carryOut lets the engine act, in stories that have a load balancer, and then
// look at what came of it, until nothing is to be done at this moment.
func (w *world) carryOut() error {
	if w.outside.balancer == nil {
		return nil
	}
	for {
		next, err := w.engine.Act(w.t.Context())
		if err != nil {
			return err
		}
		if _, err := w.engine.Step(w.t.Context()); err != nil {
			return err
		}
		again, err := w.engine.Act(w.t.Context())
		if err != nil || again.Equal(next) {
			return err
		}
	}
}

// trafficVerbs are commands of transcripts.
var trafficVerbs = map[string]func(w *world, args []string) func() string{
	// balancer POOL HOST... [drain=DURATION] [health=DURATION]: a load balancer
	// with one target group.
	"balancer": func(w *world, args []string) func() string {
		if w.outside.balancer == nil {
			w.outside.balancer = &mem.Balancer{Now: func() time.Time { return w.now }}
		}
		b := w.outside.balancer
		var hosts []string
		for _, arg := range args[1:] {
			key, value, isSetting := strings.Cut(arg, "=")
			d, _ := time.ParseDuration(value) // 0 stands out in the transcript
			switch {
			case !isSetting:
				hosts = append(hosts, arg)
			case key == "drain":
				b.Drain = d
			default:
				b.Health = d
			}
		}
		b.AddPool(args[0], hosts...)
		w.crash()
		return nil
	},
	// traffic POOL HOST...: where the hosts are.
	"traffic": func(w *world, args []string) func() string {
		return func() string {
			var out strings.Builder
			for _, host := range args[1:] {
				fmt.Fprintf(&out, "  %s %s\n", host, w.outside.balancer.Status(args[0], host))
			}
			return out.String()
		}
	},
	// balancer-is away|back
	"balancer-is": func(w *world, args []string) func() string {
		w.outside.balancer.Fault = map[string]func(string, loadbalancer.Pool, string) error{
			"away": func(string, loadbalancer.Pool, string) error { return mem.ErrAway },
		}[args[0]]
		return nil
	},
	// HOST is sick or well: sick HOST, well HOST.
	"sick": func(w *world, args []string) func() string {
		w.outside.balancer.Sicken(args[0], true)
		return nil
	},
	"well": func(w *world, args []string) func() string {
		w.outside.balancer.Sicken(args[0], false)
		return nil
	},
	// pass DURATION: time goes by, and the server acts whenever it wants to.
	"pass": func(w *world, args []string) func() string {
		d, err := time.ParseDuration(args[0])
		if err != nil {
			w.t.Fatal(err)
		}
		for end := w.now.Add(d); w.now.Before(end); w.settle() {
			next, err := w.engine.Act(w.t.Context())
			if err != nil {
				w.t.Fatal(err)
			}
			if next.IsZero() || next.After(end) {
				next = end
			}
			w.now = next.UTC()
		}
		return nil
	},
	// server away|back: what is reported to it meanwhile waits in the store.
	"server": func(w *world, args []string) func() string {
		w.outside.away = args[0] == "away"
		return nil
	},
	// calls: what the load balancer was told, each thing once.
	"calls": func(w *world, _ []string) func() string {
		return func() string {
			count := map[string]int{}
			var out strings.Builder
			for _, call := range w.outside.balancer.Calls() {
				count[call]++
			}
			for _, call := range slices.Sorted(maps.Keys(count)) {
				fmt.Fprintf(&out, "  %s, %d times\n", call, count[call])
			}
			return out.String()
		}
	},
}
