package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// stopCase is a state in which a stop is asked for.
type stopCase struct {
	name string
	// reach makes a deployment with the options, the newest, and brings it
	// there. The group's last good one is d-000000001.
	reach   func(w *world, options string)
	reply   string // status, or the exception
	finish  string // what a host does then
	status  deploy.Status
	code    deploy.ErrorCode
	touched bool // a host was attempted, so that there is something to roll back
}

const alreadyCompleted = "DeploymentAlreadyCompletedException"

var stopCases = []stopCase{
	{
		name: "created", reply: "Succeeded", status: deploy.Stopped, code: deploy.ManualStop,
		reach: func(w *world, options string) { w.do(strings.Fields("create v2.tgz " + options)) },
	},
	{
		name: "queued", reply: "Succeeded", status: deploy.Stopped, code: deploy.ManualStop,
		reach: func(w *world, options string) { w.plays("create v9.tgz", "create v2.tgz "+options) },
	},
	{
		name: "in progress, nothing runs", reply: "Succeeded", status: deploy.Stopped, code: deploy.ManualStop,
		reach: func(w *world, options string) { w.plays("create v2.tgz " + options) },
	},
	{
		name: "in progress, a host between two events", reply: "Succeeded", status: deploy.Stopped, code: deploy.ManualStop, touched: true,
		reach: func(w *world, options string) {
			w.plays("create v2.tgz "+options, "web-1 ack ApplicationStop", "web-1 ok ApplicationStop")
		},
	},
	{
		name: "in progress, a host runs and succeeds", reply: "Pending", finish: "web-1 ok ApplicationStop",
		status: deploy.Stopped, code: deploy.ManualStop, touched: true,
		reach: func(w *world, options string) { w.plays("create v2.tgz "+options, "web-1 ack ApplicationStop") },
	},
	{
		name: "in progress, a host runs and fails", reply: "Pending", finish: "web-1 fail ApplicationStop",
		status: deploy.Stopped, code: deploy.ManualStop, touched: true,
		reach: func(w *world, options string) { w.plays("create v2.tgz "+options, "web-1 ack ApplicationStop") },
	},
	{
		name: "in progress, a host runs and falls silent", reply: "Pending", finish: "tick 1h",
		status: deploy.Stopped, code: deploy.ManualStop, touched: true,
		reach: func(w *world, options string) { w.plays("create v2.tgz "+options, "web-1 ack ApplicationStop") },
	},
	{
		name: "baking", reply: "Succeeded", status: deploy.Stopped, code: deploy.ManualStop, touched: true,
		reach: func(w *world, options string) {
			w.plays("create v2.tgz "+options, "web-1 runs")
			w.force("d-000000002", deploy.Baking)
		},
	},
	{
		name: "ready", reply: "Succeeded", status: deploy.Stopped, code: deploy.ManualStop, touched: true,
		reach: func(w *world, options string) {
			w.plays("create v2.tgz "+options, "web-1 runs")
			w.force("d-000000002", deploy.Ready)
		},
	},
	{
		name: "stopped by a request", reply: "Succeeded", status: deploy.Stopped, code: deploy.ManualStop,
		reach: func(w *world, options string) { w.plays("create v2.tgz "+options, "stop no-rollback") },
	},
	{
		name: "stopped by an alarm", reply: alreadyCompleted, status: deploy.Stopped, code: deploy.AlarmActive,
		reach: func(w *world, options string) {
			w.plays("alarms errors=ALARM", "create v2.tgz alarms=errors "+options)
		},
	},
	{
		name: "succeeded", reply: alreadyCompleted, status: deploy.Succeeded,
		reach: func(w *world, options string) { w.plays("create v2.tgz "+options, "all runs") },
	},
	{
		name: "failed", reply: alreadyCompleted, status: deploy.Failed, code: deploy.HealthConstraints,
		reach: func(w *world, options string) {
			w.plays("create v2.tgz "+options, "web-1 ack ApplicationStop", "web-1 fail ApplicationStop")
		},
	},
}

// TestStop asks for a stop in every state of a deployment, with each value of
// autoRollbackEnabled, for a deployment that is configured to be rolled back
// then and for one that is not.
func TestStop(t *testing.T) {
	t.Parallel()
	for _, c := range stopCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for i, flag := range []*bool{nil, new(true), new(false), nil, new(true), new(false)} {
				if i%thinned == 0 {
					c.check(t, flag, i < 3)
				}
			}
		})
	}
}

func (c stopCase) check(t *testing.T, flag *bool, configured bool) {
	w := newWorld(t)
	defer func() { w.store.Close() }()
	w.plays("hosts web-1 web-2 web-3", "create v1.tgz", "all runs")
	options := ""
	if configured {
		options = "rollback=STOP_ON_REQUEST"
	}
	c.reach(w, options)
	id := w.newest()
	what := fmt.Sprintf("flag %v, configured %v", show(flag), configured)

	for range 2 {
		if got := w.stopReply(id, flag); got != c.reply {
			t.Errorf("%s: the reply is %s, want %s", what, got, c.reply)
		}
	}
	w.settle()
	if c.finish != "" {
		if d := w.deployment(id); d.Status != deploy.InProgress {
			t.Errorf("%s: %s while a host runs", what, d.Status)
		}
		w.plays(c.finish)
		if got := w.stopReply(id, flag); got != "Succeeded" {
			t.Errorf("%s: the reply after it stopped is %s", what, got)
		}
	}
	d := w.deployment(id)
	if d.Status != c.status || d.CompletedAt == nil || d.Error != nil && d.Error.Code != c.code || d.Error == nil && c.code != "" {
		t.Errorf("%s: it ended as %s, %+v", what, d.Status, d.Error)
	}
	if want := c.touched && (flag == nil && configured || flag != nil && *flag); want != (d.Rollback.RollbackID != "") {
		t.Errorf("%s: rollback %+v", what, d.Rollback)
	}
	for _, target := range w.targets(id) {
		if !target.Status.Terminal() {
			t.Errorf("%s: %s is %s", what, target.ID, target.Status)
		}
	}
}

func show(flag *bool) string {
	if flag == nil {
		return "absent"
	}
	return fmt.Sprint(*flag)
}

// plays runs lines of a transcript.
func (w *world) plays(lines ...string) {
	for _, line := range lines {
		w.do(strings.Fields(line))
		w.settle()
	}
}

// newest returns the id of the deployment that was made last.
func (w *world) newest() string { return fmt.Sprintf("d-%09d", w.ids) }

func (w *world) deployment(id string) (d deploy.Deployment) {
	w.view(func(tx *store.Tx) (err error) {
		d, err = tx.Deployment(id)
		return err
	})
	return d
}

func (w *world) targets(id string) (targets []deploy.Target) {
	w.view(func(tx *store.Tx) (err error) {
		targets, err = tx.Targets(id)
		return err
	})
	return targets
}

// force puts a deployment into a status that in-place deployments without
// zones do not get into.
func (w *world) force(id string, status deploy.Status) {
	w.update(func(tx *store.Tx) error {
		row, err := tx.DeploymentRow(id)
		if err != nil {
			return err
		}
		row.Deployment.Move(status, w.now)
		return tx.SaveDeployment(row, w.now.AddDate(1, 0, 0))
	})
	w.crash() // the engine has it in memory otherwise
}

func (w *world) stopReply(id string, rollback *bool) string {
	reply, err := w.control.StopDeployment(w.t.Context(), ns, control.StopDeployment{DeploymentID: id, AutoRollback: rollback})
	if err != nil {
		return deploy.CodeOf(err)
	}
	return reply.Status
}
