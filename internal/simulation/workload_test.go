package simulation

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// user deploys to one group, one deployment after the other, and meddles.
type user struct {
	w     *world
	name  string
	group string // its name
	id    int    // how often the group was made
	left  int    // deployments to come
	done  bool
	next  func(*user) control.CreateDeployment // of one who does not deploy to hosts

	ambush *control.StopDeployment // for the worst moment
	late   bool                    // which is when it is too late
}

const application = "shop"

// populate makes servers, hosts, groups and users.
func (w *world) populate() {
	w.admin = &server{w: w, name: "admin", up: true}
	w.admin.db = connect(w, w.admin)
	w.admin.store = store.New(w.admin.db, w.admin.db, noSecrets)
	w.admin.control = control.New(w.admin.store, control.Options{NewID: w.newID})
	app := deploy.Application{Namespace: ns, ID: "app", Name: application, Platform: deploy.Server, CreatedAt: time.Now()}
	w.define(func(tx *store.Tx) error {
		errs := []error{tx.InsertApplication(app)}
		for _, c := range w.configs() {
			c.Namespace, c.ID, c.Platform, c.CreatedAt = ns, c.Name, deploy.Server, time.Now()
			errs = append(errs, tx.InsertConfig(c))
		}
		return errors.Join(errs...)
	})
	w.queue, w.watched = w.once(4), w.once(8)
	w.addAlarms()
	w.addBalancers()
	w.replicas = 1 + w.rand.IntN(3)
	groups := 1
	if w.once(3) {
		groups = 2
	}
	hosts := 1 + w.rand.IntN(5)
	if w.once(10) {
		hosts = 1 + w.rand.IntN(30)
	}
	if w.only != "" && w.only != deploy.Server {
		groups, hosts = 0, 0
	}
	w.log("world", "seed %d: %d servers, %d groups, %d hosts, mood %+v", w.seed, w.replicas, groups, hosts, w.mood)
	for i := range hosts {
		w.register(w.addHost(fmt.Sprintf("h%d", i+1), w.someZone()), groups)
	}
	for i := range groups {
		u := &user{w: w, name: fmt.Sprintf("user%d", i+1), group: fmt.Sprintf("group%d", i+1), left: 1 + w.rand.IntN(3)}
		w.users = append(w.users, u)
		u.makeGroup()
		w.after(w.upTo(time.Minute), u.deploy)
	}
	w.addOthers()
	for i := range w.replicas {
		w.addServer(fmt.Sprintf("server%d", i+1))
	}
	w.watchdog()
}

// addOthers adds Lambda to one world in eight, and ECS to one in eight: or one
// of them to all.
func (w *world) addOthers() {
	has := map[deploy.ComputePlatform]bool{w.only: true}
	if w.only == "" {
		has[deploy.Lambda] = w.once(8)
		// Has a generator of its own, so that all other worlds are as they were.
		has[deploy.ECS] = rand.New(rand.NewPCG(w.seed, 0xec5)).IntN(8) == 0
	}
	if has[deploy.Lambda] || has[deploy.ECS] {
		w.outside = newOutside(w)
	}
	if has[deploy.Lambda] {
		w.addFunctions()
	}
	if has[deploy.ECS] {
		w.addServices()
	}
}

// configs are the configurations of a world beside the predefined ones.
func (w *world) configs() []deploy.Config {
	seconds := func() *int64 {
		n := int64(w.rand.IntN(600))
		return &n
	}
	return []deploy.Config{
		{Name: "percent", MinimumHealthy: &deploy.MinimumHealthy{Type: deploy.FleetPercent, Value: w.rand.IntN(100)}},
		{Name: "half", MinimumHealthy: &deploy.MinimumHealthy{Type: deploy.FleetPercent, Value: w.rand.IntN(50)}},
		{Name: "count", MinimumHealthy: &deploy.MinimumHealthy{Type: deploy.HostCount, Value: w.rand.IntN(3)}},
		{
			Name: "zones", MinimumHealthy: &deploy.MinimumHealthy{Type: deploy.HostCount, Value: w.rand.IntN(3)},
			Zonal: &deploy.ZonalConfig{MonitorSeconds: seconds()},
		},
		{
			Name: "careful-zones", MinimumHealthy: &deploy.MinimumHealthy{Type: deploy.FleetPercent, Value: w.rand.IntN(60)},
			Zonal: &deploy.ZonalConfig{
				FirstZoneMonitorSeconds: seconds(),
				MinimumHealthyPerZone:   &deploy.MinimumHealthy{Type: deploy.FleetPercent, Value: w.rand.IntN(50)},
			},
		},
	}
}

