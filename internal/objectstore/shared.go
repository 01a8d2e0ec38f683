package objectstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Several processes can share a store: its contents in a folder that all of
// them see, its index in PostgreSQL. The folder only needs what any shared file
// system does: a rename is atomic, and what was written, synced and renamed is
// seen by all. Locks it need not have; the index orders the writers.

const (
	// writersLock is the lock of PostgreSQL's in which writers queue.
	writersLock = 0x51120002
	// sweepAge is how old a content is that no row names before it goes. No
	// upload takes as long between its last byte and its row.
	sweepAge = 24 * time.Hour
	// idFile says which index a folder belongs to.
	idFile = "store-id"
)

// sharedSchema is schema for PostgreSQL: integers of 64 bits, and texts that
// sort by their bytes.
var sharedSchema = strings.NewReplacer("INTEGER", "BIGINT", "TEXT", `TEXT COLLATE "C"`, " WITHOUT ROWID", "").Replace(schema) +
	`CREATE TABLE IF NOT EXISTS store (id TEXT NOT NULL);`

// OpenShared opens a store whose index is in a PostgreSQL database, in the
// schema that its connections are set to; any number of processes may have it
// open. The folder is made if it and the index are new. The caller closes the
// database, after the store.
func OpenShared(ctx context.Context, dir string, index *sql.DB, opts Options) (*Store, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("object store: %w", err)
	}
	s := &Store{opts: opts.withDefaults(), contents: contents{dir: dir}, write: index, read: index}
	if err := s.share(ctx); err != nil {
		return nil, fmt.Errorf("object store in %s: %w", dir, err)
	}
	return s, nil
}

func (s *Store) share(ctx context.Context) error {
	if err := s.contents.makeFolders(); err != nil {
		return err
	}
	err := s.change(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, sharedSchema); err != nil {
			return fmt.Errorf("make index: %w", err)
		}
		return s.belong(ctx, tx)
	})
	if err != nil {
		return err
	}
	return s.sweep(ctx, time.Now().Add(-sweepAge))
}

// belong checks that the folder is the one that the index is of: with another
// one, objects would be there without their contents. The first process to come
// marks both.
func (s *Store) belong(ctx context.Context, tx *sql.Tx) error {
	path := filepath.Join(s.contents.dir, idFile)
	marked, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	folder := strings.TrimSpace(string(marked))
	var index string
	err = tx.QueryRowContext(ctx, `SELECT id FROM store`).Scan(&index)
	switch {
	case errors.Is(err, sql.ErrNoRows) && folder == "":
		index = newID()
		if err := os.WriteFile(path, []byte(index+"\n"), 0o600); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO store (id) VALUES ($1)`, index)
		return err
	case err != nil && !errors.Is(err, sql.ErrNoRows):
		return fmt.Errorf("look up the store's id: %w", err)
	case folder != index:
		return fmt.Errorf("this folder does not belong to the database, which knows the objects of another one: " +
			"all servers of a database need the same folder (--objects)")
	}
	return nil
}

// queue makes writers wait for each other, where the database does not.
func (s *Store) queue(ctx context.Context, tx *sql.Tx) error {
	if s.lock != nil {
		return nil
	}
	if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, writersLock); err != nil {
		return fmt.Errorf("object index: %w", err)
	}
	return nil
}

// flag is a truth as the index has it.
func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}
