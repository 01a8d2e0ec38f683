package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// deployment is one of a group, made n seconds after the start.
func deployment(id, group string, n int) deploy.Deployment {
	return deploy.Deployment{
		Namespace: ns, ID: id, ApplicationID: "app-1", GroupID: group, GroupName: "prod", Platform: deploy.Server,
		Revision: bundle(id), Creator: deploy.CreatorUser, CreatedAt: at(n), Status: deploy.Created,
		FileExistsBehavior: "DISALLOW",
	}
}

func insert(d deploy.Deployment) func(*store.Tx) error {
	return func(tx *store.Tx) error { return tx.InsertDeployment(d) }
}

// save changes a deployment as the engine does.
func save(id string, wake time.Time, change func(*deploy.Deployment)) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		row, err := tx.DeploymentRow(id)
		if err != nil {
			return err
		}
		change(&row.Deployment)
		return tx.SaveDeployment(row, wake)
	}
}

// end moves a deployment to its last status, n seconds after the start.
func end(id string, status deploy.Status, n int) func(*store.Tx) error {
	return save(id, time.Time{}, func(d *deploy.Deployment) {
		d.Move(deploy.InProgress, at(n))
		d.Move(status, at(n))
	})
}

func testDeployment(t *testing.T, s *store.Store) {
	missing(t, s, "before", func(tx *store.Tx) (deploy.Deployment, error) { return tx.Deployment("d-1") })
	d := deployment("d-1", "g1", 1)
	d.AutoRollback = &deploy.AutoRollback{Enabled: true, Events: []deploy.RollbackEvent{deploy.RollbackOnStop}}
	d.PreviousRevision = new(bundle("old"))
	d.TargetInstances = &deploy.TargetInstances{AutoScalingGroups: []string{"a"}}
	do(t, s, insert(d))
	equal(t, "stored", read(t, s, func(tx *store.Tx) (deploy.Deployment, error) { return tx.Deployment("d-1") }), d)
	fails(t, s, store.ErrExists, insert(deployment("d-1", "g2", 1)))
	row := read(t, s, func(tx *store.Tx) (store.DeploymentRow, error) { return tx.DeploymentRow("d-1") })
	if row.Version < 1 || row.Stop != nil {
		t.Errorf("row %+v", row)
	}
	equal(t, "active", read(t, s, func(tx *store.Tx) (int64, error) { return tx.CountActive(ns) }), 1)
	equal(t, "active elsewhere", read(t, s, func(tx *store.Tx) (int64, error) { return tx.CountActive(other) }), 0)
	do(t, s, end("d-1", deploy.Failed, 2))
	equal(t, "active after it ended", read(t, s, func(tx *store.Tx) (int64, error) { return tx.CountActive(ns) }), 0)
}

func testOneActive(t *testing.T, s *store.Store) {
	active := func(tx *store.Tx) (deploy.Deployment, error) { return tx.ActiveDeployment("g1") }
	missing(t, s, "before", active)
	do(t, s, insert(deployment("d-1", "g1", 1)), insert(deployment("d-2", "g2", 1)))
	equal(t, "active", read(t, s, active).ID, "d-1")
	fails(t, s, store.ErrExists, insert(deployment("d-3", "g1", 2)))
	scaling := deployment("d-4", "g1", 2)
	scaling.Creator = deploy.CreatorAutoScaling
	do(t, s, insert(scaling))
	equal(t, "active beside one of Auto Scaling", read(t, s, active).ID, "d-1")

	// A deployment and what follows it can change places in one transaction.
	do(t, s, end("d-1", deploy.Failed, 3), insert(deployment("d-3", "g1", 3)))
	equal(t, "active", read(t, s, active).ID, "d-3")
}

func testConflict(t *testing.T, s *store.Store) {
	do(t, s, insert(deployment("d-1", "g1", 1)))
	row := read(t, s, func(tx *store.Tx) (store.DeploymentRow, error) { return tx.DeploymentRow("d-1") })
	do(t, s, save("d-1", at(5), func(d *deploy.Deployment) { d.Description = "winner" }))
	row.Deployment.Description = "loser"
	fails(t, s, store.ErrConflict, func(tx *store.Tx) error { return tx.SaveDeployment(row, at(9)) })
	equal(t, "kept", read(t, s, func(tx *store.Tx) (deploy.Deployment, error) { return tx.Deployment("d-1") }).Description, "winner")
	row.Deployment.ID = "d-unknown"
	fails(t, s, store.ErrConflict, func(tx *store.Tx) error { return tx.SaveDeployment(row, at(9)) })
}

// dueAt returns what is due n seconds after the start to an engine that is
// alone.
func dueAt(n, limit int) func(*store.Tx) (store.Due, error) {
	return func(tx *store.Tx) (store.Due, error) { return tx.DueDeployments(store.Leaseholder{}, at(n), limit) }
}

