package store

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"net/url"

	_ "modernc.org/sqlite" // the driver named "sqlite"

	"github.com/slipwayhq/slipway/internal/seal"
)

// OpenSQLite opens the database file at path, makes it when it is not there,
// and brings its schema up to date. Its secrets are sealed with the box. The
// caller sees to it that no other process has it open.
func OpenSQLite(ctx context.Context, path string, box *seal.Box) (*Store, error) {
	return openSQLite(ctx, path, box, embedded)
}

func openSQLite(ctx context.Context, path string, box *seal.Box, files fs.FS) (*Store, error) {
	write, err := sqlitePool(path, "immediate", 1)
	if err != nil {
		return nil, err
	}
	read, err := sqlitePool(path, "deferred", 8)
	if err != nil {
		return nil, err
	}
	s := &Store{
		dialect: sqlite, write: write, read: read, box: box,
		writing: newStatements(write), reading: newStatements(read),
	}
	if err := s.prepare(ctx, files); err != nil {
		s.Close() //nolint:errcheck // the first error is the one to show
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// sqlitePool opens a pool. Synchronous FULL makes every commit durable: what
// a client was told must survive a power cut.
func sqlitePool(path, lock string, conns int) (*sql.DB, error) {
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