// configName is one of the configurations, or the group's own.
func (w *world) configName() string {
	names := []string{
		"", "percent", "half", "count", "zones", "careful-zones",
		"CodeDeployDefault.OneAtATime", "CodeDeployDefault.HalfAtATime", "CodeDeployDefault.AllAtOnce",
	}
	return names[w.rand.IntN(len(names))]
}

// define changes definitions directly.
func (w *world) define(f func(*store.Tx) error) {
	if err := w.admin.store.Update(context.Background(), f); err != nil {
		w.violated("the simulation is right", "cannot define: %v", err)
	}
}

// someZone is a zone for a host, or none.
func (w *world) someZone() string { return []string{"", "a", "b", "c"}[w.rand.IntN(4)] }

// register registers a host with the tags of some of the groups.
func (w *world) register(h *host, groups int) {
	i := deploy.Instance{
		Namespace: ns, Name: h.name, ARN: ns.InstanceARN(h.name) + "_0123456789", IAMUserARN: h.arn(), RegisteredAt: time.Now(),
	}
	if h.zone != "" {
		i.Tags = append(i.Tags, deploy.Tag{Key: "slipway:zone", Value: h.zone})
	}
	for g := range groups {
		if g == 0 || w.once(2) {
			i.Tags = append(i.Tags, deploy.Tag{Key: fmt.Sprintf("group%d", g+1), Value: "yes"})
		}
	}
	w.define(func(tx *store.Tx) error { return tx.PutInstance(i) })
}

// host returns the host of that name.
func (w *world) host(name string) *host {
	i := slices.IndexFunc(w.hosts, func(h *host) bool { return h.name == name })
	if i < 0 {
		return nil
	}
	return w.hosts[i]
}

func (w *world) usersDone() bool {
	return !slices.ContainsFunc(w.users, func(u *user) bool { return !u.done })
}

// watchdog looks now and then whether all comes to an end.
func (w *world) watchdog() {
	w.rules.overdue()
	w.after(time.Hour, w.watchdog)
}

// makeGroup makes the user's group, or makes it again with another id.
func (u *user) makeGroup() {
	u.id++
	g := deploy.Group{
		Namespace: ns, ID: fmt.Sprintf("%s-%d", u.group, u.id), ApplicationID: "app", Name: u.group, CreatedAt: time.Now(),
		ConfigName: "percent", ServiceRoleARN: "arn:aws:iam::000000000000:role/deploy",
		Style:             deploy.Style{Type: deploy.InPlace, Option: deploy.WithoutTrafficControl},
		OnPremisesFilters: []deploy.TagFilter{{Type: deploy.KeyAndValue, Key: u.group, Value: "yes"}},
		AutoRollback:      u.autoRollback(), OutdatedInstances: "UPDATE", Alarms: u.w.alarmSetting(),
	}
	if u.w.watched && u.w.once(2) {
		g.Tags = []deploy.Tag{{Key: deploy.SilentTimeoutTag, Value: "90s"}}
	}
	u.w.putBehind(&g)
	u.w.define(func(tx *store.Tx) error {
		err := tx.InsertGroup(g)
		if errors.Is(err, store.ErrExists) {
			return nil // its deletion did not arrive
		}
		return err
	})
}

// autoRollback is a setting, or none.
func (u *user) autoRollback() *deploy.AutoRollback {
	if u.w.once(3) {
		return nil
	}
	a := &deploy.AutoRollback{Enabled: true, Events: []deploy.RollbackEvent{deploy.RollbackOnFailure}}
	if u.w.once(2) {
		a.Events = append(a.Events, deploy.RollbackOnStop, deploy.RollbackOnAlarm)
	}
	return a
}

