// Package backoff spaces out repeated attempts.
package backoff

import (
	"context"
	"math/rand/v2"
	"time"
)

// Policy says how long to wait between attempts. A zero field means its
// default.
type Policy struct {
	Initial time.Duration // before the first repetition; default 500 ms
	Max     time.Duration // default 30 s
}

// Delay returns how long to wait after the given failed attempt in a row,
// counted from one: doubling, with jitter so that hosts which lost the server
// at one time don't return at one time.
func (p Policy) Delay(attempt int) time.Duration {
	initial, limit := p.Initial, p.Max
	if initial <= 0 {
		initial = 500 * time.Millisecond
	}
	if limit <= 0 {
		limit = 30 * time.Second
	}
	d := limit
	if shift := attempt - 1; shift < 16 {
		d = min(limit, initial<<shift)
	}
	return d - rand.N(d/4+1)
}

// Wait waits out the delay of an attempt, or until ctx ends.
func (p Policy) Wait(ctx context.Context, attempt int) error {
	return Sleep(ctx, p.Delay(attempt))
}

// Sleep waits for d, or until ctx ends.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
