// Package store keeps everything that must survive the process: definitions,
// deployments with their targets, host commands, and identities. It is SQL,
// one text for SQLite and PostgreSQL, one file per table, rows that hold the
// domain value as JSON beside the columns that queries look at.
//
// # Guarantees
//
// Update is one durable transaction that is serialised with all others: when it
// returns nil the changes are on disk. Notifications leave only after that, and
// reach the subscribers of every process that has the database open.
//
// On PostgreSQL a transaction that met another one runs again from its start.
// So the function given to Update must be safe to run twice: what it sets
// outside itself it sets each time, and it does nothing to the world.
//
// UpdateRows is for what is frequent and meets often: the engine's passes and
// the reports of hosts. It locks the rows that it reads to change them, and
// promises nothing about those that it only reads.
package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/slipwayhq/slipway/internal/audit"
	"github.com/slipwayhq/slipway/internal/seal"
)

// The store's own errors.
var (
	// ErrNotFound: there is no such row.
	ErrNotFound = errors.New("not found")
	// ErrExists: a row with this key, or with another unique value, is there.
	ErrExists = errors.New("already exists")
	// ErrConflict: the row was changed by somebody else since it was read.
	ErrConflict = errors.New("changed meanwhile")
)

// Store is an open database. Its methods may be called from any goroutine.
type Store struct {
	dialect dialect
	write   *sql.DB // SQLite: one connection, so that transactions are serialised
	read    *sql.DB
	// What is compiled in the two pools. Nil on PostgreSQL.
	writing, reading *statements

	box    *seal.Box // what secrets are sealed with
	hub    hub
	events *listener // PostgreSQL: what other processes tell
	// repeats counts the transactions that had to be run again, writes those
	// that were committed.
	repeats, writes atomic.Int64
}

// Tx is one transaction. Its methods are in one file per table.
type Tx struct {
	ctx     context.Context
	tx      *sql.Tx
	dialect dialect
	level   sql.IsolationLevel
	box     *seal.Box
	topics  []string

	compiled *statements // nil: the driver sees to it
	missed   []string    // statements that are not compiled yet
}

// View runs f in a read-only transaction: f sees one state of the store.
func (s *Store) View(ctx context.Context, f func(*Tx) error) error {
	// A snapshot is all that readers need: on PostgreSQL it is the level below
	// the writers', and cannot fail because of them.
	tx, err := s.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true, Isolation: s.dialect.snapshot()})
	if err != nil {
		return fmt.Errorf("cannot read the store: %w", err)
	}
	t := &Tx{ctx: ctx, tx: tx, dialect: s.dialect, box: s.box, compiled: s.reading}
	defer t.ended()
	defer tx.Rollback() // there is nothing to undo
	return f(t)
}

// Update runs f in a transaction. The changes are on disk, and subscribers
// are told, when it returns nil; when f fails nothing has changed. The record
// of the call that ctx belongs to is on disk with them (package audit). f may
// run more than once (see above).
func (s *Store) Update(ctx context.Context, f func(*Tx) error) error {
	return s.update(ctx, s.dialect.serialised(), f)
}

// UpdateRows is Update for an f that only changes rows that it has read by their
// keys, and to which it does not matter when the others it reads change. On
// PostgreSQL those rows are locked ([Tx.Command], [Tx.NextCommand],
// [Tx.ClaimDeployment]) and others wait for them, where transactions that are
// serialised would have to be repeated: a thousand hosts that report on one
// deployment would not let the engine have it.
func (s *Store) UpdateRows(ctx context.Context, f func(*Tx) error) error {
	return s.update(ctx, s.dialect.committed(), f)
}

func (s *Store) update(ctx context.Context, level sql.IsolationLevel, f func(*Tx) error) error {
	err := s.attempt(ctx, level, f)
	for n := 0; n < maxRepeats && s.dialect.repeats(err); n++ {
		s.repeats.Add(1)
		if err := pause(ctx, n); err != nil {
			return fmt.Errorf("cannot change the store: %w", err)
		}
		err = s.attempt(ctx, level, f)
	}
	return err
}

// attempt runs f in a transaction, once.
func (s *Store) attempt(ctx context.Context, level sql.IsolationLevel, f func(*Tx) error) error {
	tx, err := s.write.BeginTx(ctx, &sql.TxOptions{Isolation: level})
	if err != nil {
		return fmt.Errorf("cannot change the store: %w", err)
	}
	t := &Tx{ctx: ctx, tx: tx, dialect: s.dialect, level: level, box: s.box, compiled: s.writing}
	defer t.ended()
	defer tx.Rollback() // after a commit there is nothing to undo
	if err := f(t); err != nil {
		return err
	}
	pending := audit.From(ctx)
	if pending != nil {
		if record, unsaved := pending.Unsaved(); !unsaved {
			pending = nil
		} else if err := t.InsertAudit(record); err != nil {
			return err
		}
	}
	if err := s.tellOthers(t); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("cannot change the store: %w", err)
	}
	if pending != nil {
		pending.Saved()
	}
	s.writes.Add(1)
	s.hub.publish(t.topics)
	return nil
}

// Writes returns how many transactions this process has committed.
func (s *Store) Writes() int64 { return s.writes.Load() }

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error { return s.read.PingContext(ctx) }

// Close closes the database.
func (s *Store) Close() error {
	if s.events != nil {
		s.events.close()
	}
	return errors.Join(s.read.Close(), s.write.Close())
}

// exec runs a statement and returns how many rows it changed.
func (t *Tx) exec(query string, args ...any) (int64, error) {
	res, err := t.change(query, args...)
	if err != nil {
		if isUnique(err) {
			return 0, ErrExists
		}
		return 0, err
	}
	return res.RowsAffected()
}

// text reads one column of one row.
func (t *Tx) text(query string, args ...any) (string, error) {
	var s string
	err := t.queryRow(query, args...).Scan(&s)
	if errors.Is(err, sql.ErrNoRows) || unheard(err) {
		return "", ErrNotFound
	}
	return s, err
}

// number reads one number of one row.
func (t *Tx) number(query string, args ...any) (int64, error) {
	var n int64
	err := t.queryRow(query, args...).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) || unheard(err) {
		return 0, ErrNotFound
	}
	return n, err
}

// unheard reports whether a query asked for a text that PostgreSQL cannot hold:
// there is no row with it.
func unheard(err error) bool { return sqlState(err) == notInEncoding }

// texts reads one column of many rows.
func (t *Tx) texts(query string, args ...any) ([]string, error) {
	rows, err := t.query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

// one reads a row's doc.
func one[T any](t *Tx, query string, args ...any) (T, error) {
	var v T
	doc, err := t.text(query, args...)
	if err != nil {
		return v, err
	}
	err = json.Unmarshal([]byte(doc), &v)
	return v, err
}

// many reads the docs of rows.
func many[T any](t *Tx, query string, args ...any) ([]T, error) {
	docs, err := t.texts(query, args...)
	if err != nil {
		return nil, err
	}
	out := make([]T, len(docs))
	for i, doc := range docs {
		if err := json.Unmarshal([]byte(doc), &out[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// doc returns v as JSON. Domain values always marshal.
func doc(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// ms returns t in milliseconds; the zero time and nil are 0.
func ms(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func msOf(t *time.Time) int64 {
	if t == nil {
		return 0
	}
	return ms(*t)
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// isUnique recognises a violated unique constraint by its code or by SQLite's
// words, so that this file needs no driver.
func isUnique(err error) bool {
	return sqlState(err) == uniqueViolation || strings.Contains(err.Error(), "UNIQUE constraint failed")
}