// deploy asks for the next deployment.
func (u *user) deploy() {
	if u.left == 0 {
		u.done = true
		return
	}
	u.left--
	w := u.w
	in := control.CreateDeployment{
		Application: application, Group: u.group, ConfigName: w.configName(),
		Revision: &control.Revision{Type: deploy.S3Revision, S3: &deploy.S3Location{
			Bucket: "bundles", Key: fmt.Sprintf("v%d.zip", w.rand.IntN(4)), BundleType: "zip",
		}},
		IgnoreApplicationStopFailures: w.once(2), UpdateOutdatedInstancesOnly: w.once(5),
	}
	if w.once(3) {
		in.AutoRollback = u.autoRollback()
	}
	if w.once(8) {
		in.AlarmOverride = w.alarmSetting()
	}
	if u.next != nil {
		in = u.next(u)
		u.create(in, u.follow, u.followActive)
		return
	}
	u.create(in, u.follow, u.followActive)
	u.meddle()
	if w.once(5) || w.queue && w.once(2) {
		// Somebody else deploys to the same group without looking.
		w.after(w.upTo(10*time.Minute), func() { u.create(in, func(string) {}, func() {}) })
	}
}

// create asks until there is an answer. A request whose reply was lost may have
// made a deployment: then the group is busy with it.
func (u *user) create(in control.CreateDeployment, then func(id string), busy func()) {
	again := func() { u.w.after(u.w.upTo(10*time.Second), func() { u.create(in, then, busy) }) }
	u.w.send(request{
		from: u.name, what: "create a deployment",
		serve: func(s *server) func() {
			id, err := s.control.CreateDeployment(context.Background(), ns, in)
			if err == nil {
				u.w.rules.created(id)
			}
			return func() {
				switch code := deploy.CodeOf(err); {
				case err == nil:
					u.w.log(u.name, "deploys %s", id)
					then(id)
				case code == "DeploymentLimitExceededException":
					u.w.saw("a deployment is asked for while one is active")
					busy()
				case code != "":
					u.w.log(u.name, "cannot deploy: %v", err)
					busy()
				default:
					again()
				}
			}
		},
		lost: again,
	})
}

// followActive follows whatever the group is busy with.
func (u *user) followActive() {
	for _, d := range u.w.model.all {
		if d.GroupName == u.group && !d.Status.Terminal() {
			u.follow(d.ID)
			return
		}
	}
	u.w.after(u.w.upTo(time.Minute), u.deploy) // it has just ended
}

// follow watches a deployment, and its rollback, to the end. Perhaps it is
// stopped on the way.
func (u *user) follow(id string) {
	if u.w.once(4) {
		in := control.StopDeployment{DeploymentID: id}
		if u.w.once(2) {
			rollback := u.w.once(2)
			in.AutoRollback = &rollback
		}
		if u.w.once(2) {
			u.ambush, u.late = &in, u.w.services != nil && u.w.once(3)
		} else {
			soon := 10 * time.Minute
			if u.next != nil {
				soon = 90 * time.Minute // there is more to wait for
			}
			u.w.after(u.w.upTo(soon), func() { u.stop(in) })
		}
	}
	u.watch(id, time.Minute)
}

// followRollback is follow for somebody who does not want the rollback either,
// now and then, and asks for the one thing that there is not: to roll it back.
func (u *user) followRollback(id string) {
	if !u.w.once(2) {
		u.follow(id)
		return
	}
	rollback := true
	u.ambush = &control.StopDeployment{DeploymentID: id, AutoRollback: &rollback}
	u.watch(id, time.Minute)
}

// ambush lets users who wait for it stop a deployment in the moment in which a
// host takes one of its commands.
func (w *world) ambush(deploymentID string) {
	for _, u := range w.users {
		if u.ambush != nil && u.ambush.DeploymentID == deploymentID && w.once(4) && (!u.late || w.model.deployments[deploymentID].removing()) {
			u.stop(*u.ambush)
			u.ambush = nil
		}
	}
}

