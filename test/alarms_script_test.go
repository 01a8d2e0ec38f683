//go:build scripts

package test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestWalkthroughAlarms sets alarms with the real aws command.
func TestWalkthroughAlarms(t *testing.T) {
	if _, err := exec.LookPath("aws"); err != nil {
		if os.Getenv("SLIPWAY_REQUIRE_AWS") == "1" {
			t.Fatal("SLIPWAY_REQUIRE_AWS=1, and there is no aws command: ", err)
		}
		t.Skip("the script needs the aws command line (1.29 or 2.13, or newer): ", err)
	}
	s := startServer(t)
	script, err := filepath.Abs("scripts/alarms.sh")
	check(t, err)
	cmd := exec.CommandContext(t.Context(), script)
	cmd.Dir = t.TempDir()
	cmd.Env = append(cleanEnvironment(), "PATH="+filepath.Dir(slipway)+string(filepath.ListSeparator)+os.Getenv("PATH"), "HOME="+cmd.Dir,
		"AWS_ENDPOINT_URL="+s.url, "AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1",
		"AWS_ACCESS_KEY_ID="+s.key.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+s.key.SecretAccessKey)
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	check(t, err)
}
