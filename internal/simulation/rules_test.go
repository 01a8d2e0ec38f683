package simulation

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/protocol"
)

// rules checks what must hold: of every row that changes (nothing goes back),
// of every deployment that a transaction touched, and of every answer.
//
// They are a second reading of what CodeDeploy documents. Nothing here asks
// the engine, the platform or package rollout what is right.
type rules struct {
	w       *world
	m       *model
	by      *server       // whose transaction it is
	touched []*deployment // by this transaction

	leased map[string]time.Time // until when a command belongs to who polled it
	begun  map[string]int       // how often a host was told to execute a command
}

func newRules(w *world) *rules {
	return &rules{w: w, m: w.model, leased: map[string]time.Time{}, begun: map[string]int{}}
}

func (r *rules) broken(rule, format string, args ...any) { r.w.violated(rule, format, args...) }

// before begins a transaction of a server.
func (r *rules) before(by *server) { r.by, r.touched = by, r.touched[:0] }

func (r *rules) touch(d *deployment) {
	if !slices.Contains(r.touched, d) {
		r.touched = append(r.touched, d)
	}
}

// changed takes a row that changed into the model, and checks the change.
func (r *rules) changed(who string, c rowChange) {
	switch c.table {
	case "deployments":
		r.deploymentChanged(who, c)
	case "targets":
		r.targetChanged(who, c)
	case "host_commands":
		r.commandChanged(who, c)
	case "deployment_groups":
		r.groupChanged(c)
	case "actions":
		r.actionChanged(c)
	case "instances":
		i := parse[deploy.Instance](r.m.after(c).text("doc"))
		r.m.instances[i.Name] = i
	case "group_hosts":
		if c.after != nil {
			h := parse[deploy.GroupHost](r.m.after(c).text("doc"))
			r.m.known[h.GroupID+" "+h.Host] = h
		}
	}
}

func (r *rules) actionChanged(c rowChange) {
	row := r.m.after(c)
	id, of := row.text("id"), row.text("deployment_id")
	if c.before == nil {
		r.actionMade(r.m.deployments[of], id)
	}
	delete(r.m.actions, id)
	if row.number("open") == 1 {
		r.m.actions[id] = openAction{of, max(row.number("due_at"), row.number("claimed_until"))}
	}
}

func (r *rules) groupChanged(c rowChange) {
	if c.after == nil {
		delete(r.m.groups, r.m.before(c).text("id"))
		return
	}
	g := parse[deploy.Group](r.m.after(c).text("doc"))
	r.m.groups[g.ID] = g
}

// ---- deployments ----

// What may become what from one transaction to the next, as CodeDeploy's guide
// describes statuses. (A deployment without targets starts and ends in one; a
// host may be acknowledged and done in one.)
const (
	deploymentMoves = "Created>Queued Created>InProgress Created>Succeeded Queued>Succeeded Created>Failed Created>Stopped " +
		"Queued>InProgress Queued>Failed Queued>Stopped " +
		"InProgress>Baking InProgress>Ready InProgress>Succeeded InProgress>Failed InProgress>Stopped " +
		"Baking>InProgress Baking>Failed Baking>Stopped Ready>InProgress Ready>Stopped Ready>Failed "
	targetMoves = "Pending>InProgress Pending>Failed Pending>Skipped InProgress>Succeeded InProgress>Failed Pending>Succeeded " +
		"InProgress>Ready Ready>InProgress Ready>Failed "
	eventMoves = "Pending>InProgress Pending>Succeeded Pending>Failed Pending>Skipped InProgress>Succeeded InProgress>Failed "
)

func legal[S ~string](moves string, from, to S) bool {
	return from == to || strings.Contains(moves, string(from)+">"+string(to)+" ")
}

