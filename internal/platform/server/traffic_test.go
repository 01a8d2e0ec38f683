package server

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/provider/loadbalancer"
	"github.com/slipwayhq/slipway/internal/provider/loadbalancer/mem"
)

var thirteen = []string{
	"BeforeBlockTraffic", "BlockTraffic", "AfterBlockTraffic",
	"ApplicationStop", "DownloadBundle", "BeforeInstall", "Install", "AfterInstall", "ApplicationStart", "ValidateService",
	"BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic",
}

// behind returns the settings of a deployment behind two target groups and a
// load balancer.
func behind(pace *deploy.MinimumHealthy) deploy.Deployment {
	return deploy.Deployment{
		Platform: deploy.Server, Config: deploy.Config{MinimumHealthy: pace},
		Style:        deploy.Style{Type: deploy.InPlace, Option: deploy.WithTrafficControl},
		LoadBalancer: &deploy.LoadBalancerInfo{TargetGroups: []string{"web", "api"}, ClassicELBs: []string{"old"}},
	}
}

// balanced is a script of n hosts behind balancers in memory.
type balanced struct {
	*script
	balancer *mem.Balancer
}

// beginBehind begins a deployment and lets it check the balancers.
func beginBehind(t *testing.T, n int, d deploy.Deployment) balanced {
	b := prepareBehind(n)
	b.script = begin(t, Platform{Balancers: b.balancer}, d, fleet(n, true))
	b.balancer.Now = func() time.Time { return b.now }
	b.carryOut()
	return b
}

func prepareBehind(n int) balanced {
	b := balanced{balancer: &mem.Balancer{}}
	for _, pool := range []string{"web", "api", "old"} {
		for i := range n {
			b.balancer.AddPool(pool, fmt.Sprintf("h%04d", i+1))
		}
	}
	return b
}

// carryOut gives every action one try, as the engine does, and lets the
// platform decide.
func (b balanced) carryOut() {
	b.t.Helper()
	for _, id := range slices.Sorted(maps.Keys(b.acts)) {
		a := b.acts[id]
		outcome, err := b.platform.Act(context.Background(), a)
		if err != nil {
			b.t.Fatal(err)
		}
		if !b.now.Before(a.Deadline) && outcome.Status == deploy.ActionWaiting {
			outcome.Status, outcome.Error = deploy.ActionFailed, &a.Late
		}
		outcome.At = b.now
		a.Outcome = &outcome
		b.acts[id] = a
		if a.Ended() {
			delete(b.acts, id)
		}
		b.snapshot.Outcomes = append(b.snapshot.Outcomes, a)
	}
	if !b.snapshot.Deployment.Status.Terminal() {
		b.decide()
	}
}

// goesOn lets a host and its balancers work until the host's target ends, and
// the one script fails.
func (b balanced) goesOn(host, failing string) {
	b.t.Helper()
	for i := 0; !b.target(host).Status.Terminal(); i++ {
		if i > 100 {
			b.t.Fatalf("%s does not come to an end: %s", host, outcome(b.target(host)))
		}
		b.runs(host, failing)
		b.carryOut()
	}
}

func (b balanced) statuses(host string) string {
	var out []string
	for _, pool := range []string{"web", "api", "old"} {
		out = append(out, string(b.balancer.Status(pool, host)))
	}
	return strings.Join(slices.Compact(out), " ")
}

