package ecs

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/provider/container"
	"github.com/slipwayhq/slipway/internal/provider/container/mem"
	"github.com/slipwayhq/slipway/internal/provider/function"
)

// spec is an AppSpec file, with a function for each of the events.
func spec(events ...string) string {
	s := `version: 0.0
Resources:
  - TargetService:
      Type: AWS::ECS::Service
      Properties:
        TaskDefinition: "arn:aws:ecs:us-east-1:111122223333:task-definition/shop:7"
        LoadBalancerInfo: {ContainerName: web, ContainerPort: 8080}
`
	if len(events) > 0 {
		s += "Hooks:\n"
	}
	for _, e := range events {
		s += "  - " + e + ": hook\n"
	}
	return s
}

// deployment has a configuration of CodeDeploy's, by the end of its name, a
// test listener, and removes the original at once.
func deployment(config string, hooks ...string) deploy.Deployment {
	c, known := deploy.PredefinedConfig(deploy.PredefinedPrefix + "ECS" + config)
	if !known {
		panic(config)
	}
	return deploy.Deployment{
		Config: c, AppSpec: spec(hooks...), Creator: deploy.CreatorUser,
		BlueGreen: &deploy.BlueGreen{TerminateAction: "TERMINATE", ReadyAction: "CONTINUE_DEPLOYMENT"},
		LoadBalancer: &deploy.LoadBalancerInfo{TargetGroupPairs: []deploy.TargetGroupPair{{
			TargetGroups: []string{"tg-b", "tg-a"}, ProdListeners: []string{prod}, TestListeners: []string{test},
		}}},
	}
}

// with changes a deployment.
func with(d deploy.Deployment, changes ...func(*deploy.Deployment)) deploy.Deployment {
	for _, change := range changes {
		change(&d)
	}
	return d
}

func custom(percent, minutes int) func(*deploy.Deployment) {
	return func(d *deploy.Deployment) {
		d.Config = deploy.Config{Traffic: &deploy.TrafficRouting{Type: deploy.Linear, Percentage: percent, Interval: minutes}}
	}
}

func noTest(d *deploy.Deployment) { d.LoadBalancer.TargetGroupPairs[0].TestListeners = nil }

func waits(ready, termination int) func(*deploy.Deployment) {
	return func(d *deploy.Deployment) {
		d.BlueGreen.TerminationWait = termination
		if d.BlueGreen.ReadyWait = ready; ready > 0 {
			d.BlueGreen.ReadyAction = stopDeployment
		}
	}
}

func keep(d *deploy.Deployment) { d.BlueGreen.TerminateAction = keepAlive }

// The states of a deployment that goes well, without their times.
const (
	atStart   = "100/0 test 100/0, original PRIMARY"
	attached  = atStart // with tg-b on the listener, with nothing
	installed = "100/0 test 100/0, original PRIMARY, 2 ACTIVE"
	tested    = "100/0 test 0/100, original PRIMARY, 2 ACTIVE"
	canaried  = "90/10 test 0/100, original PRIMARY, 2 ACTIVE"
	shifted   = "0/100 test 0/100, original PRIMARY, 2 ACTIVE"
	promoted  = "0/100 test 0/100, original ACTIVE, 2 PRIMARY"
	removed   = "0/100 test 0/100, original DRAINING, 2 PRIMARY"
)

const (
	all8 = "++++++++"
	all6 = "++++++"
)

// at puts times before states: at(0, a, b, 5, c) is a and b at once, and c
// after five minutes.
func at(parts ...any) (out []string) {
	when := ""
	for _, p := range parts {
		switch p := p.(type) {
		case int:
			when = short(time.Duration(p) * time.Minute)
		case time.Duration:
			when = short(p)
		case string:
			out = append(out, strings.TrimSpace(when+" "+p))
		}
	}
	return out
}

// failing makes a call fail so many times, or always when it is negative.
func failing(call string, err error, times int) func(*story) {
	return func(st *story) {
		st.world.Fault = func(what string) error {
			if what != call || times == 0 {
				return nil
			}
			times--
			return err
		}
	}
}

func denied(service string) error {
	return &container.Fault{
		Kind: container.ErrDenied, Service: service, Code: "AccessDeniedException", Status: 400, Message: "not authorized to perform it",
	}
}

func slow(after time.Duration) func(*story) { return func(st *story) { st.world.SteadyAfter = after } }

type told struct {
	deployment deploy.Deployment
	world      func(*story)
	plans      []plan
	moves      []string // nil: only the start
	events     string
	status     deploy.Status
	code       deploy.ErrorCode
	message    string // part of it
	took       time.Duration
}

