package store_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/slipwayhq/slipway/internal/seal"
	"github.com/slipwayhq/slipway/internal/store"
	"github.com/slipwayhq/slipway/internal/store/storetest"
)

func openSQLite(ctx context.Context, t testing.TB, path string) *store.Store {
	t.Helper()
	s, err := store.OpenSQLite(ctx, path, seal.NewBox(seal.Key{}))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// emptySQLite opens a new store that is closed when the test ends.
func emptySQLite(t testing.TB) *store.Store {
	t.Helper()
	s := openSQLite(t.Context(), t, filepath.Join(t.TempDir(), "slipway.db"))
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestSQLite(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) *store.Store { return emptySQLite(t) })
}

func TestSQLiteReopen(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a folder?#%", "slipway.db")
	if _, err := store.OpenSQLite(t.Context(), path, seal.NewBox(seal.Key{})); err == nil {
		t.Error("a store was opened in a folder that is not there")
	}
	path = filepath.Join(t.TempDir(), "a?b#c%41 d.db")
	storetest.RunReopen(t, func() *store.Store { return openSQLite(t.Context(), t, path) })
	if found, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*.db")); len(found) != 1 || found[0] != path {
		t.Errorf("the database is in %q, want %q", found, path)
	}
}

func BenchmarkSQLite(b *testing.B) { storetest.Bench(b, emptySQLite(b)) }
