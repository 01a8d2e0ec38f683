// Package outbox sends the messages that wait in the store.
//
// # Guarantees
//
// A message is stored in the transaction of the change that it is about, and
// removed after its destination took it: it is sent at least once, whatever
// dies in between, and again with the same id. The messages of a lane (one
// destination of one deployment) are sent in order, each after the one before
// it was taken or given up. A destination that is slow or gone holds up its
// own messages only.
//
// # Concurrency
//
// Any number of servers send from one database: each claims a message for a
// while before it sends it. In a server each destination has a goroutine.
package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/slipwayhq/slipway/internal/notification"
	"github.com/slipwayhq/slipway/internal/store"
)

// Destination is where messages of a route go.
type Destination struct {
	notification.Route
	Sender notification.Sender
}

// Options configure an outbox. The zero value of each has a default.
type Options struct {
	// RetryFor is how long a message is tried before it is given up, from when
	// it was made. Default 24 hours.
	RetryFor time.Duration
	// Attempts is how often it is tried at most. Default: until RetryFor.
	Attempts int
	Now      func() time.Time // default time.Now
	Jitter   func() float64   // in [0, 1); default random
	Log      *slog.Logger     // default: none
}

// Outbox sends the messages of one store.
type Outbox struct {
	store        *store.Store
	destinations []Destination
	opts         Options
	tidied       time.Time
}

const (
	batch = 16 // messages sent to a destination at the same time
	// sendLimit is how long one try may take; claim, how long no other server
	// takes a message up.
	sendLimit = 10 * time.Second
	claim     = 2 * sendLimit

	firstDelay = time.Second
	lastDelay  = 5 * time.Minute
	// maxRetryAfter bounds the pause that a destination may ask for.
	maxRetryAfter = time.Hour

	tidyEvery = time.Hour
	keepDead  = 14 * 24 * time.Hour
	// safetyNet is how long a destination sleeps at most: should it not be told
	// of a message, this is what it costs.
	safetyNet = 10 * time.Second
)

