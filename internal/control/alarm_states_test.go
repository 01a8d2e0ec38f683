package control_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

func (w *world) alarm(name string) deploy.Alarm {
	w.t.Helper()
	list, _, err := w.ListAlarms(w.t.Context(), ns, control.AlarmFilter{Names: []string{name}}, "", 1)
	if err != nil || len(list) != 1 {
		w.t.Fatal(name, list, err)
	}
	return list[0]
}

// TestAlarmTimes: an alarm remembers when it was configured, when it was last
// set, and when its state last became another.
func TestAlarmTimes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	put := func(tag string) time.Time {
		t.Helper()
		tags := []deploy.Tag{{Key: "k", Value: tag}}
		if err := w.PutAlarm(t.Context(), deploy.Alarm{Namespace: ns, Name: "a", Settings: []byte("{}"), Tags: tags}); err != nil {
			t.Fatal(err)
		}
		return w.now
	}
	set := func(state deploy.AlarmState) time.Time {
		t.Helper()
		if err := w.SetAlarmState(t.Context(), ns, control.SetAlarmState{Name: "a", State: state, Reason: "r"}); err != nil {
			t.Fatal(err)
		}
		return w.now
	}
	made := put("old")
	if a := w.alarm("a"); a.State != deploy.AlarmInsufficient || a.ConfiguredAt != made || a.UpdatedAt != made || a.ChangedAt != made {
		t.Errorf("made at %v: %+v", made, a)
	}
	changed := set(deploy.AlarmOn)
	updated := set(deploy.AlarmOn)
	configured := put("new")
	if a := w.alarm("a"); a.State != deploy.AlarmOn || a.ConfiguredAt != configured || a.UpdatedAt != updated || a.ChangedAt != changed || a.Tags[0].Value != "old" {
		t.Errorf("changed at %v, updated at %v, configured at %v: %+v", changed, updated, configured, a)
	}
}

// TestAlarmLimit: there is a limit to alarms, but none to changing them.
func TestAlarmLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	err := w.store.Update(t.Context(), func(tx *store.Tx) error {
		var errs []error
		for i := range 5000 {
			errs = append(errs, tx.PutAlarm(deploy.Alarm{Namespace: ns, Name: fmt.Sprint(i), Settings: []byte("{}")}))
		}
		return errors.Join(errs...)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.PutAlarm(t.Context(), deploy.Alarm{Namespace: ns, Name: "7", Settings: []byte("{}")}); err != nil {
		t.Error(err)
	}
	if err := w.PutAlarm(t.Context(), deploy.Alarm{Namespace: ns, Name: "x", Settings: []byte("{}")}); deploy.CodeOf(err) != "LimitExceeded" {
		t.Error(err)
	}
}

func TestAlarmNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	for name, want := range map[string]string{
		"": "MissingParameter", "a\x7f": "ValidationError", "\xff": "ValidationError", strings.Repeat("é", 256): "ValidationError",
		strings.Repeat("é", 255): "",
	} {
		if err := w.PutAlarm(t.Context(), deploy.Alarm{Namespace: ns, Name: name, Settings: []byte("{}")}); deploy.CodeOf(err) != want {
			t.Errorf("%q: %v, want %s", name, err, want)
		}
	}
}
