package function

import (
	"context"
	"errors"
	"fmt"
)

// Chain asks several services, in order: the first that knows the name
// answers.
type Chain []Service

// Alias is as in [Service].
func (c Chain) Alias(ctx context.Context, to Scope, function, alias string) (a Alias, err error) {
	err = c.first(function, func(s Service) (err error) {
		a, err = s.Alias(ctx, to, function, alias)
		return err
	})
	return a, err
}

// UpdateAlias is as in [Service].
func (c Chain) UpdateAlias(ctx context.Context, to Scope, function, alias string, state Alias) (id string, err error) {
	err = c.first(function, func(s Service) (err error) {
		id, err = s.UpdateAlias(ctx, to, function, alias, state)
		return err
	})
	return id, err
}

// Version is as in [Service].
func (c Chain) Version(ctx context.Context, to Scope, function, version string) error {
	return c.first(function, func(s Service) error { return s.Version(ctx, to, function, version) })
}

// Capacity is as in [Service].
func (c Chain) Capacity(ctx context.Context, to Scope, function, alias string) (ready bool, err error) {
	err = c.first(function, func(s Service) (err error) {
		ready, err = s.Capacity(ctx, to, function, alias)
		return err
	})
	return ready, err
}

// Invoke is as in [Service].
func (c Chain) Invoke(ctx context.Context, to Scope, function string, payload []byte) (answer Answer, err error) {
	err = c.first(function, func(s Service) (err error) {
		answer, err = s.Invoke(ctx, to, function, payload)
		return err
	})
	return answer, err
}

// first runs f on each service until one knows the function.
func (c Chain) first(function string, f func(Service) error) error {
	for _, s := range c {
		if err := f(s); !errors.Is(err, ErrUnknown) {
			return err
		}
	}
	if len(c) == 0 {
		return fmt.Errorf("%w: this server knows no functions; give it some with --provider function=URL", ErrNotFound)
	}
	return fmt.Errorf("%s: %w", function, ErrNotFound)
}

// Only makes a service of what can invoke, and nothing else: it has no
// aliases.
type Only struct{ Invoker }

// Alias knows none.
func (Only) Alias(context.Context, Scope, string, string) (Alias, error) { return Alias{}, ErrUnknown }

// UpdateAlias knows none.
func (Only) UpdateAlias(context.Context, Scope, string, string, Alias) (string, error) {
	return "", ErrUnknown
}

// Version knows none.
func (Only) Version(context.Context, Scope, string, string) error { return ErrUnknown }

// Capacity knows none.
func (Only) Capacity(context.Context, Scope, string, string) (bool, error) { return false, ErrUnknown }
