package agent_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slipwayhq/slipway/internal/agent"
	"github.com/slipwayhq/slipway/internal/protocol"
)

// counting is a revision whose hook writes a line each time it runs.
func (s *site) counting() files {
	return files{
		"appspec.yml":     header + "hooks: {BeforeInstall: [{location: scripts/x}]}\n",
		"scripts/x":       "#!/bin/sh\necho ran >> " + s.app + ".runs\n",
		"scripts/ignored": "",
	}
}

func (s *site) runs() int { return strings.Count(read(s.t, s.app+".runs"), "ran") }

// Whatever happens to calls and replies, a script runs once and its result is
// known to the server.
func TestLostCallsAndReplies(t *testing.T) {
	t.Parallel()
	for _, operation := range []string{"PollHostCommand", "GetDeploymentSpecification", "PutHostCommandAcknowledgement", "PutHostCommandComplete"} {
		for name, spoil := range map[string]spoiling{"lost reply": lost, "error 500": error500} {
			t.Run(operation+"/"+name, func(t *testing.T) {
				t.Parallel()
				s := newSite(t)
				left := 3
				s.interfere = func(called string) spoiling {
					if called != operation || left == 0 {
						return untouched
					}
					left--
					return spoil
				}
				results := s.deploy("d-FAULT0001", s.counting(), "DownloadBundle", "BeforeInstall")
				if left != 0 {
					t.Fatal("the calls were not spoiled")
				}
				for event, c := range results {
					if c.status != protocol.StatusSucceeded {
						t.Errorf("%s ended %s with %+v", event, c.status, c.result)
					}
					for _, token := range c.tokens {
						if token == "" || token != c.tokens[0] {
							t.Errorf("%s was acknowledged with the tokens %q", event, c.tokens)
						}
					}
				}
				if s.runs() != 1 {
					t.Errorf("the script ran %d times", s.runs())
				}
			})
		}
	}
}

func TestCommandHandedOutAgainAfterItsEnd(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.deploy("d-AGAIN0001", s.counting(), "DownloadBundle", "BeforeInstall")
	c := s.get("d-AGAIN0001", "BeforeInstall")
	c.over, c.acked = false, false // the server lost its memory
	s.run(s.config())
	if s.runs() != 1 || len(c.reports) != 2 || c.status != protocol.StatusSucceeded {
		t.Errorf("ran %d times, reported %d times, %s", s.runs(), len(c.reports), c.status)
	}
}

func TestProgressIsReported(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	gate := filepath.Join(t.TempDir(), "gate")
	s.add(s.upload("d-PROGRESS1", files{
		"appspec.yml": header + "hooks: {BeforeInstall: [{location: scripts/x}]}\n",
		"scripts/x":   "#!/bin/sh\necho half way\nuntil test -e " + gate + "; do sleep 0.01; done\n",
	}), "DownloadBundle", "BeforeInstall")
	var agents sync.WaitGroup
	agents.Go(func() { s.run(s.config()) })
	for d := range s.updates {
		if strings.Contains(d.Log, "[stdout]half way\n") && d.ScriptName == "scripts/x" {
			break
		}
	}
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	agents.Wait()
	if c := s.get("d-PROGRESS1", "BeforeInstall"); c.status != protocol.StatusSucceeded {
		t.Errorf("ended %s with %+v", c.status, c.result)
	}
}

func TestStopFinishesTheRunningEvent(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	gate := filepath.Join(t.TempDir(), "gate")
	s.add(s.upload("d-STOP00001", files{
		"appspec.yml": header + "hooks: {BeforeInstall: [{location: scripts/x}], AfterInstall: [{location: scripts/y}]}\n",
		"scripts/x":   "#!/bin/sh\necho running\nuntil test -e " + gate + "; do sleep 0.01; done\n",
		"scripts/y":   "#!/bin/sh\n",
	}), "DownloadBundle", "BeforeInstall", "AfterInstall")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	c := s.config()
	c.Once = false
	a, err := agent.New(c)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() { ended <- a.Run(ctx) }()
	<-s.updates
	stop()
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if c := s.get("d-STOP00001", "BeforeInstall"); c.status != protocol.StatusSucceeded {
		t.Errorf("the running event ended %q", c.status)
	}
	if c := s.get("d-STOP00001", "AfterInstall"); c.acked {
		t.Error("a command was taken after the stop")
	}
}

