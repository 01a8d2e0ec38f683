package engine_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/engine"
	"github.com/slipwayhq/slipway/internal/platform"
	"github.com/slipwayhq/slipway/internal/platform/server"
	"github.com/slipwayhq/slipway/internal/protocol"
	"github.com/slipwayhq/slipway/internal/rollout"
	"github.com/slipwayhq/slipway/internal/seal"
	"github.com/slipwayhq/slipway/internal/store"
)

var (
	seed  = flag.Uint64("seed", 0, "run the simulation with this seed only")
	seeds = flag.Int("seeds", 60, "how many seeds the simulation runs")
)

// failedSeeds are those that once found a bug.
var failedSeeds = []uint64{}

// TestSimulation runs the real engine, control and store in virtual time, with
// hosts that are slow, fail, die, come back and lose messages, and a server
// that crashes. All that is random comes from the seed; the order in which goroutines
// run does not, so a seed finds a bug again often, not always.
func TestSimulation(t *testing.T) {
	t.Parallel()
	list := append([]uint64(nil), failedSeeds...)
	for i := range *seeds / thinned {
		list = append(list, uint64(i)+1)
	}
	if *seed != 0 {
		list = []uint64{*seed}
	}
	for _, s := range list {
		t.Run(fmt.Sprint(s), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "slipway.db")
			if err := os.WriteFile(path, emptyStore(), 0o600); err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) { simulate(t, s, path) })
			if t.Failed() {
				t.Logf("again with: go test ./internal/engine -run TestSimulation -seed %d", s)
			}
		})
	}
}

// simulation is one run.
type simulation struct {
	t     *testing.T
	path  string
	group deploy.Group
	ctx   context.Context

	mu      sync.Mutex
	rand    *rand.Rand
	store   *store.Store
	control *control.Control
	stop    context.CancelFunc
	stopped chan struct{}
	ran     map[string]int            // commands that a host executed
	said    map[string]deploy.Status  // final statuses that were seen
	ended   map[string]map[string]any // what of a target had ended when it was last seen
}

func simulate(t *testing.T, seed uint64, path string) {
	ctx, cancel := context.WithCancel(t.Context())
	s := &simulation{
		t: t, path: path, ctx: ctx, rand: rand.New(rand.NewPCG(seed, seed)),
		ran: map[string]int{}, said: map[string]deploy.Status{}, ended: map[string]map[string]any{},
	}
	s.up()
	hosts := 1 + s.chance(8)
	s.define(hosts)
	var running sync.WaitGroup
	for i := range hosts {
		running.Go(func() { s.host(fmt.Sprintf("h%d", i)) })
	}
	running.Go(s.crashes)
	for range 1 + s.chance(3) {
		s.deploy()
	}
	cancel()
	running.Wait()
	s.down()
}

// chance returns a number below n.
func (s *simulation) chance(n int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rand.IntN(n)
}

// nap waits for up to d.
func (s *simulation) nap(d time.Duration) {
	select {
	case <-s.ctx.Done():
	case <-time.After(time.Duration(s.chance(int(d)) + 1)):
	}
}

// up starts the server on what is on disk.
func (s *simulation) up() {
	db, err := store.OpenSQLite(context.Background(), s.path, seal.NewBox(seal.Key{}))
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	c := control.New(db, control.Options{})
	if err := c.ReleaseLeases(ctx); err != nil {
		s.t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	e := engine.New(db, engine.Options{
		Platforms: map[deploy.ComputePlatform]platform.Platform{deploy.Server: server.Platform{}},
		Order:     func([]deploy.Instance) {},
		Log:       log,
	})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		var watching sync.WaitGroup
		watching.Go(func() { c.WatchHosts(ctx, log) })
		if err := e.Run(ctx); err != nil {
			s.t.Error(err)
		}
		watching.Wait()
	}()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.store, s.control, s.stop, s.stopped = db, c, stop, stopped
}

