package main

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/slipwayhq/slipway/internal/daemon"
)

// TestAlarm sets and lists alarms on a running server.
func TestAlarm(t *testing.T) {
	d, err := daemon.Start(t.Context(), daemon.Config{Listen: "127.0.0.1:0", Data: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Stop(t.Context())
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": d.URL, "AWS_DEFAULT_REGION": "us-east-1", "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_ACCESS_KEY_ID": d.Root.ID, "AWS_SECRET_ACCESS_KEY": string(d.Root.Secret), "AWS_SESSION_TOKEN": "",
		"AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent", "AWS_PROFILE": "",
	} {
		t.Setenv(name, value)
	}
	run := func(args ...string) (string, error) {
		cmd := root()
		var out bytes.Buffer
		cmd.SetOut(&out)
		cmd.SetArgs(append([]string{"alarm"}, args...))
		err := cmd.ExecuteContext(t.Context())
		return out.String(), err
	}
	for _, args := range [][]string{
		{"set", "slow", "ALARM", "--reason", "p99 is\n2 s"}, {"set", "errors", "alarm"}, {"set", "errors", "OK"},
	} {
		if _, err := run(args...); err != nil {
			t.Fatal(args, err)
		}
	}
	out, err := run("list")
	want := regexp.MustCompile(`^errors  OK     [0-9T:-]+Z  set with slipway alarm set\nslow    ALARM  [0-9T:-]+Z  p99 is 2 s\n$`)
	if err != nil || !want.MatchString(out) {
		t.Errorf("%v\n%s", err, out)
	}
	if _, err := run("set", "slow", "BROKEN"); err == nil ||
		err.Error() != `cannot set the alarm slow: "BROKEN" is no state of an alarm: use OK, ALARM or INSUFFICIENT_DATA (ValidationError)` {
		t.Error(err)
	}
	t.Setenv("AWS_ENDPOINT_URL", "")
	if _, err := run("list"); err == nil || !strings.Contains(err.Error(), "AWS_ENDPOINT_URL") {
		t.Errorf("without an endpoint: %v", err)
	}
}
