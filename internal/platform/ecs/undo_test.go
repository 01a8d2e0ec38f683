package ecs

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/provider/container"
	"github.com/slipwayhq/slipway/internal/provider/container/mem"
)

const back = "100/0 test 100/0, original PRIMARY, 2 DRAINING"

// TestRollbacks: what a rollback puts back after each phase, in which order,
// at once and without hooks.
func TestRollbacks(t *testing.T) {
	t.Parallel()
	const minute = time.Minute
	refuse := []plan{answer(minute, deploy.EventFailed)}
	drained := "100/0 test 0/100, original PRIMARY, 2 DRAINING"
	for name, c := range map[string]struct {
		told
		undone []string // after the deployment's own moves
		fails  deploy.ErrorCode
	}{
		"BeforeInstall": {told: told{deployment: deployment("AllAtOnce", deploy.BeforeInstall), plans: refuse}},
		"Install": {
			told: told{
				deployment: deployment("AllAtOnce"), world: slow(time.Hour), plans: []plan{ending(minute, deploy.Stopped, deploy.ManualStop)},
			},
			undone: at(1, back),
		},
		"AfterInstall": {told: told{deployment: deployment("AllAtOnce", deploy.AfterInstall), plans: refuse}, undone: at(1, back)},
		"AfterAllowTestTraffic": {
			told:   told{deployment: deployment("AllAtOnce", deploy.AfterAllowTestTraffic), plans: refuse},
			undone: at(1, installed, back),
		},
		"the ready wait": {
			told:   told{deployment: with(deployment("AllAtOnce"), waits(1, 0))},
			undone: at(1, installed, back),
		},
		"BeforeAllowTraffic": {
			told:   told{deployment: deployment("AllAtOnce", deploy.BeforeAllowTraffic), plans: refuse},
			undone: at(1, installed, back),
		},
		"AllowTraffic": {
			told: told{
				deployment: deployment("Canary10Percent5Minutes"), plans: []plan{ending(minute, deploy.Stopped, deploy.AlarmActive)},
			},
			undone: at(1, tested, installed, back),
		},
		"AfterAllowTraffic": {
			told: told{deployment: deployment("AllAtOnce", deploy.AfterAllowTraffic), plans: refuse},
			undone: at(1, "100/0 test 0/100, original ACTIVE, 2 PRIMARY", "100/0 test 100/0, original ACTIVE, 2 PRIMARY",
				"100/0 test 100/0, original PRIMARY, 2 ACTIVE", back),
		},
		"the termination wait": {
			told: told{
				deployment: with(deployment("AllAtOnce"), waits(0, 60)), plans: []plan{ending(minute, deploy.Stopped, deploy.ManualStop)},
			},
			undone: at(1, "100/0 test 0/100, original ACTIVE, 2 PRIMARY", "100/0 test 100/0, original ACTIVE, 2 PRIMARY",
				"100/0 test 100/0, original PRIMARY, 2 ACTIVE", back),
		},
		"weights that somebody changed within the pair": {
			told: told{
				deployment: deployment("Canary10Percent5Minutes"),
				plans:      []plan{world(minute, func(w *mem.World) { w.SetRoute(route(prod, prod, groupA, 55, groupB, 45)) })},
			},
			undone: at(5, tested, installed, back),
		},
		"a listener that is somebody else's now": {
			told: told{
				deployment: deployment("Canary10Percent5Minutes"),
				plans:      []plan{world(minute, func(w *mem.World) { w.SetRoute(route(prod, prod, other, 100)) })},
			},
			fails: deploy.LoadBalancingInvalid,
		},
		"the original is gone": {
			told: told{
				deployment: with(deployment("AllAtOnce"), waits(0, 60)), plans: []plan{
					world(minute, func(w *mem.World) { _ = w.DeleteTaskSet(t.Context(), container.Scope{}, cluster, shop, blueARN) }),
					ending(2*minute, deploy.Stopped, deploy.ManualStop),
				},
			},
			fails: deploy.InvalidECSService,
		},
		"somebody deleted the replacement": {
			told: told{
				deployment: with(deployment("AllAtOnce"), waits(60, 0)), plans: []plan{
					world(minute, func(w *mem.World) {
						_ = w.DeleteTaskSet(t.Context(), container.Scope{}, cluster, shop, service+"/ecs-svc/2")
					}),
					ending(2*minute, deploy.Stopped, deploy.ManualStop),
				},
			},
			undone: at(2, drained[:len("100/0 test ")]+"100/0, original PRIMARY, 2 DRAINING"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := newStory(t, c.deployment)
			if c.world != nil {
				c.world(st)
			}
			st.plans = slices.Clone(c.plans)
			if d := st.run(); d.Status == deploy.Succeeded {
				t.Fatal("the deployment succeeded")
			}
			before, invoked := len(st.moves), len(st.hooks.Invoked)
			d := st.rollback()
			if d.Creator != deploy.CreatorRollback {
				if c.undone != nil {
					t.Error("there was nothing to roll back")
				}
				return
			}
			if diff := cmp.Diff(c.undone, append([]string(nil), st.moves[before:]...)); diff != "" {
				t.Errorf("the rollback (-want +got):\n%s", diff)
			}
			if c.fails != "" {
				if d.Status != deploy.Failed || d.Error.Code != c.fails {
					t.Errorf("the rollback is %s %+v, want %s", d.Status, d.Error, c.fails)
				}
				return
			}
			if d.Status != deploy.Succeeded || st.eventsOf() != all8 || len(st.hooks.Invoked) != invoked {
				t.Errorf("the rollback is %s %+v, events %s, invoked %v", d.Status, d.Error, st.eventsOf(), st.hooks.Invoked)
			}
			if e := st.s.Targets[0].ECS; e.Blue.Weight != 100 || e.Green.Weight != 0 || e.Blue.Status != container.Primary {
				t.Errorf("the target shows %+v and %+v", e.Blue, e.Green)
			}
		})
	}
}