func (c told) play(t *testing.T) *story {
	st := newStory(t, c.deployment)
	if c.world != nil {
		c.world(st)
	}
	st.moves, st.state = nil, ""
	st.plans = slices.Clone(c.plans)
	d := st.run()
	if c.moves == nil {
		c.moves = st.moves[:min(1, len(st.moves))]
	}
	if diff := cmp.Diff(c.moves, st.moves); diff != "" {
		t.Errorf("what happened (-want +got):\n%s", diff)
	}
	if got := st.eventsOf(); got != c.events {
		t.Errorf("events %s, want %s", got, c.events)
	}
	var code deploy.ErrorCode
	message := ""
	if d.Error != nil {
		code, message = d.Error.Code, d.Error.Message
	}
	if d.Status != c.status || code != c.code || !strings.Contains(message, c.message) {
		t.Errorf("%s %s %q, want %s %s %q", d.Status, code, message, c.status, c.code, c.message)
	}
	if took := d.CompletedAt.Sub(st.start); took != c.took {
		t.Errorf("it took %s, want %s", took, c.took)
	}
	for _, b := range st.broken {
		t.Error(b)
	}
	return st
}

// TestStories plays deployments against an ECS in memory: what became of the
// listeners and task sets at which time, how the events ended, and the
// deployment.
func TestStories(t *testing.T) {
	t.Parallel()
	const minute = time.Minute
	linear := func(minutes int) (steps []any) {
		for i := 1; i <= 10; i++ {
			steps = append(steps, (i-1)*minutes, fmt.Sprintf("%d/%d test 0/100, original PRIMARY, 2 ACTIVE", 100-10*i, 10*i))
		}
		return append(steps, promoted, removed)
	}
	for name, c := range map[string]told{
		"AllAtOnce": {
			deployment: deployment("AllAtOnce"), moves: at(0, atStart, installed, tested, shifted, promoted, removed),
			events: all8, status: deploy.Succeeded,
		},
		"Canary10Percent5Minutes": {
			deployment: deployment("Canary10Percent5Minutes"),
			moves:      at(0, atStart, installed, tested, canaried, 5, shifted, promoted, removed),
			events:     all8, status: deploy.Succeeded, took: 5 * minute,
		},
		"Canary10Percent15Minutes": {
			deployment: deployment("Canary10Percent15Minutes"),
			moves:      at(0, atStart, installed, tested, canaried, 15, shifted, promoted, removed),
			events:     all8, status: deploy.Succeeded, took: 15 * minute,
		},
		"Linear10PercentEvery1Minutes": {
			deployment: deployment("Linear10PercentEvery1Minutes"),
			moves:      at(append([]any{0, atStart, installed, tested}, linear(1)...)...), events: all8, status: deploy.Succeeded, took: 9 * minute,
		},
		"Linear10PercentEvery3Minutes": {
			deployment: deployment("Linear10PercentEvery3Minutes"),
			moves:      at(append([]any{0, atStart, installed, tested}, linear(3)...)...), events: all8, status: deploy.Succeeded, took: 27 * minute,
		},
		"a last step that is smaller": {
			deployment: with(deployment("AllAtOnce"), custom(30, 4)),
			moves: at(0, atStart, installed, tested, "70/30 test 0/100, original PRIMARY, 2 ACTIVE",
				4, "40/60 test 0/100, original PRIMARY, 2 ACTIVE", 8, "10/90 test 0/100, original PRIMARY, 2 ACTIVE", 12, shifted, promoted, removed),
			events: all8, status: deploy.Succeeded, took: 12 * minute,
		},
		"the trace of linear 50 % in 2 minutes, with a termination wait": {
			deployment: with(deployment("AllAtOnce"), custom(50, 2), waits(0, 1)), world: slow(30 * time.Second),
			moves: at(0, atStart, installed, 30*time.Second, tested, "50/50 test 0/100, original PRIMARY, 2 ACTIVE",
				150*time.Second, shifted, promoted, 210*time.Second, removed),
			events: all8, status: deploy.Succeeded, took: 210 * time.Second,
		},
		"without a test listener": {
			deployment: with(deployment("AllAtOnce"), noTest),
			moves: at(0, atStart, installed, "0/100 test 100/0, original PRIMARY, 2 ACTIVE", "0/100 test 100/0, original ACTIVE, 2 PRIMARY",
				"0/100 test 100/0, original DRAINING, 2 PRIMARY"),
			events: all6, status: deploy.Succeeded,
		},
		"a hook of test traffic without a test listener is ignored": {
			deployment: with(deployment("AllAtOnce", deploy.AfterAllowTestTraffic), noTest),
			moves: at(0, atStart, installed, "0/100 test 100/0, original PRIMARY, 2 ACTIVE", "0/100 test 100/0, original ACTIVE, 2 PRIMARY",
				"0/100 test 100/0, original DRAINING, 2 PRIMARY"),
			events: all6, status: deploy.Succeeded,
		},
		"a test listener that is at green already": {
			deployment: deployment("AllAtOnce"), world: func(st *story) { st.world.SetRoute(route(test, test, groupB, 1)) },
			moves: at(0, "100/0 test 0/100, original PRIMARY", tested, shifted, promoted, removed), events: all8, status: deploy.Succeeded,
		},
		"weights of another sum are brought to a hundred": {
			deployment: deployment("Canary10Percent5Minutes"), world: func(st *story) { st.world.SetRoute(route(prod, prod, groupA, 7)) },
			moves:  at(0, atStart, installed, tested, canaried, 5, shifted, promoted, removed),
			events: all8, status: deploy.Succeeded, took: 5 * minute,
		},
		"rules are moved with the listener, those that do not forward are not": {
			deployment: deployment("AllAtOnce"), world: func(st *story) {
				st.world.SetRoute(route(prod, "rule-1", groupA, 100))
				st.world.SetRoute(route(prod, "rule-2"))
			},
			moves: at(0, "100/0 100/0 0/0 test 100/0, original PRIMARY", "100/0 100/0 0/0 test 100/0, original PRIMARY, 2 ACTIVE",
				"100/0 100/0 0/0 test 0/100, original PRIMARY, 2 ACTIVE",
				"0/100 100/0 0/0 test 0/100, original PRIMARY, 2 ACTIVE", "0/100 0/100 0/0 test 0/100, original PRIMARY, 2 ACTIVE",
				"0/100 0/100 0/0 test 0/100, original ACTIVE, 2 PRIMARY", "0/100 0/100 0/0 test 0/100, original DRAINING, 2 PRIMARY"),
			events: all8, status: deploy.Succeeded,
		},
		"green takes a while": {
			deployment: deployment("AllAtOnce"), world: slow(10 * minute),
			moves:  at(0, atStart, installed, 10, tested, shifted, promoted, removed),
			events: all8, status: deploy.Succeeded, took: 10 * minute,
		},
		"green does not become steady": {
			deployment: deployment("AllAtOnce"), world: slow(2 * time.Hour), moves: at(0, atStart, installed),
			events: "+x------", status: deploy.Failed, code: deploy.Timeout, took: time.Hour,
			message: "The deployment timed out while waiting for the replacement task set to become healthy. This time out period is 60 minutes.",
		},
		"a service without tasks": {
			deployment: deployment("AllAtOnce"), world: func(st *story) {
				st.world.EditTaskSets(cluster, shop, func(t *container.TaskSet) { t.Desired = 0 })
			},
			moves: at(0, atStart, installed, tested, shifted, promoted, removed), events: all8, status: deploy.Succeeded,
		},
		"scaled while it shifts, soon steady": {
			deployment: deployment("Canary10Percent5Minutes"), world: slow(4 * minute),
			plans: []plan{world(8*minute, func(w *mem.World) { w.Scale(cluster, shop, 9) })},
			moves: at(0, atStart, installed, 4, tested, canaried, 12, shifted, promoted, removed),
			// steady at 12 min, looked for since 9 min
			events: all8, status: deploy.Succeeded, took: 12 * minute,
		},
		"scaled while it shifts, not steady in time": {
			deployment: deployment("Canary10Percent5Minutes"),
			plans: []plan{world(4*minute, func(w *mem.World) {
				w.SteadyAfter = time.Hour
				w.Scale(cluster, shop, 9)
			})},
			moves:  at(0, atStart, installed, tested, canaried),
			events: "++++++x-", status: deploy.Failed, code: deploy.Timeout, took: 10 * minute, message: "was not within 5 minutes",
		},

		"all hooks": {
			deployment: deployment("Canary10Percent5Minutes", deploy.BeforeInstall, deploy.AfterInstall, deploy.AfterAllowTestTraffic,
				deploy.BeforeAllowTraffic, deploy.AfterAllowTraffic),
			plans: []plan{
				answer(1*minute, deploy.EventSucceeded), answer(2*minute, deploy.EventSucceeded), answer(3*minute, deploy.EventSucceeded),
				answer(4*minute, deploy.EventSucceeded), answer(10*minute, deploy.EventSucceeded),
			},
			moves:  at(0, atStart, 1, installed, 2, tested, 4, canaried, 9, shifted, promoted, 10, removed),
			events: all8, status: deploy.Succeeded, took: 10 * minute,
		},
		"BeforeInstall refuses": {
			deployment: deployment("AllAtOnce", deploy.BeforeInstall), plans: []plan{answer(minute, deploy.EventFailed)}, moves: at(0, atStart),
			events: "x-------", status: deploy.Failed, code: deploy.HookFailure, took: minute,
			message: "The deployment failed because one or more of the lifecycle event validation functions failed.",
		},
		"AfterInstall refuses": {
			deployment: deployment("AllAtOnce", deploy.AfterInstall), plans: []plan{answer(minute, deploy.EventFailed)},
			moves: at(0, atStart, installed), events: "++x-----", status: deploy.Failed, code: deploy.HookFailure, took: minute,
		},
		"AfterAllowTestTraffic refuses": {
			deployment: deployment("AllAtOnce", deploy.AfterAllowTestTraffic), plans: []plan{answer(minute, deploy.EventFailed)},
			moves: at(0, atStart, installed, tested), events: "++++x---", status: deploy.Failed, code: deploy.HookFailure, took: minute,
		},
		"BeforeAllowTraffic refuses": {
			deployment: deployment("AllAtOnce", deploy.BeforeAllowTraffic), plans: []plan{answer(minute, deploy.EventFailed)},
			moves: at(0, atStart, installed, tested), events: "+++++x--", status: deploy.Failed, code: deploy.HookFailure, took: minute,
		},
		"AfterAllowTraffic refuses": {
			deployment: deployment("AllAtOnce", deploy.AfterAllowTraffic), plans: []plan{answer(minute, deploy.EventFailed)},
			moves: at(0, atStart, installed, tested, shifted, promoted), events: "+++++++x", status: deploy.Failed,
			code: deploy.HookFailure, took: minute,
		},
		"a hook is silent for an hour": {
			deployment: deployment("AllAtOnce", deploy.AfterInstall), moves: at(0, atStart, installed), events: "++x-----",
			status: deploy.Failed, code: deploy.Timeout, took: time.Hour, message: "The deployment timed out while waiting for a status callback.",
		},
		"a hook that does not exist": {
			deployment: with(deployment("AllAtOnce"), func(d *deploy.Deployment) {
				d.AppSpec = spec() + "Hooks:\n  - BeforeInstall: nobody\n"
			}),
			events: "x-------", status: deploy.Failed, code: deploy.InvalidFunction, message: "nobody",
		},
		"a hook that may not be invoked": {
			deployment: deployment("AllAtOnce", deploy.BeforeInstall), world: func(st *story) {
				st.hooks.Fault = func(string, string) error { return function.ErrDenied }
			},
			events: "x-------", status: deploy.Failed, code: deploy.RolePermissions, message: "AWSLambda",
		},

		"the ready wait, continued": {
			deployment: with(deployment("AllAtOnce"), waits(60, 0)), plans: []plan{goOn(20 * minute)},
			moves:  at(0, atStart, installed, tested, 20, shifted, promoted, removed),
			events: all8, status: deploy.Succeeded, took: 20 * minute,
		},
		"the ready wait ends": {
			deployment: with(deployment("AllAtOnce"), waits(60, 0)), moves: at(0, atStart, installed, tested),
			events: "+++++---", status: deploy.Stopped, code: deploy.Timeout, took: time.Hour,
			message: "The deployment timed out while waiting for a notification to continue. This time out period is 60 minutes.",
		},
		"the ready wait is longer than a deployment may take to shift": {
			deployment: with(deployment("AllAtOnce"), waits(9999, 0)), moves: at(0, atStart, installed, tested),
			events: "+++++---", status: deploy.Failed, code: deploy.Timeout, took: 120 * time.Hour, message: "120 hours",
		},
		"stopped while it is ready": {
			deployment: with(deployment("AllAtOnce"), waits(60, 0)), plans: []plan{ending(minute, deploy.Stopped, deploy.ManualStop)},
			moves: at(0, atStart, installed, tested), events: "+++++---", status: deploy.Stopped, code: deploy.ManualStop, took: minute,
		},
		"failed while it is ready": {
			deployment: with(deployment("AllAtOnce"), waits(60, 0)), plans: []plan{ending(minute, deploy.Failed, deploy.DeploymentGroupMissing)},
			moves: at(0, atStart, installed, tested), events: "+++++---", status: deploy.Failed, code: deploy.DeploymentGroupMissing, took: minute,
		},
		"the termination wait": {
			deployment: with(deployment("AllAtOnce"), waits(0, 60)), moves: at(0, atStart, installed, tested, shifted, promoted, 60, removed),
			events: all8, status: deploy.Succeeded, took: time.Hour,
		},
		"the termination wait, skipped": {
			deployment: with(deployment("AllAtOnce"), waits(0, 2880)), plans: []plan{skip(7 * minute)},
			moves: at(0, atStart, installed, tested, shifted, promoted, 7, removed), events: all8, status: deploy.Succeeded, took: 7 * minute,
		},
		"the original is kept": {
			deployment: with(deployment("AllAtOnce"), waits(0, 60), keep), moves: at(0, atStart, installed, tested, shifted, promoted),
			events: all8, status: deploy.Succeeded,
		},
		"an alarm in the termination wait": {
			deployment: with(deployment("AllAtOnce"), waits(0, 60)), plans: []plan{ending(minute, deploy.Stopped, deploy.AlarmActive)},
			moves: at(0, atStart, installed, tested, shifted, promoted), events: all8, status: deploy.Stopped, code: deploy.AlarmActive, took: minute,
		},
		"an alarm in Install": {
			deployment: deployment("AllAtOnce"), world: slow(time.Hour / 2), plans: []plan{ending(minute, deploy.Stopped, deploy.AlarmActive)},
			moves: at(0, atStart, installed), events: "+x------", status: deploy.Stopped, code: deploy.AlarmActive, took: minute,
		},
		"stopped in the canary": {
			deployment: deployment("Canary10Percent5Minutes"), plans: []plan{ending(minute, deploy.Stopped, deploy.ManualStop)},
			moves: at(0, atStart, installed, tested, canaried), events: "++++++x-", status: deploy.Stopped, code: deploy.ManualStop, took: minute,
		},
		"stopped while a hook is waited for": {
			deployment: deployment("AllAtOnce", deploy.BeforeInstall), plans: []plan{ending(minute, deploy.Stopped, deploy.ManualStop)},
			events: "x-------", status: deploy.Stopped, code: deploy.ManualStop, took: minute,
		},
		"stopped while the listener cannot be changed": {
			deployment: with(deployment("AllAtOnce"), noTest), world: func(st *story) {
				st.world.Fault = func(call string) error {
					if call == "Forward" && st.now.Before(st.start.Add(3*minute)) && st.s.Targets[0].ECS.Settled {
						return errors.New("no route to host")
					}
					return nil
				}
			},
			plans:  []plan{ending(minute, deploy.Stopped, deploy.ManualStop)},
			moves:  at(0, atStart, installed, 3, "0/100 test 100/0, original PRIMARY, 2 ACTIVE"),
			events: "++++x-", status: deploy.Stopped, code: deploy.ManualStop, took: 3 * minute,
		},
		"stopped when the original is being removed is too late": {
			deployment: deployment("AllAtOnce"), world: failing("DeleteTaskSet", errors.New("no route to host"), 120),
			plans:  []plan{ending(minute, deploy.Stopped, deploy.ManualStop)},
			moves:  at(0, atStart, installed, tested, shifted, promoted, 2, removed),
			events: all8, status: deploy.Succeeded, took: 2 * minute,
		},

		"calls fail for a while": {
			deployment: deployment("AllAtOnce"), world: failing("Service", errors.New("no route to host"), 100),
			moves:  at(0, atStart, 100*time.Second, installed, tested, shifted, promoted, removed),
			events: all8, status: deploy.Succeeded, took: 100 * time.Second,
		},
		"calls are throttled for ever": {
			deployment: deployment("AllAtOnce"),
			world:      failing("Service", &container.Fault{Kind: container.ErrThrottled, Service: container.ECS, Code: "ThrottlingException", Status: 400}, -1),
			events:     "--------", status: deploy.Failed, code: deploy.Throttled, took: callLimit,
		},
		"the service may not be read": {
			deployment: deployment("AllAtOnce"), world: failing("Service", denied(container.ECS), -1),
			events: "--------", status: deploy.Failed, code: deploy.RolePermissions,
			message: "The IAM role arn:aws:iam::1:role/r does not give you permission to perform operations in the following AWS service: AmazonECS.",
		},
		"the listener may not be changed": {
			deployment: deployment("AllAtOnce"), world: failing("Forward", denied(container.ELB), -1),
			events: "+x------", status: deploy.Failed, code: deploy.RolePermissions, message: "AmazonElasticLoadBalancing",
		},
		"no task set may be made": {
			deployment: deployment("AllAtOnce"), world: failing("CreateTaskSet", &container.Fault{
				Kind: container.ErrInvalid, Service: container.ECS, Code: "InvalidParameterException", Status: 400,
				Message: "The container web does not exist in the task definition.",
			}, -1),
			events: "+x------", status: deploy.Failed, code: deploy.ECSUpdateError,
			message: "The ECS service cannot be updated due to an unexpected error: The container web does not exist in the task definition. " +
				"(Service: AmazonECS; Status Code: 400; Error Code: InvalidParameterException). Check your ECS service status.",
		},
		"a service that only AWS may change": {
			deployment: deployment("AllAtOnce"), world: func(st *story) {
				st.world.EditService(cluster, shop, func(s *container.Service) { s.Controller = container.CodeDeploy })
				failing("CreateTaskSet", denied(container.ECS), -1)(st)
			},
			events: "+x------", status: deploy.Failed, code: deploy.ECSUpdateError, message: "EXTERNAL",
		},
		"green may not be promoted": {
			deployment: deployment("AllAtOnce"), world: failing("Promote", &container.Fault{
				Kind: container.ErrInvalid, Service: container.ECS, Code: "InvalidParameterException", Status: 400,
			}, -1),
			moves: at(0, atStart, installed, tested, shifted), events: "++++++x-", status: deploy.Failed, code: deploy.ECSUpdateError,
		},
		"the original may not be removed": {
			deployment: deployment("AllAtOnce"), world: failing("DeleteTaskSet", denied(container.ECS), -1),
			moves: at(0, atStart, installed, tested, shifted, promoted), events: all8, status: deploy.Failed, code: deploy.RolePermissions,
		},
		"a task set that was made although the reply was an error": {
			deployment: deployment("AllAtOnce"), world: failing("CreateTaskSet", mem.Lost{Err: errors.New("HTTP 500")}, 1),
			moves: at(0, atStart, installed, time.Second, tested, shifted, promoted, removed), events: all8, status: deploy.Succeeded,
			took: time.Second,
		},

		"somebody deletes green before the shift": {
			deployment: with(deployment("AllAtOnce"), waits(60, 0)),
			plans: []plan{world(minute, func(w *mem.World) {
				_ = w.DeleteTaskSet(t.Context(), container.Scope{}, cluster, shop, service+"/ecs-svc/2")
			}), goOn(2 * minute)},
			moves:  at(0, atStart, installed, tested, 1, "100/0 test 0/100, original PRIMARY, 2 DRAINING"),
			events: "++++++x-", status: deploy.Failed, code: deploy.ECSUpdateError, took: 2 * minute, message: "deleted by somebody else",
		},
		"somebody changes the weights": {
			deployment: deployment("Canary10Percent5Minutes"),
			plans:      []plan{world(minute, func(w *mem.World) { w.SetRoute(route(prod, prod, groupA, 50, groupB, 50)) })},
			moves:      at(0, atStart, installed, tested, canaried, 1, "50/50 test 0/100, original PRIMARY, 2 ACTIVE"),
			events:     "++++++x-", status: deploy.Failed, code: deploy.LoadBalancingInvalid, took: 5 * minute,
			message: "has a weight of 50 of 100 there, and this deployment left it at 10 %",
		},
		"somebody brings a third target group to the listener": {
			deployment: deployment("Canary10Percent5Minutes"),
			plans:      []plan{world(minute, func(w *mem.World) { w.SetRoute(route(prod, prod, groupA, 80, groupB, 10, other, 10)) })},
			moves:      at(0, atStart, installed, tested, canaried, 1, "80/10 test 0/100, original PRIMARY, 2 ACTIVE"),
			events:     "++++++x-", status: deploy.Failed, code: deploy.LoadBalancingInvalid, took: 5 * minute, message: "alone any more",
		},
		"somebody finishes the shift for a rule only": {
			deployment: deployment("Canary10Percent5Minutes"),
			world:      func(st *story) { st.world.SetRoute(route(prod, "rule-1", groupA, 1)) },
			plans:      []plan{world(minute, func(w *mem.World) { w.SetRoute(route(prod, "rule-1", groupA, 0, groupB, 100)) })},
			moves: at(0, "100/0 100/0 test 100/0, original PRIMARY", "100/0 100/0 test 100/0, original PRIMARY, 2 ACTIVE",
				"100/0 100/0 test 0/100, original PRIMARY, 2 ACTIVE", "90/10 100/0 test 0/100, original PRIMARY, 2 ACTIVE",
				"90/10 90/10 test 0/100, original PRIMARY, 2 ACTIVE", 1, "90/10 0/100 test 0/100, original PRIMARY, 2 ACTIVE",
				5, "0/100 0/100 test 0/100, original PRIMARY, 2 ACTIVE", "0/100 0/100 test 0/100, original ACTIVE, 2 PRIMARY",
				"0/100 0/100 test 0/100, original DRAINING, 2 PRIMARY"),
			events: all8, status: deploy.Succeeded, took: 5 * minute,
		},
		"somebody brings traffic back in the termination wait": {
			deployment: with(deployment("AllAtOnce"), waits(0, 60)),
			plans:      []plan{world(minute, func(w *mem.World) { w.SetRoute(route(prod, prod, groupA, 100, groupB, 0)) })},
			moves:      at(0, atStart, installed, tested, shifted, promoted, 1, "100/0 test 0/100, original ACTIVE, 2 PRIMARY"),
			events:     all8, status: deploy.Failed, code: deploy.InternalError, took: time.Hour, message: "still brings traffic",
		},
		"somebody removes the original in the termination wait": {
			deployment: with(deployment("AllAtOnce"), waits(0, 60)),
			plans: []plan{world(minute, func(w *mem.World) {
				_ = w.DeleteTaskSet(t.Context(), container.Scope{}, cluster, shop, blueARN)
			})},
			moves: at(0, atStart, installed, tested, shifted, promoted, 1, removed, 60, "0/100 test 0/100, 2 PRIMARY"), events: all8,
			status: deploy.Succeeded, took: time.Hour,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.play(t)
		})
	}
}

