package storetest

import (
	"testing"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// action1 is an action made n seconds after the start.
func action1(deploymentID, id string, n int) deploy.Action {
	return deploy.Action{
		Namespace: ns, ID: id, DeploymentID: deploymentID, Kind: "Shift", Input: []byte(`{"weight":1}`),
		CreatedAt: at(n), Deadline: at(n + 1000),
	}
}

func insertAction(a deploy.Action) func(*store.Tx) error {
	return func(tx *store.Tx) error { return tx.InsertAction(a) }
}

// claimActions claims what is due n seconds after the start, for a minute: half of it
// is for the try.
func claimActions(t *testing.T, s *store.Store, n, limit int) (ids []string) {
	t.Helper()
	update(t, s, func(tx *store.Tx) error {
		due, err := tx.ClaimActions(at(n), 30*time.Second, limit)
		ids = nil
		for _, a := range due {
			ids = append(ids, a.ID)
		}
		return err
	})
	return ids
}

// saveAction saves an outcome n seconds after the start.
func saveAction(t *testing.T, s *store.Store, a deploy.Action, status deploy.OutcomeStatus, n, due int) (saved bool) {
	t.Helper()
	update(t, s, func(tx *store.Tx) (err error) {
		a.Outcome = &deploy.Outcome{Status: status, At: at(n), Output: []byte(`"x"`)}
		saved, err = tx.SaveAction(a, at(due), at(n))
		return err
	})
	return saved
}

func takeOutcomes(t *testing.T, s *store.Store, deploymentID string) (ids []string) {
	t.Helper()
	update(t, s, func(tx *store.Tx) error {
		outcomes, err := tx.TakeOutcomes(deploymentID)
		ids = nil
		for _, a := range outcomes {
			ids = append(ids, a.ID)
		}
		return err
	})
	return ids
}

// toldOfActions fails the test unless who carries out actions was told.
func toldOfActions(t *testing.T, told <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-told:
	default:
		t.Errorf("nobody was told of an action that %s", what)
	}
}

func testActions(t *testing.T, s *store.Store) {
	told, unsubscribe := s.Subscribe(store.TopicActions)
	defer unsubscribe()
	nextAction := func(want time.Time) {
		t.Helper()
		equal(t, "next", read(t, s, (*store.Tx).NextAction).UTC(), want)
	}
	equal(t, "next of none", read(t, s, (*store.Tx).NextAction), time.Time{})
	do(t, s, insert(deployment("d-1", "g1", 1)))
	a, b, c := action1("d-1", "a", 2), action1("d-1", "b", 1), action1("d-1", "c", 1)
	do(t, s, insertAction(a), insertAction(b), insertAction(c))
	toldOfActions(t, told, "is new")
	fails(t, s, store.ErrExists, insertAction(a))
	equal(t, "as it was stored", read(t, s, func(tx *store.Tx) (deploy.Action, error) { return tx.Action("a") }), a)
	missing(t, s, "unknown", func(tx *store.Tx) (deploy.Action, error) { return tx.Action("x") })
	nextAction(at(1))

	equal(t, "too early", claimActions(t, s, 0, 10), nil)
	equal(t, "the oldest", claimActions(t, s, 5, 1), []string{"b"})
	equal(t, "the rest", claimActions(t, s, 5, 10), []string{"c", "a"})
	equal(t, "while claimed", claimActions(t, s, 64, 10), nil)
	nextAction(at(65))
	equal(t, "when who claimed it is gone", claimActions(t, s, 65, 10), []string{"b", "c", "a"})
	do(t, s, (*store.Tx).ReleaseActions)
	equal(t, "released", claimActions(t, s, 66, 1), []string{"b"})

	a.Tries = 1
	do(t, s, func(tx *store.Tx) error { return tx.RetryAction(a, at(90)) })
	toldOfActions(t, told, "is tried again")
	equal(t, "between tries", claimActions(t, s, 89, 10), []string{"c"})
	equal(t, "tried again", claimActions(t, s, 90, 10), []string{"a"})
	equal(t, "tries", read(t, s, func(tx *store.Tx) (deploy.Action, error) { return tx.Action("a") }).Tries, 1)
	equal(t, "no outcome", takeOutcomes(t, s, "d-1"), nil)
	saveAction(t, s, a, deploy.ActionWaiting, 91, 95)
	toldOfActions(t, told, "is looked at again")
}

func testActionEnds(t *testing.T, s *store.Store) {
	do(t, s, insert(deployment("d-1", "g1", 1)), insert(deployment("d-2", "g2", 1)),
		save("d-1", at(1000), func(*deploy.Deployment) {}), save("d-2", at(1000), func(*deploy.Deployment) {}))
	a := action1("d-1", "a", 1)
	do(t, s, insertAction(a), insertAction(action1("d-2", "b", 1)))
	due := func(n int) []string {
		return read(t, s, dueAt(n, 9)).IDs
	}
	equal(t, "waiting", saveAction(t, s, a, deploy.ActionWaiting, 5, 20), true)
	equal(t, "wakes", due(5), []string{"d-1"})
	equal(t, "of another deployment", takeOutcomes(t, s, "d-2"), nil)
	equal(t, "taken", takeOutcomes(t, s, "d-1"), []string{"a"})
	equal(t, "taken again", takeOutcomes(t, s, "d-1"), nil)
	equal(t, "waits", claimActions(t, s, 19, 9), []string{"b"})
	equal(t, "looked at again", claimActions(t, s, 20, 9), []string{"a"})
	equal(t, "done", saveAction(t, s, a, deploy.ActionDone, 21, 0), true)
	equal(t, "the first end wins", saveAction(t, s, a, deploy.ActionFailed, 22, 0), false)
	equal(t, "taken at the end", takeOutcomes(t, s, "d-1"), []string{"a"})
	equal(t, "over", claimActions(t, s, 1000, 9), []string{"b"})
	equal(t, "status", read(t, s, func(tx *store.Tx) (deploy.Action, error) { return tx.Action("a") }).Outcome.Status, deploy.ActionDone)
}

func testActionDropped(t *testing.T, s *store.Store) {
	do(t, s, insert(deployment("d-1", "g1", 1)), insert(deployment("d-2", "g2", 1)))
	a, b, c := action1("d-1", "a", 1), action1("d-1", "b", 1), action1("d-2", "c", 1)
	do(t, s, insertAction(a), insertAction(b), insertAction(c))
	do(t, s, func(tx *store.Tx) error { return tx.DropAction("a") })
	equal(t, "one", claimActions(t, s, 5, 9), []string{"b", "c"})
	do(t, s, func(tx *store.Tx) error { return tx.DropActions("d-1") })
	equal(t, "all of a deployment", claimActions(t, s, 100, 9), []string{"c"})
	equal(t, "a late answer", saveAction(t, s, b, deploy.ActionDone, 101, 0), false)
	do(t, s, func(tx *store.Tx) error { return tx.RetryAction(b, at(101)) })
	equal(t, "a late failure", claimActions(t, s, 102, 9), nil)
	equal(t, "nobody is told", takeOutcomes(t, s, "d-1"), nil)
}