// TestTrafficList: thirteen events in CodeDeploy's order behind a load
// balancer, and seven for a host that is none of its business.
func TestTrafficList(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		style deploy.DeploymentOption
		tag   string
		want  []string
	}{
		"with traffic control":             {deploy.WithTrafficControl, "", thirteen},
		"without":                          {deploy.WithoutTrafficControl, "", core},
		"a style that says nothing":        {"", "", core},
		"an instance that is not behind":   {deploy.WithTrafficControl, "false", core},
		"an instance that says that it is": {deploy.WithTrafficControl, "true", thirteen},
	} {
		d := behind(oneAtATime)
		d.Style.Option = c.style
		f := fleet(1, true)
		f.Instances[0].Tags = append(f.Instances[0].Tags, deploy.Tag{Key: deploy.TrafficControlTag, Value: c.tag})
		targets, failure := Platform{Balancers: &mem.Balancer{}}.Plan(d, f, start)
		if failure != nil {
			t.Fatal(failure)
		}
		var got []string
		for _, e := range targets[0].Events {
			got = append(got, e.Name)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestRefusedStyles: what cannot be deployed says so before anything begins.
func TestRefusedStyles(t *testing.T) {
	t.Parallel()
	_, failure := Platform{}.Plan(behind(oneAtATime), fleet(1, true), start)
	if failure == nil || failure.Code != deploy.LoadBalancingInvalid || !strings.Contains(failure.Message, "--provider loadbalancer=") {
		t.Errorf("without a driver: %+v", failure)
	}
	d := behind(oneAtATime)
	d.Style.Type = deploy.BlueGreenType
	if _, failure := (Platform{Balancers: &mem.Balancer{}}).Plan(d, fleet(1, true), start); failure == nil || failure.Code != deploy.InternalError {
		t.Errorf("blue/green: %+v", failure)
	}
}

// TestTrafficMoves: the host leaves all balancers before it is worked on, and
// is back in all of them before AfterAllowTraffic.
func TestTrafficMoves(t *testing.T) {
	t.Parallel()
	b := beginBehind(t, 1, behind(oneAtATime))
	b.balancer.Drain, b.balancer.Health = 30*time.Second, 10*time.Second
	var seen []string
	for !b.target("h0001").Status.Terminal() {
		if c, ok := b.live["h0001"]; ok {
			seen = append(seen, c.Event+" "+b.statuses("h0001"))
			b.says("h0001", deploy.CommandSucceeded)
		}
		b.carryOut()
		b.now = b.now.Add(time.Second)
	}
	want := []string{"BeforeBlockTraffic healthy"}
	for _, e := range thirteen[2:11] {
		want = append(want, e+" absent")
	}
	want = append(want, "AfterAllowTraffic healthy")
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Error(diff)
	}
	target := b.target("h0001")
	if got := outcome(target); got != "Succeeded SSSSSSSSSSSSS" || b.snapshot.Deployment.Status != deploy.Succeeded {
		t.Errorf("%s, %s", got, b.snapshot.Deployment.Status)
	}
	for i, took := range map[int]time.Duration{1: 30 * time.Second, 11: 10 * time.Second} {
		e := target.Events[i]
		if e.EndedAt.Sub(*e.StartedAt) != took || e.Diagnostics.ErrorCode != codeSuccess || e.Diagnostics.Message != "Succeeded" {
			t.Errorf("%s took %s and says %+v", e.Name, e.EndedAt.Sub(*e.StartedAt), e.Diagnostics)
		}
	}
	if diff := cmp.Diff([]string{
		"PutOut old h0001", "PutOut web h0001", "PutOut api h0001", "PutIn old h0001", "PutIn web h0001", "PutIn api h0001",
	}, b.balancer.Calls()); diff != "" {
		t.Error(diff)
	}
}

// TestFailingTrafficEvent: each event that a host runs behind a load balancer
// fails once, with and without the flag that forgives the stop side. Whoever
// fails while it is out stays out.
func TestFailingTrafficEvent(t *testing.T) {
	t.Parallel()
	forgivable := []string{deploy.BeforeBlockTraffic, deploy.AfterBlockTraffic, deploy.ApplicationStop}
	for i, event := range thirteen {
		if movesTraffic(event) {
			continue
		}
		for _, ignore := range []bool{false, true} {
			d := behind(oneAtATime)
			d.IgnoreApplicationStopFailures = ignore
			b := beginBehind(t, 1, d)
			b.goesOn("h0001", event)
			want, status, where := "Failed "+strings.Repeat("S", i)+"F"+strings.Repeat("-", 12-i), deploy.Failed, "absent"
			switch {
			case ignore && slices.Contains(forgivable, event):
				want, status, where = "Succeeded "+strings.Repeat("S", i)+"F"+strings.Repeat("S", 12-i), deploy.Succeeded, "healthy"
			case i == 0 || i == 12:
				where = "healthy"
			}
			if got := outcome(b.target("h0001")); got != want || b.snapshot.Deployment.Status != status || b.statuses("h0001") != where {
				t.Errorf("%s, ignore %v: %s, %s and %s; want %s, %s and %s",
					event, ignore, got, b.snapshot.Deployment.Status, b.statuses("h0001"), want, status, where)
			}
		}
	}
}

// TestTrafficThatDoesNotMove: BlockTraffic and AllowTraffic fail when their
// time is over, or at once when waiting would not help. The flag that forgives
// scripts does not forgive them.
func TestTrafficThatDoesNotMove(t *testing.T) {
	t.Parallel()
	const h, block, allow = "h0001", "Failed SF-----------", "Failed SSSSSSSSSSSF-"
	failing := func(err error) func(b balanced) {
		return func(b balanced) {
			b.balancer.Fault = func(call string, p loadbalancer.Pool, _ string) error {
				if p.Name == "api" && call == "State" {
					return err
				}
				return nil
			}
		}
	}
	for name, c := range map[string]struct {
		world func(b balanced)
		took  time.Duration
		want  string
		says  string
		where string
	}{
		"requests that do not end": {
			func(b balanced) { b.balancer.Occupy("api", h, true) }, time.Hour, block,
			`h0001 was not out of traffic within 1 hour: the target group "api", where h0001 is draining: a request does not end. ` +
				`The host may be out of some of its load balancers; the next deployment that succeeds puts it back.`, "absent draining absent",
		},
		"a host that is not healthy": {
			func(b balanced) { b.balancer.Sicken(h, true) }, time.Hour, allow,
			`h0001 was not healthy in traffic within 1 hour: the load balancer "old", where h0001 is unhealthy: it answers with 500; ` +
				`the target group "web", where h0001 is unhealthy: it answers with 500; the target group "api", where h0001 is unhealthy: ` +
				`it answers with 500. The host has what was deployed, and stays in its load balancers as it is there.`, "unhealthy",
		},
		"a balancer that is away": {
			failing(mem.ErrAway), time.Hour, block,
			`h0001 was not out of traffic within 1 hour: the target group "api": the load balancer does not answer. ` +
				`The host may be out of some of its load balancers; the next deployment that succeeds puts it back.`, "absent",
		},
		"a pool that does not take the host": {
			failing(loadbalancer.ErrNoHost), 0, block, `h0001 cannot be moved in the target group "api": the load balancer does not take the host. ` +
				`The host is as it was.`, "healthy",
		},
		"a pool that has gone": {
			failing(loadbalancer.ErrNotFound), 0, block, `h0001 cannot be moved in the target group "api": there is no such load balancer or ` +
				`target group. The host is as it was.`, "healthy",
		},
		"a balancer that does not let us": {
			failing(loadbalancer.ErrDenied), 0, block, `h0001 cannot be moved in the target group "api": it is not allowed. The host is as it was.`, "healthy",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := behind(oneAtATime)
			d.IgnoreApplicationStopFailures = true
			b := beginBehind(t, 1, d)
			c.world(b)
			for !b.target(h).Status.Terminal() {
				b.runs(h, "")
				b.carryOut()
				if !b.target(h).Status.Terminal() {
					b.now = b.now.Add(5 * time.Second)
				}
			}
			target := b.target(h)
			if got := outcome(target); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
			e := target.Events[strings.Index(strings.Fields(c.want)[1], "F")]
			if e.Diagnostics.ErrorCode != codeUnknown || e.Diagnostics.Message != c.says || e.EndedAt.Sub(*e.StartedAt) != c.took {
				t.Errorf("%s took %s and says %s\n%s", e.Name, e.EndedAt.Sub(*e.StartedAt), e.Diagnostics.ErrorCode, cmp.Diff(c.says, e.Diagnostics.Message))
			}
			if got := b.balancer; b.statuses(h) != c.where {
				t.Errorf("it is %s, want %s: %q", b.statuses(h), c.where, got.Calls())
			}
		})
	}
}

