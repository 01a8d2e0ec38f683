package lambda

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/platform"
	"github.com/slipwayhq/slipway/internal/provider/function"
	"github.com/slipwayhq/slipway/internal/provider/function/mem"
)

// spec is an AppSpec file from version 4 to 5, with hooks.
func spec(hooks ...string) string {
	s := "version: 0.0\nResources:\n  - orders:\n      Type: AWS::Lambda::Function\n" +
		"      Properties: {Name: orders, Alias: live, CurrentVersion: \"4\", TargetVersion: \"5\"}\n"
	if len(hooks) > 0 {
		s += "Hooks:\n"
	}
	for _, h := range hooks {
		s += "  - " + h + "\n"
	}
	return s
}

const (
	pre  = "BeforeAllowTraffic: pre"
	post = "AfterAllowTraffic: post"
)

// deployment has a configuration of CodeDeploy's, by the end of its name.
func deployment(config string, hooks ...string) deploy.Deployment {
	c, known := deploy.PredefinedConfig(deploy.PredefinedPrefix + "Lambda" + config)
	if !known {
		panic(config)
	}
	return deploy.Deployment{Config: c, AppSpec: spec(hooks...), Creator: deploy.CreatorUser}
}

func weighted(version, additional string, weight float64) function.Alias {
	return function.Alias{Version: version, Weights: map[string]float64{additional: weight}}
}