func (r *rules) deploymentChanged(who string, c rowChange) {
	row := r.m.after(c)
	id := row.text("id")
	d, known := r.m.deployments[id]
	if !known {
		d = &deployment{live: map[string]int{}}
		r.m.deployments[id] = d
		r.m.all = append(r.m.all, d)
		r.m.active = append(r.m.active, d)
	}
	d.owner = row.text("owner")
	if known {
		r.checkLease(d, r.m.before(c), row)
		if onlyLease(r.m.before(c), row) {
			return
		}
	}
	r.touch(d)
	d.wakeAt = min(row.number("wake_at"), never)
	if text := row.text("stop"); text != "" && d.stop == nil {
		d.stop = new(deploy.StopRequest)
		*d.stop = parse[deploy.StopRequest](text)
		r.w.log(who, "%s is to stop", id)
	}
	if text := row.text("continued"); text != "" {
		d.told = parse[deploy.Continuation](text)
	}
	r.read(d, row.text("alarm_reading"))
	old := d.Deployment
	if known && r.m.before(c).text("doc") == row.text("doc") {
		return
	}
	d.Deployment = parse[deploy.Deployment](row.text("doc"))
	if !known {
		d.since = len(r.w.historyOf(d))
	}
	switch {
	case !known:
		r.w.log(who, "%s is created by %s: %s", id, d.Creator, inShort(d.Config))
		if d.Status == deploy.Queued {
			r.w.saw("a deployment is queued")
		}
		return
	case !legal(deploymentMoves, old.Status, d.Status):
		r.broken("statuses go forward", "%s was %s and becomes %s", id, old.Status, d.Status)
	case old.Status != d.Status:
		r.w.log(who, "%s is %s %s", id, d.Status, why(d.Error))
		r.sawStatus(d)
		if old.Status == deploy.Queued && d.Status == deploy.InProgress {
			r.checkTurn(d)
		}
	}
	if old.Status.Terminal() {
		r.checkFinal(&old, d)
	} else if d.Status.Terminal() {
		r.m.active = slices.DeleteFunc(r.m.active, func(other *deployment) bool { return other == d })
	}
}

// onlyLease reports whether nothing of a deployment has changed but its lease.
func onlyLease(before, after row) bool {
	for column, i := range after.columns {
		if column != "owner" && column != "lease_until" && before.values[i] != after.values[i] {
			return false
		}
	}
	return true
}

// checkLease: a replica advances what is nobody else's, and says that it has
// it; it takes nothing from others. Advancing is what changes the version:
// facts are stored by anybody.
func (r *rules) checkLease(d *deployment, before, after row) {
	if r.w.replicas == 1 || d.Status.Terminal() {
		return
	}
	me, owner, until := r.by.leaseholder(), before.text("owner"), time.UnixMilli(before.number("lease_until"))
	theirs := owner != "" && owner != me && until.After(time.Now().Add(r.w.skew+time.Millisecond))
	advanced := before.number("version") != after.number("version")
	switch {
	case theirs && (advanced || after.text("owner") != owner):
		r.broken("a lease keeps others away", "%s advances %s, which %s has until %s", me, d.ID, owner, until)
	case advanced && after.text("owner") != me:
		r.broken("a lease keeps others away", "%s advances %s without having it", me, d.ID)
	case advanced && owner != "" && owner != me:
		r.w.saw("a replica takes over from another")
	}
}

// checkFinal: what has ended changes no more, but for the news of its rollback and its
// follow-ups.
func (r *rules) checkFinal(old *deploy.Deployment, d *deployment) {
	was, is := *old, d.Deployment
	was.Rollback, is.Rollback = deploy.RollbackInfo{}, deploy.RollbackInfo{}
	was.FollowUps, is.FollowUps = nil, nil
	if encode(was) != encode(is) {
		r.broken("terminal is final", "%s had ended and its record changed", d.ID)
	}
}

// sawStatus notes how a deployment goes.
func (r *rules) sawStatus(d *deployment) {
	kind := "a deployment"
	switch d.Creator {
	case deploy.CreatorRollback:
		kind = "a rollback"
	case deploy.CreatorAutoUpdate:
		kind = "a follow-up"
	case deploy.CreatorUser, deploy.CreatorAutoScaling, deploy.CreatorTermination:
	}
	r.w.saw(strings.TrimSpace(kind + " is " + string(d.Status) + " " + why(d.Error)))
}

func why(e *deploy.ErrorInfo) string {
	if e == nil {
		return ""
	}
	return "(" + string(e.Code) + ")"
}

func inShort(c deploy.Config) string {
	if c.MinimumHealthy == nil {
		return c.Name
	}
	return fmt.Sprintf("%s (%s %d)", c.Name, c.MinimumHealthy.Type, c.MinimumHealthy.Value)
}

// ---- targets ----

