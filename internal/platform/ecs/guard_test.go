package ecs

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/provider/container"
)

// promote makes a task set primary, as somebody else would.
func promote(st *story, arn string) {
	st.world.EditTaskSets(cluster, shop, func(t *container.TaskSet) {
		switch {
		case t.ARN == arn:
			t.Status = container.Primary
		case t.Status == container.Primary:
			t.Status = container.Active
		}
	})
}

// TestPrimaryIsNeverRemoved: neither at the end of a deployment nor in a
// rollback, whoever made it primary.
func TestPrimaryIsNeverRemoved(t *testing.T) {
	t.Parallel()
	t.Run("the original", func(t *testing.T) {
		t.Parallel()
		st := newStory(t, with(deployment("AllAtOnce"), waits(0, 60)))
		st.plans = []plan{{time.Minute, func(st *story) { promote(st, blueARN) }}}
		d := st.run()
		if d.Status != deploy.Failed || d.Error.Code != deploy.InternalError || d.Ending.Rollback == nil || *d.Ending.Rollback {
			t.Errorf("%s %+v %+v", d.Status, d.Error, d.Ending)
		}
		if got, want := st.describe(), "0/100 test 0/100, original PRIMARY, 2 ACTIVE"; got != want {
			t.Errorf("it left %s, want %s", got, want)
		}
	})
	t.Run("the replacement", func(t *testing.T) {
		t.Parallel()
		st := newStory(t, deployment("AllAtOnce", deploy.AfterInstall))
		st.plans = []plan{answer(time.Minute, deploy.EventFailed)}
		st.run()
		green := st.s.Targets[0].ECS.Green.ARN
		st.world.Fault = func(string) error {
			if len(st.open) > 0 && st.open[0].action.Kind == removeGreen {
				promote(st, green)
			}
			return nil
		}
		if d := st.rollback(); d.Status != deploy.Failed || d.Error.Code != deploy.InternalError {
			t.Errorf("%s %+v", d.Status, d.Error)
		}
		if got, want := st.describe(), "100/0 test 100/0, original ACTIVE, 2 PRIMARY"; got != want {
			t.Errorf("it left %s, want %s", got, want)
		}
	})
}

// TestUnknownLeftover: a task set of an earlier deployment that never learned
// that it had made it.
func TestUnknownLeftover(t *testing.T) {
	t.Parallel()
	st := newStory(t, deployment("AllAtOnce"))
	st.world.AddTaskSet(cluster, shop, container.TaskSet{
		ARN: "lost", ID: "ecs-svc/lost", ExternalID: "d-0", Status: container.Active, TargetGroupARN: groupB,
	})
	st.early = []deploy.Target{{DeploymentID: "d-0", ECS: &deploy.ECSTarget{}}}
	d := st.run()
	if got, want := st.describe(), "0/100 test 0/100, original DRAINING, lost DRAINING, 3 PRIMARY"; d.Status != deploy.Succeeded || got != want {
		t.Errorf("%s %+v, left %s, want %s", d.Status, d.Error, got, want)
	}
}

// TestLeftoverThatServes: what an earlier deployment replaced is behind the
// target group that serves, because somebody made another task set there
// primary. It has a part of the traffic, so it is not removed. (Seed 65 of the
// simulation of ECS alone found it.)
func TestLeftoverThatServes(t *testing.T) {
	t.Parallel()
	st := newStory(t, deployment("AllAtOnce"))
	st.world.AddTaskSet(cluster, shop, container.TaskSet{
		ARN: "theirs", ID: "ecs-svc/theirs", Status: container.Active, TargetGroupARN: groupA, Desired: 3,
	})
	promote(st, "theirs")
	st.early = []deploy.Target{{DeploymentID: "d-0", ECS: &deploy.ECSTarget{Blue: deploy.TaskSet{ARN: blueARN}}}}
	d := st.run()
	if got, want := st.describe(), "0/100 test 0/100, original ACTIVE, theirs DRAINING, 3 PRIMARY"; d.Status != deploy.Succeeded || got != want {
		t.Errorf("%s %+v, left %s, want %s", d.Status, d.Error, got, want)
	}
}

// TestPolls: a new task set is looked at every five seconds for a minute, and
// then every fifteen.
func TestPolls(t *testing.T) {
	t.Parallel()
	st := newStory(t, deployment("AllAtOnce"))
	st.world.SteadyAfter = 100 * time.Second
	var looks []int
	st.world.Fault = func(string) error {
		if len(st.open) > 0 && st.open[0].action.ID == "d-1:steady" {
			looks = append(looks, int(st.now.Sub(st.start).Seconds()))
		}
		return nil
	}
	st.run()
	want := []int{0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 75, 90, 105}
	if diff := cmp.Diff(want, looks); diff != "" {
		t.Errorf("seconds (-want +got):\n%s", diff)
	}
}

// TestShownWhileItInstalls: counts are those of the last look.
func TestShownWhileItInstalls(t *testing.T) {
	t.Parallel()
	st := newStory(t, deployment("AllAtOnce"))
	st.world.SteadyAfter = time.Hour / 2
	var seen deploy.ECSTarget
	st.plans = []plan{{time.Minute, func(st *story) { seen = *st.s.Targets[0].ECS }}}
	st.run()
	want := []deploy.TaskSet{
		{
			ID: "ecs-svc/original", ARN: blueARN, TargetGroup: "tg-a", TargetGroupARN: groupA, Status: container.Primary,
			Desired: 3, Running: 3, Weight: 100,
		},
		{
			ID: "ecs-svc/2", ARN: service + "/ecs-svc/2", TargetGroup: "tg-b", TargetGroupARN: groupB, Status: container.Active,
			Desired: 3, Pending: 3,
		},
	}
	if diff := cmp.Diff(want, []deploy.TaskSet{seen.Blue, seen.Green}); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestReadyWaitEnds: it is rolled back if failures are, or stops.
func TestReadyWaitEnds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		events []deploy.RollbackEvent
		want   bool
	}{
		"failures":         {[]deploy.RollbackEvent{deploy.RollbackOnFailure}, true},
		"stops":            {[]deploy.RollbackEvent{deploy.RollbackOnStop}, true},
		"both":             {[]deploy.RollbackEvent{deploy.RollbackOnStop, deploy.RollbackOnFailure}, true},
		"alarms":           {[]deploy.RollbackEvent{deploy.RollbackOnAlarm}, false},
		"nothing whatever": {nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := newStory(t, with(deployment("AllAtOnce"), waits(60, 0), func(d *deploy.Deployment) {
				d.AutoRollback = &deploy.AutoRollback{Enabled: true, Events: c.events}
			}))
			d := st.run()
			if got := d.RolledBackAfter(d.Ending.Event, d.Ending.Rollback); got != c.want || d.Status != deploy.Stopped {
				t.Errorf("%s, rolled back %t, want %t", d.Status, got, c.want)
			}
		})
	}
}

// TestNothingIsWrittenTwice: what is as it should be is not written.
func TestNothingIsWrittenTwice(t *testing.T) {
	t.Parallel()
	st := newStory(t, deployment("AllAtOnce"))
	st.world.SetRoute(route(prod, prod, groupA, 100, groupB, 0))
	st.world.SetRoute(route(test, test, groupB, 1))
	writes := 0
	st.world.Fault = func(call string) error {
		if call == "Forward" {
			writes++
		}
		return nil
	}
	if d := st.run(); d.Status != deploy.Succeeded || writes != 1 {
		t.Errorf("%s %+v after %d writes", d.Status, d.Error, writes)
	}
}
