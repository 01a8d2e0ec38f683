package simulation

import (
	"flag"
	"maps"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
)

var (
	oneSeed = flag.Uint64("seed", 0, "run this seed only, and print what happens in it")
	seeds   = flag.Int("seeds", 300, "how many seeds to run, from 1 on")
	only    = flag.String("platform", "", "deploy to Server, Lambda or ECS only; empty: to a mixture")
)

// failedSeeds are those that once found a fault, or have a rare course, of the
// mixture and of the platforms alone. They are run each time, for ever.
var failedSeeds = map[deploy.ComputePlatform][]uint64{
	"": {
		1738, // a server that starts releases leases, and hears that it failed
	},
	deploy.Lambda: {
		320, // a deployment is stopped while a shift of its traffic is under way
	},
}

// TestSimulation runs histories and fails at the first in which a rule is
// broken.
func TestSimulation(t *testing.T) {
	t.Parallel()
	platform := deploy.ComputePlatform(*only)
	if *oneSeed != 0 {
		replay(t, platform, *oneSeed)
		return
	}
	runAll(t, platform, *seeds)
}

// TestPlatforms is the same for each platform alone, with fewer seeds: there
// is nothing else in these worlds that would hide what goes wrong.
func TestPlatforms(t *testing.T) {
	t.Parallel()
	for _, platform := range []deploy.ComputePlatform{deploy.Lambda, deploy.ECS} {
		t.Run(string(platform), func(t *testing.T) { runAll(t, platform, *seeds/3) })
	}
}

// runAll runs seeds, as many at a time as there are processors. When many have
// been run, everything that can happen must have happened: a simulation in
// which nothing goes wrong would prove nothing.
func runAll(t *testing.T, platform deploy.ComputePlatform, n int) {
	list := slices.Clone(failedSeeds[platform])
	for i := range n / thinned {
		list = append(list, uint64(i)+1)
	}
	var next atomic.Int64
	var mu sync.Mutex
	seen, begun := map[string]int{}, time.Now()
	note := func(w *world) {
		mu.Lock()
		defer mu.Unlock()
		for what, n := range w.seen {
			seen[what] += n
		}
	}
	t.Cleanup(func() {
		for _, what := range happenings[platform] {
			if len(list) >= 300 && seen[what] == 0 && !t.Failed() {
				t.Errorf("in %d seeds it never happened that %s", len(list), what)
			}
		}
		if testing.Verbose() {
			t.Logf("%d seeds at %s each", len(list), time.Since(begun)/time.Duration(len(list)))
			for _, what := range slices.Sorted(maps.Keys(seen)) {
				t.Logf("%6d times: %s", seen[what], what)
			}
		}
	})
	for range runtime.GOMAXPROCS(0) {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			db, err := openDatabase()
			if err != nil {
				t.Fatal(err)
			}
			for {
				i := next.Add(1) - 1
				if i >= int64(len(list)) || t.Failed() {
					return
				}
				w := simulate(t, db, platform, list[i], false)
				if w.broken != nil {
					next.Store(int64(len(list)))
					t.Errorf("seed %d: %v\nsee it with: go test ./internal/simulation -run 'TestSimulation$' -v -seed %d -platform '%s'",
						w.seed, w.broken, w.seed, platform)
				}
				note(w)
			}
		})
	}
}

// happenings are what must have happened after some hundred seeds.
var happenings = map[deploy.ComputePlatform][]string{
	"":            mixed,
	deploy.Lambda: slices.Concat(faults, onLambda),
	deploy.ECS:    slices.Concat(faults, onECS),
}

