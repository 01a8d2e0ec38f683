package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/slipwayhq/slipway/internal/daemon"
	"github.com/slipwayhq/slipway/internal/notification"
	"github.com/slipwayhq/slipway/internal/provider/notification/logfile"
	"github.com/slipwayhq/slipway/internal/provider/notification/outbox"
	"github.com/slipwayhq/slipway/internal/provider/notification/sns"
	"github.com/slipwayhq/slipway/internal/provider/notification/webhook"
)

// driver puts a driver into the configuration of a server.
type driver func(context.Context, *url.URL, *daemon.Config) error

// drivers are all there are: by need, and by the scheme of their URLs.
var drivers = map[string]map[string]driver{
	"notification": {
		"https": notificationTo(webhookSender), "webhook+https": notificationTo(webhookSender),
		"http": notificationTo(webhookSender), "webhook+http": notificationTo(webhookSender),
		"aws": snsDriver, "log": notificationTo(logSender),
	},
	"event": {
		"https": eventTo(webhookSender), "webhook+https": eventTo(webhookSender),
		"http": eventTo(webhookSender), "webhook+http": eventTo(webhookSender),
		"log": eventTo(logSender),
	},
}

// needs names what there are drivers for.
func needs() string { return strings.Join(slices.Sorted(maps.Keys(drivers)), ", ") }

// setProviders puts the drivers of NEED=URL settings into c.
func setProviders(ctx context.Context, c *daemon.Config, providers []string) error {
	for _, p := range providers {
		need, text, _ := strings.Cut(p, "=")
		schemes, known := drivers[need]
		if !known {
			return fmt.Errorf("--provider: there are no drivers for %q; there are for %s", need, needs())
		}
		u, err := url.Parse(text)
		if err != nil { // whose text would show all of the URL
			return fmt.Errorf("--provider %s: what follows the = is no URL", need)
		}
		put, known := schemes[u.Scheme]
		if !known {
			return fmt.Errorf("--provider %s: there is no driver %q; there are %s", need, u.Scheme,
				strings.Join(slices.Sorted(maps.Keys(schemes)), ", "))
		}
		if err := put(ctx, u, c); err != nil {
			return fmt.Errorf("--provider %s=%s: %w", need, shown(u), err)
		}
	}
	return nil
}

// shown is a URL without what may be secret in it.
func shown(u *url.URL) string {
	without := *u
	without.User, without.RawQuery, without.ForceQuery, without.Fragment = nil, "", false, ""
	return without.String()
}

// notificationTo puts a sender among those that get triggers' messages.
func notificationTo(newSender func(*url.URL) (notification.Sender, error)) driver {
	return func(_ context.Context, u *url.URL, c *daemon.Config) error {
		d, err := destination("notification", u, newSender)
		c.Notifications = append(c.Notifications, d)
		return err
	}
}

// eventTo puts a sender among those that get events.
func eventTo(newSender func(*url.URL) (notification.Sender, error)) driver {
	return func(_ context.Context, u *url.URL, c *daemon.Config) error {
		d, err := destination("event", u, newSender)
		c.Events = append(c.Events, d)
		return err
	}
}

// destination names a sender as its setting does: messages that wait find it
// again after a restart.
func destination(need string, u *url.URL, newSender func(*url.URL) (notification.Sender, error)) (outbox.Destination, error) {
	d := outbox.Destination{Route: notification.Route{Name: need + "=" + shown(u)}}
	var err error
	d.Sender, err = newSender(u)
	return d, err
}

// webhookSender makes the driver of [webhook+]https://HOST/PATH. Of the query,
// secret-file and secret-env say where the secret is that signs; the rest is
// the receiver's.
func webhookSender(u *url.URL) (notification.Sender, error) {
	if u.Host == "" {
		return nil, errors.New("the URL names no host")
	}
	to := *u
	to.Scheme = strings.TrimPrefix(to.Scheme, "webhook+")
	query := to.Query()
	file, env := query.Get("secret-file"), query.Get("secret-env")
	var secrets webhook.Secrets
	switch {
	case file != "" && env != "":
		return nil, errors.New("secret-file and secret-env exclude each other")
	case file != "":
		secrets = webhook.SecretFile(file)
	case env != "":
		secrets = webhook.SecretEnv(env)
	}
	if file != "" || env != "" {
		query.Del("secret-file")
		query.Del("secret-env")
		to.RawQuery = query.Encode()
	}
	if secrets != nil {
		if _, err := secrets(); err != nil {
			return nil, err
		}
	}
	return webhook.New(&to, secrets, nil, nil), nil
}

// logSender makes the driver of log:///PATH, and of log: for stderr.
func logSender(u *url.URL) (notification.Sender, error) {
	switch {
	case u.Host != "" || u.Opaque != "" && u.Opaque != "stderr":
		return nil, errors.New("it must be log:///PATH for a file, or log: for stderr")
	case u.Path != "":
		return logfile.File(u.Path), nil
	}
	return logfile.Stream(os.Stderr), nil
}

// snsDriver makes the driver of aws:?endpoint=URL&region=REGION. Without an
// endpoint it is Amazon's, without a region each topic's own. Keys come from
// the usual AWS environment.
func snsDriver(ctx context.Context, u *url.URL, c *daemon.Config) error {
	loaded, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return fmt.Errorf("cannot load the AWS configuration: %w", err)
	}
	query := u.Query()
	loaded.Region, loaded.BaseEndpoint = query.Get("region"), nil // those of the environment are for clients of ours
	name := "notification=aws:"
	if endpoint := query.Get("endpoint"); endpoint != "" {
		loaded.BaseEndpoint = aws.String(endpoint)
		name += endpoint
	}
	c.Notifications = append(c.Notifications, outbox.Destination{
		Route: notification.Route{Name: name, PerTopic: true}, Sender: sns.New(loaded),
	})
	return nil
}