// TestTrafficSaysWhatItWaitsFor, when it has waited for a minute.
func TestTrafficSaysWhatItWaitsFor(t *testing.T) {
	t.Parallel()
	b := beginBehind(t, 1, behind(oneAtATime))
	b.balancer.Occupy("web", "h0001", true)
	b.runs("h0001", "")
	for _, c := range []struct{ after, says string }{
		{"0s", ""},
		{"59s", ""},
		{"1m0s", `At 12:01:00 UTC it waits for the target group "web", where h0001 is draining: a request does not end; ` +
			`it fails at 13:00:00 UTC unless that has passed.`},
	} {
		after, _ := time.ParseDuration(c.after)
		b.now = start.Add(after)
		b.carryOut()
		e, says := b.target("h0001").Events[1], ""
		if e.Diagnostics != nil {
			says = e.Diagnostics.Message
		}
		if says != c.says || e.Status != deploy.EventInProgress {
			t.Errorf("after %s it is %s and says %q, want %q", c.after, e.Status, says, c.says)
		}
	}
	b.balancer.Occupy("web", "h0001", false)
	b.carryOut()
	if e := b.target("h0001").Events[1]; e.Status != deploy.EventSucceeded || e.Diagnostics.ErrorCode != codeSuccess {
		t.Errorf("in the end: %+v", e)
	}
}

