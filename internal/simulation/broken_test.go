package simulation

import (
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/slipwayhq/slipway/internal/deploy"
)

var breakRules = flag.Bool("broken", false, "run the simulation on code with rules broken on purpose")

// mutant is the product with a rule broken.
type mutant struct {
	name   string
	edits  []edit
	caught string // the rule that says so, or several with | between them
	// equal says why nothing can notice it. That is tried, too: with a hundred
	// seeds.
	equal string
	// platform is what it is looked for on; empty: the mixture.
	platform deploy.ComputePlatform
}

// edit replaces a text that is in a file exactly once.
type edit struct{ file, old, new string }

var mutants = []mutant{
	{
		name: "hosts are started beyond the concurrency and the budget",
		edits: []edit{
			{"rollout/healthy.go", "now.InFlight < p.Concurrency", "now.InFlight <= p.Concurrency"},
			{"rollout/healthy.go", "now.Failed+now.InFlight < max(p.budget(), 1)", "now.Failed+now.InFlight <= max(p.budget(), 1)"},
		},
		caught: "the minimum of healthy hosts",
	},
	{
		name: "failed hosts are not counted",
		edits: []edit{
			{"rollout/healthy.go", "now.Failed+now.InFlight < max(p.budget(), 1)", "now.InFlight < max(p.budget(), 1)"},
			{"rollout/healthy.go", "now.Failed >= p.budget()", "now.Failed > p.budget()"},
		},
		caught: "the minimum of healthy hosts",
	},
	{
		name:   "no success is enough",
		edits:  []edit{{"rollout/healthy.go", "now.Succeeded >= max(p.Minimum, 1)", "now.Succeeded >= p.Minimum"}},
		caught: "success is never made up",
	},
	{
		name:   "targets in memory are used though somebody else has saved",
		edits:  []edit{{"engine/pass.go", "before.index != nil && before.version == row.Version && row.Unbroken", "before.index != nil"}},
		caught: "statuses go forward|one command at a time|the engine has no fault|events are in order|no report is lost|the overview adds up|terminal is final|somebody looks again",
	},
	{
		name:  "the version of the targets in memory does not count",
		edits: []edit{{"engine/pass.go", " && before.version == row.Version", ""}},
		equal: "whoever saves takes the lease, so that an unbroken lease says the same",
	},
	{
		name:  "an interrupted lease does not count",
		edits: []edit{{"engine/pass.go", " && row.Unbroken", ""}},
		equal: "whoever saves changes the version, which says the same",
	},
	{
		name:  "a deployment is saved whatever its version",
		edits: []edit{{"store/deployments.go", "WHERE id = $8 AND version = $9", "WHERE id = $8 AND version <> -$9"}},
		equal: "transactions of SQLite do not overlap, and a pass reads the version in the transaction in which it saves; " +
			"the tests of package store show it",
	},
	{
		name:   "a replica advances what another one has the lease of",
		edits:  []edit{{"store/leases.go", "was.Owner != by.Name && was.Until > clock {", "false {"}},
		caught: "a lease keeps others away",
	},
	{
		name: "a lease never ends",
		edits: []edit{
			{"store/leases.go", "was.Owner != by.Name && was.Until > clock {", "was.Owner != by.Name && was.Until > 0 {"},
			{"store/leases.go", "owner = $2 OR lease_until <= $3 ORDER", "owner = $2 OR lease_until <= $3 * 0 ORDER"},
		},
		caught: "every deployment ends|reports are taken soon|the queue moves",
	},
	{
		name:   "a replica extends the leases of others as its own",
		edits:  []edit{{"store/leases.go", "WHERE active = 1 AND owner = $3 RETURNING", "WHERE active = 1 AND owner <> $3 || '?' RETURNING"}},
		caught: "a lease keeps others away",
	},
	{
		name:   "a second report counts",
		edits:  []edit{{"control/host_report.go", "if err != nil || !cmd.State.Live() {", "if err != nil {"}},
		caught: "the first report wins",
	},
	{
		name:   "a command is acknowledged twice",
		edits:  []edit{{"control/host_report.go", `in.Token != "" && in.Token == cmd.AttemptToken`, "true"}},
		caught: "a command is acknowledged once",
	},
	{
		name:   "a command that was handed out is handed out again at once",
		edits:  []edit{{"control/host_poll.go", "until := now.Add(pollLease)", "until := now"}},
		caught: "a command is handed out once",
	},
	{
		name:   "a command is acknowledged after a stop",
		edits:  []edit{{"control/host_report.go", "row.Stop != nil || row.Deployment.Status.Terminal()", "false && row.Stop != nil"}},
		caught: "nothing starts after the end was decided",
	},
	{
		name:   "hosts are started after the end was decided",
		edits:  []edit{{"platform/server/host.go", "case d.dep.Ending != nil:", "case false:"}},
		caught: "nothing starts after the end was decided",
	},
	{
		name:   "a report does not make its deployment due",
		edits:  []edit{{"store/leases.go", "WHERE c.reported = 1 AND", "WHERE c.reported = 2 AND"}},
		caught: "reports are taken soon",
	},
	{
		name: "a failed commit is passed over",
		edits: []edit{{"store/store.go", `if err := tx.Commit(); err != nil {
		return fmt.Errorf("cannot change the store: %w", err)
	}`, "_ = tx.Commit()"}},
		caught: "durable before told",
	},
	{
		name:   "every failure is forgiven",
		edits:  []edit{{"platform/server/host.go", "return d.dep.IgnoreApplicationStopFailures && ignorable(event)", "return true"}},
		caught: "events are in order|success is never made up",
	},
	{
		name:   "timers do not expire",
		edits:  []edit{{"platform/server/decide.go", "	(*draft).expireTimers,\n", ""}},
		caught: "nobody spins|every deployment ends",
	},
	{
		name: "a rollback is rolled back",
		edits: []edit{
			{"deploy/deployment.go", "if d.Creator != CreatorUser {", "if false {"},
		},
		caught: "a rollback is never rolled back",
	},
	{
		name:   "the group forgets a failure",
		edits:  []edit{{"deploy/remember.go", "h.Healthy, h.Installed = true, &d.Revision", "h.Healthy = true"}},
		caught: "the group remembers",
	},
}

