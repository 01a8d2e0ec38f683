//go:build scripts && linux

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

// TestAWSInstall has the agent come to a host in each of its ways: `aws deploy
// install` unmodified, a package, a script by a pipe, and by itself.
func TestAWSInstall(t *testing.T) {
	for _, need := range []string{"aws", "dpkg", "service", "unshare", "busybox", "curl"} {
		if _, err := exec.LookPath(need); err != nil {
			skipOrFail(t, "installing needs "+need+": "+err.Error())
		}
	}
	if os.Geteuid() != 0 {
		skipOrFail(t, "installing needs root, in namespaces of its own")
	}
	if out, err := exec.CommandContext(t.Context(), "unshare", "-mnpf", "--mount-proc", "true").CombinedOutput(); err != nil {
		skipOrFail(t, "installing needs namespaces, and there are none: "+string(out))
	}
	script, err := filepath.Abs("scripts/awsinstall.sh")
	check(t, err)
	packages := t.TempDir()
	pack := exec.CommandContext(t.Context(), "go", "run", "../internal/installer/mkpackages", "-out", packages, slipwayAgent)
	if out, err := pack.CombinedOutput(); err != nil {
		t.Fatalf("cannot make the packages: %v\n%s", err, out)
	}

	cmd := exec.CommandContext(t.Context(), "unshare", "-mnpf", "--kill-child", "--mount-proc", script, packages)
	cmd.Dir = t.TempDir()
	cmd.Env = append(cleanEnvironment(),
		"PATH="+filepath.Dir(slipway)+string(filepath.ListSeparator)+os.Getenv("PATH"), "HOME="+cmd.Dir)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	// With the first process of the namespace all others end.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Run(); err != nil {
		t.Errorf("installing failed: %v", err)
	}
	t.Logf("%s", out.Bytes())
}

// skipOrFail skips a test that cannot run here, but not where everything is to
// be run.
func skipOrFail(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("SLIPWAY_REQUIRE_AWS") == "1" {
		t.Fatal("SLIPWAY_REQUIRE_AWS=1, and ", why)
	}
	t.Skip(why)
}
