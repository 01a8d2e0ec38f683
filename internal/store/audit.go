package store

import (
	"time"

	"github.com/slipwayhq/slipway/internal/audit"
)

// InsertAudit adds a record.
func (t *Tx) InsertAudit(r audit.Record) error {
	_, err := t.exec(`INSERT INTO audit (at, id, account, doc) VALUES ($1, $2, $3, $4)`,
		ms(r.At), r.RequestID, r.Account, doc(r))
	t.Notify(TopicAudit)
	return err
}

// Audit returns up to limit records of an account that are behind the one
// with that time and id, oldest first.
func (t *Tx) Audit(account string, after time.Time, afterID string, limit int) ([]audit.Record, error) {
	return many[audit.Record](t, `SELECT doc FROM audit
		WHERE account = $1 AND (at > $2 OR (at = $2 AND id > $3)) ORDER BY at, id LIMIT $4`,
		account, ms(after), afterID, limit)
}
