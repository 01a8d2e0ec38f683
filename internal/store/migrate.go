package store

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrations embed.FS

// embedded are the migrations of this version.
var embedded = func() fs.FS {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		panic(err) // the name is a constant
	}
	return files
}()

// Replicas are upgraded one after the other, so a schema has to serve two
// versions of the program: a migration only adds (tables, indexes, columns
// with a default), and what a version no longer uses is removed by the
// migration after the next one. A program works on a schema that is newer than
// its own by this many migrations, and refuses any that is newer still.
const newerBy = 1

// prepare brings the schema up to date and checks the key.
func (s *Store) prepare(ctx context.Context, files fs.FS) error {
	if err := s.migrate(ctx, files); err != nil {
		return err
	}
	return s.Update(ctx, (*Tx).checkKey)
}

// migrate brings the schema up to date, unless it is newer than this program.
// Of several replicas that start together one migrates and the others wait.
func (s *Store) migrate(ctx context.Context, files fs.FS) error {
	options := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true)}
	dialect := goose.DialectSQLite3
	if s.dialect == postgres {
		dialect, files = goose.DialectPostgres, postgresFiles{files}
		const tries = 300 // one a second
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, tries))
		if err != nil {
			return err
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	p, err := goose.NewProvider(dialect, s.write, files, options...)
	if err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("cannot bring the database schema up to date: %w", err)
	}
	has, knows, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("cannot read the version of the database schema: %w", err)
	}
	if has > knows+newerBy {
		return fmt.Errorf("the database has schema %d, which a newer version of Slipway made; this one knows %d and works "+
			"with %d at most: start a version that is not older than the one before the newest", has, knows, knows+newerBy)
	}
	return nil
}
