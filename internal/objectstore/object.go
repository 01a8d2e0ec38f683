package objectstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// NullVersion is the version id of what was put while a bucket had no
// versioning. There is at most one such version of a key.
const NullVersion = "null"

const maxKeyLength = 1024

// Object is one version of an object, without its content.
type Object struct {
	Bucket, Key, VersionID string
	Latest                 bool
	DeleteMarker           bool // it has no content, ETag, headers
	Size                   int64
	ETag                   string // without the quotes
	Modified               time.Time
	// Headers are what the client wants back with the content: Content-Type
	// and its like, X-Amz-Meta-*.
	Headers  map[string]string
	Checksum Checksum
	Parts    []int64 // sizes, of a multipart upload

	seq      int64
	content  string
	uploadID string // that it comes from
}

const objectColumns = `seq, bucket, key, version_id, latest, marker, content, size, etag, modified_at, headers, checksum, parts, upload_id`

// objectRow scans a row into an Object.
type objectRow struct {
	Object
	modified                 int64
	headers, checksum, parts string
}

func (r *objectRow) fields() []any {
	return []any{
		&r.seq, &r.Bucket, &r.Key, &r.VersionID, &r.Latest, &r.DeleteMarker, &r.content, &r.Size, &r.ETag,
		&r.modified, &r.headers, &r.checksum, &r.parts, &r.uploadID,
	}
}

func (r *objectRow) object() (Object, error) {
	o := r.Object
	o.Modified = time.Unix(0, r.modified).UTC()
	o.Checksum = parseChecksum(r.checksum)
	if err := errors.Join(unpack(r.headers, &o.Headers), unpack(r.parts, &o.Parts)); err != nil {
		return Object{}, fmt.Errorf("object %s/%s in the index: %w", o.Bucket, o.Key, err)
	}
	return o, nil
}

// pack and unpack keep small things in one column; nothing is "".
func pack(v any) string {
	b, err := json.Marshal(v)
	if err != nil || string(b) == "null" {
		return "" // only maps of strings and slices of numbers come here
	}
	return string(b)
}

func unpack(s string, v any) error {
	if s == "" {
		return nil
	}
	return json.Unmarshal([]byte(s), v)
}

// Head returns a version of an object; "" is the latest. It returns a delete
// marker only when it is named.
func (s *Store) Head(ctx context.Context, bucket, key, versionID string) (Object, error) {
	o, err := findObject(ctx, s.read, bucket, key, versionID)
	if err == nil && o.DeleteMarker && versionID == "" {
		return o, errNoSuchKey(key)
	}
	return o, err
}

// Get returns a version of an object and its content, which the caller closes.
func (s *Store) Get(ctx context.Context, bucket, key, versionID string) (Object, *os.File, error) {
	// The content may go between the look at the index and the opening, when
	// the object is replaced; then the index knows better now.
	for range 10 {
		o, err := s.Head(ctx, bucket, key, versionID)
		if err != nil || o.DeleteMarker {
			return o, nil, err
		}
		f, err := s.contents.open(o.content)
		if !errors.Is(err, fs.ErrNotExist) {
			return o, f, err
		}
	}
	return Object{}, nil, fmt.Errorf("object %s/%s: its content is missing", bucket, key)
}

// findObject finds delete markers too. The bucket is looked up only to say
// what is missing.
func findObject(ctx context.Context, q querier, bucket, key, versionID string) (Object, error) {
	query, args := `SELECT `+objectColumns+` FROM version WHERE bucket = $1 AND key = $2 AND latest = 1`, []any{bucket, key}
	if versionID != "" {
		query, args = `SELECT `+objectColumns+` FROM version WHERE bucket = $1 AND key = $2 AND version_id = $3`, append(args, versionID)
	}
	if isText(key) && isText(versionID) {
		var row objectRow
		err := q.QueryRowContext(ctx, query, args...).Scan(row.fields()...)
		if err == nil {
			return row.object()
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return Object{}, fmt.Errorf("look up object: %w", err)
		}
	}
	if _, err := findBucket(ctx, q, bucket); err != nil {
		return Object{}, err
	}
	if versionID != "" {
		return Object{}, errNoSuchVersion(key, versionID)
	}
	return Object{}, errNoSuchKey(key)
}

func checkKey(key string) error {
	switch {
	case len(key) > maxKeyLength:
		return fail("KeyTooLongError", "Your key is too long").
			with("Size", fmt.Sprint(len(key))).with("MaxSizeAllowed", fmt.Sprint(maxKeyLength))
	case key == "" || !isText(key):
		return errInvalidArgument("key", fmt.Sprintf("%q", key), "The key must be UTF-8 text of 1 to 1024 bytes, without NUL.")
	}
	return nil
}