// TestStories plays deployments against a Lambda in memory: what the alias was
// at which time, how the events ended, and the deployment.
func TestStories(t *testing.T) {
	t.Parallel()
	const (
		minute = time.Minute
		all    = "Succeeded Succeeded Succeeded"
	)
	for name, c := range map[string]struct {
		deployment deploy.Deployment
		world      func(*mem.Functions)
		plans      []plan
		moves      []string
		events     string
		status     deploy.Status
		code       deploy.ErrorCode
		message    string // part of it
		took       time.Duration
	}{
		"all at once": {
			deployment: deployment("AllAtOnce"), moves: []string{" version 4", " version 5"}, events: all, status: deploy.Succeeded,
		},
		"canary": {
			deployment: deployment("Canary10Percent5Minutes"),
			moves:      []string{" version 4", " version 4 with 10 % on version 5", "5m version 5"},
			events:     all, status: deploy.Succeeded, took: 5 * minute,
		},
		"linear ends with its last shift": {
			deployment: deployment("Linear10PercentEvery1Minute"),
			moves: []string{
				" version 4", " version 4 with 10 % on version 5", "1m version 4 with 20 % on version 5",
				"2m version 4 with 30 % on version 5", "3m version 4 with 40 % on version 5", "4m version 4 with 50 % on version 5",
				"5m version 4 with 60 % on version 5", "6m version 4 with 70 % on version 5", "7m version 4 with 80 % on version 5",
				"8m version 4 with 90 % on version 5", "9m version 5",
			},
			events: all, status: deploy.Succeeded, took: 9 * minute,
		},
		"both hooks": {
			deployment: deployment("Canary10Percent5Minutes", pre, post),
			plans:      []plan{answer(minute, deploy.EventSucceeded), answer(10*minute, deploy.EventSucceeded)},
			moves:      []string{" version 4", "1m version 4 with 10 % on version 5", "6m version 5"},
			events:     all, status: deploy.Succeeded, took: 10 * minute,
		},
		"a hook that answers by its return value": {
			deployment: deployment("AllAtOnce", pre),
			world: func(m *mem.Functions) {
				m.Answers = map[string]function.Answer{"pre": {Status: deploy.EventSucceeded}}
			},
			moves: []string{" version 4", " version 5"}, events: all, status: deploy.Succeeded,
		},
		"a hook that refuses by its return value": {
			deployment: deployment("AllAtOnce", pre),
			world: func(m *mem.Functions) {
				m.Answers = map[string]function.Answer{"pre": {Status: deploy.EventFailed, Message: "the schema is old"}}
			},
			moves: []string{" version 4"}, events: "Failed Skipped Skipped", status: deploy.Failed, code: deploy.HookFailure,
			message: "the schema is old",
		},
		"the first hook refuses": {
			deployment: deployment("Canary10Percent5Minutes", pre), plans: []plan{answer(minute, deploy.EventFailed)},
			moves: []string{" version 4"}, events: "Failed Skipped Skipped", status: deploy.Failed, code: deploy.HookFailure, took: minute,
			message: "The deployment failed because one or more of the lifecycle event validation functions failed.",
		},
		"the last hook refuses": {
			deployment: deployment("AllAtOnce", post), plans: []plan{answer(minute, deploy.EventFailed)},
			moves: []string{" version 4", " version 5"}, events: "Succeeded Succeeded Failed", status: deploy.Failed, code: deploy.HookFailure,
			took: minute,
		},
		"a hook is silent for an hour": {
			deployment: deployment("AllAtOnce", pre), moves: []string{" version 4"}, events: "Failed Skipped Skipped",
			status: deploy.Failed, code: deploy.Timeout, took: time.Hour,
			message: "The deployment timed out while waiting for a status callback.",
		},
		"a hook that does not exist": {
			deployment: deployment("AllAtOnce", "BeforeAllowTraffic: nobody"), moves: []string{" version 4"},
			events: "Failed Skipped Skipped", status: deploy.Failed, code: deploy.InvalidFunction, message: "nobody",
		},
		"a hook that may not be invoked": {
			deployment: deployment("AllAtOnce", pre), world: failing("Invoke", function.ErrDenied, -1), moves: []string{" version 4"},
			events: "Failed Skipped Skipped", status: deploy.Failed, code: deploy.RolePermissions,
			message: "The IAM role arn:aws:iam::1:role/r does not give you permission",
		},
		"a hook is throttled for a while": {
			deployment: deployment("AllAtOnce", pre), world: failing("Invoke", function.ErrThrottled, 90),
			plans: []plan{answer(2*minute, deploy.EventSucceeded)}, moves: []string{" version 4", "2m version 5"},
			events: all, status: deploy.Succeeded, took: 2 * minute,
		},
		"a hook is throttled for ever": {
			deployment: deployment("AllAtOnce", pre), world: failing("Invoke", function.ErrThrottled, -1),
			moves: []string{" version 4"}, events: "Failed Skipped Skipped", status: deploy.Failed, code: deploy.Throttled, took: time.Hour,
		},
		"stopped in the canary": {
			deployment: deployment("Canary10Percent5Minutes"), plans: []plan{ending(2*minute, deploy.Stopped, deploy.ManualStop)},
			moves:  []string{" version 4", " version 4 with 10 % on version 5"},
			events: "Succeeded Failed Skipped", status: deploy.Stopped, code: deploy.ManualStop, took: 2 * minute,
		},
		"an alarm in the linear": {
			deployment: deployment("Linear10PercentEvery1Minute"), plans: []plan{ending(90*time.Second, deploy.Stopped, deploy.AlarmActive)},
			moves:  []string{" version 4", " version 4 with 10 % on version 5", "1m version 4 with 20 % on version 5"},
			events: "Succeeded Failed Skipped", status: deploy.Stopped, code: deploy.AlarmActive, took: 90 * time.Second,
		},
		"stopped while a hook is waited for": {
			deployment: deployment("AllAtOnce", pre),
			plans:      []plan{ending(minute, deploy.Stopped, deploy.ManualStop), answer(2*minute, deploy.EventSucceeded)},
			moves:      []string{" version 4"}, events: "Failed Skipped Skipped", status: deploy.Stopped, code: deploy.ManualStop, took: minute,
		},
		"stopped while a shift cannot get through": {
			deployment: deployment("AllAtOnce"), world: failing("UpdateAlias", errors.New("no route to host"), 120),
			plans: []plan{ending(minute, deploy.Stopped, deploy.ManualStop)},
			moves: []string{" version 4", "2m version 5"}, events: "Succeeded Failed Skipped", status: deploy.Stopped, code: deploy.ManualStop,
			took: 2 * minute,
		},
		"the alias serves another version": {
			deployment: deployment("AllAtOnce"), world: func(m *mem.Functions) { m.Point(fn, live, function.Alias{Version: "6"}) },
			moves: []string{" version 6"}, events: "Skipped Skipped Skipped", status: deploy.Failed, code: deploy.InvalidFunctionConfig,
			message: "serves version 6, but the AppSpec file's CurrentVersion is 4",
		},
		"the alias is divided already": {
			deployment: deployment("AllAtOnce"), world: func(m *mem.Functions) { m.Point(fn, live, weighted("4", "6", 0.5)) },
			moves: []string{" version 4 with 50 % on version 6"}, events: "Skipped Skipped Skipped", status: deploy.Failed,
			code: deploy.InvalidFunctionConfig, message: "already divides its traffic (version 4 with 50 % on version 6)",
		},
		"there is no alias": {
			deployment: deployment("AllAtOnce"), world: func(m *mem.Functions) { m.Remove(fn, live) },
			events: "Skipped Skipped Skipped", status: deploy.Failed, code: deploy.InvalidFunction,
		},
		"the alias may not be read": {
			deployment: deployment("AllAtOnce"), world: failing("Alias", function.ErrDenied, -1), moves: []string{" version 4"},
			events: "Skipped Skipped Skipped", status: deploy.Failed, code: deploy.RolePermissions,
		},
		"the alias cannot be read for ever": {
			deployment: deployment("AllAtOnce"), world: failing("Alias", function.ErrThrottled, -1), moves: []string{" version 4"},
			events: "Skipped Skipped Skipped", status: deploy.Failed, code: deploy.Throttled, took: 5 * minute,
		},
		"the reply to a shift is lost": {
			deployment: deployment("Canary10Percent5Minutes"), world: failing("UpdateAlias", mem.Lost{Err: errors.New("connection reset")}, 3),
			moves:  []string{" version 4", " version 4 with 10 % on version 5", "5m1s version 5"},
			events: all, status: deploy.Succeeded, took: 5*minute + 2*time.Second,
		},
		"a late shift does not make the next come closer": {
			deployment: func() deploy.Deployment {
				d := deployment("AllAtOnce")
				d.Config.Traffic = &deploy.TrafficRouting{Type: deploy.Linear, Percentage: 40, Interval: 1}
				return d
			}(),
			world:  failing("UpdateAlias", function.ErrThrottled, 20),
			moves:  []string{" version 4", "20s version 4 with 40 % on version 5", "1m20s version 4 with 80 % on version 5", "2m20s version 5"},
			events: all, status: deploy.Succeeded, took: 140 * time.Second,
		},
		"a shift is refused": {
			deployment: deployment("AllAtOnce"), world: failing("UpdateAlias", function.ErrInvalid, -1), moves: []string{" version 4"},
			events: "Succeeded Failed Skipped", status: deploy.Failed, code: deploy.InvalidFunctionConfig,
		},
		"the alias is deleted in the middle": {
			deployment: deployment("Canary10Percent5Minutes"),
			plans:      []plan{{minute, func(st *story) { st.world.Remove(fn, live) }}},
			moves:      []string{" version 4", " version 4 with 10 % on version 5"},
			events:     "Succeeded Failed Skipped", status: deploy.Failed, code: deploy.InvalidFunction, took: 5 * minute,
		},
		"somebody clears the weights": {
			deployment: deployment("Canary10Percent5Minutes"), plans: []plan{point(minute, function.Alias{Version: "4"})},
			moves:  []string{" version 4", " version 4 with 10 % on version 5", "1m version 4"},
			events: "Succeeded Failed Skipped", status: deploy.Failed, code: deploy.InvalidFunctionConfig, took: 5 * minute,
			message: "it is at version 4, and this deployment left it at version 4 with 10 % on version 5",
		},
		"somebody finishes the move": {
			deployment: deployment("Linear10PercentEvery1Minute"), plans: []plan{point(30*time.Second, function.Alias{Version: "5"})},
			moves:  []string{" version 4", " version 4 with 10 % on version 5", "30s version 5"},
			events: "Succeeded Failed Skipped", status: deploy.Failed, code: deploy.InvalidFunctionConfig, took: minute,
		},
		"somebody deploys another version": {
			deployment: deployment("Canary10Percent5Minutes"), plans: []plan{point(minute, function.Alias{Version: "6"})},
			moves:  []string{" version 4", " version 4 with 10 % on version 5", "1m version 6"},
			events: "Succeeded Failed Skipped", status: deploy.Failed, code: deploy.InvalidFunctionConfig, took: 5 * minute,
		},
		"somebody changes only the description": {
			deployment: deployment("Canary10Percent5Minutes"), plans: []plan{point(minute, weighted("4", "5", 0.1))},
			moves:  []string{" version 4", " version 4 with 10 % on version 5", "5m version 5"},
			events: all, status: deploy.Succeeded, took: 5 * minute,
		},
		"somebody writes in between, a few times": {
			deployment: deployment("AllAtOnce"), world: failing("UpdateAlias", function.ErrConflict, conflicts+1),
			moves: []string{" version 4", "1s version 5"}, events: all, status: deploy.Succeeded, took: time.Second,
		},
		"somebody writes in between, always": {
			deployment: deployment("AllAtOnce"), world: failing("UpdateAlias", function.ErrConflict, -1),
			moves: []string{" version 4"}, events: "Succeeded Failed Skipped", status: deploy.Failed, code: deploy.InternalError,
			took: callLimit, message: "changed meanwhile",
		},
		"provisioned capacity takes a while": {
			deployment: deployment("AllAtOnce"), world: func(m *mem.Functions) { m.NotReady = 6 },
			moves: []string{" version 4", " version 5"}, events: all, status: deploy.Succeeded, took: minute,
		},
		"provisioned capacity does not come": {
			deployment: deployment("AllAtOnce"), world: func(m *mem.Functions) { m.NotReady = 1000 },
			moves: []string{" version 4", " version 5"}, events: "Succeeded Failed Skipped", status: deploy.Failed, code: deploy.Timeout,
			took: time.Hour,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := newStory(t, c.deployment)
			if c.world != nil {
				c.world(st.world)
			}
			st.plans = c.plans
			d := st.run()
			if diff := cmp.Diff(trimmed(c.moves), trimmed(st.moves)); diff != "" {
				t.Errorf("the alias (-want +got):\n%s", diff)
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
		})
	}
}

