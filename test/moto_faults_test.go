package test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/slipwayhq/slipway/internal/provider/amazon/faultproxy"
)

// attempts is how often the AWS SDK tries a call here. (It would do it three
// times, with long pauses.)
const attempts = 2

// insists is how often the calls of an operation meet the same fault in a row.
// Those that change something do until the SDK gives up, so that it is the
// engine that tries again.
func insists(call faultproxy.Call) int {
	if call.Writes {
		return attempts
	}
	return 1
}

// TestMotoFaults lets every kind of call that a deployment makes, those that
// only look too, meet every fault. What is changed in the end is the same, in
// the same order.
func TestMotoFaults(t *testing.T) {
	t.Parallel()
	moto := startMoto(t)
	t.Run("each", func(t *testing.T) { // which ends before moto does
		for _, name := range []string{"Lambda canary", "ECS canary"} {
			for fault := faultproxy.Throttled; fault <= faultproxy.Stale; fault++ {
				if fault == faultproxy.Stale && changes[name].platform != types.ComputePlatformLambda {
					continue
				}
				t.Run(name+"/"+fault.String(), func(t *testing.T) {
					t.Parallel()
					met := map[string]int{} // operations
					plan := func(call faultproxy.Call) faultproxy.Fate {
						if met[call.Operation] == insists(call) || fault == faultproxy.Stale && call.Operation != "UpdateAlias" {
							return faultproxy.Fate{}
						}
						met[call.Operation]++
						return faultproxy.Fate{Fault: fault}
					}
					d := startTroubled(t, moto).begin(changes[name], plan)
					d.checkRepeated(fault == faultproxy.LostReply, d.end())
					d.checkMet(fault)
				})
			}
		}
	})
}

func startTroubled(t testing.TB, moto string) *cloud {
	t.Helper()
	return startCloud(t, moto, "", fmt.Sprint("AWS_MAX_ATTEMPTS=", attempts))
}

// checkMet wants every operation to have met the fault, and a write of an alias
// that was not looked at before to be refused.
func (d *deployment) checkMet(fault faultproxy.Fault) {
	d.t.Helper()
	met := map[string]bool{}
	for _, call := range d.proxy.Calls() {
		met[call.Operation] = met[call.Operation] || call.Fault == fault
		if call.Fault == faultproxy.Stale && call.Status != http.StatusPreconditionFailed {
			d.t.Errorf("%s, with an old RevisionId, was answered with HTTP %d", call, call.Status)
		}
	}
	want := []string{"GetAlias", "UpdateAlias", "GetFunctionConfiguration", "GetProvisionedConcurrencyConfig", "Invoke"}
	switch {
	case fault == faultproxy.Stale:
		want = []string{"UpdateAlias"}
	case d.platform == types.ComputePlatformEcs:
		want = []string{
			"DescribeServices", "CreateTaskSet", "UpdateServicePrimaryTaskSet", "DeleteTaskSet", "DescribeTargetGroups",
			"DescribeListeners", "DescribeRules", "ModifyListener", "ModifyRule", "Invoke",
		}
	}
	for _, operation := range want {
		if !met[operation] {
			d.t.Errorf("no call of %s was %s", operation, fault)
		}
	}
}

// checkRepeated wants nothing to have been done twice, unless a reply was lost:
// who asks has to ask again then. A function may be invoked again at any time,
// for the same answer.
func (d *deployment) checkRepeated(lost bool, repeated []string) {
	d.t.Helper()
	again := slices.DeleteFunc(repeated, func(call string) bool { return strings.HasPrefix(call, "Invoke ") })
	if len(again) > 0 && !lost {
		d.t.Errorf("a second time: %q", again)
	}
}

// TestMotoTrouble lets calls meet faults at random.
func TestMotoTrouble(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("the SDK's pauses make it long")
	}
	seed := *seed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("to have the same faults again: -run %s -seed %d", t.Name(), seed)
	moto := startMoto(t)
	const faulty = 4                   // one call in so many
	t.Run("each", func(t *testing.T) { // which ends before moto does
		for i, name := range slices.Sorted(maps.Keys(changes)) {
			random := rand.New(rand.NewPCG(seed, uint64(i)))
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				plan := func(call faultproxy.Call) faultproxy.Fate {
					if random.IntN(faulty) > 0 {
						return faultproxy.Fate{}
					}
					faults := int(faultproxy.Stale)
					if call.Operation == "UpdateAlias" {
						faults++
					}
					return faultproxy.Fate{Fault: faultproxy.Fault(1 + random.IntN(faults-1))}
				}
				d := startTroubled(t, moto).begin(changes[name], plan)
				d.checkRepeated(true, d.end())
			})
		}
	})
}

// TestMotoServerKilled kills the server at every step of a deployment: when a
// call that changes something has come, and has not been carried out, and when
// it has been carried out, and not been answered. All that is to be changed is,
// once and in order.
func TestMotoServerKilled(t *testing.T) {
	t.Parallel()
	every := 1
	if testing.Short() || raceEnabled {
		every = 5 // a sample
	}
	var kills atomic.Int32
	moto := startMoto(t)
	t.Run("each", func(t *testing.T) { // which ends before moto does
		for name, m := range changes {
			for when, done := range map[string]bool{"before": false, "after": true} {
				t.Run(name+"/"+when, func(t *testing.T) {
					t.Parallel()
					c := startCloud(t, moto, "")
					for step := 1; step <= len(m.effects()); step += every {
						c.killed(m, step, done)
						if t.Failed() {
							t.Fatalf("the server was killed %s change %d", when, step)
						}
						kills.Add(1)
					}
				})
			}
		}
	})
	t.Logf("%d servers killed", kills.Load())
}

// killed deploys, and kills the server once.
func (c *cloud) killed(m change, step int, done bool) {
	c.t.Helper()
	gone := make(chan struct{})
	kill := func() {
		c.kill()
		close(gone)
	}
	count := 0
	d := c.begin(m, func(call faultproxy.Call) faultproxy.Fate {
		if call.Writes {
			count++
		}
		switch {
		case !call.Writes || count != step:
			return faultproxy.Fate{}
		case done:
			return faultproxy.Fate{After: kill, Fault: faultproxy.LostReply}
		}
		return faultproxy.Fate{Before: kill, Fault: faultproxy.LostRequest}
	})
	eventually(c.t, patience, fmt.Sprintf("the server makes change %d", step), func() bool {
		select {
		case <-gone:
			return true
		default:
			return false
		}
	})
	c.restart(c.t)
	d.checkRepeated(false, d.end())
}
