package objectstore

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// PutObject stores content under a key, as an HTTP PUT without headers does.
func (s *Store) PutObject(ctx context.Context, bucket, key string, content io.Reader) (Object, error) {
	d, err := newDigests(http.Header{}, "")
	if err != nil {
		return Object{}, err
	}
	return s.put(ctx, Object{Bucket: bucket, Key: key}, content, d, nil, precondition{})
}

// put receives a content and makes it the latest version of o's key. trailer,
// if not nil, is asked for the headers after the content once that was read.
func (s *Store) put(ctx context.Context, o Object, content io.Reader, d *digests, trailer func() http.Header, cond precondition) (Object, error) {
	// Asked before a long upload begins, and again when it is decided.
	if err := s.mayPut(ctx, s.read, o, cond); err != nil {
		return Object{}, err
	}
	id, err := s.receive(content, d, trailer)
	if err != nil {
		return Object{}, err
	}
	o.content, o.Size, o.ETag, o.Checksum = id, d.size, d.etag(), d.checksum()
	return s.commit(ctx, o, cond, nil)
}

func (s *Store) mayPut(ctx context.Context, q querier, o Object, cond precondition) error {
	if err := checkKey(o.Key); err != nil {
		return err
	}
	if _, err := findBucket(ctx, q, o.Bucket); err != nil {
		return err
	}
	return cond.check(ctx, q, o.Bucket, o.Key)
}

// receive writes a content to disk, unpublished.
func (s *Store) receive(content io.Reader, d *digests, trailer func() http.Header) (id string, err error) {
	return s.contents.create(func(w io.Writer) error {
		// One byte more than allowed tells too large from just right.
		limited := io.LimitReader(content, s.opts.MaxObjectSize+1)
		if _, err := io.Copy(io.MultiWriter(w, d), limited); err != nil {
			return err
		}
		if d.size > s.opts.MaxObjectSize {
			return errTooLarge(s.opts.MaxObjectSize)
		}
		var after http.Header
		if trailer != nil {
			after = trailer()
		}
		return d.check(after)
	})
}

// commit publishes o's content and makes o the latest version of its key, in
// one transaction with what also does.
func (s *Store) commit(ctx context.Context, o Object, cond precondition, also func(tx *sql.Tx) error) (Object, error) {
	if err := s.contents.publish(o.content); err != nil {
		s.contents.discard(o.content)
		return Object{}, fmt.Errorf("store content: %w", err)
	}
	ctx = context.WithoutCancel(ctx) // what arrived whole is kept, though the client may be gone
	var replaced []string
	err := s.change(ctx, func(tx *sql.Tx) error {
		if err := s.mayPut(ctx, tx, o, cond); err != nil {
			return err
		}
		if also != nil {
			if err := also(tx); err != nil {
				return err
			}
		}
		var err error
		o, replaced, err = s.insert(ctx, tx, o)
		return err
	})
	if err != nil {
		// After a refusal nothing names the content. After any other failure
		// the row may be there all the same: the next sweep will know.
		var refused *Error
		if errors.As(err, &refused) {
			s.contents.remove(o.content)
		}
		return Object{}, err
	}
	s.contents.remove(replaced...)
	return o, nil
}

// insert adds o as the latest version, in the manner of the bucket's
// versioning, and returns the contents that it leaves without an object.
func (s *Store) insert(ctx context.Context, tx *sql.Tx, o Object) (Object, []string, error) {
	b, err := findBucket(ctx, tx, o.Bucket)
	if err != nil {
		return o, nil, err
	}
	if err := tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(seq), 0) + 1 FROM version`).Scan(&o.seq); err != nil {
		return o, nil, fmt.Errorf("add version: %w", err)
	}
	o.Latest, o.Modified = true, s.opts.Now().UTC()
	o.VersionID = NullVersion
	var replaced []string
	if b.Versioning == VersioningEnabled {
		o.VersionID = newVersionID(o.seq)
	} else if replaced, err = removeVersion(ctx, tx, o.Bucket, o.Key, NullVersion); err != nil {
		return o, nil, err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE version SET latest = 0 WHERE bucket = $1 AND key = $2 AND latest = 1`, o.Bucket, o.Key); err != nil {
		return o, nil, fmt.Errorf("add version: %w", err)
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO version (`+objectColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		o.seq, o.Bucket, o.Key, o.VersionID, flag(o.Latest), flag(o.DeleteMarker), o.content, o.Size, o.ETag,
		o.Modified.UnixNano(), pack(o.Headers), o.Checksum.String(), pack(o.Parts), o.uploadID)
	if err != nil {
		return o, nil, fmt.Errorf("add version: %w", err)
	}
	return o, replaced, nil
}

// seqDigits is how many digits of a version id tell its place.
const seqDigits = 12

// newVersionID begins with the place of the version in the order of all, so
// that a listing can go on after a version that was deleted meanwhile.
func newVersionID(seq int64) string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return fmt.Sprintf("%0*x", seqDigits, seq) + hex.EncodeToString(b[:])
}

// removeVersion takes one version away, if there is one, and returns its
// content. Which is the latest then is left to the caller.
func removeVersion(ctx context.Context, tx *sql.Tx, bucket, key, versionID string) ([]string, error) {
	var content string
	err := tx.QueryRowContext(ctx, `DELETE FROM version WHERE bucket = $1 AND key = $2 AND version_id = $3 RETURNING content`,
		bucket, key, versionID).Scan(&content)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("remove version: %w", err)
	}
	return []string{content}, nil
}
