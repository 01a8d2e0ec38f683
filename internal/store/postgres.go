package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/slipwayhq/slipway/internal/seal"
)

// poolSize is how many connections a process opens at most for writing, and
// the same again for reading. (PostgreSQL allows 100 by default, for all
// processes together.)
const poolSize = 8

// OpenPostgres opens the database at url, as postgres://user:password@host/name,
// and brings its schema up to date. Its secrets are sealed with the box. Any
// number of processes may have it open. What the URL leaves out is taken from
// the environment, as PostgreSQL's own clients do (PGPASSWORD, PGPASSFILE,
// PGSSLMODE). No error names the password.
func OpenPostgres(ctx context.Context, url string, box *seal.Box) (*Store, error) {
	return openPostgres(ctx, url, box, embedded)
}

func openPostgres(ctx context.Context, url string, box *seal.Box, files fs.FS) (*Store, error) {
	config, err := parsePostgres(url)
	if err != nil {
		return nil, err
	}
	s := &Store{dialect: postgres, write: postgresPool(config, poolSize), read: postgresPool(config, poolSize), box: box}
	if err := s.write.PingContext(ctx); err != nil {
		s.Close() //nolint:errcheck // the first error is the one to show
		return nil, fmt.Errorf("the database %s cannot be reached: %w", databaseName(config), err)
	}
	if err = s.checkEncoding(ctx); err == nil {
		err = s.prepare(ctx, files)
	}
	if err == nil {
		s.events, err = listen(ctx, config, &s.hub)
	}
	if err != nil {
		s.Close() //nolint:errcheck // the first error is the one to show
		return nil, fmt.Errorf("the database %s: %w", databaseName(config), err)
	}
	return s, nil
}

// checkEncoding fails when the database cannot hold every name.
func (s *Store) checkEncoding(ctx context.Context) error {
	var encoding string
	if err := s.write.QueryRowContext(ctx, `SHOW server_encoding`).Scan(&encoding); err != nil {
		return err
	}
	if encoding != "UTF8" {
		return fmt.Errorf("its encoding is %s: make it with the encoding UTF8 (createdb --encoding UTF8 --template template0)", encoding)
	}
	return nil
}

// parsePostgres reads a URL. Errors of the driver quote it, so they are not
// passed on: a URL that cannot be read cannot be cleared of its password.
func parsePostgres(url string) (*pgx.ConnConfig, error) {
	if !strings.HasPrefix(url, "postgres://") && !strings.HasPrefix(url, "postgresql://") {
		return nil, errors.New("a database URL looks like postgres://user:password@host:5432/name")
	}
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, errors.New("the database URL cannot be read: it looks like postgres://user:password@host:5432/name?sslmode=require, " +
			"with % escapes for special characters in the password")
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = 5 * time.Second
	}
	setDefault(config, "application_name", "slipway")
	// A process that hangs in the middle of a transaction must not hold others
	// up for ever.
	setDefault(config, "idle_in_transaction_session_timeout", "30000")
	// Serializable transactions remember what they have read, a whole table
	// where it was scanned. Small tables are scanned, unless it is forbidden;
	// then transactions meet that have nothing to do with each other.
	setDefault(config, "enable_seqscan", "off")
	return config, nil
}

func setDefault(config *pgx.ConnConfig, name, value string) {
	if _, given := config.RuntimeParams[name]; !given {
		config.RuntimeParams[name] = value
	}
}

// PostgresPool opens the database at url for another part of the program, which
// has a schema of its own there. It is made when it is not there.
func PostgresPool(ctx context.Context, url, schema string, conns int) (*sql.DB, error) {
	config, err := parsePostgres(url)
	if err != nil {
		return nil, err
	}
	config.RuntimeParams["search_path"] = schema
	db := postgresPool(config, conns)
	if err := makeSchema(ctx, db, schema); err != nil {
		return nil, errors.Join(fmt.Errorf("the database %s: cannot make the schema %s: %w", databaseName(config), schema, err), db.Close())
	}
	return db, nil
}

// schemaLock is the lock in which processes that start together make a schema:
// IF NOT EXISTS alone lets one of them fail.
const schemaLock = 0x51120003

func makeSchema(ctx context.Context, db *sql.DB, schema string) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // after a commit there is nothing to undo
	if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, schemaLock); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `CREATE SCHEMA IF NOT EXISTS `+pgx.Identifier{schema}.Sanitize()); err != nil {
		return err
	}
	return tx.Commit()
}

func postgresPool(config *pgx.ConnConfig, conns int) *sql.DB {
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	db.SetConnMaxIdleTime(5 * time.Minute)
	return db
}

// databaseName says which database is meant, for people.
func databaseName(config *pgx.ConnConfig) string {
	at := config.Host
	if !strings.HasPrefix(at, "/") {
		at = net.JoinHostPort(at, strconv.Itoa(int(config.Port)))
	}
	return fmt.Sprintf("%q at %s", config.Database, at)
}
