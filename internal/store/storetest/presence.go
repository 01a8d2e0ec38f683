package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

func saw(hosts map[string]time.Time) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		seen := map[string]time.Time{}
		for host, at := range hosts {
			seen[store.HostKey(ns, host)] = at
		}
		return tx.SawHosts(seen)
	}
}

func testPresence(t *testing.T, s *store.Store) {
	last := func(host string) func(*store.Tx) (time.Time, error) {
		return func(tx *store.Tx) (time.Time, error) { return tx.LastSeen(ns, host) }
	}
	missing(t, s, "never seen", last("a"))
	do(t, s, saw(nil), saw(map[string]time.Time{"a": at(2), "b": at(2)}))
	equal(t, "seen", read(t, s, last("a")), at(2))
	do(t, s, saw(map[string]time.Time{"a": at(1), "b": at(3)}))
	equal(t, "an earlier time, told late", read(t, s, last("a")), at(2))
	equal(t, "a later time", read(t, s, last("b")), at(3))
	missing(t, s, "the same host in another region", func(tx *store.Tx) (time.Time, error) { return tx.LastSeen(other, "a") })
	do(t, s, func(tx *store.Tx) error { return tx.ForgetHost(ns, "a") })
	missing(t, s, "forgotten", last("a"))

	many := map[string]time.Time{}
	for i := range 1001 {
		many[fmt.Sprint(i)] = at(i)
	}
	do(t, s, saw(many))
	equal(t, "the last of many", read(t, s, last("1000")), at(1000))
}

// commandOf is a command of a host, made n seconds after the start.
func commandOf(host, id string, n int) deploy.HostCommand {
	c := command1("d-1", id, n)
	c.HostIdentifier = host
	return c
}

func testSilence(t *testing.T, s *store.Store) {
	do(t, s, insert(deployment("d-1", "g1", 1)),
		insertCommand(commandOf("never", "a", 1)), insertCommand(commandOf("lately", "b", 1)),
		insertCommand(commandOf("long ago", "c", 2)), insertCommand(commandOf("never", "new", 50)),
		saw(map[string]time.Time{"lately": at(40), "long ago": at(5)}))
	silent := func(limit int) (ids []string) {
		t.Helper()
		for _, c := range read(t, s, func(tx *store.Tx) ([]deploy.HostCommand, error) { return tx.FellSilent(at(30), limit) }) {
			seen := "never"
			if c.Silence.LastSeen != nil {
				seen = fmt.Sprint(c.Silence.LastSeen.Sub(start).Seconds())
			}
			ids = append(ids, c.ID+" "+seen)
		}
		return ids
	}
	back := func() (ids []string) {
		t.Helper()
		for _, c := range read(t, s, func(tx *store.Tx) ([]deploy.HostCommand, error) { return tx.CameBack(at(30), 10) }) {
			ids = append(ids, c.ID)
		}
		return ids
	}
	equal(t, "silent", silent(10), []string{"a never", "c 5"})
	equal(t, "limited", silent(1), []string{"a never"})
	a, c := commandOf("never", "a", 1), commandOf("long ago", "c", 2)
	a.Silence, c.Silence = &deploy.Silence{Since: at(30)}, &deploy.Silence{Since: at(30), LastSeen: new(at(5))}
	do(t, s, saveCommand(a), saveCommand(c))
	equal(t, "known", silent(10), nil)
	equal(t, "not back", back(), nil)
	equal(t, "silence is kept", read(t, s, func(tx *store.Tx) (deploy.HostCommand, error) { return tx.Command("c") }), c)
	do(t, s, saw(map[string]time.Time{"long ago": at(31)}))
	equal(t, "back", back(), []string{"c"})
	c.State = deploy.CommandSucceeded
	do(t, s, saveCommand(c))
	equal(t, "over", back(), nil)
}

func testLostCommands(t *testing.T, s *store.Store) {
	do(t, s, insert(deployment("d-1", "g1", 1)))
	done := commandOf("a", "done", 1)
	done.State = deploy.CommandSucceeded
	do(t, s, insertCommand(commandOf("a", "1", 1)), insertCommand(commandOf("b", "2", 1)), insertCommand(done), saveCommand(done))
	busy := func(host string) func(*store.Tx) (bool, error) {
		return func(tx *store.Tx) (bool, error) { return tx.Busy(ns, host) }
	}
	equal(t, "busy", read(t, s, busy("a")), true)
	lose := func(want int) func(*store.Tx) error {
		return func(tx *store.Tx) error {
			n, err := tx.LoseCommands(ns, "a", at(7))
			equal(t, "lost", n, want)
			return err
		}
	}
	do(t, s, lose(1), lose(0))
	equal(t, "busy after", read(t, s, busy("a")), false)
	equal(t, "another host", read(t, s, busy("b")), true)
	lost := commandOf("a", "1", 1)
	lost.State, lost.CompletedAt = deploy.CommandLost, new(at(7))
	update(t, s, func(tx *store.Tx) error {
		reports, err := tx.TakeReports("d-1")
		equal(t, "told the engine", reports, []deploy.HostCommand{lost})
		return err
	})
}
