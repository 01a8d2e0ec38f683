package bench_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/slipwayhq/slipway/internal/bench"
	"github.com/slipwayhq/slipway/internal/daemon"
	"github.com/slipwayhq/slipway/internal/sigv4"
)

// TestRun: a small run on a real server ends with figures that can be true.
func TestRun(t *testing.T) {
	t.Parallel()
	d, err := daemon.Start(t.Context(), daemon.Config{Listen: "127.0.0.1:0", Data: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Stop(t.Context()) //nolint:errcheck // the test is over
	c := bench.Config{
		Endpoint: d.URL, Region: "us-east-1", Hosts: 5, Deployments: 2, Hook: time.Millisecond,
		Credentials: sigv4.Credentials{AccessKeyID: d.Root.ID, SecretAccessKey: string(d.Root.Secret)},
	}
	r, err := bench.Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if r.Events != 70 || len(r.Took) != 2 || r.Errors != 0 {
		t.Errorf("%+v", r)
	}
	for what, bad := range map[string]bool{
		"a deployment takes seven hooks":         r.Took[0] < 7*time.Millisecond,
		"an event is written down":               r.Server.Writes < 70,
		"the server uses memory":                 r.Idle.Memory < 1<<20,
		"hosts wait for their next command":      r.Latencies.P50 <= 0 || r.Latencies.P50 > r.Latencies.Max,
		"a median is between the ends of a list": r.Latencies.P50 > r.Latencies.P95,
	} {
		if bad {
			t.Errorf("not so: %s: %+v", what, r)
		}
	}
	var out bytes.Buffer
	if err := r.Print(&out); err != nil || !strings.Contains(out.String(), "70, ") {
		t.Error(out.String(), err)
	}
	c.Credentials.SecretAccessKey = "wrong"
	if _, err := bench.Run(t.Context(), c); err == nil || !strings.Contains(err.Error(), "signature") {
		t.Errorf("with a wrong key: %v", err)
	}
}
