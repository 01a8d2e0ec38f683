package store

import (
	"database/sql"

	"github.com/slipwayhq/slipway/internal/seal"
)

// New returns a store on a database that somebody else has opened and whose
// schema is current: write for transactions that change it, one at a time, and
// read for the others. Both may be the same.
func New(write, read *sql.DB, box *seal.Box) *Store {
	return &Store{write: write, read: read, box: box}
}