func (u *user) watch(id string, every time.Duration) {
	again := func() { u.w.after(u.w.upTo(every), func() { u.watch(id, min(every*2, 20*time.Minute)) }) }
	u.w.send(request{
		from: u.name, what: "look at " + id,
		serve: func(s *server) func() {
			d, err := s.control.GetDeployment(context.Background(), ns, id)
			if err == nil {
				u.w.rules.told(d)
			}
			return func() {
				switch {
				case err != nil || !d.Status.Terminal():
					u.perhapsGoOn(d)
					again()
				case d.Rollback.RollbackID != "":
					u.followRollback(d.Rollback.RollbackID)
				default:
					u.w.after(u.w.upTo(10*time.Minute), u.deploy)
				}
			}
		},
		lost: again,
	})
}

// stop asks until there is an answer.
func (u *user) stop(in control.StopDeployment) {
	again := func() { u.w.after(u.w.upTo(10*time.Second), func() { u.stop(in) }) }
	u.w.send(request{
		from: u.name, what: "stop " + in.DeploymentID,
		serve: func(s *server) func() {
			answer, err := s.control.StopDeployment(context.Background(), ns, in)
			if err == nil {
				u.w.rules.stopAccepted(in.DeploymentID, answer.Status)
			}
			return func() {
				u.w.log(u.name, "stops %s: %s %s", in.DeploymentID, answer.Status, says(err))
				if deploy.CodeOf(err) != "" {
					u.w.saw("a stop is refused")
				}
				if err != nil && deploy.CodeOf(err) == "" {
					again()
				}
			}
		},
		lost: again,
	})
}

// meddle changes what a deployment depends on while it runs.
func (u *user) meddle() {
	w := u.w
	soon := w.upTo(15 * time.Minute)
	switch {
	case w.once(5):
		w.after(soon, u.edit)
	case w.once(20):
		w.after(soon, u.remove)
	case w.once(5):
		w.after(soon, u.deregister)
	case w.once(5):
		w.after(soon, u.join)
	}
}

// do calls a server once; nobody cares whether it arrives.
func (u *user) do(what string, f func(*control.Control) error) {
	u.w.send(request{
		from: u.name, what: what,
		serve: func(s *server) func() {
			err := f(s.control)
			u.w.log(u.name, "%s %s", what, says(err))
			return func() {}
		},
		lost: func() {},
	})
}

// edit changes the group's settings.
func (u *user) edit() {
	in := control.UpdateDeploymentGroup{
		Application: application, Name: u.group, ConfigName: u.w.configName(), AutoRollback: u.autoRollback(), Alarms: u.w.alarmSetting(),
	}
	u.do("edits the group", func(c *control.Control) error {
		return c.UpdateDeploymentGroup(context.Background(), ns, in)
	})
}

// remove deletes the group; it is made again later.
func (u *user) remove() {
	u.do("deletes the group", func(c *control.Control) error {
		return c.DeleteDeploymentGroup(context.Background(), ns, application, u.group)
	})
	u.w.after(time.Minute+u.w.upTo(10*time.Minute), u.makeGroup)
}

// join adds a host.
func (u *user) join() {
	h := u.w.addHost(fmt.Sprintf("h%d", len(u.w.hosts)+1), u.w.someZone())
	u.w.log(u.name, "registers %s", h.name)
	u.w.register(h, len(u.w.users))
}

// deregister takes a host away, and brings it back later.
func (u *user) deregister() {
	h := u.w.hosts[u.w.rand.IntN(len(u.w.hosts))]
	u.do("deregisters "+h.name, func(c *control.Control) error {
		return c.DeregisterOnPremisesInstance(context.Background(), ns, h.name)
	})
	u.w.after(time.Minute+u.w.upTo(30*time.Minute), func() {
		u.w.log(u.name, "registers %s", h.name)
		u.w.register(h, len(u.w.users))
	})
}