func trimmed(lines []string) (out []string) {
	for _, l := range lines {
		out = append(out, strings.TrimSpace(l))
	}
	return out
}

// failing makes a call fail so many times, or always when it is negative.
func failing(call string, err error, times int) func(*mem.Functions) {
	return func(m *mem.Functions) {
		m.Fault = func(what, _ string) error {
			if what != call || times == 0 {
				return nil
			}
			times--
			return err
		}
	}
}

// TestRollbacks: a rollback puts the alias back from whatever its deployment
// left, invokes nothing, and leaves what is not its deployment's alone.
func TestRollbacks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		left   function.Alias
		want   string
		status deploy.Status
	}{
		"before the first shift": {function.Alias{Version: "4"}, "version 4", deploy.Succeeded},
		"in the middle":          {weighted("4", "5", 0.3), "version 4", deploy.Succeeded},
		"after the last":         {function.Alias{Version: "5"}, "version 4", deploy.Succeeded},
		"somebody else's":        {function.Alias{Version: "6"}, "version 6", deploy.Failed},
		"somebody else's share":  {weighted("4", "6", 0.3), "version 4 with 30 % on version 6", deploy.Failed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := newStory(t, deploy.Deployment{
				Creator: deploy.CreatorRollback, Config: deployment("Canary10Percent5Minutes").Config,
				Undo: &deploy.Target{Function: &deploy.FunctionTarget{
					Function: fn, Alias: live, Current: "4", Target: "5", Hooks: map[string]string{deploy.BeforeAllowTraffic: "pre"},
				}},
			})
			st.world.Point(fn, live, c.left)
			d := st.run()
			if d.Status != c.status || st.alias.String() != c.want {
				t.Errorf("%s at %s, want %s at %s", d.Status, st.alias, c.status, c.want)
			}
			if len(st.world.Invoked) > 0 {
				t.Errorf("it invoked %v", st.world.Invoked)
			}
			if f := st.s.Targets[0].Function; d.Status == deploy.Succeeded && (f.Current != "5" || f.Target != "4" || f.Weight != 1) {
				t.Errorf("the target is %+v", f)
			}
		})
	}
}