// TestPreflight: what keeps a deployment from starting, in CodeDeploy's order,
// and that nothing was changed.
func TestPreflight(t *testing.T) {
	t.Parallel()
	edit := func(f func(*container.Service)) func(*story) {
		return func(st *story) { st.world.EditService(cluster, shop, f) }
	}
	sets := func(f func(*container.TaskSet)) func(*story) {
		return func(st *story) { st.world.EditTaskSets(cluster, shop, f) }
	}
	routes := func(all ...container.Route) func(*story) {
		return func(st *story) {
			for _, r := range all {
				st.world.SetRoute(r)
			}
		}
	}
	elsewhere := func(r container.Route) container.Route {
		r.BalancerARN = "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/other/2"
		return r
	}
	const nlb = "arn:aws:elasticloadbalancing:us-east-1:111122223333:listener/net/lb/1/80"
	for name, c := range map[string]struct {
		world   func(*story)
		change  func(*deploy.Deployment)
		code    deploy.ErrorCode
		message string
	}{
		"no such service": {
			func(st *story) { st.group.ECSServices[0].Service = "x" }, nil, deploy.InvalidECSService, "Service not found",
		},
		"an inactive service":  {edit(func(s *container.Service) { s.Status = "INACTIVE" }), nil, deploy.InvalidECSService, "is INACTIVE, not ACTIVE"},
		"a draining service":   {edit(func(s *container.Service) { s.Status = "DRAINING" }), nil, deploy.InvalidECSService, "DRAINING"},
		"a daemon":             {edit(func(s *container.Service) { s.Scheduling = container.Daemon }), nil, deploy.InvalidECSService, "DAEMON"},
		"a rolling service":    {edit(func(s *container.Service) { s.Controller = "ECS" }), nil, deploy.InvalidECSService, "EXTERNAL"},
		"no primary task set":  {sets(func(t *container.TaskSet) { t.Status = container.Active }), nil, deploy.InvalidECSService, "no primary task set"},
		"no group for service": {func(st *story) { st.group.ECSServices = nil }, nil, deploy.InvalidECSService, "names no ECS service"},
		"two primary task sets": {
			func(st *story) {
				st.world.AddTaskSet(cluster, shop, container.TaskSet{ARN: "x", ID: "ecs-svc/x", Status: container.Primary})
			}, nil, deploy.InvalidECSService, "two primary",
		},
		"the primary task set is behind another target group": {
			sets(func(t *container.TaskSet) { t.TargetGroupARN = other }), nil, deploy.LoadBalancingInvalid, "not behind a target group of the deployment group",
		},
		"a target group is missing": {
			func(st *story) { st.world.RemoveTargetGroup("tg-b") }, nil, deploy.LoadBalancingInvalid,
			"The ELB could not be updated due to the following error: One or more target groups not found: tg-b",
		},
		"the listener is missing":      {func(st *story) { st.world.RemoveListener(prod) }, nil, deploy.LoadBalancingInvalid, "listeners not found"},
		"the test listener is missing": {func(st *story) { st.world.RemoveListener(test) }, nil, deploy.LoadBalancingInvalid, "listeners not found"},
		"the test listener is another load balancer's": {
			routes(elsewhere(route(test, test, groupA, 1))), nil, deploy.LoadBalancingInvalid, "different load balancers",
		},
		"a target group is another load balancer's": {
			func(st *story) {
				st.world.AddTargetGroup(container.TargetGroup{Name: "tg-b", ARN: groupB, BalancerARNs: []string{"x"}})
			}, nil, deploy.LoadBalancingInvalid, "tg-b belongs to another load balancer",
		},
		"the listener is elsewhere": {
			routes(route(prod, prod, other, 1)), nil, deploy.LoadBalancingInvalid,
			"The ELB could not be updated due to the following error: Primary taskset target group must be behind listener " + prod,
		},
		"the listener does not forward": {routes(route(prod, prod)), nil, deploy.LoadBalancingInvalid, "must be behind listener " + prod},
		"the listener is at green": {
			routes(route(prod, prod, groupB, 1)), nil, deploy.LoadBalancingInvalid, "must be behind listener " + prod,
		},
		"blue is on the listener with nothing": {
			routes(route(prod, prod, groupA, 0, groupB, 100)), nil, deploy.LoadBalancingInvalid, "must be behind listener " + prod,
		},
		"a rule is elsewhere": {
			routes(route(prod, "rule-1", groupA, 1), route(prod, "rule-2", other, 1)), nil, deploy.LoadBalancingInvalid,
			"Primary taskset target group must be behind listener rule-2",
		},
		"green has traffic": {
			routes(route(prod, prod, groupA, 90, groupB, 10)), nil, deploy.LoadBalancingInvalid,
			"Green taskset target group cannot have non-zero weight prior to traffic shifting",
		},
		"green has traffic of a rule": {
			routes(route(prod, "rule-1", groupA, 90, groupB, 10)), nil, deploy.LoadBalancingInvalid, "Green taskset target group",
		},
		"a third target group": {
			routes(route(prod, prod, groupA, 90, other, 10)), nil, deploy.LoadBalancingInvalid,
			"Only target group in ECS deployment group (tg-b, tg-a) can be set on listener " + prod + ".",
		},
		"a third target group on the test listener": {
			routes(route(test, test, other, 1)), nil, deploy.LoadBalancingInvalid, "can be set on listener " + test,
		},
		"a network load balancer has no shares": {
			routes(route(nlb, nlb, groupA, 1)), func(d *deploy.Deployment) {
				noTest(d)
				custom(10, 5)(d)
				d.LoadBalancer.TargetGroupPairs[0].ProdListeners = []string{nlb}
			}, deploy.LoadBalancingInvalid,
			"Only ALB supports gradual traffic routing, use AllAtOnce Traffic routing instead when you create/update Deployment group.",
		},
		"too many task sets": {
			func(st *story) {
				for _, n := range []string{"a", "b", "c", "d"} {
					st.world.AddTaskSet(cluster, shop, container.TaskSet{ARN: n, ID: n, Status: container.Active, TargetGroupARN: other})
				}
			}, nil, deploy.ECSUpdateError,
			"5 deployments exist on the service. Unable to create new TaskSet since this exceeds the maximum limit.",
		},
		"the replacement's target group is in use": {
			func(st *story) {
				st.world.AddTaskSet(cluster, shop, container.TaskSet{ARN: "x", ID: "ecs-svc/x", Status: container.Active, TargetGroupARN: groupB})
			}, nil, deploy.InvalidECSService, "in use by the task set ecs-svc/x",
		},
		"no blue/green settings": {nil, func(d *deploy.Deployment) { d.BlueGreen = nil }, deploy.BlueGreenMissing, "blueGreenDeploymentConfiguration"},
		"no load balancer":       {nil, func(d *deploy.Deployment) { d.LoadBalancer = nil }, deploy.LoadBalancerMissing, "pair of target groups"},
		"no listener": {
			nil, func(d *deploy.Deployment) { d.LoadBalancer.TargetGroupPairs[0].ProdListeners = nil }, deploy.LoadBalancerMissing, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := deployment("AllAtOnce", deploy.BeforeInstall)
			if c.change != nil {
				c.change(&d)
			}
			st := newStory(t, d)
			if c.world != nil {
				c.world(st)
			}
			before := st.describe()
			got := st.run()
			if got.Status != deploy.Failed || got.Error.Code != c.code || !strings.Contains(got.Error.Message, c.message) {
				t.Errorf("%s %+v, want %s %q", got.Status, got.Error, c.code, c.message)
			}
			if st.describe() != before || len(st.hooks.Invoked) > 0 {
				t.Errorf("%s became %s, invoked %v", before, st.describe(), st.hooks.Invoked)
			}
			if strings.Trim(st.eventsOf(), "-") != "" {
				t.Errorf("events %s", st.eventsOf())
			}
		})
	}
}

// TestNetworkLoadBalancer: it has no weights, so it goes all at once, and its
// listeners forward to one target group.
func TestNetworkLoadBalancer(t *testing.T) {
	t.Parallel()
	const nlb = "arn:aws:elasticloadbalancing:us-east-1:111122223333:listener/net/lb/1/80"
	d := with(deployment("AllAtOnce"), noTest)
	d.LoadBalancer.TargetGroupPairs[0].ProdListeners = []string{nlb}
	st := newStory(t, d)
	st.world.SetRoute(route(nlb, nlb, groupA, 1))
	if d := st.run(); d.Status != deploy.Succeeded {
		t.Fatalf("%s %+v", d.Status, d.Error)
	}
	want := []container.Share{{TargetGroupARN: groupB, Weight: 1}}
	if diff := cmp.Diff(want, st.world.See(nlb)[0].Shares); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
