package objectstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// The states of a bucket's versioning. One that was never set is "".
const (
	VersioningEnabled   = "Enabled"
	VersioningSuspended = "Suspended"
)

// Bucket is a named set of objects.
type Bucket struct {
	Name, Region, Versioning string
	Created                  time.Time
}

// CreateBucket makes a bucket in the store's default region.
func (s *Store) CreateBucket(ctx context.Context, name string) error {
	return s.createBucket(ctx, name, s.opts.Region)
}

func (s *Store) createBucket(ctx context.Context, name, region string) error {
	if !validBucketName(name) {
		return fail("InvalidBucketName", "The specified bucket is not valid.").with("BucketName", name)
	}
	result, err := s.write.ExecContext(ctx, `
		INSERT INTO bucket (name, region, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
		name, region, s.opts.Now().UnixNano())
	if err != nil {
		return fmt.Errorf("create bucket: %w", err)
	}
	if n, err := result.RowsAffected(); err != nil {
		return fmt.Errorf("create bucket: %w", err)
	} else if n == 0 {
		return fail("BucketAlreadyOwnedByYou", "Your previous request to create the named bucket succeeded and you already own it.").
			with("BucketName", name)
	}
	return nil
}

// Bucket looks a bucket up; NoSuchBucket is its error.
func (s *Store) Bucket(ctx context.Context, name string) (Bucket, error) {
	return findBucket(ctx, s.read, name)
}

func findBucket(ctx context.Context, q querier, name string) (Bucket, error) {
	if !isText(name) {
		return Bucket{}, errNoSuchBucket(name)
	}
	b := Bucket{Name: name}
	var created int64
	err := q.QueryRowContext(ctx, `SELECT region, versioning, created_at FROM bucket WHERE name = $1`, name).
		Scan(&b.Region, &b.Versioning, &created)
	if errors.Is(err, sql.ErrNoRows) {
		return Bucket{}, errNoSuchBucket(name)
	}
	if err != nil {
		return Bucket{}, fmt.Errorf("look up bucket: %w", err)
	}
	b.Created = time.Unix(0, created).UTC()
	return b, nil
}

// listBuckets returns up to limit buckets after the named one, by name.
func (s *Store) listBuckets(ctx context.Context, prefix, after string, limit int) ([]Bucket, error) {
	if !isText(prefix) {
		return nil, nil
	}
	after = toText(after)
	rows, err := s.read.QueryContext(ctx, `
		SELECT name, region, created_at FROM bucket
		WHERE name > $1 AND name >= $2 AND name < $3 ORDER BY name LIMIT $4`,
		after, prefix, afterPrefix(prefix), limit)
	if err != nil {
		return nil, fmt.Errorf("list buckets: %w", err)
	}
	type row struct {
		Bucket
		created int64
	}
	found, err := collect(rows, func(r *row) []any { return []any{&r.Name, &r.Region, &r.created} })
	if err != nil {
		return nil, fmt.Errorf("list buckets: %w", err)
	}
	buckets := make([]Bucket, len(found))
	for i, r := range found {
		buckets[i] = r.Bucket
		buckets[i].Created = time.Unix(0, r.created).UTC()
	}
	return buckets, nil
}

// deleteBucket removes a bucket without objects. Uploads in progress do not
// hold it; they end with it.
func (s *Store) deleteBucket(ctx context.Context, name string) error {
	var parts []string
	err := s.change(ctx, func(tx *sql.Tx) error {
		if _, err := findBucket(ctx, tx, name); err != nil {
			return err
		}
		var occupied bool
		if err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM version WHERE bucket = $1)`, name).Scan(&occupied); err != nil {
			return fmt.Errorf("delete bucket: %w", err)
		}
		if occupied {
			return fail("BucketNotEmpty", "The bucket you tried to delete is not empty. You must delete all versions in the bucket.").
				with("BucketName", name)
		}
		rows, err := tx.QueryContext(ctx, `SELECT content FROM part WHERE upload_id IN (SELECT id FROM upload WHERE bucket = $1)`, name)
		if err != nil {
			return fmt.Errorf("delete bucket: %w", err)
		}
		if parts, err = collect(rows, func(id *string) []any { return []any{id} }); err != nil {
			return fmt.Errorf("delete bucket: %w", err)
		}
		for _, stmt := range []string{`DELETE FROM upload WHERE bucket = $1`, `DELETE FROM bucket WHERE name = $1`} {
			if _, err := tx.ExecContext(ctx, stmt, name); err != nil {
				return fmt.Errorf("delete bucket: %w", err)
			}
		}
		return nil
	})
	if err == nil {
		s.contents.remove(parts...)
	}
	return err
}

// SetVersioning turns a bucket's versioning on or, for what is put from now
// on, off.
func (s *Store) SetVersioning(ctx context.Context, bucket, state string) error {
	if state != VersioningEnabled && state != VersioningSuspended {
		return fail("MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
	}
	result, err := s.write.ExecContext(ctx, `UPDATE bucket SET versioning = $1 WHERE name = $2`, state, bucket)
	if err != nil {
		return fmt.Errorf("set versioning: %w", err)
	}
	if n, err := result.RowsAffected(); err != nil {
		return fmt.Errorf("set versioning: %w", err)
	} else if n == 0 {
		return errNoSuchBucket(bucket)
	}
	return nil
}

// validBucketName holds names to S3's rules for general purpose buckets, so
// that each can be a part of a host name.
func validBucketName(name string) bool {
	if len(name) < 3 || len(name) > 63 || strings.Contains(name, "..") ||
		strings.HasPrefix(name, "xn--") || strings.HasPrefix(name, "sthree-") || strings.HasSuffix(name, "-s3alias") {
		return false
	}
	if !lowerAlnum(name[0]) || !lowerAlnum(name[len(name)-1]) {
		return false
	}
	for i := range len(name) {
		if c := name[i]; !lowerAlnum(c) && c != '-' && c != '.' {
			return false
		}
	}
	_, err := netip.ParseAddr(name)
	return err != nil
}

func lowerAlnum(c byte) bool { return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' }
