// Package objectstore is the embedded S3: the part of S3's REST protocol that
// AWS SDKs and the aws command use to keep revisions, served from one folder.
//
// The folder holds an index (SQLite, or PostgreSQL elsewhere) and one file per
// content. Rows say what
// exists; a file that no row names does not exist for anyone and is removed
// when the store is opened. (Of a folder that several processes share, when it
// is a day old: another process may be about to add the row.) That order is the
// whole of the crash safety:
//
//	put:    write tmp/ID, fsync, rename to content/, fsync the folder, commit the row
//	delete: commit the row's removal, then remove the file
//
// Contents never change and have random names, so that no key of a client can
// become a path, a copy is a hard link, and a reader that has opened a content
// keeps it whatever happens to the object.
//
// The files of the package: store, index, content, bucket, object*, list*,
// upload* and checksum are the store itself, good for use within the process;
// handler, router and serve_* put the REST protocol in front of it.
package objectstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Options are the settings of a store; the zero value is usable.
type Options struct {
	// MaxObjectSize bounds one object; 0 means 5 GiB. It holds for the whole
	// of a multipart upload too.
	MaxObjectSize int64
	// Region is that of buckets created within the process; "" means us-east-1.
	Region string
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Audit is told each change that a client of the handler made, and each
	// that was refused to a client who is known: after it, and before the
	// client. An error makes a failure of the answer, not of the change. Nil:
	// nobody is told.
	Audit func(context.Context, Change) error
	// Published finds what is there without having been put, wherever nobody
	// has put anything under that name. Nil, or nil without an error: nothing.
	Published func(ctx context.Context, bucket, key string) (*Published, error)
}

const defaultMaxObjectSize = 5 << 30

func (o Options) withDefaults() Options {
	if o.MaxObjectSize == 0 {
		o.MaxObjectSize = defaultMaxObjectSize
	}
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Store is an object store in a folder. It is safe for concurrent use. One that
// has its index in the folder is used by one process, and a second one is kept
// out by a lock; several can share one that has it elsewhere ([OpenShared]).
type Store struct {
	opts     Options
	write    *sql.DB // one connection: writers queue here, not in SQLite
	read     *sql.DB
	contents contents
	lock     *os.File // nil: the folder and the index are shared with other processes
}

// Open opens the store in dir, making it if there is none, and removes what a
// crash left behind.
func Open(dir string, opts Options) (_ *Store, err error) {
	dir, err = filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("object store: %w", err)
	}
	s := &Store{opts: opts.withDefaults(), contents: contents{dir: dir}}
	defer func() {
		if err != nil {
			err = fmt.Errorf("object store in %s: %w", dir, errors.Join(err, s.Close()))
		}
	}()
	if err := s.contents.makeFolders(); err != nil {
		return nil, err
	}
	if s.lock, err = lockFile(filepath.Join(dir, "lock")); err != nil {
		return nil, err
	}
	if s.write, s.read, err = openIndex(filepath.Join(dir, "index.db")); err != nil {
		return nil, err
	}
	if err := s.sweep(context.Background(), time.Now()); err != nil {
		return nil, err
	}
	return s, nil
}

// Close closes the store. Requests still in progress fail.
func (s *Store) Close() error {
	var errs []error
	for _, db := range []*sql.DB{s.read, s.write} {
		if db != nil && s.lock != nil { // a shared index is its owner's to close
			errs = append(errs, db.Close())
		}
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	return errors.Join(errs...)
}

// sweep removes contents that no row names and that were written before a
// moment: what was being written, or had just been replaced, when a process
// ended.
func (s *Store) sweep(ctx context.Context, before time.Time) error {
	rows, err := s.read.QueryContext(ctx, `
		SELECT content FROM version WHERE content <> ''
		UNION ALL SELECT content FROM part`)
	if err != nil {
		return fmt.Errorf("list contents: %w", err)
	}
	known, err := collect(rows, func(id *string) []any { return []any{id} })
	if err != nil {
		return fmt.Errorf("list contents: %w", err)
	}
	keep := make(map[string]bool, len(known))
	for _, id := range known {
		keep[id] = true
	}
	return s.contents.sweep(keep, before)
}