// down stops the server; calls that are under way fail.
func (s *simulation) down() {
	s.mu.Lock()
	db, stop, stopped := s.store, s.stop, s.stopped
	s.store, s.control = nil, nil
	s.mu.Unlock()
	stop()
	<-stopped
	db.Close()
}

// crashes takes the server away now and then.
func (s *simulation) crashes() {
	for s.ctx.Err() == nil {
		s.nap(10 * time.Minute)
		if s.ctx.Err() != nil || s.chance(2) == 0 {
			continue
		}
		s.down()
		s.nap(20 * time.Second)
		s.up()
	}
}

var errDown = errors.New("the server is down")

// call is a call to the server. Its request or its reply may be lost.
func (s *simulation) call(f func(context.Context, *control.Control) error) error {
	s.mu.Lock()
	c := s.control
	s.mu.Unlock()
	if c == nil || s.chance(20) == 0 {
		return errDown
	}
	if err := f(s.ctx, c); err != nil {
		return err
	}
	if s.chance(20) == 0 {
		return errDown // the reply was lost
	}
	return nil
}

// persist repeats a call until it is answered.
func (s *simulation) persist(f func(context.Context, *control.Control) error) error {
	for {
		err := s.call(f)
		if err == nil || deploy.CodeOf(err) != "" || s.ctx.Err() != nil {
			return err
		}
		s.nap(10 * time.Second)
	}
}

// host is an agent that keeps a journal: it polls, acknowledges with a token,
// works, and reports. Sometimes it is gone for a while.
func (s *simulation) host(name string) {
	done := map[string]protocol.CommandStatus{}
	for s.ctx.Err() == nil {
		if s.chance(40) == 0 {
			s.nap(30 * time.Minute)
		}
		if s.chance(200) == 0 {
			s.leave(name)
		}
		var cmd *deploy.HostCommand
		err := s.call(func(ctx context.Context, c *control.Control) (err error) {
			cmd, err = c.PollHostCommand(ctx, ns, hostARN(name))
			return err
		})
		if err != nil || cmd == nil {
			s.nap(5 * time.Second)
			continue
		}
		status, known := done[cmd.ID]
		if !known {
			if !s.acknowledge(name, cmd) {
				continue
			}
			status = s.execute(cmd)
			done[cmd.ID] = status
		}
		for range 1 + s.chance(5)/4 { // now and then twice
			_ = s.persist(func(ctx context.Context, c *control.Control) error {
				return c.CompleteHostCommand(ctx, ns, hostARN(name), control.Completion{CommandID: cmd.ID, Status: status})
			})
		}
	}
}

// leave deregisters a host, and registers it again after a while.
func (s *simulation) leave(name string) {
	zone := ""
	s.update(func(tx *store.Tx) error {
		i, err := tx.Instance(ns, name)
		zone = i.Zone()
		return err
	})
	_ = s.persist(func(ctx context.Context, c *control.Control) error {
		return c.DeregisterOnPremisesInstance(ctx, ns, name)
	})
	s.nap(time.Minute)
	s.update(func(tx *store.Tx) error { return tx.PutInstance(instance(name, zone)) })
}

func instance(name, zone string) deploy.Instance {
	return deploy.Instance{
		Namespace: ns, Name: name, IAMUserARN: hostARN(name), RegisteredAt: time.Now(),
		Tags: []deploy.Tag{{Key: "stage"}, {Key: deploy.ZoneTag, Value: zone}},
	}
}

// acknowledge reports whether the host is to execute the command.
func (s *simulation) acknowledge(name string, cmd *deploy.HostCommand) bool {
	var reply protocol.CommandStatus
	in := control.Acknowledgement{CommandID: cmd.ID, Token: "of " + name, Noop: s.chance(5) == 0}
	err := s.persist(func(ctx context.Context, c *control.Control) (err error) {
		reply, err = c.AcknowledgeHostCommand(ctx, ns, hostARN(name), in)
		return err
	})
	return err == nil && reply == protocol.StatusInProgress
}

