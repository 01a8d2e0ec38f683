// Package mem is a source of alarms for tests: it knows what it is told.
package mem

import (
	"context"
	"sync"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// Source keeps states in memory. The zero value is ready for use.
type Source struct {
	mu     sync.Mutex
	states map[string]deploy.AlarmState
	err    error
}

// Set gives an alarm a state; it is known in every namespace.
func (s *Source) Set(name string, state deploy.AlarmState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.states == nil {
		s.states = map[string]deploy.AlarmState{}
	}
	s.states[name] = state
}

// Fail makes the source fail with err until it is nil again.
func (s *Source) Fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

// States is as in alarm.Source.
func (s *Source) States(ctx context.Context, _ deploy.Namespace, names []string) (map[string]deploy.AlarmState, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if s.err != nil && len(names) > 0 {
		return nil, s.err
	}
	out := map[string]deploy.AlarmState{}
	for _, name := range names {
		if state, ok := s.states[name]; ok {
			out[name] = state
		}
	}
	return out, nil
}
