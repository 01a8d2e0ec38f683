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
	"github.com/slipwayhq/slipway/internal/provider/alarm"
	"github.com/slipwayhq/slipway/internal/provider/alarm/cloudwatch"
	"github.com/slipwayhq/slipway/internal/provider/alarm/prometheus"
	"github.com/slipwayhq/slipway/internal/provider/container/awsecs"
	"github.com/slipwayhq/slipway/internal/provider/function"
	"github.com/slipwayhq/slipway/internal/provider/function/awslambda"
	"github.com/slipwayhq/slipway/internal/provider/function/local"
	"github.com/slipwayhq/slipway/internal/provider/function/webhook"
	"github.com/slipwayhq/slipway/internal/provider/loadbalancer/haproxy"
)

// driver puts what a URL names into the server's configuration.
type driver func(ctx context.Context, u *url.URL, c *daemon.Config) error

// drivers are all there are, by need and by the scheme of the URL. Each need
// also has an embedded driver, which is there without being asked for.
var drivers = map[string]map[string]driver{
	"alarm": {
		"alertmanager":       alarms(prometheus.OpenAlertmanager),
		"alertmanager+https": alarms(prometheus.OpenAlertmanager),
		"aws":                alarms(cloudwatch.Open),
		"prometheus":         alarms(prometheus.Open),
		"prometheus+https":   alarms(prometheus.Open),
	},
	"container": {
		"aws": awsContainers,
	},
	"event": {
		"http":          eventTo(webhookSender),
		"https":         eventTo(webhookSender),
		"log":           eventTo(logSender),
		"webhook+http":  eventTo(webhookSender),
		"webhook+https": eventTo(webhookSender),
	},
	"function": {
		"aws":   awsFunctions,
		"http":  hookURLs,
		"https": hookURLs,
		"local": localFunctions,
	},
	"loadbalancer": {
		"haproxy+tcp":  haproxyBalancer,
		"haproxy+unix": haproxyBalancer,
	},
	"notification": {
		"aws":           snsDriver,
		"http":          notificationTo(webhookSender),
		"https":         notificationTo(webhookSender),
		"log":           notificationTo(logSender),
		"webhook+http":  notificationTo(webhookSender),
		"webhook+https": notificationTo(webhookSender),
	},
}

// alarms makes a driver of what opens a source of alarms.
func alarms[S alarm.Source](open func(context.Context, *url.URL) (S, error)) driver {
	return func(ctx context.Context, u *url.URL, c *daemon.Config) error {
		source, err := open(ctx, u)
		if err == nil {
			c.Alarms = append(c.Alarms, source)
		}
		return err
	}
}

// openProviders opens the drivers that settings NEED=URL choose, in order.
// What it says of a setting never has the URL in it, which may hold a
// password.
func openProviders(ctx context.Context, settings []string, c *daemon.Config) error {
	for _, setting := range settings {
		need, text, ok := strings.Cut(setting, "=")
		if !ok {
			return errors.New("--provider must be NEED=URL, as in alarm=prometheus://127.0.0.1:9090")
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

func haproxyBalancer(ctx context.Context, u *url.URL, c *daemon.Config) error {
	b, err := haproxy.Open(ctx, u)
	if err == nil {
		c.Balancers = append(c.Balancers, b)
	}
	return err
}
