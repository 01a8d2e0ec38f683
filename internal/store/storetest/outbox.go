package storetest

import (
	"testing"
	"time"

	"github.com/slipwayhq/slipway/internal/notification"
	"github.com/slipwayhq/slipway/internal/store"
)

// note is a message made n seconds after the start.
func note(id, lane string, n int) notification.Message {
	return notification.Message{ID: id, Account: ns.Account, Region: ns.Region, Destination: "hook", Lane: lane, At: at(n), Body: "{}"}
}

func insertNotes(t *testing.T, s *store.Store, messages ...notification.Message) {
	t.Helper()
	do(t, s, func(tx *store.Tx) error { return tx.InsertMessages(messages) })
}

// claimNotes claims messages for ten seconds.
func claimNotes(t *testing.T, s *store.Store, destination string, now time.Time) (rows []store.OutboxRow) {
	t.Helper()
	update(t, s, func(tx *store.Tx) (err error) {
		due, err := tx.DueMessages(destination, now, 10)
		if err != nil {
			return err
		}
		rows, err = tx.ClaimMessages(due, now, now.Add(10*time.Second))
		return err
	})
	return rows
}

func noteIDs(rows []store.OutboxRow) (ids []string) {
	for _, row := range rows {
		ids = append(ids, row.Message.ID)
	}
	return ids
}

// testOutboxOrder: of each lane only the first message is handed out, and the
// next when that is removed or dead, whatever the times say.
func testOutboxOrder(t *testing.T, s *store.Store) {
	elsewhere := note("x1", "x", 0)
	elsewhere.Destination = "other"
	insertNotes(t, s, note("a1", "a", 2), note("a2", "a", 1), note("b1", "b", 3), elsewhere)
	insertNotes(t, s, note("a3", "a", 0))

	first := claimNotes(t, s, "hook", at(5))
	equal(t, "the first of each lane", noteIDs(first), []string{"a1", "b1"})
	equal(t, "what is claimed again", noteIDs(claimNotes(t, s, "hook", at(5))), nil)
	equal(t, "the message", first[0].Message, note("a1", "a", 2))
	equal(t, "another destination", noteIDs(claimNotes(t, s, "other", at(5))), []string{"x1"})

	insertNotes(t, s, note("b1", "b", 4)) // it is there
	do(t, s, func(tx *store.Tx) error { return tx.RemoveMessage("a1") })
	second := claimNotes(t, s, "hook", at(5))
	equal(t, "behind one that was delivered", noteIDs(second), []string{"a2"})

	dead := second[0]
	dead.Dead, dead.Due, dead.Attempts, dead.LastError = true, at(6), 3, "gone"
	do(t, s, func(tx *store.Tx) error { return tx.SaveMessage(dead) })
	equal(t, "behind one that is dead", noteIDs(claimNotes(t, s, "hook", at(6))), []string{"a3"})
	insertNotes(t, s, note("a4", "a", 9))
	equal(t, "behind one that is being sent", noteIDs(claimNotes(t, s, "hook", at(9))), nil)
}

// testOutboxLease: a claim ends, and who had it can then only remove the
// message.
func testOutboxLease(t *testing.T, s *store.Store) {
	missing(t, s, "the next of none", func(tx *store.Tx) (time.Time, error) { return tx.NextMessage("hook") })
	insertNotes(t, s, note("a1", "a", 1), note("a2", "a", 2))
	next := func() time.Time {
		return read(t, s, func(tx *store.Tx) (time.Time, error) { return tx.NextMessage("hook") }).UTC()
	}
	equal(t, "the next", next(), at(1))
	old := claimNotes(t, s, "hook", at(1))
	equal(t, "the next while it is claimed", next(), at(11))
	equal(t, "before the claim ends", noteIDs(claimNotes(t, s, "hook", at(10))), nil)
	taken := claimNotes(t, s, "hook", at(11))
	equal(t, "when the claim has ended", noteIDs(taken), []string{"a1"})

	update(t, s, func(tx *store.Tx) error {
		rows, err := tx.ClaimMessages(old, at(11), at(31))
		equal(t, "what another has claimed meanwhile", noteIDs(rows), nil)
		return err
	})
	late := old[0]
	late.Dead, late.Due = true, at(12)
	do(t, s, func(tx *store.Tx) error { return tx.SaveMessage(late) })
	equal(t, "after a save without a claim", noteIDs(claimNotes(t, s, "hook", at(12))), nil)

	failed := taken[0]
	failed.Due, failed.Attempts, failed.LastError = at(30), 1, "busy"
	do(t, s, func(tx *store.Tx) error { return tx.SaveMessage(failed) })
	equal(t, "the next after a failure", next(), at(30))
	rows := read(t, s, func(tx *store.Tx) ([]store.OutboxRow, error) {
		return tx.Outbox(ns.Account, false, store.OutboxKey{}, 10)
	})
	equal(t, "what is known of the failure", rows[0],
		store.OutboxRow{Message: note("a1", "a", 1), Due: at(30), Since: at(1), Attempts: 1, LastError: "busy"})
	do(t, s, func(tx *store.Tx) error { return tx.RemoveMessage("a1") })
	equal(t, "the next after it", next(), at(2))
}