// TestLeftovers: a deployment removes what earlier ones of its group left, and
// then uses the target group that became free.
func TestLeftovers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		first   deploy.Deployment
		plans   []plan
		then    func(*story) // what a person does before the second
		started string
		ended   string
	}{
		"the original that was kept": {
			first:   with(deployment("AllAtOnce"), keep),
			started: promoted, ended: "100/0 test 100/0, original DRAINING, 2 DRAINING, 3 PRIMARY",
		},
		"stopped in the termination wait": {
			first: with(deployment("AllAtOnce"), waits(0, 60)), plans: []plan{ending(time.Minute, deploy.Stopped, deploy.ManualStop)},
			started: promoted, ended: "100/0 test 100/0, original DRAINING, 2 DRAINING, 3 PRIMARY",
		},
		"a replacement that was not wanted": {
			first: deployment("AllAtOnce", deploy.AfterInstall), plans: []plan{answer(time.Minute, deploy.EventFailed)},
			started: installed, ended: "0/100 test 0/100, original DRAINING, 2 DRAINING, 3 PRIMARY",
		},
		"a half shift, put back by hand": {
			first: deployment("Canary10Percent5Minutes"), plans: []plan{ending(time.Minute, deploy.Stopped, deploy.ManualStop)},
			then:    func(st *story) { st.world.SetRoute(route(prod, prod, groupA, 1)) },
			started: tested, ended: "0/100 test 0/100, original DRAINING, 2 DRAINING, 3 PRIMARY",
		},
		"a half shift": {
			first: deployment("Canary10Percent5Minutes"), plans: []plan{ending(time.Minute, deploy.Stopped, deploy.ManualStop)},
			started: canaried, ended: canaried,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := newStory(t, c.first)
			st.plans = slices.Clone(c.plans)
			st.run()
			if c.then != nil {
				c.then(st)
			}
			if got := st.describe(); got != c.started {
				t.Fatalf("it left %s, want %s", got, c.started)
			}
			st.early = []deploy.Target{st.s.Targets[0].Clone()}
			st.s = deploy.Snapshot{Deployment: st.created(deployment("AllAtOnce"), "d-3")}
			st.wake, st.open, st.plans = time.Time{}, nil, nil
			d := st.run()
			if want := map[bool]deploy.Status{true: deploy.Failed, false: deploy.Succeeded}[c.ended == c.started]; d.Status != want {
				t.Errorf("the second is %s %+v", d.Status, d.Error)
			}
			if got := st.describe(); got != c.ended {
				t.Errorf("the second left %s, want %s", got, c.ended)
			}
		})
	}
}

