package storetest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// RunReopen checks that a store that was closed has everything when it is
// opened again. Every call of open opens the same database, and leaves closing
// to the caller.
func RunReopen(t *testing.T, open func() *store.Store) {
	s := open()
	do(t, s, insertApplication(shop), insertGroup(prod), insert(deployment("d-1", "g1", 1)),
		putTarget("d-1", "a", 0, deploy.TargetPending), insertCommand(command1("d-1", "c", 1)), putInstance(instance("a", "user-a")),
		func(tx *store.Tx) error {
			c := command1("d-1", "c", 1)
			c.State = deploy.CommandRunning
			return tx.ReportCommand(c)
		},
		func(tx *store.Tx) error { return tx.RequestStop("d-1", deploy.StopRequest{At: at(2)}) })
	before := read(t, s, everything)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open()
	defer s.Close() //nolint:errcheck // it was only read
	if diff := cmp.Diff(before, read(t, s, everything)); diff != "" {
		t.Errorf("after it was opened again (-before +after):\n%s", diff)
	}
	update(t, s, func(tx *store.Tx) error {
		reports, err := tx.TakeReports("d-1")
		equal(t, "reports nobody looked at", len(reports), 1)
		return err
	})
}

// everything reads a bit of each table.
func everything(tx *store.Tx) (out []any, err error) {
	add := func(v any, e error) {
		out = append(out, v)
		if err == nil {
			err = e
		}
	}
	add(tx.Application(ns, "shop"))
	add(tx.Group("app-1", "prod"))
	add(tx.DeploymentRow("d-1"))
	add(dueAt(1, 10)(tx))
	add(tx.Target("d-1", "a"))
	add(tx.Command("c"))
	add(tx.Instance(ns, "a"))
	return out, err
}
