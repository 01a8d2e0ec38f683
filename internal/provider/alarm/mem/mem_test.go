package mem_test

import (
	"testing"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/provider/alarm/alarmtest"
	"github.com/slipwayhq/slipway/internal/provider/alarm/mem"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	alarmtest.Run(t, func(*testing.T) alarmtest.World {
		s := &mem.Source{}
		return alarmtest.World{
			Source: s,
			Set: func(_ *testing.T, states map[string]deploy.AlarmState) {
				for name, state := range states {
					s.Set(name, state)
				}
			},
			Fail: func(_ *testing.T, how error) { s.Fail(how) },
		}
	})
}