// testOutboxList: what was not delivered can be seen, page by page, and tried
// again.
func testOutboxList(t *testing.T, s *store.Store) {
	foreign := note("f", "f", 0)
	foreign.Account = "999999999999"
	insertNotes(t, s, note("c", "c", 2), note("a", "a", 1), note("b", "b", 1), foreign)
	list := func(dead bool, after store.OutboxKey, limit int) []string {
		return noteIDs(read(t, s, func(tx *store.Tx) ([]store.OutboxRow, error) { return tx.Outbox(ns.Account, dead, after, limit) }))
	}
	equal(t, "the first page", list(false, store.OutboxKey{}, 2), []string{"a", "b"})
	equal(t, "the second page", list(false, store.OutboxKey{Created: at(1).UnixMilli(), ID: "b"}, 2), []string{"c"})
	equal(t, "the dead", list(true, store.OutboxKey{}, 9), nil)

	for _, row := range claimNotes(t, s, "hook", at(5)) {
		if row.Message.ID != "c" {
			row.Dead, row.Due, row.Attempts = true, at(6), 1
			do(t, s, func(tx *store.Tx) error { return tx.SaveMessage(row) })
		}
	}
	equal(t, "the dead", list(true, store.OutboxKey{}, 9), []string{"a", "b"})
	fails(t, s, store.ErrNotFound, func(tx *store.Tx) error { return tx.RetryMessage(other.Account+"0", "a", at(7)) })
	fails(t, s, store.ErrNotFound, func(tx *store.Tx) error { return tx.RetryMessage(ns.Account, "z", at(7)) })
	do(t, s, func(tx *store.Tx) error { return tx.RetryMessage(ns.Account, "a", at(7)) })
	equal(t, "the dead after one is tried again", list(true, store.OutboxKey{}, 9), []string{"b"})
	retried := claimNotes(t, s, "hook", at(7))
	equal(t, "what is tried again", noteIDs(retried), []string{"a"})
	equal(t, "since when it is tried", retried[0].Since, at(7))
	update(t, s, func(tx *store.Tx) error {
		n, err := tx.RetryMessages(ns.Account, at(8))
		equal(t, "how many are tried again", n, 1)
		return err
	})
	equal(t, "the dead after all are tried again", list(true, store.OutboxKey{}, 9), nil)
}

// testOutboxTidy: what cannot be sent is given up in the end, and forgotten.
func testOutboxTidy(t *testing.T, s *store.Store) {
	known := note("k", "k", 1)
	known.Destination = "known"
	insertNotes(t, s, note("old", "a", 1), note("young", "b", 10), known)
	kill := func(known ...string) (n int64) {
		update(t, s, func(tx *store.Tx) (err error) {
			n, err = tx.KillStrays(known, at(5), at(20), "no such destination")
			return err
		})
		return n
	}
	equal(t, "killed of none", kill("hook", "known"), 0)
	equal(t, "killed", kill("known", "elsewhere"), 1)
	rows := read(t, s, func(tx *store.Tx) ([]store.OutboxRow, error) {
		return tx.Outbox(ns.Account, true, store.OutboxKey{}, 10)
	})
	equal(t, "who died", noteIDs(rows), []string{"old"})
	equal(t, "why", rows[0].LastError, "no such destination")
	equal(t, "killed when nothing is known", kill(), 1)
	removed := func(before int) (n int64) {
		update(t, s, func(tx *store.Tx) (err error) {
			n, err = tx.RemoveDead(at(before))
			return err
		})
		return n
	}
	equal(t, "removed too early", removed(20), 0)
	equal(t, "removed", removed(21), 2)
}