// execute takes its time, sometimes more than it has.
func (s *simulation) execute(cmd *deploy.HostCommand) protocol.CommandStatus {
	s.mu.Lock()
	s.ran[cmd.ID]++
	if s.ran[cmd.ID] > 1 {
		s.t.Errorf("%s was executed twice", cmd.ID)
	}
	s.mu.Unlock()
	s.nap(30 * time.Second)
	switch s.chance(60) {
	case 0:
		s.nap(2 * time.Hour)
	case 1, 2:
		return protocol.StatusFailed
	}
	return protocol.StatusSucceeded
}

// define makes the group and its hosts.
func (s *simulation) define(hosts int) {
	app := deploy.Application{Namespace: ns, ID: "app-1", Name: "shop", Platform: deploy.Server}
	s.group = deploy.Group{
		Namespace: ns, ID: "group-1", ApplicationID: app.ID, Name: "prod", Style: deploy.Style{Type: deploy.InPlace},
		OnPremisesFilters: []deploy.TagFilter{{Type: deploy.KeyOnly, Key: "stage"}},
	}
	if s.chance(2) == 0 {
		s.group.Tags = []deploy.Tag{{Key: deploy.SilentTimeoutTag, Value: "2m"}}
	}
	s.update(func(tx *store.Tx) error {
		errs := []error{tx.InsertApplication(app), tx.InsertGroup(s.group)}
		for i := range hosts {
			zone := []string{"", "a", "b"}[s.chance(3)]
			errs = append(errs, tx.PutInstance(instance(fmt.Sprintf("h%d", i), zone)))
		}
		return errors.Join(errs...)
	})
}

// update changes the store, whenever there is one.
func (s *simulation) update(f func(*store.Tx) error) {
	for {
		s.mu.Lock()
		db := s.store
		s.mu.Unlock()
		if db != nil && db.Update(context.Background(), f) == nil {
			return
		}
		time.Sleep(time.Second)
	}
}

// deploy creates a deployment and watches it, and its rollback, to the end.
func (s *simulation) deploy() {
	minimums := []*deploy.MinimumHealthy{
		{Type: deploy.MostConcurrency, Value: 1},
		{Type: deploy.FleetPercent, Value: s.chance(100)},
		{Type: deploy.HostCount, Value: s.chance(5)},
	}
	d := deploy.Deployment{
		Namespace: ns, ID: deploy.NewDeploymentID(), ApplicationID: "app-1", ApplicationName: "shop",
		GroupID: s.group.ID, GroupName: s.group.Name, Platform: deploy.Server, Creator: deploy.CreatorUser,
		Revision:  deploy.Revision{Type: deploy.S3Revision, S3: &deploy.S3Location{Bucket: "b", Key: fmt.Sprint(s.chance(100))}},
		CreatedAt: time.Now(), Status: deploy.Created, Config: deploy.Config{MinimumHealthy: minimums[s.chance(3)]},
		IgnoreApplicationStopFailures: s.chance(2) == 0,
		AutoRollback: &deploy.AutoRollback{
			Enabled: s.chance(2) == 0, Events: []deploy.RollbackEvent{deploy.RollbackOnFailure, deploy.RollbackOnStop},
		},
	}
	if s.chance(2) == 0 {
		monitor := int64(s.chance(600))
		d.Config.Zonal = &deploy.ZonalConfig{
			MonitorSeconds: &monitor, MinimumHealthyPerZone: []*deploy.MinimumHealthy{
				nil, {Type: deploy.HostCount, Value: 1}, {Type: deploy.FleetPercent, Value: s.chance(100)},
			}[s.chance(3)],
		}
	}
	s.update(func(tx *store.Tx) error {
		registered := deploy.RegisteredRevision{Namespace: ns, ApplicationID: d.ApplicationID, Revision: d.Revision}
		return errors.Join(tx.PutRevision(registered), tx.InsertDeployment(d))
	})
	stopAt := time.Now().Add(time.Duration(s.chance(int(20 * time.Minute))))
	stopping := s.chance(3) == 0
	for id, begun := d.ID, time.Now(); id != ""; {
		time.Sleep(time.Second)
		if stopping && time.Now().After(stopAt) {
			stopping = false
			_ = s.persist(func(ctx context.Context, c *control.Control) error {
				_, err := c.StopDeployment(ctx, ns, control.StopDeployment{DeploymentID: id})
				return err
			})
		}
		if next, over := s.look(id); over {
			id, begun = next, time.Now()
		} else if time.Since(begun) > 13*time.Hour {
			s.t.Fatalf("the deployment %s does not end", id)
		}
	}
}