// TestFaultsEverywhere plays whole deployments, and their rollbacks, with one
// call that fails before or after its effect, for each call that there is; and
// with each action carried out twice, as after a crash. Nothing is made twice,
// weights sum to a hundred, what a hook refused gets no traffic, and after a
// rollback all traffic is back: that is what a story checks at each change,
// and what is checked here at the end.
func TestFaultsEverywhere(t *testing.T) {
	t.Parallel()
	minute := time.Minute
	good := []plan{answer(5*minute, deploy.EventSucceeded)}
	for name, c := range map[string]struct {
		d       deploy.Deployment
		plans   []plan
		refused bool
		ends    deploy.Status
	}{
		"canary": {with(deployment("Canary10Percent5Minutes"), waits(0, 10)), nil, false, deploy.Succeeded},
		"hook":   {with(deployment("AllAtOnce", deploy.BeforeAllowTraffic), waits(0, 1)), good, false, deploy.Succeeded},
		"refused": {
			deployment("AllAtOnce", deploy.BeforeAllowTraffic), []plan{answer(5*minute, deploy.EventFailed)}, true, deploy.Failed,
		},
		"refused at the end": {
			deployment("AllAtOnce", deploy.AfterAllowTraffic), []plan{answer(5*minute, deploy.EventFailed)}, false, deploy.Failed,
		},
		"alarm in the canary": {
			deployment("Canary10Percent15Minutes"), []plan{ending(7*minute, deploy.Stopped, deploy.AlarmActive)}, false, deploy.Stopped,
		},
		"alarm in the linear": {
			with(deployment("AllAtOnce"), custom(30, 4)), []plan{ending(7*minute, deploy.Stopped, deploy.AlarmActive)}, false, deploy.Stopped,
		},
		"stopped in the termination wait": {
			with(deployment("AllAtOnce"), waits(0, 60)), []plan{ending(30*minute, deploy.Stopped, deploy.ManualStop)}, false, deploy.Stopped,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play := func(n int, effect, twice bool) (calls int) {
				st := newStory(t, c.d)
				st.world.SteadyAfter = 20 * time.Second
				st.world.SetRoute(route(prod, "rule-1", groupA, 1))
				st.plans = slices.Clone(c.plans)
				st.twice, st.refused = twice, c.refused
				st.world.Fault = func(string) error {
					calls++
					err := errors.New("connection reset by peer")
					switch {
					case calls != n:
						return nil
					case effect:
						return mem.Lost{Err: err}
					}
					return err
				}
				at := fmt.Sprintf("call %d fails, effect %t, twice %t", n, effect, twice)
				want := "0/100 0/100 test 0/100, original DRAINING, 2 PRIMARY"
				if d := st.run(); d.Status != c.ends {
					t.Errorf("%s: the deployment is %s %+v, want %s", at, d.Status, d.Error, c.ends)
				}
				if c.ends != deploy.Succeeded {
					want = "100/0 100/0 test 100/0, original PRIMARY, 2 DRAINING"
					if d := st.rollback(); d.Status != deploy.Succeeded {
						t.Errorf("%s: the rollback is %s %+v", at, d.Status, d.Error)
					}
				}
				if got := st.describe(); got != want {
					t.Errorf("%s: it ends at %s, want %s", at, got, want)
				}
				for _, b := range st.broken {
					t.Errorf("%s: %s", at, b)
				}
				return calls
			}
			all := play(0, false, false)
			for n := 1; n <= all; n++ {
				play(n, false, false)
				play(n, true, false)
			}
			play(0, false, true)
			if all < 15 {
				t.Errorf("only %d calls", all)
			}
		})
	}
}
