package objectstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"

	_ "modernc.org/sqlite" // the driver
)

// schema says what exists. A version without content is a delete marker; of
// the versions of a key, the one with the highest seq is the latest.
const schema = `
CREATE TABLE IF NOT EXISTS bucket (
	name       TEXT PRIMARY KEY,
	region     TEXT NOT NULL,
	versioning TEXT NOT NULL DEFAULT '',
	created_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS version (
	seq         INTEGER PRIMARY KEY,
	bucket      TEXT NOT NULL REFERENCES bucket (name),
	key         TEXT NOT NULL,
	version_id  TEXT NOT NULL,
	latest      INTEGER NOT NULL,
	marker      INTEGER NOT NULL,
	content     TEXT NOT NULL,
	size        INTEGER NOT NULL,
	etag        TEXT NOT NULL,
	modified_at INTEGER NOT NULL,
	headers     TEXT NOT NULL,
	checksum    TEXT NOT NULL,
	parts       TEXT NOT NULL,
	upload_id   TEXT NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS version_id ON version (bucket, key, version_id);
CREATE UNIQUE INDEX IF NOT EXISTS version_latest ON version (bucket, key) WHERE latest = 1;
CREATE INDEX IF NOT EXISTS version_order ON version (bucket, key, seq DESC);

CREATE TABLE IF NOT EXISTS upload (
	id         TEXT PRIMARY KEY,
	bucket     TEXT NOT NULL REFERENCES bucket (name),
	key        TEXT NOT NULL,
	headers    TEXT NOT NULL,
	checksum   TEXT NOT NULL,
	created_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS upload_key ON upload (bucket, key, id);

CREATE TABLE IF NOT EXISTS part (
	upload_id   TEXT NOT NULL REFERENCES upload (id) ON DELETE CASCADE,
	number      INTEGER NOT NULL,
	content     TEXT NOT NULL,
	size        INTEGER NOT NULL,
	etag        TEXT NOT NULL,
	checksum    TEXT NOT NULL,
	modified_at INTEGER NOT NULL,
	PRIMARY KEY (upload_id, number)
) WITHOUT ROWID;

`

const (
	schemaVersion = 1
	readers       = 8
)

func openIndex(path string) (write, read *sql.DB, err error) {
	dsn := (&url.URL{Scheme: "file", Path: path}).String() +
		"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)"
	if write, err = sql.Open("sqlite", dsn+"&_txlock=immediate"); err != nil {
		return nil, nil, err
	}
	write.SetMaxOpenConns(1)
	if err := migrate(write); err != nil {
		return nil, nil, errors.Join(err, write.Close())
	}
	if read, err = sql.Open("sqlite", dsn+"&_pragma=query_only(1)"); err != nil {
		return nil, nil, errors.Join(err, write.Close())
	}
	read.SetMaxOpenConns(readers)
	read.SetMaxIdleConns(readers)
	return write, read, nil
}

func migrate(db *sql.DB) error {
	var version int
	if err := db.QueryRowContext(context.Background(), `PRAGMA user_version`).Scan(&version); err != nil {
		return fmt.Errorf("open index: %w", err)
	}
	if version > schemaVersion {
		return fmt.Errorf("index has version %d, made by a newer release; this one knows %d", version, schemaVersion)
	}
	if _, err := db.ExecContext(context.Background(), schema+fmt.Sprintf("PRAGMA user_version = %d", schemaVersion)); err != nil {
		return fmt.Errorf("make index: %w", err)
	}
	return nil
}

// change runs f in a transaction, one at a time.
func (s *Store) change(ctx context.Context, f func(tx *sql.Tx) error) error {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("object index: %w", err)
	}
	if err := s.queue(ctx, tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if err := f(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("object index: %w", err)
	}
	return nil
}

// querier is a database or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// collect reads all rows and closes them.
func collect[T any](rows *sql.Rows, fields func(*T) []any) ([]T, error) {
	defer rows.Close()
	var all []T
	for rows.Next() {
		var one T
		if err := rows.Scan(fields(&one)...); err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}
