package control

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// What CloudWatch allows.
const (
	maxAlarms          = 5000 // in an account and region
	maxAlarmReason     = 1023
	maxAlarmReasonData = 4000
)

// PutAlarm keeps an alarm's settings. A new alarm has too little data to be
// anything else; one that is there keeps its state and its tags, as in
// CloudWatch.
func (c *Control) PutAlarm(ctx context.Context, a deploy.Alarm) error {
	if err := checkAlarmName(a.Name); err != nil {
		return err
	}
	now := c.now()
	return c.update(ctx, func(tx *store.Tx) error {
		old, err := tx.Alarm(a.Namespace, a.Name)
		switch {
		case errors.Is(err, store.ErrNotFound):
			if err := checkAlarmRoom(tx, a.Namespace); err != nil {
				return err
			}
			a.State, a.Reason = deploy.AlarmInsufficient, "Unchecked: Initial alarm creation"
			a.UpdatedAt, a.ChangedAt = now, now
		case err != nil:
			return err
		default:
			old.Settings, old.Actions = a.Settings, a.Actions
			a = old
		}
		a.ConfiguredAt = now
		return tx.PutAlarm(a)
	})
}

func checkAlarmRoom(tx *store.Tx, ns deploy.Namespace) error {
	count, err := tx.CountAlarms(ns)
	if err == nil && count >= maxAlarms {
		return deploy.Errorf("LimitExceeded", "There are %d alarms already, which is the limit: delete one", count)
	}
	return err
}

// SetAlarmState asks for an alarm to have a state from now on.
type SetAlarmState struct {
	Name       string
	State      deploy.AlarmState
	Reason     string
	ReasonData string // JSON, or ""
}

// SetAlarmState sets the state of an alarm. Nothing but another call changes
// it back.
func (c *Control) SetAlarmState(ctx context.Context, ns deploy.Namespace, in SetAlarmState) error {
	if err := checkAlarmName(in.Name); err != nil {
		return err
	}
	switch {
	case !in.State.Valid():
		return deploy.Errorf("ValidationError", "%q is no state of an alarm: use OK, ALARM or INSUFFICIENT_DATA", in.State)
	case utf8.RuneCountInString(in.Reason) > maxAlarmReason:
		return deploy.Errorf("ValidationError", "The state reason is longer than %d characters", maxAlarmReason)
	case utf8.RuneCountInString(in.ReasonData) > maxAlarmReasonData:
		return deploy.Errorf("ValidationError", "The state reason data is longer than %d characters", maxAlarmReasonData)
	case in.ReasonData != "" && !json.Valid([]byte(in.ReasonData)):
		return deploy.Errorf("InvalidFormat", "The state reason data is not JSON")
	}
	now := c.now()
	return c.update(ctx, func(tx *store.Tx) error {
		a, err := tx.Alarm(ns, in.Name)
		if errors.Is(err, store.ErrNotFound) {
			return noAlarm(in.Name)
		}
		if err != nil {
			return err
		}
		if a.State != in.State {
			a.ChangedAt = now
		}
		a.State, a.Reason, a.ReasonData, a.UpdatedAt = in.State, in.Reason, in.ReasonData, now
		return tx.PutAlarm(a)
	})
}

// AlarmFilter selects alarms. Its zero value selects all.
type AlarmFilter struct {
	Names        []string // these only
	NamePrefix   string
	State        deploy.AlarmState
	ActionPrefix string // of any action
}

func (f AlarmFilter) matches(a deploy.Alarm) bool {
	return (f.State == "" || a.State == f.State) && (f.ActionPrefix == "" || slices.ContainsFunc(a.Actions, func(arn string) bool {
		return strings.HasPrefix(arn, f.ActionPrefix)
	}))
}

// ListAlarms returns up to limit alarms behind after, in the order of their
// names, and whether there are more.
func (c *Control) ListAlarms(ctx context.Context, ns deploy.Namespace, f AlarmFilter, after string, limit int) (alarms []deploy.Alarm, more bool, err error) {
	if f.State != "" && !f.State.Valid() {
		return nil, false, deploy.Errorf("ValidationError", "%q is no state of an alarm: use OK, ALARM or INSUFFICIENT_DATA", f.State)
	}
	alarms, err = view(ctx, c, func(tx *store.Tx) ([]deploy.Alarm, error) {
		if len(f.Names) > 0 {
			return namedAlarms(tx, ns, f, after, limit+1)
		}
		return matchingAlarms(tx, ns, f, after, limit+1)
	})
	if len(alarms) > limit {
		return alarms[:limit], true, err
	}
	return alarms, false, err
}

func namedAlarms(tx *store.Tx, ns deploy.Namespace, f AlarmFilter, after string, limit int) ([]deploy.Alarm, error) {
	var out []deploy.Alarm
	for _, name := range slices.Compact(slices.Sorted(slices.Values(f.Names))) {
		if name <= after || len(out) == limit {
			continue
		}
		a, err := tx.Alarm(ns, name)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if f.matches(a) {
			out = append(out, a)
		}
	}
	return out, nil
}

// matchingAlarms reads on until it has enough: actions are in no column.
func matchingAlarms(tx *store.Tx, ns deploy.Namespace, f AlarmFilter, after string, limit int) ([]deploy.Alarm, error) {
	var out []deploy.Alarm
	for {
		rows, err := tx.Alarms(ns, f.NamePrefix, f.State, after, limit)
		if err != nil {
			return nil, err
		}
		for _, a := range rows {
			after = a.Name
			if f.matches(a) {
				out = append(out, a)
			}
		}
		if len(rows) < limit || len(out) >= limit {
			return out[:min(len(out), limit)], nil
		}
	}
}

// DeleteAlarms deletes all of the named alarms, or none if one of them does
// not exist.
func (c *Control) DeleteAlarms(ctx context.Context, ns deploy.Namespace, names []string) error {
	return c.update(ctx, func(tx *store.Tx) error {
		for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
			err := tx.DeleteAlarm(ns, name)
			if errors.Is(err, store.ErrNotFound) {
				return noAlarm(name)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func noAlarm(name string) error {
	return deploy.Errorf("ResourceNotFound", "There is no alarm %q", name)
}

func checkAlarmName(name string) error {
	switch {
	case name == "":
		return deploy.Errorf("MissingParameter", "The parameter AlarmName is missing")
	case utf8.RuneCountInString(name) > maxAlarmName:
		return deploy.Errorf("ValidationError", "The alarm name is longer than %d characters", maxAlarmName)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return deploy.Errorf("ValidationError", "The alarm name %q has characters that are not allowed", name)
	}
	return nil
}
