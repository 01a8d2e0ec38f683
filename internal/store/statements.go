package store

import (
	"context"
	"database/sql"
	"sync"
)

// maxStatements is how many statements of a pool are kept compiled. We have
// fewer; those with lists of any length must not push out the memory.
const maxStatements = 256

// statements are what SQLite has compiled: it takes longer to understand most
// of ours than to run them. (PostgreSQL's driver keeps its own. A nil pointer
// keeps none.)
//
// A transaction cannot compile one for those that follow: the pool has no other
// connection for that while the only writer is busy. So it notes what it
// missed, and that is compiled when it has ended.
type statements struct {
	pool *sql.DB

	mu     sync.Mutex
	byText map[string]*sql.Stmt
}

func newStatements(pool *sql.DB) *statements {
	return &statements{pool: pool, byText: map[string]*sql.Stmt{}}
}

// find returns the compiled statement, or nil.
func (s *statements) find(text string) *sql.Stmt {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byText[text]
}

// compile compiles what a transaction that has ended missed. What cannot be
// compiled now is left for the next time.
func (s *statements) compile(ctx context.Context, missed []string) {
	for _, text := range missed {
		if s.full() || s.find(text) != nil {
			continue
		}
		stmt, err := s.pool.PrepareContext(ctx, text)
		if err != nil {
			continue
		}
		s.keep(text, stmt)
	}
}

func (s *statements) full() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.byText) >= maxStatements
}

// keep stores a statement, unless somebody else was quicker.
func (s *statements) keep(text string, stmt *sql.Stmt) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, there := s.byText[text]; there {
		_ = stmt.Close() // nobody has used it
		return
	}
	s.byText[text] = stmt
}

// statement returns the compiled statement for this transaction, or nil.
func (t *Tx) statement(text string) *sql.Stmt {
	if t.compiled == nil {
		return nil
	}
	stmt := t.compiled.find(text)
	if stmt == nil {
		t.missed = append(t.missed, text)
		return nil
	}
	return t.tx.StmtContext(t.ctx, stmt)
}

// query is for many rows. They are to be read to their end, or closed, before
// the same query is made again.
func (t *Tx) query(text string, args ...any) (*sql.Rows, error) {
	if stmt := t.statement(text); stmt != nil { //nolint:sqlclosecheck // it ends with the transaction
		return stmt.QueryContext(t.ctx, args...)
	}
	return t.tx.QueryContext(t.ctx, text, args...)
}

func (t *Tx) queryRow(text string, args ...any) *sql.Row {
	if stmt := t.statement(text); stmt != nil { //nolint:sqlclosecheck // it ends with the transaction
		return stmt.QueryRowContext(t.ctx, args...)
	}
	return t.tx.QueryRowContext(t.ctx, text, args...)
}

func (t *Tx) change(text string, args ...any) (sql.Result, error) {
	if stmt := t.statement(text); stmt != nil { //nolint:sqlclosecheck // it ends with the transaction
		return stmt.ExecContext(t.ctx, args...)
	}
	return t.tx.ExecContext(t.ctx, text, args...)
}

// ended compiles what the transaction missed. It is called when the transaction
// has given its connection back.
func (t *Tx) ended() {
	if len(t.missed) > 0 {
		t.compiled.compile(t.ctx, t.missed)
	}
}
