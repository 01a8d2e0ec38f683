// Package function is what deployments need of functions: aliases with
// weights, and hooks that are invoked. The drivers are in folders of their own.
package function

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// Scope says for whom a function is reached.
type Scope struct {
	deploy.Namespace
	Role string // the deployment group's service role; a driver may assume it
}

// Invoker invokes hooks.
type Invoker interface {
	// Invoke starts a function and does not wait for it, unless its driver is
	// one that learns the result by the return value. It may be called again
	// with the same payload.
	Invoke(ctx context.Context, to Scope, function string, payload []byte) (Answer, error)
}

// Service knows functions, their versions and aliases.
type Service interface {
	Invoker
	Alias(ctx context.Context, to Scope, function, alias string) (Alias, error)
	// UpdateAlias changes an alias, if its RevisionID is still the one given,
	// and fails with ErrConflict if it is not. The id that it has then is
	// returned.
	UpdateAlias(ctx context.Context, to Scope, function, alias string, state Alias) (revisionID string, err error)
	// Version fails with ErrNotFound if the function has no such version.
	Version(ctx context.Context, to Scope, function, version string) error
	// Capacity reports whether the capacity that is provisioned for an alias
	// is there. That of an alias for which none is provisioned is.
	Capacity(ctx context.Context, to Scope, function, alias string) (ready bool, err error)
}

// Answer is what a hook said by its return value.
type Answer struct {
	Status  deploy.EventStatus // Succeeded or Failed; empty: the hook will call back
	Message string             // of a failed one
}

// Alias is the state of an alias: one version, and a share of the traffic for
// another.
type Alias struct {
	Version    string
	Weights    map[string]float64 // of additional versions, as fractions
	RevisionID string             // changes with every write
}

// Normal returns the state without versions that get nothing.
func (a Alias) Normal() Alias {
	a.Weights = maps.Clone(a.Weights)
	maps.DeleteFunc(a.Weights, func(_ string, w float64) bool { return w == 0 })
	return a
}

// Same reports whether two aliases route alike.
func (a Alias) Same(b Alias) bool {
	a, b = a.Normal(), b.Normal()
	return a.Version == b.Version && maps.EqualFunc(a.Weights, b.Weights, func(x, y float64) bool {
		return x-y < 1e-9 && y-x < 1e-9
	})
}

// String describes the state for messages.
func (a Alias) String() string {
	a = a.Normal()
	if len(a.Weights) == 0 {
		return "version " + a.Version
	}
	var parts []string
	for version, weight := range a.Weights { // there is one at most
		parts = append(parts, fmt.Sprintf("%g %% on version %s", weight*100, version))
	}
	return "version " + a.Version + " with " + strings.Join(parts, ", ")
}

// What a driver fails with. Everything else may pass, and is tried again.
var (
	ErrNotFound  = errors.New("there is no such function, alias or version")
	ErrDenied    = errors.New("it is not allowed")
	ErrThrottled = errors.New("there are too many requests")
	ErrConflict  = errors.New("the alias was changed meanwhile")
	ErrInvalid   = errors.New("the request is refused")
	// ErrUnknown is what a driver of several says of a name that is not its own.
	ErrUnknown = errors.New("the name belongs to another driver")
)
