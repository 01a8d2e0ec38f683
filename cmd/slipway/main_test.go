package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/slipwayhq/slipway/internal/harness"
)

// TestMain lets the test program stand in for slipway where the demo's
// application starts it as its web server.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && (os.Args[1] == "example-web" || os.Args[1] == "example-function") {
		main()
		return
	}
	os.Exit(m.Run())
}

// TestDemo runs the whole demo: it checks by itself that each deployment ends
// as it should and that every host serves the version it was rolled back to.
func TestDemo(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	cmd := root()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetArgs([]string{"demo"})
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	for _, want := range []string{"web-1  http://127.0.0.1:", "version 1", "Where everything lies"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the demo does not say %q:\n%s", want, out.String())
		}
	}
}

// TestLambdaDemo runs the whole demo of functions: it checks by itself how each
// deployment ends, which version answers after it, and that no invocation
// fails.
func TestLambdaDemo(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	cmd := root()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetArgs([]string{"demo", "--platform", "lambda"})
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	for _, want := range []string{"the schema of the orders is too old", "HOOK_EXECUTION_FAILURE", "alarm set", "ALARM_ACTIVE", "No invocation has failed"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the demo does not say %q:\n%s", want, out.String())
		}
	}
}

func TestSettle(t *testing.T) {
	file := filepath.Join(t.TempDir(), "slipway.yml")
	if err := os.WriteFile(file, []byte("listen: 127.0.0.1:1\nregion: from-file\ndomain: [a, b]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SLIPWAY_REGION", "from-environment")
	t.Setenv("SLIPWAY_LISTEN", "127.0.0.1:2")
	cmd := serverCommand()
	if err := cmd.ParseFlags([]string{"--config", file, "--listen", "127.0.0.1:3"}); err != nil {
		t.Fatal(err)
	}
	if err := settle(cmd); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, name := range []string{"listen", "region", "domain", "account"} {
		got[name] = cmd.Flags().Lookup(name).Value.String()
	}
	want := map[string]string{
		"listen": "127.0.0.1:3", "region": "from-environment", "domain": "[a,b]", "account": "000000000000",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestBadSettings(t *testing.T) {
	dir := t.TempDir()
	write := func(text string) string {
		file := filepath.Join(dir, "c.yml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	for _, tc := range []struct {
		args func() []string
		want string
	}{
		{func() []string { return []string{"--config", write("lissten: x\n")} }, `unknown key "lissten"`},
		{func() []string { return []string{"--config", write("listen: [")} }, "c.yml"},
		{func() []string { return []string{"--config", filepath.Join(dir, "none")} }, "there is no configuration file"},
		{func() []string { return []string{"--account", "12"} }, `12 digits, not "12"`},
		{func() []string { return []string{"--database", "mysql://u:hunter2@x/y"} }, "--database must be like postgres://"},
		{func() []string { return []string{"--database", "postgres://u:hunter2@127.0.0.1:1/x"} }, `"x" at 127.0.0.1:1 cannot be reached`},
		{func() []string { return []string{"--database", "postgres://u:%zzhunter2@x/y"} }, "cannot be read: it looks like postgres://"},
		{func() []string { return []string{"--provider", "alarm=nagios://x"} }, `unknown driver "nagios"; alarm has: alertmanager, `},
		{func() []string { return []string{"--provider", "event=nagios://x"} }, `unknown driver "nagios"; event has: http, `},
		{func() []string { return []string{"--provider", "container"} }, "NEED=URL"},
		{func() []string { return []string{"--provider", "nothing=aws:"} }, "unknown need; there are: alarm, container, "},
		{func() []string { return []string{"--provider", "container=docker:"} }, `unknown driver "docker"; container has: aws`},
		{func() []string { return []string{"--provider", "container=aws:?x=y"} }, `unknown parameter "x"`},
		{func() []string { return []string{"--provider", "container=aws:", "--provider", "container=aws:"} }, "only one"},
		{func() []string { return []string{"--roles", "lax"} }, `not "lax"`},
		{func() []string { return []string{"--max-deployments", "0"} }, "at least 1, not 0"},
		{func() []string { return []string{"--alarm-period", "0s"} }, "at least 1s, not 0s"},
		{func() []string { return []string{"--log-level", "loud"} }, `not "loud"`},
		{func() []string { return []string{"--run-timeout", "0s"} }, "--run-timeout must be longer than 0"},
		{func() []string { return []string{"--traffic-timeout", "0s"} }, "--traffic-timeout must be longer than 0"},
		{func() []string { return []string{"--silent-after", "1ms"} }, "1s or longer, not 1ms"},
		{func() []string { return []string{"--silent-timeout", "10s"} }, "as long as --silent-after (30s), not 10s"},
	} {
		cmd := root()
		cmd.SetArgs(append([]string{"server", "--data", dir}, tc.args()...))
		if err := cmd.Execute(); err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("got %v, want %q", err, tc.want)
		}
	}
}

// TestWatchErrors: mistakes are told in words, without the client's layers.
func TestWatchErrors(t *testing.T) {
	h, err := harness.Start(t.Context(), harness.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Stop(); err != nil {
			t.Error(err)
		}
	})
	t.Setenv("AWS_ENDPOINT_URL", h.Daemon.URL)
	t.Setenv("AWS_REGION", "us-east-1")
	t.Setenv("AWS_ACCESS_KEY_ID", h.Daemon.Root.ID)
	t.Setenv("AWS_SECRET_ACCESS_KEY", string(h.Daemon.Root.Secret))
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"watch"}, "which deployment? Say: slipway watch DEPLOYMENT_ID"},
		{[]string{"watch", "d-A1B2C3D4E"}, "No deployment found for id: d-A1B2C3D4E (DeploymentDoesNotExistException)"},
	} {
		cmd := root()
		cmd.SetArgs(tc.args)
		if err := cmd.ExecuteContext(t.Context()); err == nil || err.Error() != tc.want {
			t.Errorf("got %v, want %s", err, tc.want)
		}
	}
}