// New returns an outbox with destinations of different names. Run must be
// called for anything to be sent.
func New(s *store.Store, destinations []Destination, opts Options) (*Outbox, error) {
	for i, d := range destinations {
		if slices.ContainsFunc(destinations[:i], func(e Destination) bool { return e.Name == d.Name }) {
			return nil, fmt.Errorf("there are two destinations %s", d.Name)
		}
	}
	if opts.RetryFor == 0 {
		opts.RetryFor = 24 * time.Hour
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Jitter == nil {
		opts.Jitter = rand.Float64
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	return &Outbox{store: s, destinations: destinations, opts: opts}, nil
}

// Run sends messages until ctx ends.
func (o *Outbox) Run(ctx context.Context) {
	var running sync.WaitGroup
	for _, d := range o.destinations {
		running.Go(func() {
			o.loop(ctx, func() (time.Time, error) { return o.send(ctx, d) })
		})
	}
	o.loop(ctx, func() (time.Time, error) { return o.tidy(ctx) })
	running.Wait()
}

// loop calls step when it is due, and when there are new messages.
func (o *Outbox) loop(ctx context.Context, step func() (time.Time, error)) {
	told, unsubscribe := o.store.Subscribe(store.TopicOutbox)
	defer unsubscribe()
	for {
		next, err := step()
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			o.opts.Log.Error("cannot work on the outbox", "error", err)
			next = o.opts.Now().Add(time.Second)
		}
		timer := time.NewTimer(min(max(next.Sub(o.opts.Now()), 0), safetyNet))
		select {
		case <-ctx.Done():
		case <-told:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// Step sends everything that is due and returns when the next message is.
func (o *Outbox) Step(ctx context.Context) (next time.Time, err error) {
	next, err = o.tidy(ctx)
	if err != nil {
		return next, err
	}
	for _, d := range o.destinations {
		at, err := o.send(ctx, d)
		if err != nil {
			return next, err
		}
		if at.Before(next) {
			next = at
		}
	}
	return next, nil
}

// send sends what is due at a destination.
func (o *Outbox) send(ctx context.Context, d Destination) (next time.Time, err error) {
	for {
		now := o.opts.Now()
		var due []store.OutboxRow
		if due, next, err = o.take(ctx, d.Name, now); err != nil || len(due) == 0 {
			return next, err
		}
		var sending sync.WaitGroup
		for _, row := range due { // of different lanes
			sending.Go(func() { o.try(ctx, d, row) })
		}
		sending.Wait()
		if ctx.Err() != nil {
			return next, ctx.Err()
		}
	}
}

// take claims messages that are due. When it gets none, it returns when the
// next one is due. Most of the time nothing is, and nothing is written.
func (o *Outbox) take(ctx context.Context, destination string, now time.Time) (taken []store.OutboxRow, next time.Time, err error) {
	var due []store.OutboxRow
	err = o.store.View(ctx, func(tx *store.Tx) error {
		if due, err = tx.DueMessages(destination, now, batch); err != nil || len(due) > 0 {
			return err
		}
		next, err = tx.NextMessage(destination)
		return err
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, now.Add(safetyNet), nil
	case err != nil || len(due) == 0:
		return nil, next, err
	}
	err = o.store.Update(ctx, func(tx *store.Tx) error {
		taken, err = tx.ClaimMessages(due, now, now.Add(claim))
		return err
	})
	return taken, now.Add(safetyNet), err // with none taken: others send them
}

// try sends a claimed message once and stores what came of it, also when the
// server is about to stop: what was sent must not be sent again without need.
func (o *Outbox) try(ctx context.Context, d Destination, row store.OutboxRow) {
	sending, cancel := context.WithTimeout(ctx, sendLimit)
	defer cancel()
	failure := d.Sender.Send(sending, row.Message)
	log := o.opts.Log.With("notification", row.Message.ID, "destination", d.Name, "deployment", row.Message.Deployment)
	err := o.store.Update(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		if failure == nil {
			return tx.RemoveMessage(row.Message.ID)
		}
		if ctx.Err() == nil { // else it was not the destination that failed
			o.failed(&row, failure)
		}
		return tx.SaveMessage(row)
	})
	switch {
	case err != nil:
		log.Error("cannot store what came of a notification; it may be sent again", "error", err)
	case row.Dead:
		log.Error("a notification is given up: see slipway notifications --dead", "attempts", row.Attempts, "error", row.LastError)
	case failure != nil && row.Attempts == 1:
		log.Warn("a notification cannot be sent; it is tried again", "error", row.LastError)
	}
}

// failed notes on a row that a try failed: it is due later, or dead.
func (o *Outbox) failed(row *store.OutboxRow, failure error) {
	now := o.opts.Now()
	row.Attempts++
	row.LastError = failure.Error()
	row.Due = now.Add(o.delay(row.Attempts, failure))
	if errors.Is(failure, notification.ErrPermanent) || row.Attempts == o.opts.Attempts ||
		row.Due.After(row.Since.Add(o.opts.RetryFor)) {
		row.Dead, row.Due = true, now
	}
}

// delay is how long a message rests after that many tries: twice as long after
// each, and not the same for all, or they would all come back at once.
func (o *Outbox) delay(attempts int, failure error) time.Duration {
	delay := lastDelay
	if shift := attempts - 1; shift < 16 {
		delay = min(firstDelay<<shift, lastDelay)
	}
	delay = delay/2 + time.Duration(o.opts.Jitter()*float64(delay/2))
	var asked *notification.RetryAfterError
	if errors.As(failure, &asked) {
		delay = max(delay, min(asked.After, maxRetryAfter))
	}
	return delay
}

// tidy gives up what has no destination any more, and forgets what died long
// ago.
func (o *Outbox) tidy(ctx context.Context) (next time.Time, err error) {
	now := o.opts.Now()
	if next = o.tidied.Add(tidyEvery); now.Before(next) {
		return next, nil
	}
	var known []string
	for _, d := range o.destinations {
		known = append(known, d.Name)
	}
	var strays int64
	err = o.store.Update(ctx, func(tx *store.Tx) error {
		if _, err := tx.RemoveDead(now.Add(-keepDead)); err != nil {
			return err
		}
		strays, err = tx.KillStrays(known, now.Add(-o.opts.RetryFor), now, "The server's configuration has no such destination.")
		return err
	})
	if err != nil {
		return next, err
	}
	if strays > 0 {
		o.opts.Log.Error("notifications to destinations that are not configured are given up: see slipway notifications --dead",
			"count", strays)
	}
	o.tidied = now
	return now.Add(tidyEvery), nil
}
