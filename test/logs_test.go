package test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/slipwayhq/slipway/internal/agent"
	"github.com/slipwayhq/slipway/internal/agent/backoff"
)

// logs runs `slipway logs`.
func (s *server) logs(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command(slipway, append([]string{"logs"}, args...)...)
	cmd.Env = append(cleanEnvironment(), "AWS_ENDPOINT_URL="+s.url, "AWS_REGION=us-east-1",
		"AWS_ACCESS_KEY_ID="+s.key.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+s.key.SecretAccessKey)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("slipway logs %v: %v: %s", args, err, out)
	}
	return string(out)
}

// TestLogsWhileTheyGrow: what a script prints is seen while it runs, in the
// event's diagnostics and with `slipway logs`, and later all of it. Secrets
// stay on the host.
func TestLogsWhileTheyGrow(t *testing.T) {
	t.Parallel()
	s := startServer(t, "--host-log-limit", "200000")
	s.define(t, "fleet", "CodeDeployDefault.AllAtOnce")
	dir := s.startAgentHere(t, "host-1", "fleet", backoff.Policy{}, func(c *agent.Config) {
		c.MaskPatterns = []string{`password=(\S+)`}
	})
	s.put(t, "talk.tgz", folder{
		"appspec.yml": "version: 0.0\nos: linux\nhooks:\n  BeforeInstall:\n    - location: talk.sh\n  AfterInstall:\n    - location: flood.sh\n",
		"talk.sh": `#!/bin/sh
echo "log in with password=s3cr3t now"
until test -e "$HOME/gate"; do sleep 0.01; done
seq 1 10000
echo "the end"
`,
		"flood.sh": "#!/bin/sh\nseq 1 100000\n",
	}.pack(t))
	id := s.create(t, "fleet", "talk.tgz")

	eventually(t, patience, "the script is there", func() bool {
		found, err := filepath.Glob(filepath.Join(dir, "deployment-root", "*", id, "logs", "scripts.log"))
		return err == nil && len(found) == 1
	})
	const masked = "[stdout]log in with password=**** now\n"
	eventually(t, patience, "the tail of the running script is there", func() bool {
		for _, target := range s.targets(t, id) {
			if d := event(t, target, "BeforeInstall").Diagnostics; d != nil && strings.Contains(aws.ToString(d.LogTail), masked) {
				return true
			}
		}
		return false
	})
	if got := s.logs(t, id); !strings.Contains(got, "host-1 BeforeInstall  "+masked) || strings.Contains(got, "the end") {
		t.Errorf("the log of a running script is\n%s", got)
	}
	followed := make(chan string)
	go func() { followed <- s.logs(t, id, "--follow", "--event", "BeforeInstall", "--host", "host-1") }()
	write(t, filepath.Join(dir, "gate"), "")
	s.succeed(t, id, patience)

	whole := s.logs(t, id, "--event", "BeforeInstall")
	var want strings.Builder
	for _, text := range []string{"LifecycleEvent - BeforeInstall", "Script - talk.sh", strings.TrimSuffix(masked, "\n")} {
		want.WriteString("host-1 BeforeInstall  " + text + "\n")
	}
	if !strings.HasPrefix(whole, want.String()) || !strings.HasSuffix(whole, "  [stdout]10000\nhost-1 BeforeInstall  [stdout]the end\n") ||
		strings.Count(whole, "\n") != 3+10_000+1 {
		t.Errorf("the whole log has %d lines:\n%.300s\n...\n%s", strings.Count(whole, "\n"), whole, whole[max(0, len(whole)-300):])
	}
	select {
	case got := <-followed:
		if got != whole {
			t.Errorf("what was followed has %d bytes, want %d", len(got), len(whole))
		}
	case <-time.After(patience):
		t.Error("--follow does not end with the deployment")
	}
	flood := s.logs(t, id, "--event", "AfterInstall")
	if !strings.Contains(flood, "too long to be kept here") || strings.Contains(flood, "]100000\n") || strings.Count(flood, "\n") < 10_000 {
		t.Errorf("the flood has %d lines, and ends with %s", strings.Count(flood, "\n"), flood[max(0, len(flood)-300):])
	}
	if order := s.logs(t, id); strings.Index(order, " BeforeInstall ") > strings.Index(order, " AfterInstall ") {
		t.Error("the logs must be in the order of the events")
	}
	local, err := filepath.Glob(filepath.Join(dir, "deployment-root", "*", id, "logs", "scripts.log"))
	if err != nil || len(local) != 1 {
		t.Fatal(local, err)
	}
	if text, err := os.ReadFile(local[0]); err != nil || !strings.Contains(string(text), "password=s3cr3t") {
		t.Errorf("the host's own log is not masked: %v", err)
	}
}

// TestLogsOfShortEvents: what a script prints that ends at once is there with
// the end of its event.
func TestLogsOfShortEvents(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.define(t, "fleet", "CodeDeployDefault.AllAtOnce")
	s.startQuickAgent(t, "host-1", "fleet")
	s.put(t, "short.tgz", folder{
		"appspec.yml": "version: 0.0\nos: linux\nhooks:\n  BeforeInstall: [{location: good.sh}]\n  AfterInstall: [{location: bad.sh}]\n",
		"good.sh":     "#!/bin/sh\necho fine\n",
		"bad.sh":      "#!/bin/sh\necho wrong >&2\nexit 3\n",
	}.pack(t))
	id := s.create(t, "fleet", "short.tgz")
	s.finish(t, id, patience)
	want := `host-1 BeforeInstall  LifecycleEvent - BeforeInstall
host-1 BeforeInstall  Script - good.sh
host-1 BeforeInstall  [stdout]fine
host-1 AfterInstall  LifecycleEvent - AfterInstall
host-1 AfterInstall  Script - bad.sh
host-1 AfterInstall  [stderr]wrong
`
	if got := s.logs(t, id); got != want {
		t.Errorf("the log is\n%swant\n%s", got, want)
	}
}
