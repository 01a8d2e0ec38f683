package store

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// PutRevision adds a revision to its application or replaces its record.
func (t *Tx) PutRevision(r deploy.RegisteredRevision) error {
	var at deploy.S3Location
	if r.Revision.S3 != nil {
		at = *r.Revision.S3
	}
	_, err := t.exec(`INSERT INTO revisions (application_id, revision_key, registered_at, first_used_at, last_used_at,
		bucket, object_key, doc) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (application_id, revision_key) DO UPDATE SET registered_at = excluded.registered_at,
		first_used_at = excluded.first_used_at, last_used_at = excluded.last_used_at, doc = excluded.doc`,
		r.ApplicationID, r.Revision.Key(), ms(r.RegisteredAt), msOf(r.FirstUsedAt), msOf(r.LastUsedAt),
		at.Bucket, at.Key, doc(r))
	return err
}

// Revision returns the application's record of a revision.
func (t *Tx) Revision(applicationID string, r deploy.Revision) (deploy.RegisteredRevision, error) {
	return one[deploy.RegisteredRevision](t, `SELECT doc FROM revisions WHERE application_id = $1 AND revision_key = $2`,
		applicationID, r.Key())
}

// RevisionOrder says by which time revisions are sorted. Those that were never
// used come first.
type RevisionOrder string

// The orders.
const (
	ByRegistration RevisionOrder = "registered_at"
	ByFirstUse     RevisionOrder = "first_used_at"
	ByLastUse      RevisionOrder = "last_used_at"
)

// RevisionFilter selects and sorts revisions. Zero members do not restrict.
type RevisionFilter struct {
	Order      RevisionOrder
	Descending bool
	Bucket     string
	KeyPrefix  string
	Only       []string // the keys of the revisions that are meant,
	Except     []string // and of those that are not
	After      *RevisionPlace
}

// RevisionPlace is where a revision is in an order: its time there, in
// milliseconds, and its key because several can have the same time.
type RevisionPlace struct {
	Time int64
	Key  string
}

// PlaceOf returns the place of a revision.
func (o RevisionOrder) PlaceOf(r deploy.RegisteredRevision) RevisionPlace {
	place := RevisionPlace{ms(r.RegisteredAt), r.Revision.Key()}
	switch o {
	case ByFirstUse:
		place.Time = msOf(r.FirstUsedAt)
	case ByLastUse:
		place.Time = msOf(r.LastUsedAt)
	case ByRegistration:
	}
	return place
}

// Revisions returns up to limit revisions of an application.
func (t *Tx) Revisions(applicationID string, f RevisionFilter, limit int) ([]deploy.RegisteredRevision, error) {
	where := []string{"application_id = $1"}
	args := []any{applicationID}
	bind := func(v any) string {
		args = append(args, v)
		return fmt.Sprintf("$%d", len(args))
	}
	among := func(is string, keys []string) {
		marks := make([]string, len(keys))
		for i, k := range keys {
			marks[i] = bind(k)
		}
		where = append(where, "revision_key "+is+" ("+strings.Join(marks, ", ")+")")
	}
	if f.Bucket != "" {
		where = append(where, "bucket = "+bind(f.Bucket))
	}
	if f.KeyPrefix != "" {
		where = append(where, "substr(object_key, 1, "+bind(utf8.RuneCountInString(f.KeyPrefix))+") = "+bind(f.KeyPrefix))
	}
	if len(f.Only) > 0 {
		among("IN", f.Only)
	}
	if len(f.Except) > 0 {
		among("NOT IN", f.Except)
	}
	column, than, direction := string(f.Order), ">", "ASC"
	if f.Descending {
		than, direction = "<", "DESC"
	}
	if f.After != nil {
		where = append(where, "("+column+", revision_key) "+than+" ("+bind(f.After.Time)+", "+bind(f.After.Key)+")")
	}
	return many[deploy.RegisteredRevision](t, `SELECT doc FROM revisions WHERE `+strings.Join(where, " AND ")+
		` ORDER BY `+column+` `+direction+`, revision_key `+direction+` LIMIT `+bind(limit), args...)
}
