package control

import (
	"context"

	"github.com/slipwayhq/slipway/internal/audit"
	"github.com/slipwayhq/slipway/internal/store"
)

// AuditPage is how many records one call returns at most.
const AuditPage = 100

// ListAudit returns the records of an account behind the one of that number,
// oldest first.
func (c *Control) ListAudit(ctx context.Context, account string, after int64) ([]audit.Record, error) {
	return view(ctx, c, func(tx *store.Tx) ([]audit.Record, error) {
		return tx.Audit(account, after, AuditPage)
	})
}

// SaveAudit stores the record of a call that no transaction has taken.
func (c *Control) SaveAudit(ctx context.Context, r audit.Record) error {
	return c.store.Update(ctx, func(tx *store.Tx) error { return tx.InsertAudit(r) })
}
