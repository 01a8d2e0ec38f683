package store_test

import (
	"testing"

	"github.com/slipwayhq/slipway/internal/seal"
	"github.com/slipwayhq/slipway/internal/store"
	"github.com/slipwayhq/slipway/internal/store/pgtest"
	"github.com/slipwayhq/slipway/internal/store/storetest"
)

func openPostgres(t testing.TB, url string) *store.Store {
	t.Helper()
	s, err := store.OpenPostgres(t.Context(), url, seal.NewBox(seal.Key{}))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// closing closes a store when the test ends.
func closing(t testing.TB, s *store.Store) *store.Store {
	t.Helper()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestPostgres(t *testing.T) {
	t.Parallel()
	c := pgtest.Start(t, "fsync=off", "max_connections=500")
	storetest.Run(t, func(t *testing.T) *store.Store { return closing(t, openPostgres(t, c.Database(t))) })
	t.Run("Reopen", func(t *testing.T) {
		t.Parallel()
		url := c.Database(t)
		storetest.RunReopen(t, func() *store.Store { return openPostgres(t, url) })
	})
}

func BenchmarkPostgres(b *testing.B) {
	storetest.Bench(b, closing(b, openPostgres(b, pgtest.Start(b).Database(b))))
}
