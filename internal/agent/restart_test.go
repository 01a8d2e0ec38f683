package agent_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/user"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/slipwayhq/slipway/internal/agent"
	"github.com/slipwayhq/slipway/internal/protocol"
)

// childVariable makes the test binary an agent, so that a test can kill one.
const childVariable = "SLIPWAY_TEST_AGENT"

// userVariable makes it a process that becomes another user.
const userVariable = "SLIPWAY_TEST_USER"

func TestMain(m *testing.M) {
	if name := os.Getenv(userVariable); name != "" {
		if err := (agent.Config{User: name}).DropPrivileges(); err != nil {
			fmt.Println(err)
		}
		fmt.Println(os.Geteuid(), os.Getegid())
		os.Exit(0)
	}
	if where := os.Getenv(childVariable); where != "" {
		if err := runChild(where); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func runChild(where string) error {
	endpoint, root, _ := strings.Cut(where, " ")
	c := testConfig(endpoint, root)
	c.Log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	a, err := agent.New(c)
	if err != nil {
		return err
	}
	return a.Run(context.Background())
}

// startChild starts an agent in a process of its own.
func (s *site) startChild() *exec.Cmd {
	s.t.Helper()
	self, err := os.Executable()
	if err != nil {
		s.t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childVariable+"="+s.URL+" "+s.root)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	return cmd
}

// An agent that is killed in the middle of scripts reports every one of them
// as failed when it starts again, and none runs again.
func TestRestartInTheMiddleOfScripts(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ids := []string{"d-RESTART01", "d-RESTART02"}
	var specs []protocol.Specification
	for n, id := range ids {
		spec := s.upload(id, files{
			"appspec.yml": header + "hooks: {BeforeInstall: [{location: scripts/x}]}\n",
			"scripts/x":   "#!/bin/sh\necho ran >> " + s.app + ".runs\necho pid $$\nexec sleep 300\n",
		})
		spec.DeploymentGroupID = fmt.Sprintf("group-%d", n)
		s.add(spec, "DownloadBundle")
		s.run(s.config())
		specs = append(specs, spec)
	}
	s.sideBySide = true
	for _, spec := range specs {
		s.add(spec, "BeforeInstall")
	}
	child := s.startChild()
	pids, tooLate := map[int]bool{}, deadline(t)
	for len(pids) < len(ids) {
		select {
		case d := <-s.updates:
			_, text, _ := strings.Cut(d.Log, "[stdout]pid ")
			if pid, err := strconv.Atoi(strings.TrimSpace(text)); err == nil {
				pids[pid] = true
			}
		case <-tooLate:
			t.Fatal("the scripts did not start")
		}
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait()

	s.run(s.config())
	for _, id := range ids {
		c := s.get(id, "BeforeInstall")
		if c.status != protocol.StatusFailed || c.result.ErrorCode != protocol.AgentRestarted || len(c.reports) != 1 {
			t.Errorf("%s: %s, %d reports, %+v", id, c.status, len(c.reports), c.result)
		}
		if !strings.Contains(c.result.Message, "Failing in-progress lifecycle event") || !strings.Contains(c.result.Message, "was killed") {
			t.Errorf("%s: message %q", id, c.result.Message)
		}
	}
	if s.runs() != len(ids) {
		t.Errorf("the scripts ran %d times", s.runs())
	}
	for pid := range pids {
		for alive(pid) { // the kernel takes a moment
			select {
			case <-tooLate:
				t.Fatalf("script %d is still running", pid)
			default:
				runtime.Gosched()
			}
		}
	}
}

func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(text), ") Z ")
}

func TestDropPrivileges(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can become somebody else")
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Skip("this host has no user nobody")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"nobody":              nobody.Uid + " " + nobody.Gid + "\n",
		"nobody-of-this-name": "the user \"nobody-of-this-name\" of the configuration file does not exist on this host\n0 0\n",
	} {
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), userVariable+"="+name)
		if out, err := cmd.CombinedOutput(); err != nil || string(out) != want {
			t.Errorf("%s: %q, %v; want %q", name, out, err, want)
		}
	}
}