// look checks what must hold of a deployment at any moment, and returns the
// rollback of one that is over.
func (s *simulation) look(id string) (rollback string, over bool) {
	s.mu.Lock()
	db := s.store
	s.mu.Unlock()
	if db == nil {
		return "", false
	}
	var d deploy.Deployment
	var targets []deploy.Target
	err := db.View(context.Background(), func(tx *store.Tx) (err error) {
		if d, err = tx.Deployment(id); err != nil {
			return err
		}
		targets, err = tx.Targets(id)
		return err
	})
	if err != nil {
		return "", false // the server went down meanwhile
	}
	s.check(d, targets)
	if !d.Status.Terminal() {
		return "", false
	}
	if d.Creator == deploy.CreatorRollback && d.Rollback.RollbackID != "" {
		s.t.Errorf("the rollback %s was rolled back", id)
	}
	return d.Rollback.RollbackID, true
}

// check asserts the invariants.
func (s *simulation) check(d deploy.Deployment, targets []deploy.Target) {
	if before, was := s.said[d.ID]; was && before != d.Status {
		s.t.Errorf("%s was %s and became %s", d.ID, before, d.Status)
	}
	if d.Status.Terminal() {
		s.said[d.ID] = d.Status
	}
	pace := rollout.NewPace(len(targets), d.Config.MinimumHealthy)
	busy, failed := 0, 0
	for _, t := range targets {
		switch {
		case t.Status == deploy.TargetFailed:
			failed++
		case t.Outstanding != nil:
			busy++
		}
		if d.Status.Terminal() && !t.Status.Terminal() {
			s.t.Errorf("%s is %s and its target %s is %s", d.ID, d.Status, t.ID, t.Status)
		}
		s.checkEvents(d, t)
	}
	if len(targets) > 0 && pace.Minimum > 0 && busy+failed > pace.Hosts-pace.Minimum {
		s.t.Errorf("%s: %d hosts busy and %d failed of %d, minimum %d", d.ID, busy, failed, pace.Hosts, pace.Minimum)
	}
	if d.Status == deploy.Baking && busy > 0 {
		s.t.Errorf("%s bakes with %d hosts busy", d.ID, busy)
	}
	if d.Overview != nil && *d.Overview != deploy.Count(targets) {
		s.t.Errorf("%s: the overview %+v does not count the targets", d.ID, *d.Overview)
	}
}

// checkEvents: events are in order, and what has ended stays.
func (s *simulation) checkEvents(d deploy.Deployment, t deploy.Target) {
	key := d.ID + " " + t.ID
	seen := s.ended[key]
	if seen == nil {
		seen = map[string]any{}
		s.ended[key] = seen
	}
	open := false
	for _, e := range t.Events {
		if was, ok := seen[e.Name]; ok && was != e.Status {
			s.t.Errorf("%s of %s was %v and became %s", e.Name, key, was, e.Status)
		}
		if e.Status.Terminal() {
			seen[e.Name] = e.Status
		}
		if open && e.Status != deploy.EventPending && e.Status != deploy.EventSkipped {
			s.t.Errorf("%s of %s is %s before its turn", e.Name, key, e.Status)
		}
		open = open || !e.Status.Terminal() || e.Status == deploy.EventSkipped
	}
}