func (r *rules) targetChanged(who string, c rowChange) {
	row := r.m.after(c)
	d := r.m.deployments[row.text("deployment_id")]
	r.touch(d)
	t := parse[deploy.Target](row.text("doc"))
	old := d.target(t.ID)
	d.put(&t)
	if t.Outstanding != nil && (old == nil || old.Status == deploy.TargetPending && old.Outstanding == nil) {
		d.startedHealthy = d.startedHealthy || t.WasHealthy
		r.checkMayBeStarted(d, &t)
	}
	if old == nil {
		r.checkSelected(d, &t)
		return
	}
	if !legal(targetMoves, old.Status, t.Status) {
		r.broken("statuses go forward", "the target %s of %s was %s and becomes %s", t.ID, d.ID, old.Status, t.Status)
	}
	if old.Status != t.Status {
		r.w.log(who, "%s: %s is %s", d.ID, t.ID, t.Status)
	}
	for i := range t.Events {
		was, is := &old.Events[i], &t.Events[i]
		if was.Status != is.Status {
			r.eventMoved(d, &t, was, is)
		}
	}
	if old.Status.Terminal() && old.UpdatedAt != t.UpdatedAt && !r.stillRemoves(d, old, &t) {
		r.broken("terminal is final", "the target %s of %s had ended and changed", t.ID, d.ID)
	}
}

// stillRemoves reports whether nothing of a target has changed but what became
// of its task sets, before the deployment's end.
func (r *rules) stillRemoves(d *deployment, old, t *deploy.Target) bool {
	return t.ECS != nil && !d.Status.Terminal() && old.Status == t.Status && encode(old.Events) == encode(t.Events)
}

// eventMoved checks the new status of an event, and that it is true.
func (r *rules) eventMoved(d *deployment, t *deploy.Target, was, is *deploy.LifecycleEvent) {
	if !legal(eventMoves, was.Status, is.Status) {
		r.broken("statuses go forward", "%s of %s in %s was %s and becomes %s", is.Name, t.ID, d.ID, was.Status, is.Status)
	}
	if is.Status == deploy.EventFailed && t.Status == deploy.TargetInProgress {
		r.w.saw("a failure is forgiven")
	}
	if is.Status != deploy.EventSucceeded {
		return
	}
	if t.Function != nil || t.ECS != nil {
		r.hookMoved(d, t, is)
		return
	}
	if is.Name == deploy.BlockTraffic || is.Name == deploy.AllowTraffic {
		r.trafficMoved(d, t, is)
		return
	}
	h, id := r.w.host(t.ID), deploy.CommandID(d.ID, t.ID, is.Name)
	if h == nil || h.results[id] != protocol.StatusSucceeded && !h.noop(is.Name) {
		r.broken("success is never made up", "%s of %s in %s is Succeeded, which its host never said", is.Name, t.ID, d.ID)
	}
}

// checkSelected: a target is registered, in the group, and remembered rightly.
func (r *rules) checkSelected(d *deployment, t *deploy.Target) {
	if t.Function != nil || t.ECS != nil {
		return
	}
	group, exists := r.m.groups[d.GroupID]
	i := r.m.instances[t.ID]
	if !exists || i.DeregisteredAt != nil || !selects(group, i) {
		r.broken("targets are the group's instances", "%s is a target of %s", t.ID, d.ID)
	}
	if zone := r.w.host(t.ID).zone; d.Config.Zonal != nil && t.Zone != zone {
		r.broken("targets are the group's instances", "%s is in the zone %q, and a target of %s in %q", t.ID, zone, d.ID, t.Zone)
	}
	if known := r.m.known[d.GroupID+" "+t.ID]; known.Healthy != t.WasHealthy {
		r.broken("targets are the group's instances", "%s in %s: healthy %v, but the group remembers %v", t.ID, d.ID, t.WasHealthy, known.Healthy)
	}
}

// selects reports whether a group of the simulation has the instance: they
// select by one tag and its value.
func selects(g deploy.Group, i deploy.Instance) bool {
	return slices.ContainsFunc(g.OnPremisesFilters, func(f deploy.TagFilter) bool {
		return slices.Contains(i.Tags, deploy.Tag{Key: f.Key, Value: f.Value})
	})
}

// minimum returns how many of n hosts must stay healthy, and how many may be
// worked on at once.
func minimum(n int, m *deploy.MinimumHealthy) (minimum, concurrency int) {
	if m == nil {
		return max(n-1, 0), 1 // OneAtATime
	}
	switch m.Type {
	case deploy.HostCount:
		minimum = m.Value
	case deploy.FleetPercent:
		for 100*minimum < n*m.Value {
			minimum++
		}
	case deploy.MostConcurrency:
		return max(n-m.Value, 0), m.Value
	}
	return minimum, n - minimum
}

// tally counts the targets of a deployment.
type tally struct {
	hosts, pending, busy, succeeded, failed, skipped int
	pendingHealthy                                   int
}

func (d *deployment) tally() tally { return tallyOf(d.targets) }

