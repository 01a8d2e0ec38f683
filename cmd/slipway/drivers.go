package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/slipwayhq/slipway/internal/daemon"
	"github.com/slipwayhq/slipway/internal/provider/container/awsecs"
)

// driver puts what a URL names into the server's configuration.
type driver func(ctx context.Context, u *url.URL, c *daemon.Config) error

// drivers are all there are, by need and by the scheme of the URL.
var drivers = map[string]map[string]driver{
	"container": {
		"aws": awsContainers,
	},
}

func awsContainers(ctx context.Context, u *url.URL, c *daemon.Config) error {
	if c.Containers != nil {
		return errors.New("there can be only one; it is asked for all services")
	}
	o, err := awsecs.Open(ctx, u)
	if err == nil {
		c.Containers = o
	}
	return err
}

// openProviders opens the drivers that settings NEED=URL choose, in order.
// What it says of a setting never has the URL in it, which may hold a
// password.
func openProviders(ctx context.Context, settings []string, c *daemon.Config) error {
	for _, setting := range settings {
		need, text, ok := strings.Cut(setting, "=")
		if !ok {
			return errors.New("--provider must be NEED=URL, as in container=aws:?region=eu-west-1")
		}
		if err := openProvider(ctx, need, text, c); err != nil {
			return fmt.Errorf("--provider %s: %w", need, err)
		}
	}
	return nil
}

func openProvider(ctx context.Context, need, text string, c *daemon.Config) error {
	schemes, ok := drivers[need]
	if !ok {
		return fmt.Errorf("unknown need; there are: %s", names(drivers))
	}
	u, err := url.Parse(text)
	if err != nil {
		return fmt.Errorf("what is behind %s= is not a URL; characters like @ and / are written %%40 and %%2F in a password", need)
	}
	open, ok := schemes[u.Scheme]
	if !ok {
		return fmt.Errorf("unknown driver %q; %s has: %s", u.Scheme, need, names(schemes))
	}
	return open(ctx, u, c)
}

func names[V any](m map[string]V) string {
	return strings.Join(slices.Sorted(maps.Keys(m)), ", ")
}
