package store

import "github.com/slipwayhq/slipway/internal/audit"

// InsertAudit adds a record and gives it the next number. It comes last in a
// transaction: on PostgreSQL it holds up the others that add records until the
// end of this one, so that the numbers are in the order in which records
// become visible and who follows them misses none.
func (t *Tx) InsertAudit(r audit.Record) error {
	var err error
	if r.Sequence, err = t.nextAudit(); err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO audit (seq, account, doc) VALUES ($1, $2, $3)`, r.Sequence, r.Account, doc(r))
	t.Notify(TopicAudit)
	return err
}

// nextAudit returns the number of the next record. On PostgreSQL it is one of a
// sequence, because a transaction sees the table as it was when it began; the
// number of one that fails is left out.
func (t *Tx) nextAudit() (int64, error) {
	if t.dialect == sqlite {
		return t.number(`SELECT COALESCE(MAX(seq), 0) + 1 FROM audit`)
	}
	if _, err := t.exec(`SELECT pg_advisory_xact_lock($1)`, auditLock); err != nil {
		return 0, err
	}
	return t.number(`SELECT nextval('audit_seq')`)
}

// auditLock is the lock of PostgreSQL's that orders audit records.
const auditLock = 0x51120001

// Audit returns up to limit records of an account behind the one of that
// number, in the order in which they were added.
func (t *Tx) Audit(account string, after int64, limit int) ([]audit.Record, error) {
	return many[audit.Record](t, `SELECT doc FROM audit WHERE account = $1 AND seq > $2 ORDER BY seq LIMIT $3`,
		account, after, limit)
}
