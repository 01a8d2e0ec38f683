package daemon

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"

	"github.com/slipwayhq/slipway/internal/objectstore"
	"github.com/slipwayhq/slipway/internal/seal"
	"github.com/slipwayhq/slipway/internal/store"
)

// objectsSchema is where the index of the objects is in a shared database.
const objectsSchema = "slipway_objects"

// objectsConns is how many connections the object store opens at most. Its
// queries are few: contents are in files.
const objectsConns = 4

// openStores opens the database and the object store: both in the data folder,
// or both shared with other daemons.
func (d *Daemon) openStores(ctx context.Context, c Config, box *seal.Box) (err error) {
	options := d.objectOptions(c)
	if c.Database == "" {
		if d.store, err = store.OpenSQLite(ctx, filepath.Join(c.Data, databaseFile), box); err != nil {
			return err
		}
		d.objects, err = objectstore.Open(c.Objects, options)
		return err
	}
	if d.store, err = store.OpenPostgres(ctx, c.Database, box); err != nil {
		return err
	}
	if d.index, err = store.PostgresPool(ctx, c.Database, objectsSchema, objectsConns); err != nil {
		return err
	}
	d.objects, err = objectstore.OpenShared(ctx, c.Objects, d.index, options)
	return err
}

// replicaName tells this run of a daemon from all others. It begins with what
// helps people to find it.
func replicaName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "replica"
	}
	return fmt.Sprintf("%s/%d/%s", host, os.Getpid(), rand.Text()[:8])
}
