package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

const (
	claimSpare = 30 * time.Second // a claim is longer than a try, so that nobody else starts meanwhile
	maxActing  = 32               // actions that are carried out at one time
)

// Act carries out the actions that are due, one after the other, and returns
// when the next one is. Run does the same, many at a time.
func (e *Engine) Act(ctx context.Context) (next time.Time, err error) {
	for {
		due, next, err := e.claimActions(ctx, 1)
		if err != nil || len(due) == 0 {
			return next, err
		}
		if err := e.carryOut(ctx, due[0]); err != nil {
			return next, err
		}
	}
}

// runActions carries out actions until ctx ends, and then waits for those
// under way.
func (e *Engine) runActions(ctx context.Context) {
	told, unsubscribe := e.store.Subscribe(store.TopicActions)
	defer unsubscribe()
	var acting sync.WaitGroup
	defer acting.Wait()
	carried := make(chan struct{}, 1) // told when one may be due again
	free := make(chan struct{}, maxActing)
	for range maxActing {
		free <- struct{}{}
	}
	for ctx.Err() == nil {
		due, next, err := e.claimActions(ctx, len(free))
		if err != nil && ctx.Err() == nil {
			e.opts.Log.Error("cannot look for actions", "error", err)
			next = e.opts.Now().Add(holdTime)
		}
		for _, a := range due {
			<-free
			acting.Go(func() {
				defer func() {
					free <- struct{}{}
					select {
					case carried <- struct{}{}:
					default: // it will be looked at
					}
				}()
				if err := e.carryOut(ctx, a); err != nil && ctx.Err() == nil {
					e.opts.Log.Error("cannot save the outcome of an action; it is done again", "action", a.ID, "error", err)
				}
			})
		}
		if len(due) == 0 {
			e.waitFor(ctx, told, carried, next)
		} else if len(free) == 0 {
			free <- <-free // until one has ended
		}
	}
}

// waitFor returns when told, or when an action has been carried out, or at next,
// or when ctx ends.
func (e *Engine) waitFor(ctx context.Context, told, carried <-chan struct{}, next time.Time) {
	wait := safetyNet
	if !next.IsZero() {
		wait = min(max(next.Sub(e.opts.Now()), 0), safetyNet)
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-told:
	case <-carried:
	case <-timer.C:
	}
}

// claimActions takes up to limit due actions.
func (e *Engine) claimActions(ctx context.Context, limit int) (due []deploy.Action, next time.Time, err error) {
	now := e.opts.Now()
	err = e.store.View(ctx, func(tx *store.Tx) (err error) {
		next, err = tx.NextAction()
		return err
	})
	if err != nil || limit == 0 || next.IsZero() || next.After(now) {
		return nil, next, err
	}
	err = e.store.Update(ctx, func(tx *store.Tx) (err error) {
		due, err = tx.ClaimActions(now, claimSpare, limit)
		return err
	})
	return due, next, err
}

// carryOut tries an action once and stores what came of it.
func (e *Engine) carryOut(ctx context.Context, a deploy.Action) error {
	outcome, err := e.try(ctx, a)
	if ctx.Err() != nil {
		return ctx.Err() // the server is stopping: as if it had not been tried
	}
	now := e.opts.Now()
	return e.store.Update(ctx, func(tx *store.Tx) error {
		if err != nil {
			retry := a
			retry.Tries++
			e.opts.Log.Warn("an action failed and is tried again", "action", a.ID, "tries", retry.Tries, "error", err)
			return tx.RetryAction(retry, earlier(now.Add(pause(retry.Tries)), a.Deadline))
		}
		done := a
		outcome.At = now
		done.Outcome, done.Tries = &outcome, 0
		due := a.Deadline
		if outcome.After > 0 {
			due = earlier(now.Add(outcome.After), a.Deadline)
		}
		_, err := tx.SaveAction(done, due, now)
		return err
	})
}

// try lets the platform carry out the action, unless its time is over.
func (e *Engine) try(ctx context.Context, a deploy.Action) (deploy.Outcome, error) {
	p, known := e.opts.Platforms[a.Platform]
	if !known {
		return deploy.Outcome{Status: deploy.ActionFailed, Error: &deploy.ErrorInfo{
			Code: deploy.InternalError, Message: "This server does not deploy to the compute platform " + string(a.Platform) + ".",
		}}, nil
	}
	// The last try may come as late as the deadline, so that an action that
	// was done while the server was away is found done.
	late := !e.opts.Now().Before(a.Deadline)
	if late && a.Outcome != nil && a.Outcome.After == 0 {
		return deploy.Outcome{Status: deploy.ActionFailed, Error: &a.Late}, nil // nobody brought the answer
	}
	trying, cancel := context.WithTimeout(ctx, a.TryLimit())
	defer cancel()
	act := p.Act
	if a.Kind == fetchAppSpec {
		act = e.fetch
	}
	outcome, err := act(trying, a)
	switch {
	case !late || err == nil && outcome.Status != deploy.ActionWaiting:
		return outcome, err
	case err != nil:
		failure := a.Late
		var info *deploy.ErrorInfo
		if errors.As(err, &info) {
			failure = *info
		}
		return deploy.Outcome{Status: deploy.ActionFailed, Error: &failure}, nil
	default:
		return deploy.Outcome{Status: deploy.ActionFailed, Error: &a.Late, Output: outcome.Output}, nil
	}
}

// pause is how long an action rests after so many failed tries: 1 s, doubled
// each time, half a minute at most.
func pause(tries int) time.Duration {
	return min(time.Second<<min(tries-1, 5), 30*time.Second)
}

// saveActions stores the actions of a decision.
func saveActions(tx *store.Tx, d deploy.Decision) error {
	for _, a := range d.Act {
		if err := tx.InsertAction(a); err != nil {
			return fmt.Errorf("action %s: %w", a.ID, err)
		}
	}
	for _, id := range d.Drop {
		if err := tx.DropAction(id); err != nil {
			return err
		}
	}
	return nil
}
