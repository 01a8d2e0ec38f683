package main

import (
	"context"
	"errors"
	"net/url"
	"os"
	"strings"

	"github.com/slipwayhq/slipway/internal/daemon"
	"github.com/slipwayhq/slipway/internal/notification"
	"github.com/slipwayhq/slipway/internal/provider/amazon"
	"github.com/slipwayhq/slipway/internal/provider/notification/logfile"
	"github.com/slipwayhq/slipway/internal/provider/notification/outbox"
	"github.com/slipwayhq/slipway/internal/provider/notification/sns"
	"github.com/slipwayhq/slipway/internal/provider/notification/webhook"
)

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
		if err == nil {
			c.Notifications = append(c.Notifications, d)
		}
		return err
	}
}

// eventTo puts a sender among those that get events.
func eventTo(newSender func(*url.URL) (notification.Sender, error)) driver {
	return func(_ context.Context, u *url.URL, c *daemon.Config) error {
		d, err := destination("event", u, newSender)
		if err == nil {
			c.Events = append(c.Events, d)
		}
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
// endpoint it is Amazon's, without a region each topic's own.
func snsDriver(ctx context.Context, u *url.URL, c *daemon.Config) error {
	account, parameters, err := amazon.Open(ctx, u)
	if err != nil {
		return err
	}
	c.Notifications = append(c.Notifications, outbox.Destination{
		Route:  notification.Route{Name: "notification=aws:" + parameters["endpoint"], PerTopic: true},
		Sender: sns.New(account),
	})
	return nil
}
