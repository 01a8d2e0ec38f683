package engine_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/engine"
	"github.com/slipwayhq/slipway/internal/notification"
	"github.com/slipwayhq/slipway/internal/platform"
	"github.com/slipwayhq/slipway/internal/protocol"
	"github.com/slipwayhq/slipway/internal/seal"
	"github.com/slipwayhq/slipway/internal/store"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the expected output in testdata/*.txt")

// TestTranscripts runs the stories in testdata. A line that starts with "> " is
// a command; what follows it is its exact output. Each story is run again with
// a crash of the server after every line, before and after the engine has
// looked at what the line did: nothing may come out differently.
func TestTranscripts(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no transcripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			commands := commandsOf(string(text))
			got := play(t, commands, -1, false)
			if *rewrite {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			} else if diff := cmp.Diff(string(text), got); diff != "" {
				t.Fatalf("(-want +got)\n%s", diff)
			}
			for i := 0; i < len(commands); i += thinned {
				if onlyLooks(commands[i]) {
					continue
				}
				for _, before := range []bool{true, false} {
					if diff := cmp.Diff(got, play(t, commands, i, before)); diff != "" {
						t.Fatalf("with a crash after %q (before the engine looks: %v):\n%s", commands[i], before, diff)
					}
				}
			}
		})
	}
}

// commandsOf returns the lines that are not output: commands, comments and
// blank lines.
func commandsOf(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "> ") || strings.HasPrefix(line, "#") {
			out = append(out, line)
		}
	}
	return out
}

// onlyLooks reports whether a line changes nothing, so that a crash after it is
// one after the line before.
func onlyLooks(line string) bool {
	command, isCommand := strings.CutPrefix(line, "> ")
	verb, _, _ := strings.Cut(command, " ")
	return !isCommand || slices.Contains([]string{"show", "times", "says", "traffic", "calls"}, verb)
}

// play runs a transcript and returns it with its output. A crash happens after
// command crashAt.
func play(t *testing.T, commands []string, crashAt int, beforeEngine bool) string {
	w := newWorld(t)
	var out bytes.Buffer
	for i, line := range commands {
		fmt.Fprintln(&out, line)
		command, isCommand := strings.CutPrefix(line, "> ")
		if !isCommand {
			continue
		}
		reply := w.do(strings.Fields(command))
		if i == crashAt && beforeEngine {
			w.crash()
		}
		w.settle()
		if i == crashAt && !beforeEngine {
			w.crash()
		}
		if reply == nil {
			reply = w.news
		}
		out.WriteString(reply())
	}
	w.store.Close()
	return out.String()
}

// world is a server without its edge, hosts that do what the transcript says,
// and a clock that only ticks move.
type world struct {
	t       *testing.T
	path    string
	store   *store.Store
	engine  *engine.Engine
	control *control.Control
	now     time.Time
	ids     int
	group   deploy.Group
	app     deploy.Application
	notify  notification.Routes
	seen    []string // the last state shown, by line
	ran     map[string]int
	outside outside
}

var ns = deploy.Namespace{Account: "000000000000", Region: "us-east-1"}

func newWorld(t *testing.T) *world {
	w := &world{
		t: t, path: filepath.Join(t.TempDir(), "slipway.db"),
		now: time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC), ran: map[string]int{},
	}
	if err := os.WriteFile(w.path, emptyStore(), 0o600); err != nil {
		t.Fatal(err)
	}
	w.open()
	w.app = deploy.Application{Namespace: ns, ID: "app-1", Name: "shop", Platform: deploy.Server, CreatedAt: w.now}
	w.group = deploy.Group{
		Namespace: ns, ID: "group-1", ApplicationID: w.app.ID, Name: "prod", CreatedAt: w.now,
		ServiceRoleARN:    "arn:aws:iam::000000000000:role/deploy",
		Style:             deploy.Style{Type: deploy.InPlace, Option: deploy.WithoutTrafficControl},
		OnPremisesFilters: []deploy.TagFilter{{Type: deploy.KeyAndValue, Key: "stage", Value: "prod"}},
	}
	w.update(func(tx *store.Tx) error {
		custom := deploy.Config{Namespace: ns, ID: "config-1", Name: "custom", Platform: deploy.Server, CreatedAt: w.now}
		return errors.Join(tx.InsertApplication(w.app), tx.InsertGroup(w.group), tx.InsertConfig(custom))
	})
	return w
}

// emptyStore is a database file with a schema and nothing else: making one
// takes longer than most transcripts.
var emptyStore = sync.OnceValue(func() []byte {
	dir, err := os.MkdirTemp("", "slipway-engine-test-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "slipway.db")
	s, err := store.OpenSQLite(context.Background(), path, seal.NewBox(seal.Key{}))
	if err != nil {
		panic(err)
	}
	s.Close()
	text, err := os.ReadFile(path)
	if err != nil {
		panic(err)
	}
	return text
})

func (w *world) open() {
	var err error
	if w.store, err = store.OpenSQLite(w.t.Context(), w.path, seal.NewBox(seal.Key{})); err != nil {
		w.t.Fatal(err)
	}
	clock := func() time.Time { return w.now }
	w.control = control.New(w.store, control.Options{Now: clock, PollHold: time.Nanosecond})
	w.engine = engine.New(w.store, engine.Options{
		Platforms: map[deploy.ComputePlatform]platform.Platform{deploy.Server: w.hosts()},
		Order:     func([]deploy.Instance) {}, // by name
		Now:       clock, NewID: w.newID, Notify: w.notify,
		Alarms: w.alarmSource(), MaxActive: w.outside.maxActive, ServiceRole: w.serviceRole,
	})
}

// crash loses everything that is not on disk.
func (w *world) crash() {
	w.store.Close()
	w.open()
}

// settle lets the engine look, then at the alarms, then at what it read.
func (w *world) settle() {
	if w.outside.away {
		return
	}
	noted := w.control.NoteHosts(w.t.Context())
	_, before := w.engine.Step(w.t.Context())
	_, polled := w.engine.PollAlarms(w.t.Context())
	_, after := w.engine.Step(w.t.Context())
	acted := w.carryOut()
	if err := errors.Join(noted, before, polled, after, acted); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) newID() string {
	w.ids++
	return fmt.Sprintf("d-%09d", w.ids)
}

func (w *world) update(f func(*store.Tx) error) {
	w.t.Helper()
	if err := w.store.Update(w.t.Context(), f); err != nil {
		w.t.Fatal(err)
	}
}

// do runs a command. What it returns makes the output after the engine has
// looked; nil stands for what changed.
func (w *world) do(args []string) func() string {
	verb, args := args[0], args[1:]
	switch verb {
	case "hosts": // NAME, or NAME@STAGE for a host of another group
		w.register(args)
		return func() string { return "" }
	case "change-group":
		w.changeGroup(args)
		return func() string { return "" }
	case "at":
		w.setClock(args[0])
		return func() string { return "" }
	case "times":
		return func() string { return w.times(args[0]) }
	case "says":
		return func() string { return w.says(args[0]) }
	case "create":
		w.create(args)
	case "stop":
		return w.stop(args)
	case "tick":
		d, err := time.ParseDuration(args[0])
		if err != nil {
			w.t.Fatal(err)
		}
		w.now = w.now.Add(d)
	case "delete-group":
		w.update(func(tx *store.Tx) error {
			return errors.Join(tx.WakeGroup(w.group.ID, w.now), tx.DeleteGroup(w.group.ID))
		})
	case "show":
		return func() string { return strings.Join(w.state(), "\n") + "\n" }
	case "deregister":
		if err := w.control.DeregisterOnPremisesInstance(w.t.Context(), ns, args[0]); err != nil {
			w.t.Fatal(err)
		}
	default:
		if f, ok := lifecycleVerbs[verb]; ok {
			return f(w, args)
		}
		if f, ok := trafficVerbs[verb]; ok {
			return f(w, args)
		}
		return w.host(verb, args)
	}
	return nil
}

func hostARN(name string) string { return "arn:aws:iam::000000000000:user/" + name }

// register registers hosts: hosts NAME... [KEY=VALUE...]. The tags are those of
// all of them; zone=NAME is the one that names a zone.
func (w *world) register(args []string) {
	var tags []deploy.Tag
	var names []string
	for _, arg := range args {
		key, value, isTag := strings.Cut(arg, "=")
		switch {
		case !isTag:
			names = append(names, arg)
		case key == "zone":
			tags = append(tags, deploy.Tag{Key: deploy.ZoneTag, Value: value})
		default:
			tags = append(tags, deploy.Tag{Key: key, Value: value})
		}
	}
	for _, name := range names {
		name, stage, elsewhere := strings.Cut(name, "@")
		if !elsewhere {
			stage = "prod"
		}
		w.update(func(tx *store.Tx) error {
			return tx.PutInstance(deploy.Instance{
				Namespace: ns, Name: name, ARN: ns.InstanceARN(name), IAMUserARN: hostARN(name),
				Tags: append([]deploy.Tag{{Key: "stage", Value: stage}}, tags...), RegisteredAt: w.now,
			})
		})
	}
}

// create stores a deployment: create KEY [config=NAME] [rollback=EVENT,...]
// [ignore-stop] [outdated-only] [restart]
// [alarm=NAME] [ignore-alarms] [blue-green] [traffic-control]
// [count=N|percent=N] [zones] [zone-count=N|zone-percent=N] [monitor=DURATION]
// [first-monitor=DURATION].
func (w *world) create(args []string) {
	w.now = w.now.Add(time.Second)
	d := deploy.Deployment{
		Namespace: ns, ID: w.newID(), ApplicationID: w.app.ID, ApplicationName: w.app.Name,
		GroupID: w.group.ID, GroupName: w.group.Name, Platform: w.app.Platform, Creator: deploy.CreatorUser,
		Revision: deploy.Revision{Type: deploy.S3Revision, S3: &deploy.S3Location{
			Bucket: "releases", Key: args[0], BundleType: "tgz",
		}},
		CreatedAt: w.now, Style: w.group.Style, FileExistsBehavior: "DISALLOW", Status: deploy.Created,
	}
	d.Config, _ = deploy.PredefinedConfig(deploy.DefaultConfigName)
	for _, arg := range args[1:] {
		key, value, _ := strings.Cut(arg, "=")
		switch key {
		case "config":
			d.Config, _ = deploy.PredefinedConfig(deploy.PredefinedPrefix + value)
		case "rollback":
			d.AutoRollback = &deploy.AutoRollback{Enabled: true}
			for _, e := range strings.Split(value, ",") {
				d.AutoRollback.Events = append(d.AutoRollback.Events, deploy.RollbackEvent("DEPLOYMENT_"+e))
			}
		case "ignore-stop":
			d.IgnoreApplicationStopFailures = true
		case "restart": // of what is the group's last good one now
			w.view(func(tx *store.Tx) error {
				last, err := tx.LastSuccessful(d.GroupID)
				d.Revision, d.RestartOf = last.Revision, last.ID
				return err
			})
		case "alarm":
			d.Alarms = &deploy.Alarms{Enabled: true, Names: []string{value}}
		case "ignore-alarms":
			d.Alarms.IgnorePollFailure = true
		case "blue-green":
			d.Style = deploy.Style{Type: deploy.BlueGreenType, Option: deploy.WithTrafficControl}
			d.BlueGreen, d.LoadBalancer = new(deploy.BlueGreen), &deploy.LoadBalancerInfo{TargetGroups: []string{"tg"}}
		case "traffic-control":
			d.Style.Option = deploy.WithTrafficControl
			d.LoadBalancer = &deploy.LoadBalancerInfo{TargetGroups: []string{"tg"}}
		case "outdated-only":
			d.UpdateOutdatedInstancesOnly = true
		default:
			option, ok := lifecycleOptions[key]
			switch {
			case ok:
				option(w, &d, value)
			case !setPace(&d.Config, key, value):
				w.t.Fatalf("unknown option %q", arg)
			}
		}
	}
	w.insert(d)
}

// stop asks for a stop: stop [ID] [rollback|no-rollback]. Without an id it is
// the deployment that holds the group.
func (w *world) stop(args []string) func() string {
	id := ""
	if len(args) > 0 && strings.HasPrefix(args[0], "d-") {
		id, args = args[0], args[1:]
	}
	stop := deploy.StopRequest{At: w.now}
	if len(args) > 0 {
		yes := args[0] == "rollback"
		stop.AutoRollback = &yes
	}
	w.update(func(tx *store.Tx) error {
		if id == "" {
			active, err := tx.ActiveDeployment(w.group.ID)
			if err != nil {
				return err
			}
			id = active.ID
		}
		return tx.RequestStop(id, stop)
	})
	return nil
}

// host lets a host act: NAME ok|fail|noop|ack|ack-other EVENT, NAME polls, or
// NAME|all runs [until EVENT] [ID...], the ids being of the only deployments
// that it works on.
func (w *world) host(name string, args []string) func() string {
	if args[0] == "runs" {
		until, only := "", args[1:]
		if len(only) > 0 && only[0] == "until" {
			until, only = only[1], only[2:]
		}
		for w.runNext(name, until, only) {
			w.settle()
		}
		return nil
	}
	id := deploy.CommandID(w.deploymentOf(name), name, args[len(args)-1])
	reply, err := w.act(name, args[0], id)
	if err != nil {
		return func() string { return "error: " + err.Error() + "\n" }
	}
	return func() string { return reply + w.news() }
}

// act is one call of a host's agent.
func (w *world) act(name, verb, id string) (string, error) {
	ctx, host := w.t.Context(), hostARN(name)
	switch verb {
	case "noop", "ack":
		status, err := w.control.AcknowledgeHostCommand(ctx, ns, host,
			control.Acknowledgement{CommandID: id, Noop: verb == "noop", Token: "token of " + name})
		return "reply: " + string(status) + "\n", err
	case "ack-other":
		status, err := w.control.AcknowledgeHostCommand(ctx, ns, host,
			control.Acknowledgement{CommandID: id, Token: "another token"})
		return "reply: " + string(status) + "\n", err
	case "polls":
		cmd, err := w.control.PollHostCommand(ctx, ns, host)
		// That a host has polled may be lost in a crash, for some seconds. The
		// stories are about what comes of it.
		err = errors.Join(err, w.control.NoteHosts(ctx))
		if cmd == nil {
			return "gets nothing\n", err
		}
		return "gets " + cmd.Event + "\n", err
	case "fail":
		d := protocol.Diagnostics{ErrorCode: protocol.ScriptFailed, ScriptName: "scripts/check.sh", Message: "exit code 1", Log: "no\n"}
		return "", w.control.CompleteHostCommand(ctx, ns, host,
			control.Completion{CommandID: id, Status: protocol.StatusFailed, Diagnostics: d.Envelope()})
	case "ok":
		w.ran[id]++
		if w.ran[id] > 1 {
			w.t.Errorf("%s ran twice", id)
		}
		return "", w.control.CompleteHostCommand(ctx, ns, host,
			control.Completion{CommandID: id, Status: protocol.StatusSucceeded})
	}
	w.t.Fatalf("unknown verb %q", verb)
	return "", nil
}

// runNext completes the next command that a host (or any: "all") has, unless it
// is for the event until, of one of the deployments if any are named.
func (w *world) runNext(name, until string, only []string) bool {
	var ready []deploy.HostCommand
	w.view(func(tx *store.Tx) error {
		instances, err := tx.RegisteredInstances(ns)
		for _, i := range instances {
			if name != "all" && name != i.Name {
				continue
			}
			cmd, err := tx.NextCommand(ns, i.HostIdentifier(), w.now)
			if err == nil && cmd.Event != until && (len(only) == 0 || slices.Contains(only, cmd.DeploymentID)) {
				ready = append(ready, cmd)
			}
		}
		return err
	})
	for _, cmd := range ready {
		for _, verb := range []string{"ack", "ok"} {
			if _, err := w.act(cmd.TargetID, verb, cmd.ID); err != nil {
				w.t.Fatal(err)
			}
		}
	}
	return len(ready) > 0
}

func (w *world) view(f func(*store.Tx) error) {
	w.t.Helper()
	if err := w.store.View(w.t.Context(), f); err != nil {
		w.t.Fatal(err)
	}
}

// news returns the lines of the state that were not there before.
func (w *world) news() string {
	var out strings.Builder
	now := w.state()
	for _, line := range now {
		if !slices.Contains(w.seen, line) {
			out.WriteString(line + "\n")
		}
	}
	w.seen = now
	return out.String()
}

// state describes the newest deployments, oldest first, in the order of the
// targets.
func (w *world) state() []string {
	var out []string
	w.view(func(tx *store.Tx) error {
		keys, err := tx.Deployments(ns, store.DeploymentFilter{}, 100)
		slices.Reverse(keys)
		slices.SortFunc(keys, func(a, b store.DeploymentKey) int { return strings.Compare(a.ID, b.ID) })
		for _, k := range keys {
			d, err := tx.Deployment(k.ID)
			if err != nil {
				return err
			}
			targets, err := tx.Targets(k.ID)
			if err != nil {
				return err
			}
			out = append(out, describe(d, targets)...)
		}
		return err
	})
	return out
}

func describe(d deploy.Deployment, targets []deploy.Target) []string {
	head := fmt.Sprintf("%s %s %s", d.ID, bundleOf(d.Revision), d.Status)
	if d.Creator != deploy.CreatorUser {
		head += " by " + string(d.Creator)
	}
	if d.Error != nil {
		head += " " + string(d.Error.Code)
	}
	if d.CompletedAt != nil {
		head += d.CompletedAt.Format(" at 15:04:05")
	}
	out := []string{head}
	if d.Error != nil {
		out = append(out, "  "+d.ID+": "+d.Error.Message)
	}
	if d.Rollback.Message != "" {
		out = append(out, "  "+d.ID+" rollback: "+d.Rollback.Message)
	}
	for _, m := range d.Messages {
		out = append(out, "  "+d.ID+": "+m)
	}
	if len(d.FollowUps) > 0 {
		out = append(out, "  "+d.ID+" is completed by "+strings.Join(d.FollowUps, " "))
	}
	for _, t := range targets {
		line := fmt.Sprintf("  %s %s %s:", d.ID, t.ID, t.Status)
		for _, e := range t.Events {
			line += " " + initials[e.Name] + "=" + marks[e.Status]
			if e.Diagnostics != nil && e.Diagnostics.ErrorCode != "Success" {
				line += "(" + e.Diagnostics.ErrorCode + ")"
			}
		}
		out = append(out, line)
	}
	return out
}

// marks shortens the statuses.
var marks = map[deploy.EventStatus]string{
	deploy.EventPending: ".", deploy.EventInProgress: "running", deploy.EventSucceeded: "ok",
	deploy.EventFailed: "FAILED", deploy.EventSkipped: "-", deploy.EventUnknown: "?",
}

// initials shortens the events: Stop Download Before Install After Start
// Validate.
var initials = map[string]string{
	deploy.ApplicationStop: "stop", deploy.DownloadBundle: "download", deploy.BeforeInstall: "before",
	deploy.Install: "install", deploy.AfterInstall: "after", deploy.ApplicationStart: "start",
	deploy.ValidateService: "validate",

	deploy.BeforeBlockTraffic: "before-block", deploy.BlockTraffic: "block", deploy.AfterBlockTraffic: "after-block",
	deploy.BeforeAllowTraffic: "before-allow", deploy.AllowTraffic: "allow", deploy.AfterAllowTraffic: "after-allow",
}