var mixed = []string{
	"a deployment is Succeeded", "a deployment is Failed (HEALTH_CONSTRAINTS)", "a deployment is Failed (HEALTH_CONSTRAINTS_INVALID)",
	"a deployment is Failed (NO_INSTANCES)", "a deployment is Failed (DEPLOYMENT_GROUP_MISSING)", "a deployment is Stopped (MANUAL_STOP)",
	"a rollback is Succeeded", "a rollback is Failed (HEALTH_CONSTRAINTS)", "a rollback is Stopped (MANUAL_STOP)",
	"a stop is settled at once", "a stop waits for what runs", "a stop is refused",
	"a host does not take a command in time", "a host does not end a command in time", "a failure is forgiven",
	"a late report changes nothing", "an acknowledgement is refused", "an acknowledgement is repeated", "a command is handed out again",
	"a transaction fails before its commit", "a transaction fails after its commit",
	"a server dies between transactions", "a server dies before a commit", "a server dies in the middle of a transaction", "a server dies after a commit",
	"an agent dies in a script", "a deployment is asked for while one is active", "hosts that are up to date are left out",
	"others go on between two transactions", "a replica stalls while it works", "a replica takes over from another",
	"a deployment is queued", "a deployment is Stopped (ALARM_ACTIVE)", "a follow-up is Succeeded", "a deployment is Baking",
	"traffic moves step by step", "traffic is put back", "somebody else moves the traffic of an alias",
	"a hook does not answer", "an answer of a hook is refused",
	"BlockTraffic is done", "AllowTraffic is done", "a load balancer does not answer",
	"a host is silent", "a silent host is heard again", "a host is deregistered while a command waits for it", "a zone is monitored",
}

// faults are what befalls the deployments of both platforms that act on the
// outside; onLambda and onECS are how these go.
var (
	faults = []string{
		"a server dies between transactions", "a server dies before a commit", "a server dies after a commit",
		"a server dies before a call to the outside", "a server dies after a call to the outside",
		"the reply of a call to the outside is lost", "a replica stalls while it works", "a replica takes over from another",
		"a transaction fails before its commit", "a transaction fails after its commit",
		"a hook does not answer", "a hook answers late", "a hook answers twice", "an answer of a hook is refused",
		"traffic moves step by step",
		"a deployment is Succeeded", "a deployment is Failed (HOOK_EXECUTION_FAILURE)", "a deployment is Failed (TIMEOUT)",
		"a deployment is Stopped (MANUAL_STOP)", "a deployment is Stopped (ALARM_ACTIVE)", "a rollback is Succeeded",
	}
	onLambda = []string{
		"traffic is put back", "somebody else moves the traffic of an alias", "somebody else deletes an alias",
		"a deployment is Failed (INVALID_LAMBDA_CONFIGURATION)", "a rollback is Failed (INVALID_LAMBDA_CONFIGURATION)",
	}
	onECS = []string{
		"traffic of a service is put back", "a task set never becomes steady", "a service is scaled", "a task set vanishes",
		"somebody else divides the traffic of a service", "somebody else takes the traffic of a service",
		"somebody else moves the test traffic of a service", "somebody else promotes a task set", "somebody else makes a task set",
		"somebody ends the wait READY_WAIT", "somebody ends the wait TERMINATION_WAIT", "the wait before blue is removed ends",
		"a deployment removes what another one left", "a deployment is Ready", "a deployment is Stopped (TIMEOUT)",
		"a deployment is Failed (ELASTIC_LOAD_BALANCING_INVALID)", "a deployment is Failed (INVALID_ECS_SERVICE)",
	}
)

// TestMain collects garbage less often: the heap is small, and all of it dies
// with each world.
func TestMain(m *testing.M) {
	debug.SetGCPercent(1000)
	m.Run()
}

// replay runs one seed and prints its trace.
func replay(t *testing.T, platform deploy.ComputePlatform, seed uint64) {
	db, err := openDatabase()
	if err != nil {
		t.Fatal(err)
	}
	w := simulate(t, db, platform, seed, true)
	t.Logf("\n%s", w.trace)
	if w.broken != nil {
		t.Errorf("seed %d: %v", seed, w.broken)
	}
}

// TestSameSeedSameHistory runs seeds twice, on databases that have seen other
// things before: every event and every stored value must be the same.
func TestSameSeedSameHistory(t *testing.T) {
	t.Parallel()
	first, err := openDatabase()
	if err != nil {
		t.Fatal(err)
	}
	second, err := openDatabase()
	if err != nil {
		t.Fatal(err)
	}
	platforms := []deploy.ComputePlatform{"", deploy.ECS, deploy.Lambda}
	for seed := range uint64(60 / thinned) {
		platform := platforms[seed%3]
		one := simulate(t, first, platform, seed+1, false).trace
		simulate(t, second, "", seed+1000, false)
		two := simulate(t, second, platform, seed+1, false).trace
		if one.sum() != two.sum() {
			t.Fatalf("seed %d: %x the first time, %x the second", seed+1, one.sum(), two.sum())
		}
	}
}