func testWake(t *testing.T, s *store.Store) {
	due := func(n int) []string {
		t.Helper()
		ids := read(t, s, dueAt(n, 10)).IDs
		slices.Sort(ids)
		return ids
	}
	next := func(n int) time.Time {
		t.Helper()
		return read(t, s, dueAt(n, 10)).Next.UTC()
	}
	nothing := func(*deploy.Deployment) {}
	equal(t, "next of none", next(0).IsZero(), true)
	do(t, s, insert(deployment("d-1", "g1", 2)), insert(deployment("d-2", "g2", 1)))
	equal(t, "due at once", due(0), []string{"d-1", "d-2"})
	equal(t, "next when all are due", next(0).IsZero(), true)

	do(t, s, save("d-1", at(30), nothing), save("d-2", at(20), nothing))
	equal(t, "longest due first", read(t, s, dueAt(40, 1)).IDs, []string{"d-2"})
	equal(t, "next", next(10), at(20))
	equal(t, "next behind what is due", next(20), at(30))
	do(t, s, save("d-2", time.Time{}, nothing))
	equal(t, "due before", len(due(29)), 0)
	equal(t, "due then", due(30), []string{"d-1"})
	equal(t, "next that waits for a time", next(10), at(30))

	wake := func(id string, n int) func(*store.Tx) error {
		return func(tx *store.Tx) error { return tx.WakeDeployment(id, at(n)) }
	}
	do(t, s, wake("d-2", 10), wake("d-1", 40))
	equal(t, "woken", due(20), []string{"d-2"})
	equal(t, "a wake-up does not put off", due(30), []string{"d-1", "d-2"})

	do(t, s, end("d-1", deploy.Succeeded, 41), end("d-2", deploy.Failed, 41), wake("d-1", 42))
	equal(t, "due after they ended", len(due(100)), 0)
	equal(t, "next after they ended", next(100).IsZero(), true)
	do(t, s, insert(deployment("d-3", "g3", 1)), save("d-3", time.Time{}, nothing))
	equal(t, "next of one that waits for a report", next(100).IsZero(), true)
}

func testStop(t *testing.T, s *store.Store) {
	do(t, s, insert(deployment("d-1", "g1", 1)), save("d-1", time.Time{}, func(*deploy.Deployment) {}))
	row := func() store.DeploymentRow {
		t.Helper()
		return read(t, s, func(tx *store.Tx) (store.DeploymentRow, error) { return tx.DeploymentRow("d-1") })
	}
	stop := deploy.StopRequest{At: at(5), AutoRollback: new(false)}
	do(t, s, func(tx *store.Tx) error { return tx.RequestStop("d-1", stop) })
	equal(t, "stored", row().Stop, &stop)
	equal(t, "wakes", read(t, s, dueAt(5, 1)).IDs, []string{"d-1"})
	do(t, s, save("d-1", time.Time{}, func(d *deploy.Deployment) { d.Move(deploy.InProgress, at(6)) }))
	equal(t, "kept by a save", row().Stop, &stop)

	equal(t, "no wait was ended", row().Continue, deploy.Continuation{})
	at7, at8 := at(7), at(8)
	continued := deploy.Continuation{Ready: &at7, Termination: &at8}
	do(t, s, func(tx *store.Tx) error { return tx.RequestContinue("d-1", continued, at(8)) })
	equal(t, "the ended waits", row().Continue, continued)
	equal(t, "wakes again", read(t, s, dueAt(8, 1)).IDs, []string{"d-1"})
	do(t, s, save("d-1", time.Time{}, func(d *deploy.Deployment) { d.Move(deploy.Ready, at(9)) }))
	equal(t, "the ended waits, kept by a save", row().Continue, continued)
}

func testLastDeployment(t *testing.T, s *store.Store) {
	attempted := func(tx *store.Tx) (deploy.Deployment, error) { return tx.LastAttempted("g1") }
	successful := func(tx *store.Tx) (deploy.Deployment, error) { return tx.LastSuccessful("g1") }
	missing(t, s, "attempted", attempted)
	missing(t, s, "successful", successful)
	do(t, s, insert(deployment("d-1", "g1", 1)), end("d-1", deploy.Succeeded, 2),
		insert(deployment("d-2", "g1", 3)), end("d-2", deploy.Succeeded, 4),
		insert(deployment("d-3", "g1", 5)), end("d-3", deploy.Failed, 6),
		insert(deployment("d-4", "g2", 7)), end("d-4", deploy.Succeeded, 8))
	equal(t, "attempted", read(t, s, attempted).ID, "d-3")
	equal(t, "successful", read(t, s, successful).ID, "d-2")
}

func testGroupsAt(t *testing.T, s *store.Store) {
	do(t, s, insertApplication(shop), insertGroup(groupNamed("g1", "z")), insertGroup(groupNamed("g2", "a")), insertGroup(groupNamed("g3", "m")))
	for i, group := range []string{"g1", "g2", "g3"} {
		id := fmt.Sprint("d-", i)
		d := deployment(id, group, i)
		d.Revision = bundle("same")
		do(t, s, insert(d), end(id, []deploy.Status{deploy.Succeeded, deploy.Succeeded, deploy.Failed}[i], i))
	}
	equal(t, "groups", read(t, s, func(tx *store.Tx) ([]string, error) { return tx.GroupsAt("app-1", bundle("same")) }), []string{"a", "z"})
	targets := read(t, s, func(tx *store.Tx) ([]string, error) { return tx.TargetRevisions("app-1") })
	equal(t, "target revisions", targets, []string{bundle("same").Key()})
}