// An agent whose program was replaced ends as if it was asked to, but does not
// stop an event that takes longer than that would wait.
func TestReplacedProgramEndsTheAgentBetweenEvents(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	gate := filepath.Join(t.TempDir(), "gate")
	s.add(s.upload("d-REPLACED1", files{
		"appspec.yml": header + "hooks: {BeforeInstall: [{location: scripts/x}], AfterInstall: [{location: scripts/y}]}\n",
		"scripts/x":   "#!/bin/sh\necho running\nuntil test -e " + gate + "; do sleep 0.01; done\n",
		"scripts/y":   "#!/bin/sh\n",
	}), "DownloadBundle", "BeforeInstall", "AfterInstall")
	var replaced atomic.Bool
	noticed := make(chan struct{})
	c := s.config()
	c.Once, c.WaitBetweenRuns, c.StopTimeout = false, time.Millisecond, time.Nanosecond
	c.Replaced = func() bool {
		if replaced.Load() {
			close(noticed)
		}
		return replaced.Load()
	}
	a, err := agent.New(c)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() { ended <- a.Run(t.Context()) }()
	<-s.updates
	replaced.Store(true)
	<-noticed
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, agent.ErrReplaced) {
		t.Fatalf("the agent ended with %v", err)
	}
	if c := s.get("d-REPLACED1", "BeforeInstall"); c.status != protocol.StatusSucceeded || len(c.reports) != 1 {
		t.Errorf("the running event ended %q, reported %d times", c.status, len(c.reports))
	}
	if c := s.get("d-REPLACED1", "AfterInstall"); c.acked {
		t.Error("a command was taken after the replacement")
	}
}

func TestSecondAgentOnOneRoot(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := s.config()
	c.Once = false
	ready := make(chan struct{})
	c.Ready = func() { close(ready) }
	first, err := agent.New(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var agents sync.WaitGroup
	agents.Go(func() { _ = first.Run(ctx) })
	<-ready
	second, err := agent.New(s.config())
	if err == nil {
		err = second.Run(t.Context())
	}
	if err == nil || !strings.Contains(err.Error(), "another agent is running") {
		t.Errorf("error is %v", err)
	}
	stop()
	agents.Wait()
}

func TestForeignCommandIsNotTaken(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.foreign = "arn:aws:iam::000000000000:user/other"
	s.add(s.upload("d-FOREIGN01", s.counting()), "DownloadBundle")
	a, err := agent.New(s.config())
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "Host Identifier mismatch") {
		t.Errorf("error is %v", err)
	}
	for _, operation := range s.calls {
		if operation != "PollHostCommand" {
			t.Errorf("the agent called %s", operation)
		}
	}
}

func TestOutageIsLoggedOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	var log bytes.Buffer
	c := s.config()
	c.Log = slog.New(slog.NewTextHandler(&log, nil))
	s.Close()
	a, err := agent.New(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Run(t.Context()); err == nil {
		t.Error("--once with no server succeeded")
	}
	if n := strings.Count(log.String(), "server unreachable"); n != 1 {
		t.Errorf("logged %d times:\n%s", n, log.String())
	}
}

func TestUnknownCommands(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	results := s.deploy("d-UNKNOWN01", files{"appspec.yml": header}, "BlockTraffic", "ValidateService")
	for name, c := range results {
		if !c.noop || c.status != protocol.StatusSucceeded {
			t.Errorf("%s: noop %v, %s", name, c.noop, c.status)
		}
	}
}

func TestSignaturesAreVerified(t *testing.T) {
	t.Parallel()
	run := func(t *testing.T, s *site, id string) *command {
		t.Helper()
		return s.deploy(id, s.counting(), "DownloadBundle")["DownloadBundle"]
	}
	t.Run("another signer", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		if c := run(t, s, "d-SIGNER001"); c.status != protocol.StatusSucceeded {
			t.Fatalf("ended %s with %+v", c.status, c.result)
		}
		s.signer = newSigner(t)
		c := run(t, s, "d-SIGNER002")
		if c.status != protocol.StatusFailed || !strings.Contains(c.result.Message, "signer.pem") {
			t.Errorf("ended %s with %+v", c.status, c.result)
		}
		if err := os.Remove(filepath.Join(s.root, "signer.pem")); err != nil {
			t.Fatal(err)
		}
		if c := run(t, s, "d-SIGNER003"); c.status != protocol.StatusSucceeded {
			t.Errorf("after the reset: %s with %+v", c.status, c.result)
		}
	})
	t.Run("bad identifiers", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		for n, group := range []string{"../evil", "journal", ".."} {
			id := fmt.Sprintf("d-BADGROUP%d", n)
			spec := s.upload(id, s.counting())
			spec.DeploymentGroupID = group
			s.add(spec, "DownloadBundle")
			s.run(s.config())
			if c := s.get(id, "DownloadBundle"); c.status != protocol.StatusFailed || !strings.Contains(c.result.Message, "cannot be the name of a folder") {
				t.Errorf("%q: ended %s with %+v", group, c.status, c.result)
			}
		}
	})
}

