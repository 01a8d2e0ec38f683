package objectstore

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Bounds of ranges are texts that the index can hold, like keys: UTF-8
// without NUL.
const (
	// first is the first character there is: a text followed by it is the next
	// text.
	first = "\x01"
	last  = "\U0010FFFF"
)

// beyond sorts after every key: it is longer than any, and of last characters.
var beyond = strings.Repeat(last, maxKeyLength/len(last)+1)

// isText reports whether the index can hold a text. What it cannot hold is not
// there.
func isText(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }

// toText cuts a text off before what makes it none.
func toText(s string) string {
	for i, r := range s {
		if r == 0 || r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD") {
			return s[:i]
		}
	}
	return s
}

// listQuery selects objects by name. Keys sort by their bytes.
type listQuery struct {
	bucket, prefix, delimiter string
	from                      string // first key to show, or what sorts before it
	limit                     int
	versions                  bool // show all versions, not only what exists now
	// With versions: of the key from, show only those older than this place in
	// the order of all; 0 shows them all.
	olderThan int64
}

// listing is a page of what was selected: objects, and for those that the
// delimiter groups, the group instead.
type listing struct {
	objects   []Object
	groups    []string
	truncated bool
	// The next page begins at key next and, with versions, at its versions
	// older than nextOlder. last is the last key or group on this page.
	next      string
	nextOlder int64
	last      string
}

// list pages through a bucket. It does not look at what a group holds: it
// jumps over it.
func (s *Store) list(ctx context.Context, q listQuery) (listing, error) {
	if _, err := s.Bucket(ctx, q.bucket); err != nil {
		return listing{}, err
	}
	if !isText(q.prefix) {
		return listing{}, nil // no key begins so
	}
	q.from = toText(q.from)
	l := listing{next: max(q.from, q.prefix), nextOlder: q.olderThan}
	if l.next != q.from {
		l.nextOlder = 0
	}
	for {
		batch := q.limit - len(l.objects) - len(l.groups) + 1
		if q.delimiter != "" {
			batch = min(batch, 32) // a jump throws the rest away
		}
		page, err := s.listFrom(ctx, q, l.next, l.nextOlder, batch)
		if err != nil {
			return listing{}, err
		}
		more := len(page) == batch
		jumped := false
		for _, o := range page {
			if len(l.objects)+len(l.groups) == q.limit {
				l.truncated = q.limit > 0
				return l, nil
			}
			if group := groupOf(o.Key, q.prefix, q.delimiter); group != "" {
				l.groups = append(l.groups, group)
				l.next, l.nextOlder, l.last = afterPrefix(group), 0, group
				jumped = true
				break
			}
			l.objects = append(l.objects, o)
			l.next, l.nextOlder, l.last = o.Key+first, 0, o.Key
			if q.versions {
				l.next, l.nextOlder = o.Key, o.seq
			}
		}
		if !jumped && !more {
			return l, nil
		}
	}
}

const (
	currentQuery = `SELECT ` + objectColumns + ` FROM version
		WHERE bucket = $1 AND key >= $2 AND key < $3 AND latest = 1 AND marker = 0 ORDER BY key LIMIT $4`
	versionsQuery = `SELECT ` + objectColumns + ` FROM version
		WHERE bucket = $1 AND key >= $2 AND key < $3 AND NOT (key = $4 AND seq >= $5) ORDER BY key, seq DESC LIMIT $6`
)

func (s *Store) listFrom(ctx context.Context, q listQuery, from string, olderThan int64, limit int) ([]Object, error) {
	query, args := currentQuery, []any{q.bucket, from, afterPrefix(q.prefix), limit}
	if q.versions {
		skip := from
		if olderThan == 0 {
			skip = "" // no key is
		}
		query, args = versionsQuery, []any{q.bucket, from, afterPrefix(q.prefix), skip, olderThan, limit}
	}
	rows, err := s.read.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("list objects: %w", err)
	}
	found, err := collect(rows, (*objectRow).fields)
	if err != nil {
		return nil, fmt.Errorf("list objects: %w", err)
	}
	objects := make([]Object, len(found))
	for i := range found {
		if objects[i], err = found[i].object(); err != nil {
			return nil, err
		}
	}
	return objects, nil
}

// groupOf is a key up to the first delimiter after the prefix, "" where there
// is none.
func groupOf(key, prefix, delimiter string) string {
	if delimiter == "" {
		return ""
	}
	head, _, ok := strings.Cut(key[len(prefix):], delimiter)
	if !ok {
		return ""
	}
	return prefix + head + delimiter
}

// afterPrefix is the least text that sorts after every key with the prefix.
func afterPrefix(prefix string) string {
	prefix = strings.TrimRight(prefix, last)
	if prefix == "" {
		return beyond
	}
	r, size := utf8.DecodeLastRuneInString(prefix)
	if r++; r == surrogates {
		r = afterSurrogates
	}
	return prefix[:len(prefix)-size] + string(r)
}

// No character has a number between these.
const (
	surrogates      = 0xD800
	afterSurrogates = 0xE000
)
