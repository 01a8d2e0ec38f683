// Package engine moves deployments. It alone writes statuses, targets and host
// commands.
//
// # Flow
//
// A deployment that is due (its wake-up time has come, or control stored
// something new about it) gets one pass: load, gate (is it to end?), decide,
// save, all in one transaction. Deciding is pure and takes microseconds, so a
// pass that dies anywhere has changed nothing, and the next one starts from
// the same rows.
//
// What is to be done to the world outside is an action that a pass stores and
// Act carries out afterwards; what came of it is stored, and wakes the
// deployment for its next pass.
//
// # Guarantees
//
// Every active deployment has a wake-up time or waits for a host whose timer
// is one. A command is in the store before a host can see it, and is made once:
// its id names what it is for.
//
// # Concurrency
//
// One goroutine runs all passes of a process: a pass takes next to no time. A
// second one reads alarms; what it reads is a stored fact like any other.
// Actions are carried out many at a time, each claimed first. Waiting is
// stored, never slept.
//
// Several processes share the deployments of one database by leases: an engine
// that has a name advances only what it has claimed, says so with each save,
// and says again every third of the term that it is still there. When it dies,
// the others see its leases end and take over. Nothing depends on a lease but
// speed: a pass is a transaction, whoever makes it, and the version of the row
// keeps a pass that began before somebody else's from being saved after it.
package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/notification"
	"github.com/slipwayhq/slipway/internal/platform"
	"github.com/slipwayhq/slipway/internal/provider/alarm"
	"github.com/slipwayhq/slipway/internal/provider/artifact"
	"github.com/slipwayhq/slipway/internal/store"
)

// Options configure an engine. The zero value of each has a default.
type Options struct {
	Platforms map[deploy.ComputePlatform]platform.Platform
	// RunLimit is how long a deployment may take. Default 12 hours.
	RunLimit time.Duration
	// MaxActive is how many deployments may be active in an account and region
	// at once; those above it are queued. Default 10,000.
	MaxActive int
	// Alarms is asked for the states of alarms. Nil: nobody can read any.
	Alarms alarm.Source
	// AlarmPeriod is how often the alarms of a deployment are read. Default
	// 10 seconds.
	AlarmPeriod time.Duration
	// Artifacts reads the AppSpec files that lie in S3. Nil: there are none.
	Artifacts artifact.Source
	// ServiceRole says what is wrong with the service role of a group. Default
	// nothing.
	ServiceRole func(*store.Tx, deploy.Group) (*deploy.ErrorInfo, error)
	// Notify is who is told of changes. Default nobody.
	Notify notification.Routes
	// Order puts instances in the order that breaks ties between hosts of the
	// same health. Default random, as in CodeDeploy.
	Order func([]deploy.Instance)
	Now   func() time.Time // default time.Now
	NewID func() string    // of deployments; default deploy.NewDeploymentID
	Log   *slog.Logger     // default: none

	// Name tells this engine from others on the same store. Empty: there are
	// no others, and no leases.
	Name string
	// Lease is how long a deployment stays with an engine that is not heard
	// of. Default 10 seconds.
	Lease time.Duration
	// ignoreLeases is a fault for tests: the engine advances what belongs to
	// others.
	ignoreLeases bool
}

// Engine advances the deployments of one store.
type Engine struct {
	store *store.Store
	opts  Options
	// targets holds the targets of active deployments as they are in the
	// store, so that an event costs no re-reading of the fleet. A version that
	// differs means that somebody else has saved.
	targets map[string]cachedTargets
	// held keeps a deployment whose pass failed from being tried in a loop.
	held map[string]time.Time
	// alarms is what the poller of alarms keeps between its rounds.
	alarms alarmPoller
	// renewAt is when the leases are to be extended.
	renewAt time.Time
}

type cachedTargets struct {
	version int64
	targets []deploy.Target
	index   *deploy.Index
}

