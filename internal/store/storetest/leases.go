package storetest

import (
	"testing"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// Engines on one store. Their leases last so long that no test
// sees one end, or end at once.
var (
	replicaA = store.Leaseholder{Name: "a", Term: time.Hour}
	replicaB = store.Leaseholder{Name: "b", Term: time.Hour}
	formerA  = store.Leaseholder{Name: "a", Term: -time.Hour}
)

// claim claims a deployment and saves it, waiting for a report.
func claim(id string, by store.Leaseholder) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		c, err := tx.ClaimDeployment(id, by, at(1))
		if err != nil {
			return err
		}
		return tx.SaveDeployment(c.DeploymentRow, time.Time{})
	}
}

// unbroken claims a deployment and says whether nobody else had it meanwhile.
func unbroken(t *testing.T, s *store.Store, id string, by store.Leaseholder) bool {
	t.Helper()
	var c store.Claim
	rows(t, s, func(tx *store.Tx) (err error) {
		c, err = tx.ClaimDeployment(id, by, at(1))
		return err
	})
	return c.Unbroken
}

// rows runs changes that must succeed, as engines do.
func rows(t *testing.T, s *store.Store, changes ...func(*store.Tx) error) {
	t.Helper()
	for _, change := range changes {
		if err := s.UpdateRows(t.Context(), change); err != nil {
			t.Fatal(err)
		}
	}
}

func testLeases(t *testing.T, s *store.Store) {
	due := func(by store.Leaseholder) []string {
		t.Helper()
		return read(t, s, func(tx *store.Tx) (store.Due, error) { return tx.DueDeployments(by, at(1), 10) }).IDs
	}
	command := command1("d-1", "c", 1)
	report := func() {
		t.Helper()
		do(t, s, func(tx *store.Tx) error { return tx.ReportCommand(command) })
	}
	do(t, s, insert(deployment("d-1", "g1", 1)), insertCommand(command))
	equal(t, "a new one is anybody's", due(replicaB), []string{"d-1"})
	equal(t, "a first claim", unbroken(t, s, "d-1", replicaA), false)
	rows(t, s, claim("d-1", replicaA))
	equal(t, "the next claim", unbroken(t, s, "d-1", replicaA), true)
	report()
	equal(t, "due to its holder", due(replicaA), []string{"d-1"})
	equal(t, "due to another", len(due(replicaB)), 0)
	equal(t, "due to who is alone", due(store.Leaseholder{}), []string{"d-1"})
	fails(t, s, store.ErrLeased, claim("d-1", replicaB))

	rows(t, s, claim("d-1", formerA)) // a was not heard of for long
	equal(t, "due to another when the lease has ended", due(replicaB), []string{"d-1"})
	equal(t, "to its holder it has ended too", unbroken(t, s, "d-1", replicaA), false)
	rows(t, s, claim("d-1", replicaB))
	fails(t, s, store.ErrLeased, claim("d-1", replicaA))

	extend := func(by store.Leaseholder) []string {
		t.Helper()
		ids, err := s.ExtendLeases(t.Context(), by, at(1))
		if err != nil {
			t.Fatal(err)
		}
		return ids
	}
	equal(t, "extended by who has none", len(extend(replicaA)), 0)
	fails(t, s, store.ErrLeased, claim("d-1", replicaA))
	rows(t, s, claim("d-1", store.Leaseholder{Name: "b", Term: -time.Hour}))
	equal(t, "extended", extend(replicaB), []string{"d-1"})
	fails(t, s, store.ErrLeased, claim("d-1", replicaA))
	next := read(t, s, func(tx *store.Tx) (store.Due, error) { return tx.DueDeployments(replicaA, at(1), 10) }).Next
	if left := next.Sub(at(1)); left < 50*time.Minute || left > time.Hour {
		t.Errorf("another looks again in %v, want when the lease ends", left)
	}

	told, unsubscribe := s.Subscribe(store.TopicDeployments)
	defer unsubscribe()
	if err := s.EndLeases(t.Context(), replicaB, at(1)); err != nil {
		t.Fatal(err)
	}
	select {
	case <-told:
	default:
		t.Error("nobody was told that the leases were given back")
	}
	rows(t, s, claim("d-1", replicaA))
	rows(t, s, end("d-1", deploy.Succeeded, 9))
	equal(t, "due when it has ended", len(due(replicaA)), 0)
}

// testLostLease: a claim that was made before somebody else saved cannot be
// saved after it.
func testLostLease(t *testing.T, s *store.Store) {
	do(t, s, insert(deployment("d-1", "g1", 1)))
	var slow store.Claim
	rows(t, s, func(tx *store.Tx) (err error) {
		slow, err = tx.ClaimDeployment("d-1", formerA, at(1))
		return err
	}, claim("d-1", replicaB))
	fails(t, s, store.ErrConflict, func(tx *store.Tx) error { return tx.SaveDeployment(slow.DeploymentRow, at(9)) })
	equal(t, "owner", read(t, s, func(tx *store.Tx) (store.DeploymentRow, error) { return tx.DeploymentRow("d-1") }).Lease.Owner, "b")
}
