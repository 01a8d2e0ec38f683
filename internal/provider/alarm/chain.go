package alarm

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// Chain asks sources in order: the first that knows a name answers for it. A
// source that fails does not keep the next ones from being asked, and its
// error counts only if a name is left that nobody knows.
func Chain(sources ...Source) Source { return chain(sources) }

type chain []Source

func (c chain) States(ctx context.Context, ns deploy.Namespace, names []string) (map[string]deploy.AlarmState, error) {
	known := map[string]deploy.AlarmState{}
	left := slices.Clone(names)
	var errs []error
	for _, source := range c {
		if len(left) == 0 {
			return known, nil
		}
		states, err := source.States(ctx, ns, left)
		maps.Copy(known, states)
		left = slices.DeleteFunc(left, func(name string) bool {
			_, ok := states[name]
			return ok
		})
		errs = append(errs, err)
	}
	if len(left) == 0 {
		return known, nil
	}
	return known, errors.Join(errs...)
}