// TestBalancerCheck: what is wrong with the load balancers is said before a
// host is touched.
func TestBalancerCheck(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		world func(b balanced, d *deploy.Deployment)
		code  deploy.ErrorCode
		says  string
	}{
		"a target group that nobody knows": {
			func(_ balanced, d *deploy.Deployment) { d.LoadBalancer.TargetGroups[1] = "nowhere" },
			deploy.LoadBalancingInvalid, `The deployment group names the target group "nowhere", which no load balancer of this server knows.`,
		},
		"a load balancer that nobody knows": {
			func(_ balanced, d *deploy.Deployment) { d.LoadBalancer.ClassicELBs[0] = "nowhere" },
			deploy.LoadBalancingInvalid, `The deployment group names the load balancer "nowhere", which no load balancer of this server knows.`,
		},
		"one that takes none of the hosts": {
			func(b balanced, d *deploy.Deployment) {
				b.balancer.AddPool("other", "web-1")
				d.LoadBalancer.TargetGroups[0] = "other"
			},
			deploy.InvalidELBInstance, `The target group "other" takes none of the instances: it has no server named h0001, h0002, h0003 or 1 others. ` +
				`An instance goes by its name there, or by its tag slipway:server.`,
		},
		"one that does not let us": {
			func(b balanced, _ *deploy.Deployment) {
				b.balancer.Fault = func(string, loadbalancer.Pool, string) error { return loadbalancer.ErrDenied }
			},
			deploy.RolePermissions, `Slipway may not work with the load balancer "old": it is not allowed.`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, d := prepareBehind(4), behind(oneAtATime)
			c.world(b, &d)
			b.script = begin(t, Platform{Balancers: b.balancer}, d, fleet(4, true))
			if len(b.touched) > 0 {
				t.Errorf("%q are touched before the check", b.touched)
			}
			b.decide() // twice is once
			if len(b.acts) != 1 {
				t.Errorf("%d checks", len(b.acts))
			}
			b.carryOut()
			got := b.snapshot.Deployment
			if got.Status != deploy.Failed || got.Error.Code != c.code || got.Error.Message != c.says || got.Overview.Skipped != 4 {
				t.Errorf("%s, %+v", got.Status, got.Error)
			}
		})
	}
}

// TestBalancerCheckWaits: a load balancer that does not answer is asked again
// before the deployment fails, and a stop does not wait for it.
func TestBalancerCheckWaits(t *testing.T) {
	t.Parallel()
	b := prepareBehind(1)
	b.balancer.Fault = func(string, loadbalancer.Pool, string) error { return mem.ErrAway }
	b.script = begin(t, Platform{Balancers: b.balancer}, behind(oneAtATime), fleet(1, true))
	for _, a := range b.acts {
		_, err := b.platform.Act(t.Context(), a)
		var info *deploy.ErrorInfo
		if !errors.As(err, &info) || info.Code != deploy.InternalError ||
			info.Message != `The load balancer "old" could not be asked for 5 minutes: the load balancer does not answer.` {
			t.Errorf("it fails with %v", err)
		}
		if a.Deadline.Sub(start) != 5*time.Minute {
			t.Errorf("it is asked until %s", a.Deadline)
		}
	}
	b.snapshot.Deployment.Ending = &deploy.Ending{Status: deploy.Stopped}
	b.decide()
	if d := b.snapshot.Deployment; d.Status != deploy.Stopped || b.target("h0001").Status != deploy.TargetSkipped {
		t.Errorf("stopped, it is %s, the target %s", d.Status, b.target("h0001").Status)
	}
}

// TestNoHostBehind: hosts that are kept from load balancers need none.
func TestNoHostBehind(t *testing.T) {
	t.Parallel()
	f := fleet(1, true)
	f.Instances[0].Tags = append(f.Instances[0].Tags, deploy.Tag{Key: deploy.TrafficControlTag, Value: "false"})
	s := begin(t, Platform{Balancers: &mem.Balancer{}}, behind(oneAtATime), f)
	s.runs("h0001", "")
	if got := outcome(s.target("h0001")); got != "Succeeded SSSSSSS" || s.snapshot.Deployment.Status != deploy.Succeeded {
		t.Errorf("%s, %s", got, s.snapshot.Deployment.Status)
	}
}

// TestServerTag: a host goes by its tag in load balancers.
func TestServerTag(t *testing.T) {
	t.Parallel()
	b := prepareBehind(0)
	for _, pool := range []string{"web", "api", "old"} {
		b.balancer.AddPool(pool, "web1")
	}
	f := fleet(1, true)
	f.Instances[0].Tags = append(f.Instances[0].Tags, deploy.Tag{Key: deploy.ServerTag, Value: "web1"})
	b.script = begin(t, Platform{Balancers: b.balancer}, behind(oneAtATime), f)
	b.carryOut()
	b.goesOn("h0001", "")
	if got := outcome(b.target("h0001")); got != "Succeeded SSSSSSSSSSSSS" || b.balancer.Calls()[0] != "PutOut old web1" {
		t.Errorf("%s: %q", got, b.balancer.Calls())
	}
}