func tallyOf(targets []*deploy.Target) (n tally) {
	n.hosts = len(targets)
	for _, t := range targets {
		switch {
		case t.Status == deploy.TargetSucceeded:
			n.succeeded++
		case t.Status == deploy.TargetFailed:
			n.failed++
		case t.Status == deploy.TargetSkipped:
			n.skipped++
		case t.Status == deploy.TargetPending && t.Outstanding == nil:
			n.pending++
			if t.WasHealthy {
				n.pendingHealthy++
			}
		default:
			n.busy++
		}
	}
	return n
}

// checkMayBeStarted: a host is started only while the deployment goes on.
func (r *rules) checkMayBeStarted(d *deployment, t *deploy.Target) {
	if d.stop != nil || d.Ending != nil || d.Status.Terminal() {
		r.broken("nothing starts after the end was decided", "%s is started in %s", t.ID, d.ID)
	}
}

// ---- commands ----

func (r *rules) commandChanged(who string, c rowChange) {
	row := r.m.after(c)
	id := row.text("id")
	cmd, known := r.m.commands[id]
	if !known {
		cmd = &command{}
		r.m.commands[id] = cmd
	}
	cmd.available = row.number("available_at")
	d := r.m.deployments[row.text("deployment_id")]
	r.reportChanged(d, cmd, id, row.number("reported") == 1)
	r.touch(d)
	doc := row.text("doc")
	if h := r.w.host(strings.Split(id, ":")[1]); h != nil && row.number("live") == 1 && cmd.available < 1<<60 {
		h.available(time.UnixMilli(cmd.available))
	}
	if doc == cmd.doc {
		return
	}
	old := cmd.HostCommand
	cmd.doc, cmd.HostCommand = doc, parse[deploy.HostCommand](doc)
	switch {
	case !known:
		r.issued(who, d, cmd)
	case !old.State.Live():
		r.broken("the first report wins", "%s was %s and is written again as %s", id, old.State, cmd.State)
	case old.State == deploy.CommandRunning && cmd.State == deploy.CommandReady:
		r.broken("statuses go forward", "%s was acknowledged and is ready again", id)
	}
	if old.State == deploy.CommandReady && cmd.State == deploy.CommandRunning && (d.stop != nil || d.Ending != nil || d.Status.Terminal()) {
		r.broken("nothing starts after the end was decided", "%s was acknowledged", id)
	}
	if old.State == deploy.CommandRunning && cmd.State == deploy.CommandRunning && !old.AckedAt.Equal(*cmd.AckedAt) {
		r.broken("a command is acknowledged once", "%s was so at %s and at %s", id, old.AckedAt, cmd.AckedAt)
	}
	if known && old.State.Live() && !cmd.State.Live() {
		d.live[cmd.TargetID]--
	}
	if old.State == deploy.CommandReady && cmd.State == deploy.CommandCancelled && d.Ending == nil {
		r.w.saw("a host does not take a command in time")
	}
	if old.State == deploy.CommandRunning && cmd.State == deploy.CommandCancelled {
		r.w.saw("a host does not end a command in time")
	}
	if known && cmd.State == deploy.CommandLost && old.State != cmd.State {
		r.w.saw("a host is deregistered while a command waits for it")
	}
	if known && cmd.Silence != nil && old.Silence == nil {
		r.w.saw("a host is silent")
	}
	if known && cmd.Silence == nil && old.Silence != nil && cmd.State.Live() {
		r.w.saw("a silent host is heard again")
	}
	if old.State != cmd.State {
		r.w.log(who, "%s is %s", id, cmd.State)
	}
}

// reportChanged: what a host said is taken soon, whatever crashes meanwhile.
func (r *rules) reportChanged(d *deployment, cmd *command, id string, reported bool) {
	const soon = 10 * time.Minute
	switch {
	case reported && !cmd.reported:
		cmd.heard = time.Now()
		d.reports++
	case !reported && cmd.reported:
		d.reports--
		if waited := time.Since(cmd.heard); waited > soon {
			r.broken("reports are taken soon", "that on %s waited for %s", id, waited)
		}
	}
	cmd.reported = reported
}

// issued checks a new command.
func (r *rules) issued(who string, d *deployment, cmd *command) {
	d.live[cmd.TargetID]++
	if d.live[cmd.TargetID] > 1 {
		r.broken("one command at a time", "%s is issued while %s has another of %s", cmd.ID, cmd.TargetID, d.ID)
	}
	if d.stop != nil || d.Ending != nil || d.Status.Terminal() {
		r.broken("nothing starts after the end was decided", "%s is issued by %s", cmd.ID, who)
	}
}

