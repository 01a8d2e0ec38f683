//go:build scripts

package test

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestWalkthrough runs the documented session with the real aws command.
func TestWalkthrough(t *testing.T) {
	if _, err := exec.LookPath("aws"); err != nil {
		if os.Getenv("SLIPWAY_REQUIRE_AWS") == "1" {
			t.Fatal("SLIPWAY_REQUIRE_AWS=1, and there is no aws command: ", err)
		}
		t.Skip("the walk-through needs the aws command line (1.29 or 2.13, or newer): ", err)
	}
	script, err := filepath.Abs("scripts/walkthrough.sh")
	check(t, err)
	example, err := filepath.Abs("../examples/web")
	check(t, err)

	ports := []string{freePort(t), freePort(t)}
	cmd := exec.CommandContext(t.Context(), script, example)
	cmd.Dir = t.TempDir()
	cmd.Env = append(cleanEnvironment(),
		"PATH="+filepath.Dir(slipway)+string(filepath.ListSeparator)+os.Getenv("PATH"),
		"HOME="+cmd.Dir, "WEB_PORTS="+strings.Join(ports, " "))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	// The script ends what it started; should it not, its group is killed.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	check(t, cmd.Start())
	t.Cleanup(func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }) // the group is gone, as a rule
	if err := cmd.Wait(); err != nil {
		t.Errorf("the walk-through failed: %v", err)
	}
	t.Logf("%s", out.Bytes())
	for _, port := range ports {
		eventually(t, patience, "nothing is left on port "+port, func() bool {
			l, err := net.Listen("tcp", "127.0.0.1:"+port)
			return err == nil && l.Close() == nil
		})
	}
}

// freePort returns a port that nothing listens on now.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	defer l.Close() //nolint:errcheck // nothing was accepted
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}
