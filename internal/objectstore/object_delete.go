package objectstore

import (
	"context"
	"database/sql"
	"fmt"
)

// target names what is to be deleted: a version, or with none the object.
type target struct{ key, versionID string }

// deletion says what deleting did.
type deletion struct {
	target
	marker   bool   // what was made, or removed, is a delete marker
	markerID string // its version
}

// remove deletes objects, all in one transaction. Deleting what does not exist
// is a success, as in S3.
func (s *Store) remove(ctx context.Context, bucket string, targets ...target) ([]deletion, error) {
	var done []deletion
	var freed []string
	err := s.change(ctx, func(tx *sql.Tx) error {
		b, err := findBucket(ctx, tx, bucket)
		if err != nil {
			return err
		}
		for _, t := range targets {
			d, contents, err := s.removeOne(ctx, tx, b, t)
			if err != nil {
				return err
			}
			done = append(done, d)
			freed = append(freed, contents...)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.contents.remove(freed...)
	return done, nil
}

func (s *Store) removeOne(ctx context.Context, tx *sql.Tx, b Bucket, t target) (deletion, []string, error) {
	d := deletion{target: t}
	if !isText(t.key) {
		return d, nil, nil
	}
	if t.versionID != "" {
		return s.removeNamed(ctx, tx, b, d)
	}
	if b.Versioning == "" {
		freed, err := removeVersion(ctx, tx, b.Name, t.key, NullVersion)
		return d, freed, err
	}
	marker, freed, err := s.insert(ctx, tx, Object{Bucket: b.Name, Key: t.key, DeleteMarker: true})
	d.marker, d.markerID = true, marker.VersionID
	return d, freed, err
}

// removeNamed removes one version for good. The newest of those that stay
// becomes the latest.
func (s *Store) removeNamed(ctx context.Context, tx *sql.Tx, b Bucket, d deletion) (deletion, []string, error) {
	o, err := findObject(ctx, tx, b.Name, d.key, d.versionID)
	if IsCode(err, "NoSuchVersion") {
		return d, nil, nil
	}
	if err != nil {
		return d, nil, err
	}
	if o.DeleteMarker {
		d.marker, d.markerID = true, o.VersionID
	}
	freed, err := removeVersion(ctx, tx, b.Name, d.key, d.versionID)
	if err != nil || !o.Latest {
		return d, freed, err
	}
	_, err = tx.ExecContext(ctx, `
		UPDATE version SET latest = 1
		WHERE seq = (SELECT MAX(seq) FROM version WHERE bucket = $1 AND key = $2)`, b.Name, d.key)
	if err != nil {
		return d, nil, fmt.Errorf("remove version: %w", err)
	}
	return d, freed, nil
}