// TestEndWhileTrafficMoves: what the server waits for is given up at once when
// the deployment ends; scripts that run go on to their end.
func TestEndWhileTrafficMoves(t *testing.T) {
	t.Parallel()
	b := beginBehind(t, 4, behind(minimum(deploy.HostCount, 0)))
	b.balancer.Drain, b.balancer.Health = time.Minute, time.Minute
	b.runs("h0001", "") // drains
	b.runs("h0002", "")
	b.carryOut()
	b.now = b.now.Add(time.Minute)
	b.balancer.Drain = 0
	b.carryOut()
	b.runs("h0001", "") // is put in
	b.says("h0002", deploy.CommandRunning)
	b.balancer.Drain = time.Minute
	b.runs("h0003", "") // drains
	b.carryOut()
	b.snapshot.Deployment.Ending = &deploy.Ending{Status: deploy.Stopped}
	b.decide()
	for host, want := range map[string]string{
		"h0001": "Failed SSSSSSSSSSSF-", "h0002": "InProgress SSIPPPPPPPPPP", "h0003": "Failed SF-----------", "h0004": "Pending PPPPPPPPPPPPP",
	} {
		if got := outcome(b.target(host)); got != want {
			t.Errorf("%s is %s, want %s", host, got, want)
		}
	}
	if len(b.acts) > 0 {
		t.Errorf("%d actions go on", len(b.acts))
	}
	if says := b.target("h0003").Events[1].Diagnostics.Message; !strings.HasPrefix(says, "The deployment ended before this was done. The host may be out") {
		t.Error(says)
	}
	b.says("h0002", deploy.CommandSucceeded)
	if got := outcome(b.target("h0002")); got != "Failed SSS----------" || b.snapshot.Deployment.Status != deploy.Stopped {
		t.Errorf("%s, %s", got, b.snapshot.Deployment.Status)
	}
	if got := outcome(b.target("h0004")); got != "Skipped -------------" {
		t.Errorf("a host that had begun nothing is %s", got)
	}
}

// TestBlockedHostsAreUnavailable: a host that is out of traffic takes one of
// the places that the minimum of healthy hosts leaves, from its first event to
// its last.
func TestBlockedHostsAreUnavailable(t *testing.T) {
	t.Parallel()
	b := beginBehind(t, 5, behind(minimum(deploy.HostCount, 3)))
	b.balancer.Drain, b.balancer.Health = 10*time.Second, 10*time.Second
	for i := 0; !b.snapshot.Deployment.Status.Terminal(); i++ {
		if i > 1000 {
			t.Fatal("it does not end")
		}
		out := 0
		for h := range 5 {
			if b.statuses(fmt.Sprintf("h%04d", h+1)) != "healthy" {
				out++
			}
		}
		if out > 2 || b.most > 2 {
			t.Fatalf("%d hosts are out, %d were at work at one time", out, b.most)
		}
		for _, host := range b.touched {
			b.runs(host, "")
		}
		b.carryOut()
		b.now = b.now.Add(time.Second)
	}
	if d := b.snapshot.Deployment; d.Status != deploy.Succeeded || b.most != 2 {
		t.Errorf("%s, with %d at one time", d.Status, b.most)
	}
}

// TestTrafficTimeout: the limit is a setting, and no timer of a host's.
func TestTrafficTimeout(t *testing.T) {
	t.Parallel()
	b := prepareBehind(1)
	b.script = begin(t, Platform{Balancers: b.balancer, TrafficTimeout: 2 * time.Hour, SilentTimeout: time.Minute}, behind(oneAtATime), fleet(1, true))
	b.balancer.Now = func() time.Time { return b.now }
	b.carryOut()
	b.balancer.Occupy("web", "h0001", true)
	b.runs("h0001", "")
	b.now = start.Add(119 * time.Minute)
	b.carryOut()
	if got := outcome(b.target("h0001")); got != "InProgress SIPPPPPPPPPPP" || !b.wakeAt.IsZero() {
		t.Errorf("%s, wakes at %s", got, b.wakeAt)
	}
	b.now = start.Add(2 * time.Hour)
	b.carryOut()
	if e := b.target("h0001").Events[1]; e.Status != deploy.EventFailed || !strings.Contains(e.Diagnostics.Message, "within 2 hours") {
		t.Errorf("%+v", e.Diagnostics)
	}
}
