package store_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/seal"
	"github.com/slipwayhq/slipway/internal/store"
	"github.com/slipwayhq/slipway/internal/store/pgtest"
)

// patience is how long something may take that takes a moment.
const patience = 30 * time.Second

func heard(t *testing.T, what string, told <-chan struct{}) {
	t.Helper()
	select {
	case <-told:
	case <-time.After(patience):
		t.Fatalf("%s: not told", what)
	}
}

// TestPostgresReplicas: what one process commits, the subscribers of another
// one are told; and when the database was away, everybody is told once,
// because nobody knows what was missed.
func TestPostgresReplicas(t *testing.T) {
	t.Parallel()
	cluster := pgtest.Start(t, "fsync=off")
	url := cluster.Database(t)
	one, other := closing(t, openPostgres(t, url)), closing(t, openPostgres(t, url))
	notify := func(tx *store.Tx) error {
		tx.Notify("topic")
		return nil
	}
	told, unsubscribe := other.Subscribe("topic")
	defer unsubscribe()
	if err := one.Update(t.Context(), notify); err != nil {
		t.Fatal(err)
	}
	heard(t, "a commit elsewhere", told)

	cluster.Down(t)
	if err := one.Update(t.Context(), notify); err == nil {
		t.Error("a change succeeded without a database")
	}
	cluster.Up(t)
	heard(t, "after the database was away", told)
	deadline := time.Now().Add(patience)
	for { // a connection or two of the pool may still be broken
		err := one.Update(t.Context(), notify)
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the store does not recover:", err)
		}
	}
	heard(t, "a commit after that", told)
}

// TestPostgresRepeats: of two transactions that meet one is run again, and sees
// what the other one did.
func TestPostgresRepeats(t *testing.T) {
	t.Parallel()
	s := closing(t, openPostgres(t, pgtest.Start(t, "fsync=off").Database(t)))
	app := deploy.Application{Namespace: deploy.Namespace{Account: "1", Region: "r"}, ID: "a", Name: "shop"}
	if err := s.Update(t.Context(), func(tx *store.Tx) error { return tx.InsertApplication(app) }); err != nil {
		t.Fatal(err)
	}
	runs, seen := 0, ""
	err := s.Update(t.Context(), func(tx *store.Tx) error {
		got, err := tx.ApplicationByID("a")
		if err != nil {
			return err
		}
		seen = got.Name
		if runs++; runs == 1 {
			other := got
			other.Name = "bank"
			if err := s.Update(t.Context(), func(tx *store.Tx) error { return tx.SaveApplication(other) }); err != nil {
				return err
			}
		}
		got.Name += "s"
		return tx.SaveApplication(got)
	})
	if err != nil || runs != 2 || seen != "bank" || store.Repeats(s) != 1 {
		t.Errorf("%d runs, the last saw %q, %d repeats, %v", runs, seen, store.Repeats(s), err)
	}

	// A text that PostgreSQL cannot hold is nobody's name.
	err = s.View(t.Context(), func(tx *store.Tx) error {
		_, err := tx.ApplicationByID("a\x00")
		return err
	})
	if !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a name with a NUL: %v", err)
	}
}

// TestPostgresRefused: a replica with another key is refused before it adds
// what the others cannot read, and a database that cannot hold every name
// before there are any.
func TestPostgresRefused(t *testing.T) {
	t.Parallel()
	cluster := pgtest.Start(t, "fsync=off")
	latin := cluster.Database(t, "ENCODING LATIN1 LOCALE 'C' TEMPLATE template0")
	if _, err := store.OpenPostgres(t.Context(), latin, seal.NewBox(seal.Key{})); err == nil || !strings.Contains(err.Error(), "its encoding is LATIN1") {
		t.Errorf("with another encoding: %v", err)
	}
	url := cluster.Database(t)
	closing(t, openPostgres(t, url))
	_, err := store.OpenPostgres(t.Context(), url+"&password=hunter2", seal.NewBox(seal.NewKey()))
	if err == nil || !strings.Contains(err.Error(), "sealed with another key") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("with another key: %v", err)
	}
}

// addition returns n further migrations, which only add.
func addition(n int) fstest.MapFS {
	files := fstest.MapFS{}
	for i := range n {
		name, text := store.FurtherMigration(i, "ALTER TABLE deployments ADD COLUMN further%d TEXT NOT NULL DEFAULT '';")
		files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return files
}

// TestNewerSchema: replicas are upgraded one after the other. A newer one may
// start while this version runs, and this version may start after it; it does
// not work on a schema that is two versions ahead.
func TestNewerSchema(t *testing.T) {
	t.Parallel()
	box := seal.NewBox(seal.Key{})
	upgrade := func(t *testing.T, open func(further fstest.MapFS) (*store.Store, error)) {
		work := func(s *store.Store, id string) {
			t.Helper()
			d := deploy.Deployment{Namespace: deploy.Namespace{Account: "1", Region: "r"}, ID: id, GroupID: id, Status: deploy.Created}
			if err := s.Update(t.Context(), func(tx *store.Tx) error { return tx.InsertDeployment(d) }); err != nil {
				t.Error(err)
			}
		}
		old, err := open(nil)
		if err != nil {
			t.Fatal(err)
		}
		work(old, "d-1")
		newer, err := open(addition(1))
		if err != nil {
			t.Fatal(err)
		}
		work(newer, "d-2")
		work(old, "d-3")
		if err := errors.Join(old.Close(), newer.Close()); err != nil {
			t.Fatal(err)
		}
		if old, err = open(nil); err != nil {
			t.Fatal("this version on a schema that is newer by one:", err)
		}
		work(old, "d-4")
		newest, err := open(addition(2))
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(old.Close(), newest.Close()); err != nil {
			t.Fatal(err)
		}
		if _, err := open(nil); err == nil || !strings.Contains(err.Error(), "a newer version of Slipway made") {
			t.Errorf("this version on a schema that is newer by two: %v", err)
		}
	}
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		path := t.TempDir() + "/slipway.db"
		upgrade(t, func(further fstest.MapFS) (*store.Store, error) {
			return store.OpenSQLiteWith(t.Context(), path, box, further)
		})
	})
	t.Run("Postgres", func(t *testing.T) {
		t.Parallel()
		url := pgtest.Start(t, "fsync=off").Database(t)
		upgrade(t, func(further fstest.MapFS) (*store.Store, error) {
			return store.OpenPostgresWith(t.Context(), url, box, further)
		})
	})
}
