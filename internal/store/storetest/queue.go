package storetest

import (
	"slices"
	"testing"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

func queuedDeployment(id, group string, n int) deploy.Deployment {
	d := deployment(id, group, n)
	d.Status = deploy.Queued
	return d
}

// begin moves a deployment out of the queue.
func begin(id string) func(*store.Tx) error {
	return save(id, time.Time{}, func(d *deploy.Deployment) { d.Move(deploy.InProgress, at(50)) })
}

func testQueue(t *testing.T, s *store.Store) {
	next := func(tx *store.Tx) (string, error) { return tx.NextQueued(ns) }
	first := func(tx *store.Tx) (deploy.Deployment, error) { return tx.FirstQueued("g1") }
	count := func(tx *store.Tx) (int64, error) { return tx.CountActive(ns) }
	missing(t, s, "next of none", next)
	missing(t, s, "first of none", first)

	// Several wait for the group that one holds; they do not count as active.
	elsewhere := queuedDeployment("d-other", "g9", 0)
	elsewhere.Namespace = other
	do(t, s, insert(elsewhere), insert(deployment("d-1", "g1", 1)), insert(queuedDeployment("d-3", "g1", 3)),
		insert(queuedDeployment("d-2", "g1", 2)))
	equal(t, "holder", read(t, s, func(tx *store.Tx) (deploy.Deployment, error) { return tx.ActiveDeployment("g1") }).ID, "d-1")
	equal(t, "first", read(t, s, first).ID, "d-2")
	equal(t, "active", read(t, s, count), 1)
	missing(t, s, "next behind one that holds the group", next)

	// A younger one whose group is free overtakes them, and the order is theirs
	// again when their group is free.
	do(t, s, insert(queuedDeployment("d-4", "g2", 4)))
	equal(t, "next", read(t, s, next), "d-4")
	do(t, s, end("d-1", deploy.Failed, 5))
	equal(t, "next", read(t, s, next), "d-2")
	fails(t, s, store.ErrExists, func(tx *store.Tx) error {
		if err := begin("d-2")(tx); err != nil {
			return err
		}
		return begin("d-3")(tx)
	})
	do(t, s, begin("d-2"))
	equal(t, "next", read(t, s, next), "d-4")
	equal(t, "active", read(t, s, count), 1)
	fails(t, s, store.ErrExists, insert(deployment("d-5", "g1", 6)))
	do(t, s, save("d-3", time.Time{}, func(d *deploy.Deployment) { d.Move(deploy.Stopped, at(51)) }))
	missing(t, s, "first after it was stopped", first)

	// Those of Auto Scaling wait for the account only, not for their group.
	scaling := queuedDeployment("d-6", "g1", 3)
	scaling.Creator = deploy.CreatorAutoScaling
	do(t, s, insert(scaling))
	equal(t, "next", read(t, s, next), "d-6")
	missing(t, s, "first that waits for the group", first)
}

func testWakeGroup(t *testing.T, s *store.Store) {
	nothing := func(*deploy.Deployment) {}
	do(t, s, insert(deployment("d-1", "g1", 1)), insert(queuedDeployment("d-2", "g1", 2)), insert(deployment("d-3", "g2", 3)))
	for _, id := range []string{"d-1", "d-2", "d-3"} {
		do(t, s, save(id, time.Time{}, nothing))
	}
	do(t, s, func(tx *store.Tx) error { return tx.WakeGroup("g1", at(10)) })
	woken := read(t, s, dueAt(10, 10)).IDs
	equal(t, "woken", len(woken), 2)
}

func testAlarmReadings(t *testing.T, s *store.Store) {
	watches := func(tx *store.Tx) ([]store.AlarmWatch, error) { return tx.AlarmWatches(store.Leaseholder{}, at(0)) }
	told, unsubscribe := s.Subscribe(store.TopicAlarms)
	defer unsubscribe()
	quiet := deployment("d-1", "g1", 1)
	quiet.Alarms = &deploy.Alarms{Names: []string{"a"}}
	do(t, s, insert(quiet))
	select {
	case <-told:
		t.Error("told of a deployment that watches no alarms")
	default:
	}
	watching := deployment("d-2", "g2", 2)
	watching.Alarms = &deploy.Alarms{Enabled: true, Names: []string{"a", "b"}}
	do(t, s, insert(watching), save("d-2", time.Time{}, func(*deploy.Deployment) {}))
	select {
	case <-told:
	default:
		t.Error("not told of a deployment that watches alarms")
	}
	want := []store.AlarmWatch{{Namespace: ns, DeploymentID: "d-2", Names: []string{"a", "b"}}}
	equal(t, "watches", read(t, s, watches), want)

	reading := deploy.AlarmReading{At: at(5), Active: []string{"b"}}
	do(t, s, func(tx *store.Tx) error { return tx.PutAlarmReading("d-2", reading, at(6)) })
	want[0].Reading = &reading
	equal(t, "watches with a reading", read(t, s, watches), want)
	woken := read(t, s, dueAt(6, 10)).IDs
	equal(t, "wakes", slices.Contains(woken, "d-2"), true)
	row := func(tx *store.Tx) (store.DeploymentRow, error) { return tx.DeploymentRow("d-2") }
	equal(t, "stored", read(t, s, row).Alarms, &reading)
	do(t, s, save("d-2", time.Time{}, func(d *deploy.Deployment) { d.Move(deploy.InProgress, at(7)) }))
	equal(t, "kept by a save", read(t, s, row).Alarms, &reading)

	do(t, s, save("d-2", time.Time{}, func(d *deploy.Deployment) { d.Move(deploy.Failed, at(8)) }))
	equal(t, "watches after it ended", len(read(t, s, watches)), 0)
	do(t, s, func(tx *store.Tx) error { return tx.PutAlarmReading("d-2", deploy.AlarmReading{At: at(9)}, at(9)) })
	equal(t, "kept when it has ended", read(t, s, row).Alarms, &reading)
}