// ---- after a transaction ----

// after checks every deployment that the transaction touched.
func (r *rules) after() {
	for _, d := range r.touched {
		r.checkOverview(d)
		r.checkPace(d)
		r.checkZones(d)
		r.checkTargets(d)
		r.checkWake(d)
		r.checkExclusive(d)
		d.startedHealthy = false
		if !d.removing() {
			d.alarmedInTime = d.alarmed()
		}
		if d.Status.Terminal() && !d.ended {
			d.ended = true
			r.checkEnd(d)
		}
	}
}

// checkOverview: the overview counts the targets.
func (r *rules) checkOverview(d *deployment) {
	if d.Overview == nil {
		if len(d.targets) > 0 {
			r.broken("the overview adds up", "%s has targets and no overview", d.ID)
		}
		return
	}
	var want deploy.Overview
	count := map[deploy.TargetStatus]*int{
		deploy.TargetPending: &want.Pending, deploy.TargetInProgress: &want.InProgress, deploy.TargetReady: &want.Ready,
		deploy.TargetSucceeded: &want.Succeeded, deploy.TargetFailed: &want.Failed, deploy.TargetSkipped: &want.Skipped,
	}
	for _, t := range d.targets {
		if n := count[t.Status]; n != nil {
			*n++
		}
	}
	if *d.Overview != want {
		r.broken("the overview adds up", "%s has %+v, its targets are %+v", d.ID, *d.Overview, want)
	}
}

// checkPace: no more hosts are unavailable than the configuration allows. A
// host that is worked on is unavailable, and so is one that failed.
func (r *rules) checkPace(d *deployment) {
	n := d.tally()
	least, most := minimum(n.hosts, d.Config.MinimumHealthy)
	switch {
	case n.hosts == 0 || n.busy == 0:
		return
	case n.busy > most:
		r.broken("the minimum of healthy hosts", "%s works on %d of %d hosts at once; %d are allowed", d.ID, n.busy, n.hosts, most)
	case least > 0 && n.busy+n.failed > n.hosts-least:
		r.broken("the minimum of healthy hosts", "%s has %d hosts busy and %d failed of %d; %d must stay healthy", d.ID, n.busy, n.failed, n.hosts, least)
	}
	fixed := d.Config.MinimumHealthy == nil || d.Config.MinimumHealthy.Type == deploy.MostConcurrency
	if d.startedHealthy && !fixed && n.succeeded+n.pendingHealthy < least {
		r.broken("healthy hosts are spared", "%s leaves %d healthy hosts of %d; %d must stay", d.ID, n.succeeded+n.pendingHealthy, n.hosts, least)
	}
}

// checkTargets: the events of a target are in order, and it waits for the one
// command that is out for it.
func (r *rules) checkTargets(d *deployment) {
	for _, t := range d.targets {
		r.checkEvents(d, t)
		if t.Outstanding == nil {
			if d.live[t.ID] > 0 {
				r.broken("one command at a time", "a command of %s for %s waits, and %s does not wait for it", d.ID, t.ID, t.ID)
			}
			continue
		}
		if t.Outstanding.Action {
			continue
		}
		if cmd := r.m.commands[t.Outstanding.CommandID]; cmd == nil {
			r.broken("one command at a time", "%s waits for %s, which does not exist", t.ID, t.Outstanding.CommandID)
		} else if !cmd.State.Live() && !cmd.reported {
			r.broken("no report is lost", "%s is %s and its target still waits for it", cmd.ID, cmd.State)
		}
	}
}

// checkEvents: each event had its turn, and a target's status is what its
// events make it.
func (r *rules) checkEvents(d *deployment, t *deploy.Target) {
	open, failed := "", ""
	for i := range t.Events {
		e := &t.Events[i]
		begun := e.Status != deploy.EventPending && e.Status != deploy.EventSkipped
		switch {
		case begun && open != "":
			r.broken("events are in order", "%s of %s in %s is %s before the end of %s", e.Name, t.ID, d.ID, e.Status, open)
		case begun && failed != "":
			r.broken("events are in order", "%s of %s in %s is %s after the failure of %s", e.Name, t.ID, d.ID, e.Status, failed)
		}
		forgiven := d.IgnoreApplicationStopFailures &&
			slices.Contains([]string{deploy.ApplicationStop, deploy.BeforeBlockTraffic, deploy.AfterBlockTraffic}, e.Name)
		if e.Status == deploy.EventFailed && !forgiven {
			failed = e.Name
		}
		if e.Status != deploy.EventSucceeded && e.Status != deploy.EventFailed {
			open = e.Name
		}
	}
	if t.Status == deploy.TargetSucceeded && (open != "" || failed != "") {
		r.broken("success is never made up", "%s in %s is Succeeded, but %s%s is not", t.ID, d.ID, open, failed)
	}
	if failed != "" && t.Status != deploy.TargetFailed {
		r.broken("events are in order", "%s of %s in %s failed, and the target is %s", failed, t.ID, d.ID, t.Status)
	}
}

