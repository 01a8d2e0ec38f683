// Package alarm reads the states of alarms, which stop deployments. The
// drivers are in folders of their own.
package alarm

import (
	"context"
	"errors"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// Source knows alarms by name.
type Source interface {
	// States returns the state of those of the named alarms that the source
	// knows; a name that it does not know is left out. An error says why it
	// could not tell about the names that are left out, it may know of them:
	// it is one of [ErrDenied] and [ErrThrottled] if it was that. What is in
	// the map is good even then. Neither the error's text nor what it wraps
	// has credentials in it. A source waits for as long as ctx lets it, and is
	// asked from several goroutines.
	States(ctx context.Context, ns deploy.Namespace, names []string) (map[string]deploy.AlarmState, error)
}

// What a source may fail with, for the deployment to say so.
var (
	ErrDenied    = errors.New("reading the alarm is not allowed")
	ErrThrottled = errors.New("the alarm source is throttling")
)
