package control

import (
	"context"
	"strings"

	"github.com/slipwayhq/slipway/internal/iam"
	"github.com/slipwayhq/slipway/internal/store"
)

// PutPolicy adds a policy to a user or a role, or replaces it. Together they
// may have limit characters, white space not counted: ErrLimit. They are read
// on every call.
func (i *Identity) PutPolicy(ctx context.Context, o iam.Owner, p iam.InlinePolicy, limit int) error {
	return i.changeOwner(ctx, o, func(tx *store.Tx) error {
		present, err := tx.InlinePolicies(o)
		if err != nil {
			return err
		}
		size := policySize(p.Document)
		for _, other := range present {
			if other.Name != p.Name {
				size += policySize(other.Document)
			}
		}
		if size > limit {
			return iam.ErrLimit
		}
		return tx.PutInlinePolicy(o, p)
	})
}

func policySize(document string) int {
	return len(strings.Join(strings.Fields(document), ""))
}

// Policies lists an owner's policies by name.
func (i *Identity) Policies(ctx context.Context, o iam.Owner) (policies []iam.InlinePolicy, err error) {
	err = i.ofOwner(ctx, o, func(tx *store.Tx) error {
		policies, err = tx.InlinePolicies(o)
		return err
	})
	return policies, err
}

// DeletePolicy removes a policy of an owner.
func (i *Identity) DeletePolicy(ctx context.Context, o iam.Owner, name string) error {
	return i.changeOwner(ctx, o, func(tx *store.Tx) error { return tx.DeleteInlinePolicy(o, name) })
}