// New returns an engine. Run must be called for anything to happen.
func New(s *store.Store, opts Options) *Engine {
	if opts.RunLimit == 0 {
		opts.RunLimit = 12 * time.Hour
	}
	if opts.MaxActive == 0 {
		opts.MaxActive = 10_000
	}
	if opts.AlarmPeriod == 0 {
		opts.AlarmPeriod = 10 * time.Second
	}
	if opts.ServiceRole == nil {
		opts.ServiceRole = func(*store.Tx, deploy.Group) (*deploy.ErrorInfo, error) { return nil, nil }
	}
	if opts.Lease == 0 {
		opts.Lease = 10 * time.Second
	}
	if opts.Order == nil {
		opts.Order = shuffle
	}
	clock := opts.Now
	if clock == nil {
		clock = time.Now
	}
	// The store's columns count in milliseconds.
	opts.Now = func() time.Time { return clock().UTC().Truncate(time.Millisecond) }
	if opts.NewID == nil {
		opts.NewID = deploy.NewDeploymentID
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	return &Engine{
		store: s, opts: opts, targets: map[string]cachedTargets{}, held: map[string]time.Time{},
		alarms: alarmPoller{slots: make(chan struct{}, maxAsking)},
	}
}

func shuffle(instances []deploy.Instance) {
	rand.Shuffle(len(instances), func(i, j int) { instances[i], instances[j] = instances[j], instances[i] })
}

const (
	batch = 100 // due deployments looked at before asking again which are due
	// holdTime is how long a deployment rests after a pass that failed.
	holdTime = time.Second
	// yieldTime is how long it rests when another engine was faster.
	yieldTime = 50 * time.Millisecond
	// safetyNet is how long the engine sleeps at most: should a notification
	// ever be lost, this is what it costs.
	safetyNet = 10 * time.Second
)

// Run advances deployments until ctx ends.
func (e *Engine) Run(ctx context.Context) error {
	var beside sync.WaitGroup
	beside.Go(func() { e.watchAlarms(ctx) })
	beside.Go(func() { e.runActions(ctx) })
	defer beside.Wait()
	told, unsubscribe := e.store.Subscribe(store.TopicDeployments)
	defer unsubscribe()
	defer e.endLeases(ctx)
	for {
		next, err := e.Step(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			e.opts.Log.Error("cannot advance deployments", "error", err)
			next = e.opts.Now().Add(holdTime)
		}
		timer := time.NewTimer(min(max(next.Sub(e.opts.Now()), 0), safetyNet))
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-told:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// Step gives every due deployment its passes and returns when the next one is
// due.
func (e *Engine) Step(ctx context.Context) (next time.Time, err error) {
	for {
		now := e.opts.Now()
		if err := e.extendLeases(ctx, now); err != nil {
			return next, err
		}
		var due store.Due
		err := e.store.View(ctx, func(tx *store.Tx) (err error) {
			due, err = tx.DueDeployments(e.minds(), now, batch)
			return err
		})
		if err != nil {
			return next, err
		}
		next = e.soonest(now, due.Next)
		worked := false
		for _, id := range due.IDs {
			if until, held := e.held[id]; held && now.Before(until) {
				next = earlier(next, until)
				continue
			}
			worked = true
			if err := e.extendLeases(ctx, e.opts.Now()); err != nil {
				return next, err
			}
			e.tryPass(ctx, id)
		}
		if !worked {
			return next, ctx.Err()
		}
	}
}

// soonest returns when to look again, if nothing is told: when the next
// deployment is due, leases are to be extended, or the safety net says so.
func (e *Engine) soonest(now, due time.Time) time.Time {
	next := now.Add(safetyNet)
	if !due.IsZero() {
		next = earlier(next, due)
	}
	if e.opts.Name != "" {
		next = earlier(next, e.renewAt)
	}
	return next
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// tryPass runs a pass and holds the deployment when it fails. A pass that
// panics is a bug, and would be one again: that deployment ends as failed
// rather than never.
func (e *Engine) tryPass(ctx context.Context, id string) {
	err := e.pass(ctx, id)
	var bug *bugError
	if errors.As(err, &bug) {
		e.opts.Log.Error("the engine has a bug; the deployment fails", "deployment", id, "error", bug)
		err = e.store.UpdateRows(ctx, func(tx *store.Tx) error { return e.giveUp(tx, id) })
	}
	if err == nil {
		delete(e.held, id)
		return
	}
	delete(e.targets, id)
	if errors.Is(err, store.ErrLeased) {
		e.held[id] = e.opts.Now().Add(yieldTime) // that one is at it
		return
	}
	e.held[id] = e.opts.Now().Add(holdTime)
	if ctx.Err() == nil {
		e.opts.Log.Error("cannot advance a deployment; it is tried again", "deployment", id, "error", err)
	}
}

// bugError is a panic in a decision.
type bugError struct{ value any }

func (b *bugError) Error() string { return fmt.Sprint(b.value) }