// others are rules of what deployments go by beside their hosts.
var others = []mutant{
	{
		name:   "active alarms are passed over",
		edits:  []edit{{"engine/gate.go", "case len(r.Active) > 0:", "case false:"}},
		caught: "alarms stop deployments|somebody looks again",
	},
	{
		name:   "a zone begins before the one before it has ended",
		edits:  []edit{{"platform/server/zone.go", "last || zone.Pending > 0 || zone.InFlight > 0 {", "last || zone.Pending > 0 {"}},
		caught: "one zone after the other|success is never made up",
	},
	{
		name:   "a zone is not monitored",
		edits:  []edit{{"platform/server/zone.go", "if monitor > 0 {", "if false {"}},
		caught: "a zone is monitored",
	},
	{
		name:   "the last in the queue is the first",
		edits:  []edit{{"store/deployment_queue.go", "(o.created_at < q.created_at OR (o.created_at = q.created_at AND o.id < q.id))", "(o.created_at > q.created_at OR (o.created_at = q.created_at AND o.id > q.id))"}},
		caught: "first come, first served",
	},
	{
		name:   "an end does not free its group for those in the queue",
		edits:  []edit{{"engine/pass.go", "return e.wakeQueue(tx, d.Namespace)", "return nil"}, {"engine/start.go", "const waitCheck = time.Minute", "const waitCheck = 6 * time.Hour"}},
		caught: "the queue moves|every deployment ends",
	},
	{
		name: "a host that was deregistered is waited for",
		edits: []edit{{
			"platform/server/host.go",
			`d.fail(t, at, "The instance was deregistered, so nothing more can be expected of it.")`,
			`d.noteSilence(t, c)`,
		}},
		caught: "no report is lost",
	},
}