// checkWake: somebody will look at a deployment again, in time.
func (r *rules) checkWake(d *deployment) {
	if d.Status.Terminal() || d.writing() {
		return
	}
	latest := time.Now().Add(d.limit())
	what := "its limit"
	for _, t := range d.targets {
		if o := t.Outstanding; o != nil && !o.Action && o.Due().Before(latest) {
			latest, what = o.Due(), "the timer of "+t.ID
		}
	}
	if d.BakeUntil != nil && d.Ending == nil && d.BakeUntil.Before(latest) {
		latest, what = *d.BakeUntil, "the end of the monitor duration"
	}
	if d.stop != nil && d.Ending == nil && !d.removing() {
		latest, what = time.Now(), "a stop"
	}
	if d.alarmed() && d.Ending == nil && !d.removing() {
		latest, what = time.Now(), "an alarm"
	}
	if wake := time.UnixMilli(d.wakeAt); wake.After(latest.Add(time.Millisecond + 2*r.w.skew)) {
		r.broken("somebody looks again", "%s is looked at again at %s, but %s is due at %s", d.ID, wake, what, latest)
	}
}

// checkExclusive: a group has one deployment at a time.
func (r *rules) checkExclusive(d *deployment) {
	if !holds(d) {
		return
	}
	for _, other := range r.m.all {
		if other != d && other.GroupID == d.GroupID && holds(other) {
			r.broken("one deployment at a time", "%s and %s of the group %s are both active", d.ID, other.ID, d.GroupName)
		}
	}
}

// holds reports whether a deployment keeps others from its group.
func holds(d *deployment) bool { return !d.Status.Terminal() && d.Status != deploy.Queued }

// checkEnd: a deployment that ended left nothing open, ended as its hosts did,
// and is rolled back exactly when it is to be.
func (r *rules) checkEnd(d *deployment) {
	n := d.tally()
	if n.pending+n.busy > 0 {
		r.broken("the end is the end", "%s is %s with %d targets pending and %d busy", d.ID, d.Status, n.pending, n.busy)
	}
	for _, t := range d.targets {
		if d.live[t.ID] > 0 {
			r.broken("the end is the end", "%s is %s and a command for %s still waits", d.ID, d.Status, t.ID)
		}
	}
	least, _ := minimum(n.hosts, d.Config.MinimumHealthy)
	enough := n.succeeded >= max(least, 1)
	switch {
	case d.Status == deploy.Succeeded && n.hosts > 0 && !enough:
		r.broken("success is never made up", "%s is Succeeded with %d of %d hosts; %d must be healthy", d.ID, n.succeeded, n.hosts, least)
	case d.Status == deploy.Failed && d.Error.Code == deploy.HealthConstraints && enough && n.skipped == 0:
		r.broken("failure is never made up", "%s is Failed with %d of %d hosts; %d must be healthy", d.ID, n.succeeded, n.hosts, least)
	case d.Error != nil && d.Error.Code == deploy.InternalError && d.Platform == deploy.Server:
		r.broken("the engine has no fault", "%s: %s", d.ID, d.Error.Message)
	case d.stop != nil && d.settled && d.Status == deploy.Succeeded && n.failed+n.skipped > 0:
		r.broken("an accepted stop stops", "%s is Succeeded", d.ID)
	}
	r.checkAlarmed(d)
	r.checkRollback(d)
	r.checkMemory(d)
	switch d.Platform {
	case deploy.Lambda:
		r.checkCause(d)
		r.checkTraffic(d)
	case deploy.ECS:
		r.checkCause(d)
		r.checkService(d)
	case deploy.Server:
		r.checkBalanced(d)
	}
	if d.UpdateOutdatedInstancesOnly && d.Status == deploy.Succeeded {
		r.w.saw("hosts that are up to date are left out")
	}
}

