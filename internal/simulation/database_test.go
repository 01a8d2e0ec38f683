package simulation

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/slipwayhq/slipway/internal/seal"
	"github.com/slipwayhq/slipway/internal/store"
)

// database is SQLite in memory. All servers of a world share its one
// connection: everything runs on one goroutine, and transactions do not
// overlap. It outlives worlds, because its prepared statements are worth
// keeping; each world empties it first.
type database struct {
	conn       sqliteConn
	statements map[string]driver.Stmt
	columns    map[string][]string // of the tables, in order

	open    bool        // a transaction is under way
	changes []rowChange // of this transaction
}

// sqliteConn is what the driver's connections can do.
type sqliteConn interface {
	driver.Conn
	driver.ExecerContext
	sqlite.HookRegisterer
	Deserialize([]byte) error
}

// rowChange is a row that a transaction changed. After is nil for a deleted
// row, before for a new one.
type rowChange struct {
	table         string
	before, after []any
}

// watched are the tables whose rows the model follows.
var watched = []string{"deployments", "targets", "host_commands", "group_hosts", "instances", "deployment_groups", "actions"}

// openDatabase returns a database without rows.
func openDatabase() (*database, error) {
	conn, err := (&sqlite.Driver{}).Open(":memory:")
	if err != nil {
		return nil, err
	}
	c, ok := conn.(sqliteConn)
	if !ok {
		return nil, fmt.Errorf("the SQLite driver's %T has no hooks", conn)
	}
	db := &database{conn: c, statements: map[string]driver.Stmt{}, columns: map[string][]string{}}
	if err := db.empty(); err != nil {
		return nil, err
	}
	for _, table := range watched {
		if db.columns[table], err = db.columnsOf(table); err != nil {
			return nil, err
		}
	}
	c.RegisterPreUpdateHook(db.changed)
	return db, nil
}

// empty goes back to a schema and nothing else.
func (db *database) empty() error {
	db.open, db.changes = false, nil
	if err := db.conn.Deserialize(emptySchema()); err != nil {
		return err
	}
	// Nothing survives the process, so nothing has to be on a disk.
	_, err := db.conn.ExecContext(context.Background(), "PRAGMA foreign_keys = 1; PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF", nil)
	return err
}

