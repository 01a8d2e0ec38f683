// Package embedded is the source of the alarms that are set on this server,
// with CloudWatch's API or the slipway command.
package embedded

import (
	"context"
	"errors"
	"fmt"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// Source reads alarms from the store.
type Source struct{ store *store.Store }

// New returns the source of a store.
func New(s *store.Store) *Source { return &Source{s} }

// States is as in alarm.Source. Each namespace has alarms of its own.
func (s *Source) States(ctx context.Context, ns deploy.Namespace, names []string) (map[string]deploy.AlarmState, error) {
	out := map[string]deploy.AlarmState{}
	err := s.store.View(ctx, func(tx *store.Tx) error {
		for _, name := range names {
			a, err := tx.Alarm(ns, name)
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
			if err != nil {
				return fmt.Errorf("cannot read the alarm %q: %w", name, err)
			}
			out[name] = a.State
		}
		return nil
	})
	return out, err
}
