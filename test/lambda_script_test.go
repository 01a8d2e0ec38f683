//go:build scripts

package test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// TestLambdaScript runs scripts/lambda.sh: functions of one machine with the
// aws command line, unmodified.
func TestLambdaScript(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"aws", "zip", "python3"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(program, " is not installed")
		}
	}
	script, err := filepath.Abs("scripts/lambda.sh")
	check(t, err)
	cmd := exec.CommandContext(t.Context(), script)
	cmd.Dir = t.TempDir()
	cmd.Env = append(cleanEnvironment(),
		"PATH="+filepath.Dir(slipway)+string(filepath.ListSeparator)+os.Getenv("PATH"), "HOME="+cmd.Dir)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	// The script ends what it started; should it not, its group is killed.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	check(t, cmd.Start())
	t.Cleanup(func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }) // the group is gone, as a rule
	if err := cmd.Wait(); err != nil {
		t.Errorf("the script failed: %v", err)
	}
	t.Logf("%s", out.Bytes())
}