// checkRollback: there is one if the configuration or the stop asks for it and
// there is something to go back to; of a rollback there is none.
func (r *rules) checkRollback(d *deployment) {
	has := d.Rollback.RollbackID != ""
	if has {
		child := r.m.deployments[d.Rollback.RollbackID]
		if child == nil || child.Creator != deploy.CreatorRollback || child.Rollback.TriggeringID != d.ID {
			r.broken("rollbacks", "%s names the rollback %s, which is none of it", d.ID, d.Rollback.RollbackID)
		}
	}
	if d.Creator != deploy.CreatorUser {
		if has {
			r.broken("a rollback is never rolled back", "%s, made by %s, is", d.ID, d.Creator)
		}
		return
	}
	if due := r.rollbackDue(d); due != has {
		r.broken("rollbacks", "%s is %s %s; rollback due: %v, made: %v", d.ID, d.Status, why(d.Error), due, has)
	}
}

func (r *rules) rollbackDue(d *deployment) bool {
	var event deploy.RollbackEvent
	switch {
	case d.Status == deploy.Succeeded:
		return false
	case d.Status == deploy.Failed:
		event = deploy.RollbackOnFailure
	case d.Error.Code == deploy.ManualStop:
		event = deploy.RollbackOnStop
	case d.Error.Code == deploy.Timeout: // nobody ended the wait before traffic is rerouted: either of two
		event = deploy.RollbackOnStop
		if d.AutoRollback != nil && slices.Contains(d.AutoRollback.Events, deploy.RollbackOnFailure) {
			event = deploy.RollbackOnFailure
		}
	default:
		event = deploy.RollbackOnAlarm
	}
	wanted := d.AutoRollback != nil && d.AutoRollback.Enabled && slices.Contains(d.AutoRollback.Events, event)
	if event == deploy.RollbackOnStop && d.stop != nil && d.stop.AutoRollback != nil {
		wanted = *d.stop.AutoRollback
	}
	_, exists := r.m.groups[d.GroupID]
	switch d.Platform {
	case deploy.Lambda:
		return wanted && exists && slices.ContainsFunc(d.targets, touched)
	case deploy.ECS:
		return wanted && exists && r.wayBack(d)
	case deploy.Server:
	}
	return wanted && exists && r.m.lastGood(d.GroupID, d) != nil && slices.ContainsFunc(d.targets, touched)
}

func touched(t *deploy.Target) bool {
	return t.Status != deploy.TargetPending && t.Status != deploy.TargetSkipped
}

// checkMemory: the group remembers how the last deployment to a host went.
func (r *rules) checkMemory(d *deployment) {
	if _, exists := r.m.groups[d.GroupID]; !exists || d.Platform != deploy.Server {
		return
	}
	for _, t := range d.targets {
		known := r.m.known[d.GroupID+" "+t.ID]
		if !touched(t) {
			continue
		}
		healthy := t.Status == deploy.TargetSucceeded
		if known.Healthy != healthy || healthy && (known.Installed == nil || known.Installed.Key() != d.Revision.Key()) {
			r.broken("the group remembers", "%s is %s in %s, and the group remembers %+v", t.ID, t.Status, d.ID, known)
		}
	}
}

// ---- answers ----

// handedOut: a command goes to its host, and to nobody else while that one may
// be about to acknowledge it.
func (r *rules) handedOut(h *host, cmd deploy.HostCommand) {
	now := time.Now()
	if cmd.HostIdentifier != h.arn() {
		r.broken("a host gets its own commands", "%s got %s", h.name, cmd.ID)
	}
	if until, leased := r.leased[cmd.ID]; leased && now.Add(2*r.w.skew).Before(until) {
		r.broken("a command is handed out once", "%s again before %s", cmd.ID, until)
	}
	if c := r.m.commands[cmd.ID]; c == nil || c.LeasedUntil == nil {
		r.broken("durable before told", "%s is handed out, and not so in the store", cmd.ID)
		return
	}
	if _, before := r.leased[cmd.ID]; before {
		r.w.saw("a command is handed out again")
	}
	r.leased[cmd.ID] = now.Add(10 * time.Second).Truncate(time.Millisecond) // the store counts in those
}

// leasesReleased: a server that is alone took all leases back.
func (r *rules) leasesReleased() { clear(r.leased) }

