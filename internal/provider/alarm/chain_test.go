package alarm_test

import (
	"errors"
	"maps"
	"testing"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/provider/alarm"
	"github.com/slipwayhq/slipway/internal/provider/alarm/alarmtest"
	"github.com/slipwayhq/slipway/internal/provider/alarm/mem"
)

func TestChainConformance(t *testing.T) {
	t.Parallel()
	alarmtest.Run(t, func(*testing.T) alarmtest.World {
		s := &mem.Source{}
		return alarmtest.World{
			Source: alarm.Chain(&mem.Source{}, s),
			Set: func(_ *testing.T, states map[string]deploy.AlarmState) {
				for name, state := range states {
					s.Set(name, state)
				}
			},
			Fail: func(_ *testing.T, how error) { s.Fail(how) },
		}
	})
}

func TestChain(t *testing.T) {
	t.Parallel()
	source := func(err error, on ...string) alarm.Source {
		s := &mem.Source{}
		for _, name := range on {
			s.Set(name, deploy.AlarmOn)
		}
		s.Fail(err)
		return s
	}
	ok := &mem.Source{}
	ok.Set("a", deploy.AlarmOK)
	ok.Set("b", deploy.AlarmOK)
	on, off := deploy.AlarmOn, deploy.AlarmOK
	for rule, tc := range map[string]struct {
		sources []alarm.Source
		want    map[string]deploy.AlarmState
		err     error
	}{
		"no source knows nothing":                    {nil, nil, nil},
		"the first that knows a name answers":        {[]alarm.Source{source(nil, "a"), ok}, map[string]deploy.AlarmState{"a": on, "b": off}, nil},
		"an error does not count if others know all": {[]alarm.Source{source(alarm.ErrDenied), ok}, map[string]deploy.AlarmState{"a": off, "b": off}, nil},
		"nor does one of a source asked for nothing": {[]alarm.Source{ok, source(alarm.ErrDenied)}, map[string]deploy.AlarmState{"a": off, "b": off}, nil},
		"it counts if a name is left":                {[]alarm.Source{source(alarm.ErrThrottled), source(nil, "a")}, map[string]deploy.AlarmState{"a": on}, alarm.ErrThrottled},
		"a name that nobody knows is no error":       {[]alarm.Source{source(nil, "a"), source(nil)}, map[string]deploy.AlarmState{"a": on}, nil},
	} {
		got, err := alarm.Chain(tc.sources...).States(t.Context(), alarmtest.Namespace, []string{"a", "b"})
		if !errors.Is(err, tc.err) || (err == nil) != (tc.err == nil) || !maps.Equal(got, tc.want) {
			t.Errorf("%s: %v, %v, want %v, %v", rule, got, err, tc.want, tc.err)
		}
	}
}
