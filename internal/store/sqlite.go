package store

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver named "sqlite"

	"github.com/slipwayhq/slipway/internal/seal"
)

// OpenSQLite opens the database file at path, makes it when it is not there,
// and brings its schema up to date. Its secrets are sealed with the box. The
// caller sees to it that no other process has it open.
func OpenSQLite(ctx context.Context, path string, box *seal.Box) (*Store, error) {
	write, err := openSQLite(path, "immediate", 1)
	if err != nil {
		return nil, err
	}
	read, err := openSQLite(path, "deferred", 8)
	if err != nil {
		return nil, err
	}
	s := &Store{write: write, read: read, box: box}
	err = s.migrate(ctx, goose.DialectSQLite3)
	if err == nil {
		err = s.Update(ctx, (*Tx).checkKey)
	}
	if err != nil {
		s.Close() //nolint:errcheck // the first error is the one to show
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// openSQLite opens a pool. Synchronous FULL makes every commit durable: what
// a client was told must survive a power cut.
func openSQLite(path, lock string, conns int) (*sql.DB, error) {
	q := url.Values{"_txlock": {lock}, "_pragma": {
		"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)",
	}}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}).String())
	if err != nil {
		return nil, fmt.Errorf("cannot open the database %s: %w", path, err)
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}