// onFunctions are rules of Lambda.
var onFunctions = []mutant{
	{
		name:     "a hook that refuses is passed over",
		edits:    []edit{{"platform/hook.go", "if out.Status == deploy.EventSucceeded {", "if out.Status != \"\" {"}},
		caught:   "success is never made up",
		platform: deploy.Lambda,
	},
	{
		name:     "a second answer of a hook counts",
		edits:    []edit{{"store/actions.go", "WHERE id = $4 AND open = 1`, flag(!a.Ended())", "WHERE id = $4`, flag(!a.Ended())"}},
		caught:   "the first answer of a hook counts",
		platform: deploy.Lambda,
	},
	{
		name:     "traffic is taken from whom somebody else gave it",
		edits:    []edit{{"platform/lambda/act.go", "!in.Undo && !have.Same(in.state(in.From)):", "false:"}},
		caught:   "others' traffic is left alone|weights are one whole|traffic goes forward",
		platform: deploy.Lambda,
	},
	{
		name:     "traffic does not wait between two shifts",
		edits:    []edit{{"platform/lambda/decide.go", "d.now.Before(at) {", "d.now.IsZero() {"}},
		caught:   "traffic keeps to its schedule",
		platform: deploy.Lambda,
	},
	{
		name:     "a rollback puts no traffic back",
		edits:    []edit{{"platform/lambda/plan.go", "Current: of.Target, Target: of.Current", "Current: of.Current, Target: of.Target"}},
		caught:   "all traffic is there at the end",
		platform: deploy.Lambda,
	},
	{
		name:     "traffic moves before its hook is asked",
		edits:    []edit{{"platform/lambda/lambda.go", "deploy.BeforeAllowTraffic, deploy.AllowTraffic, ", "deploy.AllowTraffic, deploy.BeforeAllowTraffic, "}},
		caught:   "no traffic on what a hook refused",
		platform: deploy.Lambda,
	},
	{
		name:     "a rollback takes traffic from whom somebody else gave it",
		edits:    []edit{{"platform/lambda/act.go", "in.Undo && !in.ours(have), ", ""}},
		caught:   "others' traffic is left alone",
		platform: deploy.Lambda,
	},
	{
		name:     "a shift counts twice",
		edits:    []edit{{"platform/lambda/decide.go", "d.f.Shifts++", "d.f.Shifts = min(d.f.Shifts+2, len(d.shifts()))"}},
		caught:   "failure is never made up|all traffic is there at the end|traffic keeps to its schedule",
		platform: deploy.Lambda,
	},
	{
		name:     "a shift whose reply was lost is not found done",
		edits:    []edit{{"platform/lambda/act.go", "case have.Same(want):", "case false:"}},
		caught:   "failure is never made up|nothing is done twice",
		platform: deploy.Lambda,
	},
	{
		name:     "a deployment ends while a shift is under way",
		edits:    []edit{{"platform/lambda/decide.go", "if d.shifting() {", "if false {"}},
		caught:   "the end is the end",
		platform: deploy.Lambda,
	},
	{
		name:     "an alias that divides its traffic is deployed to",
		edits:    []edit{{"platform/lambda/act.go", "case len(have.Weights) > 0:", "case false:"}},
		caught:   "failure is never made up",
		platform: deploy.Lambda,
	},
}

