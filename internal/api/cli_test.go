package api_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestCLI runs the real aws command with the one setting that users make.
func TestCLI(t *testing.T) {
	aws, err := exec.LookPath("aws")
	if err != nil || testing.Short() {
		t.Skip("no aws command")
	}
	e := newEdge(t)
	run := func(want string, args ...string) {
		t.Helper()
		c := exec.CommandContext(t.Context(), aws, append(args, "--output", "text")...)
		c.Env = append(os.Environ(), "AWS_ENDPOINT_URL="+e.URL, "AWS_ACCESS_KEY_ID="+rootID,
			"AWS_SECRET_ACCESS_KEY="+rootSecret, "AWS_SESSION_TOKEN=", "AWS_DEFAULT_REGION="+region, "AWS_CONFIG_FILE=/dev/null", "AWS_MAX_ATTEMPTS=1")
		out, err := c.CombinedOutput()
		if !strings.Contains(string(out), want) {
			t.Errorf("aws %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	run("arn:aws:iam::000000000000:root", "sts", "get-caller-identity")
	run("arn:aws:iam::000000000000:user/AWS/CodeDeploy/host-1", "iam", "create-user", "--path", "/AWS/CodeDeploy/", "--user-name", "host-1")
	run("(EntityAlreadyExists)", "iam", "create-user", "--user-name", "host-1")
	run("(ApplicationDoesNotExistException)", "deploy", "get-application", "--application-name", "none")
	run("shop", "deploy", "get-application", "--application-name", "shop")
}
