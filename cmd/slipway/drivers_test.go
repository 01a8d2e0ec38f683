package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/slipwayhq/slipway/internal/daemon"
)

func TestProviders(t *testing.T) {
	t.Parallel()
	var c daemon.Config
	err := openProviders(t.Context(), []string{
		"alarm=prometheus+https://ann:pass%40word@127.0.0.1:9090/prefix", "alarm=alertmanager://127.0.0.1:9093?alerts=a,b",
		"alarm=aws:?endpoint=http://127.0.0.1:5000&region=eu-west-1",
	}, &c)
	if err != nil || len(c.Alarms) != 3 {
		t.Errorf("%v, %d sources of alarms", err, len(c.Alarms))
	}
	err = openProviders(t.Context(), []string{
		"loadbalancer=haproxy+unix:///run/haproxy/admin.sock?drain=30s", "loadbalancer=haproxy+tcp://10.0.0.5:9999?also=10.0.0.6:9999",
	}, &c)
	if err != nil || len(c.Balancers) != 2 {
		t.Errorf("%v, %d load balancers", err, len(c.Balancers))
	}
	for setting, want := range map[string]string{
		"loadbalancer=haproxy://10.0.0.5:9999": `--provider loadbalancer: unknown driver "haproxy"; loadbalancer has: haproxy+tcp, haproxy+unix`,
		"loadbalancer=haproxy+tcp://10.0.0.5":  `--provider loadbalancer: the haproxy+tcp URL has "10.0.0.5", which is neither`,
		"prometheus://127.0.0.1":               "--provider must be NEED=URL",
		"alarms=prometheus://127.0.0.1":        "--provider alarms: unknown need; there are: alarm",
		"alarm=nagios://127.0.0.1": `--provider alarm: unknown driver "nagios"; ` +
			"alarm has: alertmanager, alertmanager+https, aws, prometheus, prometheus+https",
		"alarm=127.0.0.1":                          `--provider alarm: unknown driver ""`,
		"alarm=prometheus://ann:s3cret@h:port":     "--provider alarm: what is behind alarm= is not a URL",
		"alarm=prometheus://ann:s3cret@h?querys=f": `--provider alarm: the prometheus URL has an unknown parameter "querys"`,
	} {
		err := openProviders(t.Context(), []string{setting}, &daemon.Config{})
		if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v, want %s", setting, err, want)
		}
	}
}

// TestProviderSettings: from wherever they come, several stay apart.
func TestProviderSettings(t *testing.T) {
	const first, second = "alarm=alertmanager://h:1?alerts=a,b", "alarm=aws:"
	file := filepath.Join(t.TempDir(), "slipway.yml")
	if err := os.WriteFile(file, []byte("provider:\n- "+first+"\n- '"+second+"'\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		args        []string
		environment string
		want        []string
	}{
		{[]string{"--config", file}, "", []string{first, second}},
		{[]string{"--config", file}, second + " " + first, []string{second, first}},
		{[]string{"--config", file, "--provider", first}, second, []string{first}},
		{[]string{"--provider", first, "--provider", second}, "", []string{first, second}},
	} {
		if tc.environment != "" {
			t.Setenv("SLIPWAY_PROVIDER", tc.environment)
		} else {
			os.Unsetenv("SLIPWAY_PROVIDER")
		}
		cmd := serverCommand()
		if err := cmd.ParseFlags(tc.args); err != nil {
			t.Fatal(err)
		}
		if err := settle(cmd); err != nil {
			t.Fatal(err)
		}
		if got, err := cmd.Flags().GetStringArray("provider"); err != nil || !slices.Equal(got, tc.want) {
			t.Errorf("%v, %q: %q, %v", tc.args, tc.environment, got, err)
		}
	}
}