func testListing(t *testing.T, s *store.Store) {
	// Two of each second, so that the id decides.
	for i := range 10 {
		id := fmt.Sprint("d-", i)
		do(t, s, insert(deployment(id, fmt.Sprint("g", i%2), i/2)), end(id, []deploy.Status{deploy.Succeeded, deploy.Failed, deploy.Stopped}[i%3], 20))
	}
	elsewhere := deployment("d-x", "g9", 3)
	elsewhere.Namespace = other
	do(t, s, insert(elsewhere))
	for _, c := range []struct {
		name   string
		filter store.DeploymentFilter
		want   string
	}{
		{"all", store.DeploymentFilter{}, "9876543210"},
		{"group", store.DeploymentFilter{GroupID: "g1"}, "97531"},
		{"statuses", store.DeploymentFilter{Statuses: []deploy.Status{deploy.Failed, deploy.Stopped}}, "875421"},
		{"group and status", store.DeploymentFilter{GroupID: "g0", Statuses: []deploy.Status{deploy.Failed}}, "4"},
		{"range", store.DeploymentFilter{From: at(1), To: at(2)}, "5432"},
		{"all filters", store.DeploymentFilter{GroupID: "g1", Statuses: []deploy.Status{deploy.Succeeded}, From: at(1), To: at(4)}, "93"},
	} {
		for _, limit := range []int{1, 3, 100} {
			equal(t, fmt.Sprint(c.name, " by ", limit), walk(t, s, c.filter, limit), c.want)
		}
	}
}

// walk lists page by page and returns the last characters of the ids.
func walk(t *testing.T, s *store.Store, filter store.DeploymentFilter, limit int) string {
	t.Helper()
	var got string
	for {
		keys := read(t, s, func(tx *store.Tx) ([]store.DeploymentKey, error) { return tx.Deployments(ns, filter, limit) })
		for _, k := range keys {
			got += k.ID[2:]
			filter.BeforeID, filter.BeforeTime = k.ID, k.Time
		}
		if len(keys) < limit {
			return got
		}
	}
}

// testHistory checks that deployments outlive what they were made from.
func testHistory(t *testing.T, s *store.Store) {
	do(t, s, insertApplication(shop), insertGroup(prod), insert(deployment("d-1", "g1", 1)), putTarget("d-1", "a", 0, deploy.TargetPending))
	do(t, s, func(tx *store.Tx) error { return tx.DeleteApplication("app-1") })
	err := s.View(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Deployment("d-1")
		_, err2 := tx.Target("d-1", "a")
		return errors.Join(err, err2)
	})
	if err != nil {
		t.Error(err)
	}
}

func putTarget(deploymentID, id string, order int, status deploy.TargetStatus) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		return tx.PutTarget(deploy.Target{DeploymentID: deploymentID, ID: id, Order: order, Status: status, UpdatedAt: at(order)})
	}
}

func testTargets(t *testing.T, s *store.Store) {
	do(t, s, insert(deployment("d-1", "g1", 1)), insert(deployment("d-2", "g2", 1)))
	missing(t, s, "before", func(tx *store.Tx) (deploy.Target, error) { return tx.Target("d-1", "a") })
	do(t, s, putTarget("d-1", "a", 2, deploy.TargetPending), putTarget("d-1", "b", 0, deploy.TargetFailed),
		putTarget("d-1", "c", 1, deploy.TargetPending), putTarget("d-2", "a", 0, deploy.TargetPending))
	do(t, s, putTarget("d-1", "c", 1, deploy.TargetSucceeded))
	var order []string
	for _, target := range read(t, s, func(tx *store.Tx) ([]deploy.Target, error) { return tx.Targets("d-1") }) {
		order = append(order, target.ID)
	}
	equal(t, "order", order, []string{"b", "c", "a"})
	equal(t, "replaced", read(t, s, func(tx *store.Tx) (deploy.Target, error) { return tx.Target("d-1", "c") }).Status, deploy.TargetSucceeded)
	ids := func(after string, limit int, statuses ...deploy.TargetStatus) []string {
		t.Helper()
		return read(t, s, func(tx *store.Tx) ([]string, error) { return tx.TargetIDs("d-1", statuses, after, limit) })
	}
	equal(t, "ids", ids("", 2), []string{"a", "b"})
	equal(t, "next ids", ids("b", 2), []string{"c"})
	equal(t, "ids by status", ids("", 5, deploy.TargetPending, deploy.TargetSucceeded), []string{"a", "c"})
	equal(t, "next ids by status", ids("a", 5, deploy.TargetPending, deploy.TargetSucceeded), []string{"c"})
}
