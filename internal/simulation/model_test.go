package simulation

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// model is what is committed, as plain values. It follows the rows as they
// change, so looking at it costs nothing and disturbs nobody.
type model struct {
	columns     map[string]map[string]int // table, column: its place
	deployments map[string]*deployment
	all         []*deployment // in the order of their creation
	active      []*deployment
	commands    map[string]*command
	groups      map[string]deploy.Group
	instances   map[string]deploy.Instance
	known       map[string]deploy.GroupHost // by group and host
	actions     map[string]openAction       // by id
}

// deployment is a row with what belongs to it.
type deployment struct {
	deploy.Deployment
	stop    *deploy.StopRequest
	told    deploy.Continuation
	wakeAt  int64  // milliseconds
	owner   string // of its lease
	targets []*deploy.Target
	reports int            // that were not taken yet
	live    map[string]int // how many commands of a target wait for something

	settled bool // somebody was told that nothing more will start
	ended   bool // its end was checked

	readingText string
	reading     deploy.AlarmReading // what was last read of its alarms

	alarmedInTime bool // by an alarm, when its end could still be another one

	since int // how many changes the alias, or the service, had had when it was created

	startedHealthy bool // the present transaction started a host that was healthy
}

// never is later than all that happens, in milliseconds. (The store's own is too
// late for a time.Duration.)
const never = int64(1) << 43

// command is a row of a host command.
type command struct {
	deploy.HostCommand
	available int64
	reported  bool
	heard     time.Time // when the report that was not taken yet was stored
	doc       string
}

func newModel(columns map[string][]string) *model {
	m := &model{
		columns: map[string]map[string]int{}, deployments: map[string]*deployment{}, commands: map[string]*command{},
		groups: map[string]deploy.Group{}, instances: map[string]deploy.Instance{}, known: map[string]deploy.GroupHost{}, actions: map[string]openAction{},
	}
	for table, names := range columns {
		m.columns[table] = map[string]int{}
		for i, name := range names {
			m.columns[table][name] = i
		}
	}
	return m
}

// row gives access to the values of a row by the names of its columns.
type row struct {
	columns map[string]int
	values  []any
}

func (r row) text(column string) string  { s, _ := r.values[r.columns[column]].(string); return s }
func (r row) number(column string) int64 { n, _ := r.values[r.columns[column]].(int64); return n }

// parse reads the row's doc.
func parse[T any](doc string) T {
	var v T
	if err := json.Unmarshal([]byte(doc), &v); err != nil {
		panic(err) // the store wrote it
	}
	return v
}

func (m *model) after(c rowChange) row  { return row{m.columns[c.table], c.after} }
func (m *model) before(c rowChange) row { return row{m.columns[c.table], c.before} }

// target returns a target of the deployment, or nil.
func (d *deployment) target(id string) *deploy.Target {
	i := slices.IndexFunc(d.targets, func(t *deploy.Target) bool { return t.ID == id })
	if i < 0 {
		return nil
	}
	return d.targets[i]
}

// put replaces a target.
func (d *deployment) put(t *deploy.Target) {
	if i := slices.IndexFunc(d.targets, func(have *deploy.Target) bool { return have.ID == t.ID }); i >= 0 {
		d.targets[i] = t
		return
	}
	d.targets = append(d.targets, t)
}

// activeIn reports whether a deployment of a group is active.
func (m *model) activeIn(group string) bool {
	return slices.ContainsFunc(m.active, func(d *deployment) bool { return d.GroupName == group })
}

// openAction is a row of an action that has not ended: whose it is, and when it
// can be carried out, in milliseconds.
type openAction struct {
	of  string
	due int64
}

// acts reports whether there is an action to be carried out at that time.
func (m *model) acts(at time.Time) bool {
	for _, a := range m.actions {
		if a.due <= at.UnixMilli() {
			return true
		}
	}
	return false
}

// waiting reports whether a command waits for its host, or runs.
func (m *model) waiting() bool {
	for _, d := range m.active {
		for _, t := range d.targets {
			if d.live[t.ID] > 0 {
				return true
			}
		}
	}
	return false
}

// lastGood returns the newest deployment of the group that had succeeded, other
// than one.
func (m *model) lastGood(groupID string, but *deployment) *deployment {
	var last *deployment
	for _, d := range m.all {
		if d != but && d.GroupID == groupID && d.Status == deploy.Succeeded &&
			(last == nil || !d.CompletedAt.Before(*last.CompletedAt)) {
			last = d
		}
	}
	return last
}
