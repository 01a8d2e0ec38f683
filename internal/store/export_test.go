package store

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"strconv"
	"strings"
	"testing/fstest"

	"github.com/slipwayhq/slipway/internal/seal"
)

// Repeats returns how many transactions had to be run again.
func Repeats(s *Store) int64 { return s.repeats.Load() }

// OpenSQLiteWith opens a database as a newer version does, which has further
// migrations.
func OpenSQLiteWith(ctx context.Context, path string, box *seal.Box, further fstest.MapFS) (*Store, error) {
	return openSQLite(ctx, path, box, with(further))
}

// OpenPostgresWith is OpenSQLiteWith for PostgreSQL.
func OpenPostgresWith(ctx context.Context, url string, box *seal.Box, further fstest.MapFS) (*Store, error) {
	return openPostgres(ctx, url, box, with(further))
}

func with(further fstest.MapFS) fs.FS {
	all := maps.Clone(further)
	if all == nil {
		all = fstest.MapFS{}
	}
	for _, name := range migrationNames() {
		text, err := fs.ReadFile(embedded, name)
		if err != nil {
			panic(err)
		}
		all[name] = &fstest.MapFile{Data: text}
	}
	return all
}

func migrationNames() []string {
	names, err := fs.Glob(embedded, "*.sql")
	if err != nil || len(names) == 0 {
		panic("there are no migrations")
	}
	return names
}

// FurtherMigration returns the file of the migration that comes i places after
// the newest one.
func FurtherMigration(i int, statement string) (name, text string) {
	names := migrationNames()
	number, _, _ := strings.Cut(names[len(names)-1], "_")
	newest, err := strconv.Atoi(number)
	if err != nil {
		panic(err)
	}
	n := newest + 1 + i
	return fmt.Sprintf("%05d_further.sql", n), "-- +goose Up\n" + fmt.Sprintf(statement, n)
}
