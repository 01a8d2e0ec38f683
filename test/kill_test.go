package test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/google/go-cmp/cmp"
)

var seed = flag.Uint64("seed", 0, "seed of the moments at which programs are killed (default: a new one, which is printed)")

// logged is a bundle whose hooks write down that they begin and end, on their
// host, and take a moment in between.
func logged(events ...string) folder {
	appspec := "version: 0.0\nos: linux\nfiles:\n  - source: site\n    destination: web\nhooks:\n"
	for _, e := range events {
		appspec += "  " + e + ":\n    - location: hook.sh\n      timeout: 60\n"
	}
	return folder{
		"appspec.yml":   appspec,
		"site/page.txt": "hello\n",
		"hook.sh": `#!/bin/sh
echo "begin $LIFECYCLE_EVENT" >>"$HOME/hooks.log"
sleep 0.03
echo "end $LIFECYCLE_EVENT" >>"$HOME/hooks.log"
`,
	}
}

// TestServerKilled kills the server at random moments of one deployment to ten
// hosts: just after the deployment was created, while hooks run, between them,
// and soon after a restart.
func TestServerKilled(t *testing.T) {
	seed := *seed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("to kill at the same moments again: -run %s -seed %d", t.Name(), seed)
	random := rand.New(rand.NewPCG(seed, 0))
	const hosts, kills = 10, 20
	events := []string{"BeforeInstall", "AfterInstall", "ApplicationStart", "ValidateService"}
	begun := hosts * len(events)

	s := startServer(t)
	s.define(t, "fleet", "CodeDeployDefault.HalfAtATime")
	s.put(t, "site.tgz", logged(events...).pack(t))
	var dirs []string
	for i := range hosts {
		dirs = append(dirs, s.startQuickAgent(t, fmt.Sprintf("host-%d", i), "fleet"))
	}
	count := func() (n int) {
		for _, dir := range dirs {
			n += strings.Count(read(t, filepath.Join(dir, "hooks.log")), "begin")
		}
		return n
	}

	id := s.create(t, "fleet", "site.tgz")
	for i := range kills {
		// The kills are spread over the whole deployment: each waits for its
		// share of hooks to have begun, and then for a random moment.
		eventually(t, patience, "the deployment goes on", func() bool { return count() >= i*begun/kills })
		time.Sleep(time.Duration(random.Int64N(int64(60 * time.Millisecond))))
		s.kill()
		s.restart(t)
	}
	s.succeed(t, id, 2*patience)

	var want strings.Builder
	for _, e := range events {
		fmt.Fprintf(&want, "begin %s\nend %s\n", e, e)
	}
	for _, dir := range dirs {
		if diff := cmp.Diff(want.String(), read(t, filepath.Join(dir, "hooks.log"))); diff != "" {
			t.Errorf("each hook must run once, in order (-want +got):\n%s", diff)
		}
		if got := read(t, filepath.Join(dir, "web", "page.txt")); got != "hello\n" {
			t.Errorf("the deployed file holds %q", got)
		}
	}
	targets := s.targets(t, id)
	if len(targets) != hosts {
		t.Errorf("the deployment has %d targets, want %d", len(targets), hosts)
	}
	for _, target := range targets {
		var last time.Time
		for _, e := range target.LifecycleEvents {
			if e.Status != types.LifecycleEventStatusSucceeded || aws.ToTime(e.StartTime).Before(last) {
				t.Errorf("%s: %s is %s, started %v, after an event that ended %v",
					aws.ToString(target.TargetId), aws.ToString(e.LifecycleEventName), e.Status, e.StartTime, last)
			}
			last = aws.ToTime(e.EndTime)
		}
	}
}

// TestAgentKilled kills an agent while its hook runs.
func TestAgentKilled(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.define(t, "fleet", "CodeDeployDefault.AllAtOnce")
	h := s.addHost(t, "host-1", "fleet")
	slow := logged("BeforeInstall", "AfterInstall")
	slow["hook.sh"] = `#!/bin/sh
echo "begin $LIFECYCLE_EVENT" >>"$HOME/hooks.log"
sleep 600 &
echo "$$ $!" >"$HOME/pids"
wait
echo "end $LIFECYCLE_EVENT" >>"$HOME/hooks.log"
`
	s.put(t, "slow.tgz", slow.pack(t))
	id := s.create(t, "fleet", "slow.tgz")

	var group, child int
	eventually(t, patience, "the hook runs", func() bool {
		n, _ := fmt.Sscan(read(t, h.path("pids")), &group, &child)
		return n == 2
	})
	t.Cleanup(func() { _ = syscall.Kill(-group, syscall.SIGKILL) }) // should the agent not have done it
	if got, err := syscall.Getpgid(child); err != nil || got != group {
		t.Fatalf("the hook's child is in process group %d (%v), want the hook's own, %d", got, err, group)
	}
	h.kill()
	if !alive(child) {
		t.Fatal("the hook ended with the agent; nothing is left to show")
	}
	h.startAgent(t)

	info := s.finish(t, id, patience)
	if info.Status != types.DeploymentStatusFailed {
		t.Errorf("the deployment ended as %s", info.Status)
	}
	target := s.targets(t, id)[0]
	before := event(t, target, "BeforeInstall")
	if before.Status != types.LifecycleEventStatusFailed || before.Diagnostics == nil ||
		before.Diagnostics.ErrorCode != types.LifecycleErrorCodeUnknownError || !strings.Contains(message(before), "restarted") {
		t.Errorf("BeforeInstall is %s, %+v", before.Status, before.Diagnostics)
	}
	for _, name := range []string{"Install", "AfterInstall"} {
		if e := event(t, target, name); e.Status != types.LifecycleEventStatusSkipped {
			t.Errorf("%s is %s after a failed event, want Skipped", name, e.Status)
		}
	}
	eventually(t, patience, "the hook's processes are gone", func() bool { return !alive(group) && !alive(child) })

	// The host is well: the next deployment succeeds, and only it ran.
	s.put(t, "site.tgz", logged("BeforeInstall", "AfterInstall").pack(t))
	s.succeed(t, s.create(t, "fleet", "site.tgz"), patience)
	want := "begin BeforeInstall\n" + "begin BeforeInstall\nend BeforeInstall\nbegin AfterInstall\nend AfterInstall\n"
	if diff := cmp.Diff(want, read(t, h.path("hooks.log"))); diff != "" {
		t.Errorf("the killed hook must run once, the others of the second deployment too (-want +got):\n%s", diff)
	}
}

// alive reports whether a process runs: it is there, and no zombie.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, state, ok := strings.Cut(string(stat), ") ")
	return ok && !strings.HasPrefix(state, "Z")
}
