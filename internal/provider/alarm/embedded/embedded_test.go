package embedded_test

import (
	"testing"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/provider/alarm/alarmtest"
	"github.com/slipwayhq/slipway/internal/provider/alarm/embedded"
	"github.com/slipwayhq/slipway/internal/seal"
	"github.com/slipwayhq/slipway/internal/store"
)

func open(t *testing.T) *store.Store {
	s, err := store.OpenSQLite(t.Context(), t.TempDir()+"/slipway.db", seal.NewBox(seal.Key{}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func put(t *testing.T, s *store.Store, ns deploy.Namespace, states map[string]deploy.AlarmState) {
	err := s.Update(t.Context(), func(tx *store.Tx) error {
		for name, state := range states {
			if err := tx.PutAlarm(deploy.Alarm{Namespace: ns, Name: name, State: state, Settings: []byte("{}")}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	alarmtest.Run(t, func(t *testing.T) alarmtest.World {
		s := open(t)
		return alarmtest.World{Source: embedded.New(s), Set: func(t *testing.T, states map[string]deploy.AlarmState) {
			put(t, s, alarmtest.Namespace, states)
		}}
	})
}

// TestNamespaces: an alarm belongs to its account and region.
func TestNamespaces(t *testing.T) {
	t.Parallel()
	s := open(t)
	put(t, s, alarmtest.Namespace, map[string]deploy.AlarmState{"a": deploy.AlarmOn})
	for _, ns := range []deploy.Namespace{{Account: "123456789012", Region: "us-east-1"}, {Account: "000000000000", Region: "eu-west-1"}} {
		if got, err := embedded.New(s).States(t.Context(), ns, []string{"a"}); err != nil || len(got) > 0 {
			t.Errorf("%v has %v, %v", ns, got, err)
		}
	}
}