// TestFlagsAreDocumented: every flag says what it is for.
func TestFlagsAreDocumented(t *testing.T) {
	t.Parallel()
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		if cmd.Short == "" {
			t.Errorf("%s has no description", cmd.CommandPath())
		}
		for _, line := range strings.Split(cmd.LocalFlags().FlagUsages(), "\n") {
			if line != "" && len(strings.Fields(line)) < 3 {
				t.Errorf("%s: %s", cmd.CommandPath(), line)
			}
		}
		for _, c := range cmd.Commands() {
			walk(c)
		}
	}
	walk(root())
}

func TestDraw(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	event := func(name string, status types.LifecycleEventStatus, from, to time.Duration) types.LifecycleEvent {
		e := types.LifecycleEvent{LifecycleEventName: &name, Status: status}
		if from >= 0 {
			e.StartTime = aws.Time(at.Add(from))
		}
		if to >= 0 {
			e.EndTime = aws.Time(at.Add(to))
		}
		return e
	}
	s := situation{
		info: &types.DeploymentInfo{
			DeploymentId: aws.String("d-A1B2C3D4E"), ApplicationName: aws.String("shop"), DeploymentGroupName: aws.String("prod"),
			Status: types.DeploymentStatusInProgress, CreateTime: &at, Creator: types.DeploymentCreatorUser,
			Revision:           &types.RevisionLocation{S3Location: &types.S3Location{Bucket: aws.String("b"), Key: aws.String("k.tgz")}},
			DeploymentOverview: &types.DeploymentOverview{Pending: 1, InProgress: 1, Succeeded: 1},
		},
		targets: []types.InstanceTarget{
			{TargetId: aws.String("web-1"), Status: types.TargetStatusSucceeded, LifecycleEvents: []types.LifecycleEvent{
				event("DownloadBundle", types.LifecycleEventStatusSucceeded, 0, time.Second),
				event("Install", types.LifecycleEventStatusSucceeded, time.Second, 90*time.Second),
			}},
			{TargetId: aws.String("web-22"), Status: types.TargetStatusInProgress, LifecycleEvents: []types.LifecycleEvent{
				event("DownloadBundle", types.LifecycleEventStatusSucceeded, 0, time.Second),
				event("Install", types.LifecycleEventStatusInProgress, 98*time.Second, -1),
			}},
			{TargetId: aws.String("web-3"), Status: types.TargetStatusPending, LifecycleEvents: []types.LifecycleEvent{
				event("DownloadBundle", types.LifecycleEventStatusPending, -1, -1),
				event("Install", types.LifecycleEventStatusPending, -1, -1),
			}},
		},
	}
	want := `d-A1B2C3D4E  shop/prod  s3://b/k.tgz  InProgress  1m40s
  web-1   ✓✓  Succeeded   1m30s
  web-22  ✓▶  InProgress  Install 2.0 s
  web-3   ··  Pending     `
	got := strings.Join(draw(s, at.Add(100*time.Second), false, 0), "\n")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	small := draw(s, at, false, 4)
	if len(small) > 4 || !strings.Contains(small[len(small)-1], "and 2 more") {
		t.Errorf("a small terminal shows\n%s", strings.Join(small, "\n"))
	}
	failed := s
	failed.info.ErrorInformation = &types.ErrorInformation{Code: types.ErrorCodeHealthConstraints, Message: aws.String("too many")}
	failed.targets[1].LifecycleEvents[1].Diagnostics = &types.Diagnostics{
		ErrorCode: types.LifecycleErrorCodeScriptFailed, Message: aws.String("exit code 1"), LogTail: aws.String("a\nb\n"),
	}
	want = "HEALTH_CONSTRAINTS: too many\nweb-22, Install: ScriptFailed exit code 1\n    a\n    b"
	if diff := cmp.Diff(want, strings.Join(explain(failed, false), "\n")); diff != "" {
		t.Error(diff)
	}
}

// TestAudit: the command shows who changed what, on what, and how it ended.
func TestAudit(t *testing.T) {
	t.Parallel()
	h, err := harness.Start(t.Context(), harness.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Stop(); err != nil {
			t.Error(err)
		}
	})
	for range 2 {
		_, _ = h.Deploy.CreateApplication(t.Context(), &codedeploy.CreateApplicationInput{ApplicationName: aws.String("shop")})
	}
	var text, lines bytes.Buffer
	if err := (auditReader{aws: h.AWS, out: &text}).run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := (auditReader{aws: h.AWS, out: &lines, json: true}).run(t.Context()); err != nil {
		t.Fatal(err)
	}
	const on = "codedeploy:CreateApplication arn:aws:iam::000000000000:root from 127.0.0.1 on " +
		"arn:aws:codedeploy:us-east-1:000000000000:application:shop: "
	got := strings.Split(strings.TrimSpace(text.String()), "\n")
	if len(got) != 2 || !strings.HasSuffix(got[0], on+"Success") || !strings.HasSuffix(got[1], on+"ApplicationAlreadyExistsException") {
		t.Errorf("got\n%s", text.String())
	}
	if n := strings.Count(lines.String(), `"parameters":{"applicationName":"shop"}`); n != 2 {
		t.Errorf("got\n%s", lines.String())
	}
}
