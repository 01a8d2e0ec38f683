package main

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/slipwayhq/slipway/internal/daemon"
	"github.com/slipwayhq/slipway/internal/provider/function"
	"github.com/slipwayhq/slipway/internal/provider/function/awslambda"
	"github.com/slipwayhq/slipway/internal/provider/function/local"
	"github.com/slipwayhq/slipway/internal/provider/function/webhook"
)

// driver puts what a URL names into a daemon's configuration.
type driver func(context.Context, *url.URL, *daemon.Config) error

// drivers are what --provider NEED=URL can name, by need and scheme.
var drivers = map[string]map[string]driver{
	"function": {
		"local": localFunctions,
		"aws":   awsFunctions,
		"http":  hookURLs,
		"https": hookURLs,
	},
}

// useDrivers reads the values of --provider.
func useDrivers(ctx context.Context, c *daemon.Config, values []string) error {
	for _, v := range values {
		need, text, ok := strings.Cut(v, "=")
		schemes, known := drivers[need]
		if !ok || !known {
			return fmt.Errorf("--provider %s: it is NEED=URL, and the needs are %s", v, names(drivers))
		}
		u, err := url.Parse(text)
		if err != nil {
			return fmt.Errorf("--provider %s: %w", v, err)
		}
		use, known := schemes[u.Scheme]
		if !known {
			return fmt.Errorf("--provider %s: the URL of a %s begins with one of %s", v, need, names(schemes))
		}
		if err := use(ctx, u, c); err != nil {
			return fmt.Errorf("--provider %s: %w", v, err)
		}
	}
	return nil
}

func names[V any](m map[string]V) string { return strings.Join(slices.Sorted(maps.Keys(m)), ", ") }

func localFunctions(_ context.Context, u *url.URL, c *daemon.Config) error {
	o, err := local.Parse(u)
	c.Local = &o
	return err
}

func awsFunctions(ctx context.Context, u *url.URL, c *daemon.Config) error {
	f, err := awslambda.Open(ctx, u)
	if err == nil {
		c.Functions = append(c.Functions, f)
	}
	return err
}

func hookURLs(_ context.Context, u *url.URL, c *daemon.Config) error {
	h, err := webhook.Open(u)
	if err == nil {
		c.Functions = append(c.Functions, function.Only{Invoker: h})
	}
	return err
}
