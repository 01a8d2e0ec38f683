package storetest

import (
	"testing"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

func testAlarms(t *testing.T, s *store.Store) {
	alarm := func(space deploy.Namespace, name string, state deploy.AlarmState) deploy.Alarm {
		return deploy.Alarm{
			Namespace: space, Name: name, Settings: []byte(`{"Period":60}`), ConfiguredAt: at(1),
			State: state, Reason: "set", UpdatedAt: at(2), ChangedAt: at(3),
		}
	}
	put := func(a deploy.Alarm) func(*store.Tx) error {
		return func(tx *store.Tx) error { return tx.PutAlarm(a) }
	}
	names := func(prefix string, state deploy.AlarmState, after string, limit int) []string {
		var list []string
		for _, a := range read(t, s, func(tx *store.Tx) ([]deploy.Alarm, error) {
			return tx.Alarms(ns, prefix, state, after, limit)
		}) {
			list = append(list, a.Name)
		}
		return list
	}
	get := func(tx *store.Tx) (deploy.Alarm, error) { return tx.Alarm(ns, "a%") }
	missing(t, s, "before", get)
	do(t, s, put(alarm(ns, "a%", deploy.AlarmOK)), put(alarm(ns, "ax", deploy.AlarmOn)), put(alarm(ns, "b\u00fc1", deploy.AlarmInsufficient)),
		put(alarm(other, "a%", deploy.AlarmOn)), put(alarm(ns, "a%", deploy.AlarmOn)))
	equal(t, "replaced", read(t, s, get), alarm(ns, "a%", deploy.AlarmOn))
	equal(t, "count", read(t, s, func(tx *store.Tx) (int64, error) { return tx.CountAlarms(ns) }), 3)
	equal(t, "all", names("", "", "", 9), []string{"a%", "ax", "b\u00fc1"})
	equal(t, "by prefix, which is no pattern", names("a%", "", "", 9), []string{"a%"})
	equal(t, "by a prefix that is not ASCII", names("b\u00fc", "", "", 9), []string{"b\u00fc1"})
	equal(t, "by state", names("", deploy.AlarmOn, "", 9), []string{"a%", "ax"})
	equal(t, "a page", names("", "", "a%", 1), []string{"ax"})
	remove := func(tx *store.Tx) error { return tx.DeleteAlarm(ns, "a%") }
	do(t, s, remove)
	missing(t, s, "after it was deleted", get)
	fails(t, s, store.ErrNotFound, remove)
}
