package simulation

import (
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var breakRules = flag.Bool("broken", false, "run the simulation on code with rules broken on purpose")

// mutant is the product with a rule broken.
type mutant struct {
	name   string
	edits  []edit
	caught string // the rule that says so, or several with | between them
}

// edit replaces a text that is in a file exactly once.
type edit struct{ file, old, new string }

var mutants = []mutant{
	{
		"hosts are started beyond the concurrency and the budget",
		[]edit{
			{"rollout/healthy.go", "now.InFlight < p.Concurrency", "now.InFlight <= p.Concurrency"},
			{"rollout/healthy.go", "now.Failed+now.InFlight < max(p.budget(), 1)", "now.Failed+now.InFlight <= max(p.budget(), 1)"},
		},
		"the minimum of healthy hosts",
	},
	{
		"failed hosts are not counted",
		[]edit{
			{"rollout/healthy.go", "now.Failed+now.InFlight < max(p.budget(), 1)", "now.InFlight < max(p.budget(), 1)"},
			{"rollout/healthy.go", "now.Failed >= p.budget()", "now.Failed > p.budget()"},
		},
		"the minimum of healthy hosts",
	},
	{
		"no success is enough",
		[]edit{{"rollout/healthy.go", "now.Succeeded >= max(p.Minimum, 1)", "now.Succeeded >= p.Minimum"}},
		"success is never made up",
	},
	{
		"targets in memory are used though somebody else has saved",
		[]edit{{"engine/pass.go", "before.index != nil && before.version == row.Version", "before.index != nil"}},
		"statuses go forward|one command at a time|the engine has no fault|events are in order|no report is lost|the overview adds up",
	},
	{
		"a second report counts",
		[]edit{{"control/host_report.go", "if err != nil || !cmd.State.Live() {", "if err != nil {"}},
		"the first report wins",
	},
	{
		"a command is acknowledged twice",
		[]edit{{"control/host_report.go", `in.Token != "" && in.Token == cmd.AttemptToken`, "true"}},
		"a command is acknowledged once",
	},
	{
		"a command that was handed out is handed out again at once",
		[]edit{{"control/host_poll.go", "until := now.Add(pollLease)", "until := now"}},
		"a command is handed out once",
	},
	{
		"a command is acknowledged after a stop",
		[]edit{{"control/host_report.go", "row.Stop != nil || row.Deployment.Status.Terminal()", "false && row.Stop != nil"}},
		"nothing starts after the end was decided",
	},
	{
		"hosts are started after the end was decided",
		[]edit{{"platform/server/host.go", "case d.dep.Ending != nil:", "case false:"}},
		"nothing starts after the end was decided",
	},
	{
		"a report does not wake its deployment",
		[]edit{{"store/host_commands.go", "return t.WakeDeployment(c.DeploymentID, now)", "return nil"}},
		"somebody looks again",
	},
	{
		"a failed commit is passed over",
		[]edit{{"store/store.go", `if err := tx.Commit(); err != nil {
		return fmt.Errorf("cannot change the store: %w", err)
	}`, "_ = tx.Commit()"}},
		"durable before told",
	},
	{
		"every failure is forgiven",
		[]edit{{"platform/server/host.go", "return d.dep.IgnoreApplicationStopFailures && ignorable(event)", "return true"}},
		"events are in order|success is never made up",
	},
	{
		"timers do not expire",
		[]edit{{"platform/server/decide.go", "	(*draft).expireTimers,\n", ""}},
		"nobody spins|every deployment ends",
	},
	{
		"a rollback is rolled back",
		[]edit{
			{"deploy/deployment.go", "if d.Creator != CreatorUser {", "if false {"},
		},
		"a rollback is never rolled back",
	},
	{
		"the group forgets a failure",
		[]edit{{"deploy/remember.go", "h.Healthy, h.Installed = true, &d.Revision", "h.Healthy = true"}},
		"the group remembers",
	},
}

// TestBrokenRules: code in which a rule is broken does not survive a thousand
// seeds. The compiler is given the broken files in the place of ours, so the
// product has no switches for this.
func TestBrokenRules(t *testing.T) {
	t.Parallel()
	for _, m := range mutants {
		t.Run(strings.ReplaceAll(m.name, " ", "_"), func(t *testing.T) {
			overlay := m.overlay(t)
			if !*breakRules {
				t.Skip("the rule can still be broken; -broken compiles the product with it broken, and runs that")
			}
			out, err := exec.Command("go", "test", "-overlay", overlay, "-count=1", "-vet=off",
				"-run", "^TestSimulation$", ".", "-seeds", "1000").CombinedOutput()
			if err == nil {
				t.Fatal("a thousand seeds did not notice it")
			}
			for line := range strings.Lines(string(out)) {
				if _, found, ok := strings.Cut(line, ": seed "); ok {
					t.Log("seed", strings.TrimSpace(found))
					if !m.catches(found) {
						t.Errorf("it was caught by another rule than %s", m.caught)
					}
					return
				}
			}
			t.Fatalf("it failed otherwise:\n%s", out)
		})
	}
}

// catches reports whether a failure names the rule.
func (m mutant) catches(failure string) bool {
	for rule := range strings.SplitSeq(m.caught, "|") {
		if strings.Contains(failure, rule+": ") {
			return true
		}
	}
	return false
}

// overlay writes the broken files, and the list of them for the compiler.
func (m mutant) overlay(t *testing.T) string {
	dir := t.TempDir()
	replace := map[string]string{}
	for _, e := range m.edits {
		path, err := filepath.Abs(filepath.Join("..", e.file))
		if err != nil {
			t.Fatal(err)
		}
		from := path
		if before, ok := replace[path]; ok {
			from = before
		}
		text, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(text), e.old); n != 1 {
			t.Fatalf("%s has %q %d times, not once: the code has changed, so change this rule's edit", e.file, e.old, n)
		}
		replace[path] = filepath.Join(dir, strings.ReplaceAll(e.file, "/", "_"))
		write(t, replace[path], strings.Replace(string(text), e.old, e.new, 1))
	}
	list, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "overlay.json")
	write(t, path, string(list))
	return path
}

func write(t *testing.T, path, text string) {
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
