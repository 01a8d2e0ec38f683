package storetest

import (
	"testing"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// command1 is a command of the host "host", made n seconds after the start.
func command1(deploymentID, id string, n int) deploy.HostCommand {
	return deploy.HostCommand{
		Namespace: ns, ID: id, DeploymentID: deploymentID, TargetID: "t", HostIdentifier: "host", Event: deploy.Install,
		State: deploy.CommandReady, CreatedAt: at(n),
	}
}

func insertCommand(c deploy.HostCommand) func(*store.Tx) error {
	return func(tx *store.Tx) error { return tx.InsertCommand(c) }
}

func saveCommand(c deploy.HostCommand) func(*store.Tx) error {
	return func(tx *store.Tx) error { return tx.SaveCommand(c) }
}

func next(n int) func(*store.Tx) (deploy.HostCommand, error) {
	return func(tx *store.Tx) (deploy.HostCommand, error) { return tx.NextCommand(ns, "host", at(n)) }
}

func testCommandOrder(t *testing.T, s *store.Store) {
	do(t, s, insert(deployment("d-1", "g1", 1)))
	missing(t, s, "of none", next(100))
	missing(t, s, "unknown", func(tx *store.Tx) (deploy.HostCommand, error) { return tx.Command("x") })
	first, second, third := command1("d-1", "b", 1), command1("d-1", "a", 2), command1("d-1", "c", 2)
	do(t, s, insertCommand(third), insertCommand(second), insertCommand(first))
	fails(t, s, store.ErrExists, insertCommand(first))
	equal(t, "by id", read(t, s, func(tx *store.Tx) (deploy.HostCommand, error) { return tx.Command("b") }), first)
	for _, want := range []deploy.HostCommand{first, second, third} {
		got := read(t, s, next(100))
		equal(t, "oldest first", got, want)
		got.State = deploy.CommandRunning
		do(t, s, saveCommand(got))
	}
	missing(t, s, "when all run", next(100))
	for what, f := range map[string]func(*store.Tx) (deploy.HostCommand, error){
		"of another host":   func(tx *store.Tx) (deploy.HostCommand, error) { return tx.NextCommand(ns, "x", at(100)) },
		"of another region": func(tx *store.Tx) (deploy.HostCommand, error) { return tx.NextCommand(other, "host", at(100)) },
	} {
		missing(t, s, what, f)
	}
}

func testCommandLease(t *testing.T, s *store.Store) {
	available := func(tx *store.Tx) (int64, error) {
		at, err := tx.NextAvailable(ns, "host")
		return at.Unix(), err
	}
	do(t, s, insert(deployment("d-1", "g1", 1)))
	missing(t, s, "when there is none", available)
	c := command1("d-1", "a", 1)
	do(t, s, insertCommand(c))
	missing(t, s, "before its time", next(0))
	c.LeasedUntil = new(at(30))
	do(t, s, saveCommand(c))
	missing(t, s, "while it is handed out", next(29))
	equal(t, "available", read(t, s, available), at(30).Unix())
	equal(t, "when nobody acknowledged it", read(t, s, next(30)), c)
	do(t, s, (*store.Tx).ReleaseLeases)
	equal(t, "when its lease was released", read(t, s, next(29)), c)
	c.State, c.AckedAt = deploy.CommandRunning, new(at(31))
	do(t, s, saveCommand(c))
	do(t, s, (*store.Tx).ReleaseLeases)
	missing(t, s, "when it runs", available)
	missing(t, s, "when it runs, later", next(1000))
}

func testReports(t *testing.T, s *store.Store) {
	do(t, s, insert(deployment("d-1", "g1", 1)), insert(deployment("d-2", "g2", 1)),
		save("d-1", at(1000), func(*deploy.Deployment) {}), save("d-2", at(1000), func(*deploy.Deployment) {}))
	a, b := command1("d-1", "a", 1), command1("d-1", "b", 1)
	do(t, s, insertCommand(a), insertCommand(b), insertCommand(command1("d-2", "c", 1)))
	running := func(tx *store.Tx) (int, error) { return tx.RunningCommands("d-1") }
	equal(t, "running before", read(t, s, running), 0)
	report := func(c deploy.HostCommand) func(*store.Tx) error {
		return func(tx *store.Tx) error { return tx.ReportCommand(c) }
	}
	a.State = deploy.CommandRunning
	b.State = deploy.CommandSucceeded
	b.Diagnostics = &deploy.Diagnostics{ErrorCode: "Success", LogTail: "é"}
	do(t, s, report(b), report(a))
	equal(t, "running", read(t, s, running), 1)
	equal(t, "due", read(t, s, dueAt(5, 10)).IDs, []string{"d-1"})

	take := func(deploymentID string) []deploy.HostCommand {
		t.Helper()
		var reports []deploy.HostCommand
		update(t, s, func(tx *store.Tx) (err error) {
			reports, err = tx.TakeReports(deploymentID)
			return err
		})
		return reports
	}
	fails(t, s, store.ErrConflict, func(tx *store.Tx) error {
		if reports, err := tx.TakeReports("d-1"); err != nil || len(reports) != 2 {
			t.Errorf("took %d, %v", len(reports), err)
		}
		return store.ErrConflict
	})
	equal(t, "of another deployment", len(take("d-2")), 0)
	equal(t, "taken", take("d-1"), []deploy.HostCommand{a, b})
	equal(t, "taken again", len(take("d-1")), 0)
	equal(t, "due when they are taken", len(read(t, s, dueAt(5, 10)).IDs), 0)
	a.State = deploy.CommandFailed
	do(t, s, report(a))
	equal(t, "a new report", take("d-1"), []deploy.HostCommand{a})
	equal(t, "running after", read(t, s, running), 0)
}

func testCancelCommand(t *testing.T, s *store.Store) {
	do(t, s, insert(deployment("d-1", "g1", 1)))
	done := command1("d-1", "done", 1)
	do(t, s, insertCommand(command1("d-1", "a", 1)), insertCommand(done))
	done.State = deploy.CommandFailed
	do(t, s, saveCommand(done))
	cancel := func(id string) func(*store.Tx) error {
		return func(tx *store.Tx) error { return tx.CancelCommand(id) }
	}
	do(t, s, cancel("a"), cancel("a"), cancel("done"))
	missing(t, s, "cancelled", next(100))
	state := func(id string) deploy.CommandState {
		t.Helper()
		return read(t, s, func(tx *store.Tx) (deploy.HostCommand, error) { return tx.Command(id) }).State
	}
	equal(t, "cancelled", state("a"), deploy.CommandCancelled)
	equal(t, "what ended is not cancelled", state("done"), deploy.CommandFailed)
	fails(t, s, store.ErrNotFound, cancel("x"))
}
