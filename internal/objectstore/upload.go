package objectstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// The limits of S3.
const (
	maxPartNumber = 10000
	minPartSize   = 5 << 20 // of all parts but the last
)

// upload is a multipart upload in progress.
type upload struct {
	id, bucket, key string
	headers         map[string]string
	checksum        Checksum // algorithm and type; the value comes at the end
	created         time.Time
}

// part is a piece of an upload.
type part struct {
	number   int
	content  string
	size     int64
	etag     string
	checksum Checksum
	modified time.Time
}

func (s *Store) createUpload(ctx context.Context, u upload) (upload, error) {
	if err := checkKey(u.key); err != nil {
		return upload{}, err
	}
	u.id, u.created = newID(), s.opts.Now().UTC()
	err := s.change(ctx, func(tx *sql.Tx) error {
		if _, err := findBucket(ctx, tx, u.bucket); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `
			INSERT INTO upload (id, bucket, key, headers, checksum, created_at) VALUES ($1, $2, $3, $4, $5, $6)`,
			u.id, u.bucket, u.key, pack(u.headers), u.checksum.String(), u.created.UnixNano())
		if err != nil {
			return fmt.Errorf("create upload: %w", err)
		}
		return nil
	})
	return u, err
}

func findUpload(ctx context.Context, q querier, bucket, key, id string) (upload, error) {
	u := upload{id: id, bucket: bucket, key: key}
	if !isText(key) || !isText(id) {
		return upload{}, errNoSuchUpload(id)
	}
	var headers, checksum string
	var created int64
	err := q.QueryRowContext(ctx, `SELECT headers, checksum, created_at FROM upload WHERE id = $1 AND bucket = $2 AND key = $3`,
		id, bucket, key).Scan(&headers, &checksum, &created)
	if errors.Is(err, sql.ErrNoRows) {
		return upload{}, errNoSuchUpload(id)
	}
	if err != nil {
		return upload{}, fmt.Errorf("look up upload: %w", err)
	}
	u.checksum, u.created = parseChecksum(checksum), time.Unix(0, created).UTC()
	return u, unpack(headers, &u.headers)
}

// putPart receives a part. A part of the same number is replaced.
func (s *Store) putPart(ctx context.Context, u upload, number int, content io.Reader, d *digests, trailer func() http.Header) (part, error) {
	id, err := s.receive(content, d, trailer)
	if err != nil {
		return part{}, err
	}
	if err := s.contents.publish(id); err != nil {
		s.contents.discard(id)
		return part{}, fmt.Errorf("store part: %w", err)
	}
	p := part{number, id, d.size, d.etag(), d.checksum(), s.opts.Now().UTC()}
	ctx = context.WithoutCancel(ctx)
	var replaced string
	err = s.change(ctx, func(tx *sql.Tx) error {
		if _, err := findUpload(ctx, tx, u.bucket, u.key, u.id); err != nil {
			return err
		}
		err := tx.QueryRowContext(ctx, `DELETE FROM part WHERE upload_id = $1 AND number = $2 RETURNING content`, u.id, number).Scan(&replaced)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("store part: %w", err)
		}
		_, err = tx.ExecContext(ctx, `
			INSERT INTO part (upload_id, number, content, size, etag, checksum, modified_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			u.id, p.number, p.content, p.size, p.etag, p.checksum.String(), p.modified.UnixNano())
		if err != nil {
			return fmt.Errorf("store part: %w", err)
		}
		return nil
	})
	if err != nil {
		var refused *Error
		if errors.As(err, &refused) {
			s.contents.remove(id)
		}
		return part{}, err
	}
	s.contents.remove(replaced)
	return p, nil
}

// parts returns the parts of an upload after a number, in order.
func (s *Store) parts(ctx context.Context, q querier, uploadID string, after, limit int) ([]part, error) {
	rows, err := q.QueryContext(ctx, `
		SELECT number, content, size, etag, checksum, modified_at FROM part
		WHERE upload_id = $1 AND number > $2 ORDER BY number LIMIT $3`, uploadID, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list parts: %w", err)
	}
	type row struct {
		part
		sum      string
		modified int64
	}
	found, err := collect(rows, func(r *row) []any {
		return []any{&r.number, &r.content, &r.size, &r.etag, &r.sum, &r.modified}
	})
	if err != nil {
		return nil, fmt.Errorf("list parts: %w", err)
	}
	parts := make([]part, len(found))
	for i, r := range found {
		parts[i] = r.part
		parts[i].checksum, parts[i].modified = parseChecksum(r.sum), time.Unix(0, r.modified).UTC()
	}
	return parts, nil
}

// abort ends an upload and frees its parts.
func (s *Store) abort(ctx context.Context, bucket, key, id string) error {
	var freed []string
	err := s.change(ctx, func(tx *sql.Tx) error {
		if _, err := findUpload(ctx, tx, bucket, key, id); err != nil {
			return err
		}
		parts, err := s.parts(ctx, tx, id, 0, maxPartNumber)
		if err != nil {
			return err
		}
		for _, p := range parts {
			freed = append(freed, p.content)
		}
		return dropUpload(ctx, tx, id)
	})
	if err == nil {
		s.contents.remove(freed...)
	}
	return err
}

func dropUpload(ctx context.Context, tx *sql.Tx, id string) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM upload WHERE id = $1`, id); err != nil {
		return fmt.Errorf("end upload: %w", err)
	}
	return nil // its parts went with it
}

// listUploads returns a bucket's uploads by key and id, after the given ones.
func (s *Store) listUploads(ctx context.Context, bucket, prefix, afterKey, afterID string, limit int) ([]upload, error) {
	if _, err := s.Bucket(ctx, bucket); err != nil {
		return nil, err
	}
	if !isText(prefix) {
		return nil, nil
	}
	afterKey, afterID = toText(afterKey), toText(afterID)
	rows, err := s.read.QueryContext(ctx, `
		SELECT id, key, checksum, created_at FROM upload
		WHERE bucket = $1 AND key >= $2 AND key < $3 AND (key > $4 OR (key = $5 AND id > $6))
		ORDER BY key, id LIMIT $7`, bucket, prefix, afterPrefix(prefix), afterKey, afterKey, afterID, limit)
	if err != nil {
		return nil, fmt.Errorf("list uploads: %w", err)
	}
	type row struct {
		upload
		sum     string
		created int64
	}
	found, err := collect(rows, func(r *row) []any { return []any{&r.id, &r.key, &r.sum, &r.created} })
	if err != nil {
		return nil, fmt.Errorf("list uploads: %w", err)
	}
	uploads := make([]upload, len(found))
	for i, r := range found {
		uploads[i] = r.upload
		uploads[i].bucket, uploads[i].checksum, uploads[i].created = bucket, parseChecksum(r.sum), time.Unix(0, r.created).UTC()
	}
	return uploads, nil
}
