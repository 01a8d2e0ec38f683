package test

import (
	"encoding/json"
	"os/exec"
	"syscall"
	"testing"

	"github.com/slipwayhq/slipway/internal/agent/setup"
)

// TestStatus: status and doctor know of an agent whether it runs, and their
// exit statuses say so.
func TestStatus(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	h := s.addHost(t, "web-1", "status")
	ask := func(command string, out any) (code int) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), slipwayAgent, command, "--json", "--root", h.root(), "--endpoint", s.url)
		cmd.Env = append(cleanEnvironment(), "HOME="+h.dir)
		text, err := cmd.Output()
		if err := json.Unmarshal(text, out); err != nil {
			t.Fatalf("%s printed %q: %v", command, text, err)
		}
		if exit, ok := err.(*exec.ExitError); ok { //nolint:errorlint // it is never wrapped
			return exit.ExitCode()
		}
		check(t, err)
		return 0
	}
	var status setup.Status
	eventually(t, patience, "the server has answered the agent", func() bool {
		status = setup.Status{}
		return ask("status", &status) == 0 && status.LastPoll != nil
	})
	if !status.Running || status.PID != h.cmd.Process.Pid || status.Endpoint != s.url || status.Since == nil || status.Version == "" {
		t.Errorf("the status is %+v", status)
	}
	var findings []setup.Finding
	if code := ask("doctor", &findings); code != 0 {
		t.Errorf("doctor ended with %d: %+v", code, findings)
	}
	check(t, h.cmd.Process.Signal(syscall.SIGTERM))
	check(t, h.wait(t, patience))
	status = setup.Status{}
	if code := ask("status", &status); code != 3 || status.Running || status.LastPoll == nil {
		t.Errorf("the status of a stopped agent is %+v, exit status %d", status, code)
	}
	s.kill()
	if code := ask("doctor", &findings); code != 1 {
		t.Errorf("doctor without a server ended with %d: %+v", code, findings)
	}
}