// TestHookPayload: a hook is told exactly two things.
func TestHookPayload(t *testing.T) {
	t.Parallel()
	st := newStory(t, deployment("AllAtOnce", pre))
	st.plans = []plan{answer(time.Minute, deploy.EventSucceeded)}
	st.run()
	want := []mem.Invocation{{
		Function: "pre",
		Payload:  `{"DeploymentId":"d-1","LifecycleEventHookExecutionId":"secret of d-1 BeforeAllowTraffic"}`,
	}}
	if diff := cmp.Diff(want, st.world.Invoked); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestGoodAppSpecs: forms that AppSpec files may have.
func TestGoodAppSpecs(t *testing.T) {
	t.Parallel()
	replaced := func(in, old, by string) string { return strings.Replace(in, old, by, 1) }
	for name, text := range map[string]string{
		"YAML":               goodYAML,
		"JSON":               goodJSON,
		"numbers":            replaced(replaced(goodYAML, `"4"`, "4"), `"5"`, "5"),
		"lower case":         strings.Replace(strings.ToLower(goodYAML), "aws::lambda::function", "AWS::Lambda::Function", 1),
		"a byte order mark":  "\ufeff" + goodYAML,
		"lines of Windows":   strings.ReplaceAll(goodYAML, "\n", "\r\n"),
		"one document":       "---\n" + goodYAML + "...\n",
		"a version of text":  replaced(goodYAML, "0.0", `"0.0"`),
		"a comma too many":   replaced(goodJSON, `"5"`, `"5",`),
		"an ARN":             replaced(goodYAML, "Name: orders", "Name: arn:aws:lambda:eu-west-1:111122223333:function:orders"),
		"a hook by its ARN":  replaced(goodYAML, " pre", " arn:aws:lambda:eu-west-1:111122223333:function:pre:live"),
		"a hook by its URL":  replaced(goodYAML, " pre", " https://hooks.example.org/pre?stage=1"),
		"a hook by an alias": replaced(goodYAML, " pre", " pre:live"),
		"keys of others":     replaced(goodYAML, "Hooks:", "Outputs: {}\nHooks:"),
	} {
		d := deployment("AllAtOnce")
		d.AppSpec = text
		targets, err := Platform{}.Plan(d, platform.Fleet{}, time.Time{})
		if err != nil {
			t.Errorf("%s: %s", name, err.Message)
			continue
		}
		f := targets[0].Function
		if f.Alias != "live" || f.Current != "4" || f.Target != "5" || len(f.Hooks) != 2 && len(f.Hooks) != 1 {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// TestTarget: names and ARNs of targets.
func TestTarget(t *testing.T) {
	t.Parallel()
	ns := deploy.Namespace{Account: "111122223333", Region: "eu-west-1"}
	for in, want := range map[string]string{
		"orders": "orders:live arn:aws:lambda:eu-west-1:111122223333:function:orders:live",
		"arn:aws:lambda:us-east-1:444455556666:function:orders": "orders:live arn:aws:lambda:us-east-1:444455556666:function:orders:live",
	} {
		got := target(deploy.Deployment{Namespace: ns}, deploy.FunctionTarget{Function: in, Alias: live}, time.Time{})
		if s := fmt.Sprint(got.ID, " ", got.ARN); s != want {
			t.Errorf("%s: %s, want %s", in, s, want)
		}
	}
}
