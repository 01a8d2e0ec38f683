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

	"github.com/slipwayhq/slipway/internal/provider/amazon/mototest"
)

// TestECSScript runs what the guide to ECS says with the real aws command,
// "aws ecs deploy" included, against moto.
func TestECSScript(t *testing.T) {
	if _, err := exec.LookPath("aws"); err != nil {
		t.Skip("the session needs the aws command line: ", err)
	}
	mototest.Find(t)
	script, err := filepath.Abs("scripts/ecs.sh")
	check(t, err)
	cmd := exec.CommandContext(t.Context(), script)
	cmd.Dir = t.TempDir()
	cmd.Env = append(cleanEnvironment(), "PATH="+filepath.Dir(slipway)+string(filepath.ListSeparator)+os.Getenv("PATH"), "MOTO_PORT="+freePort(t))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	// The script ends what it started; should it not, its group is killed.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	check(t, cmd.Start())
	t.Cleanup(func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }) // the group is gone, as a rule
	if err := cmd.Wait(); err != nil {
		t.Errorf("the session failed: %v", err)
	}
	t.Logf("%s", out.Bytes())
}