// acknowledged: what a host is told to do is stored, and told once.
func (r *rules) acknowledged(h *host, id string, status protocol.CommandStatus) {
	if status == protocol.StatusFailed {
		r.w.saw("an acknowledgement is refused")
	}
	if status != protocol.StatusInProgress {
		return
	}
	cmd := r.m.commands[id]
	if cmd == nil || cmd.State != deploy.CommandRunning {
		r.broken("durable before told", "%s is to execute %s, which is %s", h.name, id, cmd.State)
		return
	}
	r.begun[id]++
	switch {
	case r.begun[id] == 1:
	case h.official:
		r.broken("a command is acknowledged once", "%s, which has no token, is told again to execute %s", h.name, id)
	default:
		r.w.saw("an acknowledgement is repeated")
	}
}

// reported: a report that was answered is stored.
func (r *rules) reported(h *host, id string) {
	cmd := r.m.commands[id]
	if cmd == nil || cmd.State.Live() {
		r.broken("durable before told", "the report of %s on %s was answered, and is not stored", h.name, id)
		return
	}
	if cmd.State == deploy.CommandCancelled {
		r.w.saw("a late report changes nothing")
	}
}

// told: what a user is shown of a deployment is committed.
func (r *rules) told(got deploy.Deployment) {
	d := r.m.deployments[got.ID]
	if d == nil || d.Status != got.Status || encode(d.Overview) != encode(got.Overview) {
		r.broken("durable before told", "a user is shown %s as %s", got.ID, got.Status)
	}
}

// stopAccepted: a stop that was answered is stored; "Succeeded" means that
// nothing runs.
func (r *rules) stopAccepted(id, status string) {
	d := r.m.deployments[id]
	if d.stop == nil && d.Status != deploy.Stopped {
		r.broken("durable before told", "the stop of %s was answered, and is not stored", id)
	}
	if d.removing() {
		r.broken("an accepted stop stops", "the stop of %s was accepted, and blue is being removed", id)
	}
	if status != "Succeeded" {
		r.w.saw("a stop waits for what runs")
		return
	}
	r.w.saw("a stop is settled at once")
	d.settled = true
	for _, t := range d.targets {
		if o := t.Outstanding; o != nil && !o.Action && r.m.commands[o.CommandID].State == deploy.CommandRunning {
			r.broken("an accepted stop stops", "the stop of %s is settled while %s runs", id, o.CommandID)
		}
	}
}

// created: the id of a deployment names one.
func (r *rules) created(id string) {
	if r.m.deployments[id] == nil {
		r.broken("durable before told", "%s was created, and is not stored", id)
	}
}

// limit is how long a deployment may take before it is ended.
func (d *deployment) limit() time.Duration {
	switch d.Platform {
	case deploy.Lambda:
		return 50 * time.Hour
	case deploy.ECS:
		return (120 + 50 + 48) * time.Hour
	case deploy.Server:
	}
	return 12 * time.Hour
}

// grace is for what runs when the limit is reached, which is an hour, and for
// servers that are down.
const grace = time.Hour + 30*time.Minute

// atTheEnd: everything has ended.
func (r *rules) atTheEnd() {
	for _, d := range r.m.all {
		if !d.Status.Terminal() {
			r.broken("every deployment ends", "%s is %s", d.ID, d.Status)
		}
	}
}

// checkTurn: deployments to a group leave the queue in the order in which they
// were asked for.
func (r *rules) checkTurn(d *deployment) {
	for _, other := range r.m.all {
		if other.GroupID == d.GroupID && other.Status == deploy.Queued && other.CreatedAt.Before(d.CreatedAt) {
			r.broken("first come, first served", "%s starts before %s", d.ID, other.ID)
		}
	}
}

// checkQueueMoves: nobody waits for a group that has long been free.
func (r *rules) checkQueueMoves(d *deployment) {
	free := d.CreatedAt
	for _, other := range r.m.all {
		switch {
		case other.GroupID != d.GroupID:
		case holds(other):
			return
		case other.CompletedAt != nil && other.CompletedAt.After(free):
			free = *other.CompletedAt
		}
	}
	if time.Since(free) > 15*time.Minute {
		r.broken("the queue moves", "%s is queued, and its group free since %s", d.ID, free)
	}
}

// overdue: a deployment ends within its limit.
func (r *rules) overdue() {
	for _, d := range r.m.all {
		if d.Status == deploy.Queued {
			r.checkQueueMoves(d)
			continue
		}
		since := d.CreatedAt
		if d.StartedAt != nil {
			since = *d.StartedAt // it may have been queued
		}
		if !d.Status.Terminal() && time.Since(since) > d.limit()+grace {
			r.broken("every deployment ends", "%s is %s after %s", d.ID, d.Status, time.Since(since))
		}
	}
}

func encode(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}
