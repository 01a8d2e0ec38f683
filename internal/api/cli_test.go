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
	if err != nil && os.Getenv("SLIPWAY_REQUIRE_AWS") == "1" {
		t.Fatal("SLIPWAY_REQUIRE_AWS=1, and there is no aws command")
	}
	if err != nil || testing.Short() {
		t.Skip("no aws command, or -short")
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
	const arn = "arn:aws:iam::000000000000:"
	run(arn+"policy/all", "iam", "create-policy", "--policy-name", "all", "--policy-document", allowAll)
	run("", "iam", "attach-user-policy", "--user-name", "host-1", "--policy-arn", arn+"policy/all")
	run(arn+"policy/all", "iam", "list-attached-user-policies", "--user-name", "host-1")
	run("AWSCodeDeployFullAccess", "iam", "list-policies", "--max-items", "50", "--page-size", "2")
	run("v1", "iam", "list-policy-versions", "--policy-arn", arn+"policy/all")
	run("codedeploy.amazonaws.com", "iam", "create-role", "--role-name", "service", "--assume-role-policy-document", trustCodeDeploy)
	run("", "iam", "put-role-policy", "--role-name", "service", "--policy-name", "p", "--policy-document", allowAll)
	run("(DeleteConflict)", "iam", "delete-role", "--role-name", "service")
	run(arn+"role/deployer", "iam", "create-role", "--role-name", "deployer", "--assume-role-policy-document", trustAccount)
	run("assumed-role/deployer/build-7", "sts", "assume-role", "--role-arn", arn+"role/deployer", "--role-session-name", "build-7")
	run("(ApplicationDoesNotExistException)", "deploy", "get-application", "--application-name", "none")
	run("shop", "deploy", "get-application", "--application-name", "shop")
}