// emptySchema is a database file as the store's migrations make it.
var emptySchema = sync.OnceValue(func() []byte {
	dir, err := os.MkdirTemp("", "slipway-simulation-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "slipway.db")
	s, err := store.OpenSQLite(context.Background(), path, noSecrets)
	if err != nil {
		panic(err)
	}
	s.Close()
	file, err := os.ReadFile(path)
	if err != nil {
		panic(err)
	}
	// A database in memory cannot be in WAL mode: its header says so in the
	// bytes 18 and 19 (1 is a rollback journal, 2 is WAL).
	file[18], file[19] = 1, 1
	return file
})

var noSecrets = seal.NewBox(seal.Key{})

func (db *database) columnsOf(table string) ([]string, error) {
	rows, err := db.query("SELECT name FROM pragma_table_info('"+table+"') ORDER BY cid", nil)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var names []string
	for {
		value := make([]driver.Value, 1)
		switch err := rows.Next(value); {
		case errors.Is(err, io.EOF):
			return names, nil
		case err != nil:
			return nil, err
		}
		names = append(names, value[0].(string))
	}
}

// changed is told of every row before it changes.
func (db *database) changed(row sqlite.SQLitePreUpdateData) {
	columns, ok := db.columns[row.TableName]
	if !ok {
		return
	}
	change := rowChange{table: row.TableName}
	if row.Op != sqlite3.SQLITE_INSERT {
		change.before = make([]any, len(columns))
		if err := row.Old(change.before...); err != nil {
			panic(err)
		}
	}
	if row.Op != sqlite3.SQLITE_DELETE {
		change.after = make([]any, len(columns))
		if err := row.New(change.after...); err != nil {
			panic(err)
		}
	}
	db.changes = append(db.changes, change)
}

// statement returns the prepared statement of a query.
func (db *database) statement(query string) (driver.Stmt, error) {
	if s, ok := db.statements[query]; ok {
		return s, nil
	}
	s, err := db.conn.Prepare(query)
	if err == nil {
		db.statements[query] = s
	}
	return s, err
}

func (db *database) exec(query string, args []driver.NamedValue) (driver.Result, error) {
	s, err := db.statement(query)
	if err != nil {
		return nil, err
	}
	return s.(driver.StmtExecContext).ExecContext(context.Background(), args)
}

func (db *database) query(query string, args []driver.NamedValue) (driver.Rows, error) {
	s, err := db.statement(query)
	if err != nil {
		return nil, err
	}
	return s.(driver.StmtQueryContext).QueryContext(context.Background(), args)
}

func (db *database) begin() error {
	if db.open {
		panic("a transaction begins inside another one")
	}
	_, err := db.exec("BEGIN", nil)
	db.open = err == nil
	return err
}

// end commits or rolls back, and returns what a commit changed.
func (db *database) end(how string) ([]rowChange, error) {
	if !db.open {
		panic(how + " outside a transaction")
	}
	changes := db.changes
	db.open, db.changes = false, nil
	_, err := db.exec(how, nil)
	return changes, err
}

// session is a server's side of the database: where its transactions begin and
// end, others get their turn and faults happen. See fault.go.
type session struct {
	db     *database
	world  *world
	server *server
	life   int // of the server; a session does not outlive it
}

// connect returns a pool on the database for the server's present life.
func connect(w *world, s *server) *sql.DB {
	return sql.OpenDB(&session{db: w.db, world: w, server: s, life: s.life})
}

func (s *session) Connect(context.Context) (driver.Conn, error) { return &sessionConn{session: s}, nil }
func (s *session) Driver() driver.Driver                        { return &sqlite.Driver{} }

// dead reports whether the server of this session has died.
func (s *session) dead() bool { return s.life != s.server.life || !s.server.up }

// sessionConn is one logical connection; its transaction is the database's.
type sessionConn struct {
	*session
	readOnly bool
	fault    fault // what is to happen to the transaction
	writes   int   // statements of it so far
}

var (
	errDied   = errors.New("simulated: the server died")
	errFailed = errors.New("simulated: the transaction failed")
)

// BeginTx begins a transaction. Before it, whatever else is due may happen:
// between two transactions of a call the world goes on.
func (c *sessionConn) BeginTx(_ context.Context, opts driver.TxOptions) (driver.Tx, error) {
	if c.dead() {
		return nil, errDied
	}
	if c.server != c.world.admin {
		c.world.meanwhile()
		c.server.stall()
	}
	if c.world.transactions++; c.world.transactions > spinning {
		c.world.violated("nobody spins", "%s began %d transactions in one event", c.server.name, c.world.transactions)
		c.server.stop()
	}
	if c.dead() {
		return nil, errDied
	}
	c.readOnly, c.writes, c.fault = opts.ReadOnly, 0, noFault
	if !c.readOnly && c.server != c.world.admin {
		c.fault = c.world.nextFault()
	}
	return c, c.db.begin()
}

// ExecContext runs a statement, unless the server is to die at it.
func (c *sessionConn) ExecContext(_ context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	c.writes++
	if c.fault == dieWithin && c.writes == 2 {
		c.fault = noFault
		c.server.crash("in the middle of a transaction")
		return nil, errDied
	}
	if c.readOnly {
		return nil, errors.New("a transaction that only reads writes: " + query)
	}
	return c.db.exec(query, args)
}

// QueryContext runs a query.
func (c *sessionConn) QueryContext(_ context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	return c.db.query(query, args)
}

// Commit commits, or what the fault has instead.
func (c *sessionConn) Commit() error {
	if c.readOnly {
		_, err := c.db.end("COMMIT")
		return err
	}
	switch c.fault {
	case failBefore, dieBefore, dieWithin:
		_, err := c.db.end("ROLLBACK")
		return errors.Join(c.strike(), err)
	case noFault, failAfter, dieAfter:
	}
	changes, err := c.db.end("COMMIT")
	if err != nil {
		return err
	}
	c.world.committed(c.server, changes)
	return c.strike()
}

// strike is the fault's effect on the server, once the transaction is settled.
func (c *sessionConn) strike() error {
	switch c.fault {
	case failBefore:
		c.world.saw("a transaction fails before its commit")
		c.world.log(c.server.name, "the transaction fails before its commit")
		return errFailed
	case failAfter:
		c.world.saw("a transaction fails after its commit")
		c.world.log(c.server.name, "the transaction is committed, and the server hears that it failed")
		c.world.fallBack()
		return errFailed
	case dieBefore, dieWithin:
		c.server.crash("before a commit")
		return errDied
	case dieAfter:
		c.server.crash("after a commit")
		return errDied
	case noFault:
	}
	return nil
}

// Rollback rolls back.
func (c *sessionConn) Rollback() error {
	if !c.db.open {
		return nil // a fault did it
	}
	_, err := c.db.end("ROLLBACK")
	return err
}

// Begin, Prepare and Close are what database/sql wants beside these.
func (c *sessionConn) Begin() (driver.Tx, error) {
	return c.BeginTx(context.Background(), driver.TxOptions{})
}

func (c *sessionConn) Prepare(query string) (driver.Stmt, error) {
	return nil, errors.New("the store prepares nothing, but it did: " + query)
}

func (c *sessionConn) Close() error { return nil }

// fault is what happens to a transaction that writes.
type fault int

const (
	noFault    fault = iota
	failBefore       // it is rolled back, and the server goes on
	failAfter        // it is committed, and the server is told that it failed
	dieBefore        // the server dies, nothing is committed
	dieWithin        // the same between two statements
	dieAfter         // the server dies, all is committed and nobody told
)
