package objectstore

import (
	"strings"
	"testing"
)

// TestListingUsesIndexes keeps a page of a listing from costing more as the
// bucket grows.
func TestListingUsesIndexes(t *testing.T) {
	t.Parallel()
	s, err := Open(t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	for _, query := range []string{currentQuery, versionsQuery} {
		args := []any{"shop", "a", "b", 10, 10, 10}[:strings.Count(query, "$")]
		rows, err := s.read.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, args...)
		if err != nil {
			t.Fatal(err)
		}
		type step struct {
			id, parent, unused int
			detail             string
		}
		plan, err := collect(rows, func(s *step) []any { return []any{&s.id, &s.parent, &s.unused, &s.detail} })
		if err != nil || len(plan) == 0 {
			t.Fatalf("plan %v, %v", plan, err)
		}
		for _, s := range plan {
			if !strings.HasPrefix(s.detail, "SEARCH version USING INDEX") {
				t.Errorf("%s\n%s", query, s.detail)
			}
		}
	}
}
