package store

import "github.com/slipwayhq/slipway/internal/audit"

// InsertAudit adds a record and gives it the next number.
func (t *Tx) InsertAudit(r audit.Record) error {
	last, err := t.number(`SELECT COALESCE(MAX(seq), 0) FROM audit`)
	if err != nil {
		return err
	}
	r.Sequence = last + 1
	_, err = t.exec(`INSERT INTO audit (seq, account, doc) VALUES ($1, $2, $3)`, r.Sequence, r.Account, doc(r))
	t.Notify(TopicAudit)
	return err
}

// Audit returns up to limit records of an account behind the one of that
// number, in the order in which they were added.
func (t *Tx) Audit(account string, after int64, limit int) ([]audit.Record, error) {
	return many[audit.Record](t, `SELECT doc FROM audit WHERE account = $1 AND seq > $2 ORDER BY seq LIMIT $3`,
		account, after, limit)
}