func TestGroupsRunSideBySide(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	// Each script waits for the other one's file.
	dir := t.TempDir()
	for n, id := range []string{"d-PARALLEL1", "d-PARALLEL2"} {
		mine, other := filepath.Join(dir, fmt.Sprint(n)), filepath.Join(dir, fmt.Sprint(1-n))
		spec := s.upload(id, files{
			"appspec.yml": header + "hooks: {BeforeInstall: [{location: scripts/x, timeout: 20}]}\n",
			"scripts/x":   "#!/bin/sh\ntouch " + mine + "\nuntil test -e " + other + "; do sleep 0.01; done\n",
		})
		spec.DeploymentGroupID = fmt.Sprintf("group-%d", n)
		s.add(spec, "DownloadBundle")
		s.run(s.config())
	}
	s.sideBySide = true
	for _, id := range []string{"d-PARALLEL1", "d-PARALLEL2"} {
		s.add(s.specs["CodeDeploy/"+region+"/prod/000000000000:"+id], "BeforeInstall")
	}
	s.run(s.config())
	for _, id := range []string{"d-PARALLEL1", "d-PARALLEL2"} {
		if c := s.get(id, "BeforeInstall"); c.status != protocol.StatusSucceeded {
			t.Errorf("%s ended %s with %+v", id, c.status, c.result)
		}
	}
}

func TestReportIsKeptForTheNextStart(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.add(s.upload("d-KEPT00001", s.counting()), "DownloadBundle", "BeforeInstall")
	ctx, stop := context.WithCancel(t.Context())
	failing := true
	s.interfere = func(operation string) spoiling {
		if operation == "PutHostCommandComplete" && failing && s.commands[0].over {
			stop() // with the result of BeforeInstall on its way
			return error500
		}
		return untouched
	}
	c := s.config()
	c.Once = false
	a, err := agent.New(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if s.get("d-KEPT00001", "BeforeInstall").over {
		t.Fatal("the report arrived")
	}
	failing = false
	s.run(s.config())
	if c := s.get("d-KEPT00001", "BeforeInstall"); c.status != protocol.StatusSucceeded || s.runs() != 1 {
		t.Errorf("ended %s, ran %d times", c.status, s.runs())
	}
}

// deadline keeps a test that waits for something from hanging.
func deadline(t *testing.T) <-chan time.Time {
	t.Helper()
	return time.After(20 * time.Second)
}

// TestGroupsInstallIntoOneFolder: two groups share a folder that neither has
// made yet. The first has much to prepare, and the second comes meanwhile.
func TestGroupsInstallIntoOneFolder(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ids := []string{"d-SHARED001", "d-SHARED002"}
	for n, pages := range []int{3000, 1} {
		revision := files{"appspec.yml": header + "files: [{source: pages, destination: " + s.app + "/www}]\n"}
		for page := range pages {
			revision[fmt.Sprintf("pages/%d-%d", n, page)] = "page"
		}
		spec := s.upload(ids[n], revision)
		spec.DeploymentGroupID = fmt.Sprintf("group-%d", n)
		s.add(spec, "DownloadBundle")
		s.run(s.config())
	}
	s.sideBySide = true
	for _, id := range ids {
		s.add(s.specs["CodeDeploy/"+region+"/prod/000000000000:"+id], "Install")
	}
	s.run(s.config())
	for n, id := range ids {
		if c := s.get(id, "Install"); c.status != protocol.StatusSucceeded {
			t.Errorf("%s ended %s with %+v", id, c.status, c.result)
			continue
		}
		if read(t, s.app, "www", fmt.Sprintf("%d-0", n)) != "page" {
			t.Errorf("the pages of %s are not there", id)
		}
	}
}