// onServices are rules of ECS.
var onServices = []mutant{
	{
		name:     "a hook of a service that refuses is passed over",
		edits:    []edit{{"platform/hook.go", "if out.Status == deploy.EventSucceeded {", "if out.Status != \"\" {"}},
		caught:   "success is never made up",
		platform: deploy.ECS,
	},
	{
		name:     "a task set is made without looking for one",
		edits:    []edit{{"platform/ecs/act.go", "if err != nil || s.Made(w.in.Maker) != nil {", "if err != nil {"}},
		caught:   "nothing is done twice",
		platform: deploy.ECS,
	},
	{
		name:     "a listener is not read back before a shift",
		edits:    []edit{{"platform/ecs/traffic.go", "!now.is(from) && !now.is(to)", "now.is(-1)"}},
		caught:   "others' traffic is left alone|traffic goes forward",
		platform: deploy.ECS,
	},
	{
		name:     "a listener with a strange target group is taken back",
		edits:    []edit{{"platform/ecs/traffic.go", "if _, ours := w.share(r); !ours {", "if false {"}},
		caught:   "others' traffic is left alone",
		platform: deploy.ECS,
	},
	{
		name:     "a replacement is not waited for",
		edits:    []edit{{"platform/ecs/act.go", "if err != nil || t.Steady {", "if err != nil || t != nil {"}},
		caught:   "green is proven first",
		platform: deploy.ECS,
	},
	{
		name:     "traffic is not waited with until somebody says so",
		edits:    []edit{{"platform/ecs/decide.go", "d.dep.BlueGreen.ReadyAction != stopDeployment {", "d.dep.BlueGreen.ReadyAction != \"\" {"}},
		caught:   "traffic waits for the word",
		platform: deploy.ECS,
	},
	{
		name:     "traffic of a service does not wait between two shifts",
		edits:    []edit{{"platform/ecs/decide.go", "d.now.Before(at) {", "d.now.IsZero() {"}},
		caught:   "traffic keeps to its schedule",
		platform: deploy.ECS,
	},
	{
		name:     "a shift of a service counts twice",
		edits:    []edit{{"platform/ecs/decide.go", "d.e.Shifts++\n", "d.e.Shifts = min(d.e.Shifts+2, len(d.shifts()))\n"}},
		caught:   "what is primary serves|failure is never made up|all traffic is there at the end",
		platform: deploy.ECS,
	},
	{
		name:     "traffic goes to a replacement that is gone",
		edits:    []edit{{"platform/ecs/act.go", "if _, _, err := w.green(ctx); err != nil { // traffic", "if err := ctx.Err(); err != nil { // traffic"}},
		caught:   "traffic goes to tasks",
		platform: deploy.ECS,
	},
	{
		name:     "the original is removed before the wait is over",
		edits:    []edit{{"platform/ecs/decide.go", "d.told.Termination == nil && d.now.Before(*d.e.TerminateAt)", "d.now.IsZero()"}},
		caught:   "blue is kept to the end",
		platform: deploy.ECS,
	},
	{
		name:     "what traffic goes to is removed",
		edits:    []edit{{"platform/ecs/act.go", "weight > 0 {", "weight < 0 {"}},
		caught:   "what serves is not removed",
		platform: deploy.ECS,
	},
	{
		name:     "what is primary is removed",
		edits:    []edit{{"platform/ecs/act.go", "if green.Status != container.Primary {", "if false {"}},
		caught:   "what serves is not removed",
		platform: deploy.ECS,
	},
	{
		name:     "a leftover beside what serves is removed",
		edits:    []edit{{"platform/ecs/check.go", "t.TargetGroupARN == w.Blue.TargetGroupARN {", "false {"}},
		caught:   "what serves is not removed",
		platform: deploy.ECS,
	},
	{
		name:     "a deployment ends while a change is under way",
		edits:    []edit{{"platform/ecs/decide.go", "if d.e.Writing {", "if false {"}},
		caught:   "the end is the end",
		platform: deploy.ECS,
	},
	{
		name:     "a stop is accepted when the original is being removed",
		edits:    []edit{{"control/stop_deployment.go", "targets[0].ECS.Removing, err", "targets[0].ECS.Shifts < 0, err"}},
		caught:   "an accepted stop stops",
		platform: deploy.ECS,
	},
	{
		name:     "traffic of a service moves before its hook is asked",
		edits:    []edit{{"platform/ecs/ecs.go", "deploy.BeforeAllowTraffic, deploy.AllowTraffic, deploy.After", "deploy.AllowTraffic, deploy.BeforeAllowTraffic, deploy.After"}},
		caught:   "no traffic on what a hook refused|traffic waits for the word",
		platform: deploy.ECS,
	},
	{
		name:     "a rollback does not put the test listener back",
		edits:    []edit{{"platform/ecs/undo.go", "if w.in.ECS.TestListener == \"\" {", "if w != nil {"}},
		caught:   "all traffic is there at the end",
		platform: deploy.ECS,
	},
	{
		name:     "a rollback does not make the original primary",
		edits:    []edit{{"platform/ecs/decide.go", "[]string{restoreTraffic, restorePrimary, removeGreen}", "[]string{restoreTraffic, removeGreen}"}},
		caught:   "failure is never made up",
		platform: deploy.ECS,
	},
	{
		name:     "a rollback puts traffic to what is gone",
		edits:    []edit{{"platform/ecs/undo.go", "if _, err := w.blue(ctx); err != nil {", "if err := ctx.Err(); err != nil {"}},
		caught:   "traffic goes to tasks",
		platform: deploy.ECS,
	},
}

// TestBrokenRules: code in which a rule is broken does not survive a thousand
// seeds. The compiler is given the broken files in the place of ours, so the
// product has no switches for this.
func TestBrokenRules(t *testing.T) {
	t.Parallel()
	for _, m := range slices.Concat(mutants, others, onFunctions, onServices, onBalancers) {
		t.Run(strings.ReplaceAll(m.name, " ", "_"), func(t *testing.T) {
			overlay := m.overlay(t)
			if !*breakRules {
				t.Skip("the rule can still be broken; -broken compiles the product with it broken, and runs that")
			}
			out, err := run(overlay, m.seeds(), string(m.platform))
			switch {
			case m.equal != "" && err != nil:
				t.Fatalf("it was noticed, though %s:\n%s", m.equal, out)
			case m.equal != "":
				t.Log("it is not noticed:", m.equal)
				return
			case err == nil:
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

// seeds is how many seeds the mutant gets.
func (m mutant) seeds() string {
	if m.equal != "" {
		return "100"
	}
	return "1000"
}

// run runs the simulation on the broken code.
func run(overlay, seeds, platform string) ([]byte, error) {
	return exec.Command("go", "test", "-overlay", overlay, "-count=1", "-vet=off",
		"-run", "^TestSimulation$", ".", "-seeds", seeds, "-platform", platform).CombinedOutput()
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
