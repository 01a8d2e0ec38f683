package store

import (
	"context"
	"database/sql"
	"math/rand/v2"
	"time"
)

// Transactions of a PostgreSQL store are SERIALIZABLE: the database lets those
// that do not touch each other run side by side, and stops one of two that do.
// SQLite has one writer at a time, which is the same seen from the inside.
func (d dialect) serialised() sql.IsolationLevel {
	if d == postgres {
		return sql.LevelSerializable
	}
	return sql.LevelDefault
}

// committed is the level at which what matters is locked.
func (d dialect) committed() sql.IsolationLevel {
	if d == postgres {
		return sql.LevelReadCommitted
	}
	return sql.LevelDefault
}

// snapshot is the level of readers. They see one state, and writers cannot make
// them fail.
func (d dialect) snapshot() sql.IsolationLevel {
	if d == postgres {
		return sql.LevelRepeatableRead
	}
	return sql.LevelDefault
}

// How a row is read that is to be changed.
const (
	waiting  = ` FOR UPDATE`             // for whoever has locked it
	skipping = ` FOR UPDATE SKIP LOCKED` // rows that somebody has locked
)

// locked adds a lock to a query, in a transaction that needs one.
func (t *Tx) locked(query, lock string) string {
	if t.level != sql.LevelReadCommitted {
		return query
	}
	return query + lock
}

// repeats reports whether a transaction failed only because of another one, and
// would go well if it were run again.
func (d dialect) repeats(err error) bool {
	if err == nil || d != postgres {
		return false
	}
	state := sqlState(err)
	return state == serializationFailed || state == deadlock
}

const (
	// maxRepeats is how often a transaction is run again. With the pauses
	// between that is some five seconds: who then has had no luck is told to
	// come again.
	maxRepeats = 30
	firstPause = 2 * time.Millisecond
	longPause  = 250 * time.Millisecond
)

// pause waits before repetition n: a random time, so that two transactions
// that met do not meet again, up to a bound that doubles.
func pause(ctx context.Context, n int) error {
	bound := min(firstPause<<min(n, 10), longPause)
	timer := time.NewTimer(rand.N(bound))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
