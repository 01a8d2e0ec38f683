package control

import (
	"context"
	"slices"

	"github.com/slipwayhq/slipway/internal/iam"
	"github.com/slipwayhq/slipway/internal/store"
)

// Managed is a managed policy as lists show it.
type Managed struct {
	iam.ManagedPolicy
	Attachments int // how many users and roles have it
}

// managedPolicy finds a policy of the account, or one that all accounts have.
func managedPolicy(tx *store.Tx, account, arn string) (iam.ManagedPolicy, error) {
	if p, ok := iam.Builtin(arn); ok {
		return p, nil
	}
	owner, name, ok := iam.PolicyOf(arn)
	if !ok || owner != account {
		return iam.ManagedPolicy{}, store.ErrNotFound
	}
	p, err := tx.Policy(account, name)
	if err == nil && p.ARN() != arn {
		return p, store.ErrNotFound // under another path
	}
	return p, err
}

// CreateManagedPolicy adds a policy. A name that exists in any spelling is
// ErrExists.
func (i *Identity) CreateManagedPolicy(ctx context.Context, p iam.ManagedPolicy) error {
	return i.update(ctx, func(tx *store.Tx) error { return tx.InsertPolicy(p) })
}

// ManagedPolicy finds a policy by its ARN.
func (i *Identity) ManagedPolicy(ctx context.Context, account, arn string) (m Managed, err error) {
	err = i.view(ctx, func(tx *store.Tx) error {
		if m.ManagedPolicy, err = managedPolicy(tx, account, arn); err != nil {
			return err
		}
		m.Attachments, err = tx.Attachments(account, arn)
		return err
	})
	return m, err
}

// ManagedPolicies is as [Identity.Users], for the policies of the account.
func (i *Identity) ManagedPolicies(ctx context.Context, account, pathPrefix, after string, limit int) (list []Managed, err error) {
	err = i.view(ctx, func(tx *store.Tx) error {
		policies, err := tx.Policies(account, pathPrefix, after, limit)
		if err != nil {
			return err
		}
		for _, p := range policies {
			n, err := tx.Attachments(account, p.ARN())
			if err != nil {
				return err
			}
			list = append(list, Managed{p, n})
		}
		return nil
	})
	return list, err
}

// ChangeManagedPolicy changes a policy of the account, if change agrees. Its
// name and path stay.
func (i *Identity) ChangeManagedPolicy(ctx context.Context, account, arn string, change func(*iam.ManagedPolicy) error) error {
	return i.update(ctx, func(tx *store.Tx) error {
		p, err := managedPolicy(tx, account, arn)
		if err != nil {
			return err
		}
		if p.AccountID != account {
			return store.ErrNotFound // nobody's to change
		}
		p.Versions = slices.Clone(p.Versions)
		if err := change(&p); err != nil {
			return err
		}
		return tx.SavePolicy(p)
	})
}

// DeleteManagedPolicy wants the policy detached everywhere, and its versions
// gone but the one that counts: ErrInUse.
func (i *Identity) DeleteManagedPolicy(ctx context.Context, account, arn string) error {
	return i.update(ctx, func(tx *store.Tx) error {
		p, err := managedPolicy(tx, account, arn)
		if err != nil {
			return err
		}
		n, err := tx.Attachments(account, arn)
		if err != nil {
			return err
		}
		if n > 0 || len(p.Versions) > 1 {
			return iam.ErrInUse
		}
		return tx.DeletePolicy(p.AccountID, p.Name)
	})
}

// AttachPolicy gives an owner a managed policy, of which it may have
// [iam.MaxAttached]: ErrLimit. An owner or a policy that is not there is
// ErrNotFound.
func (i *Identity) AttachPolicy(ctx context.Context, o iam.Owner, arn string) error {
	return i.changeOwner(ctx, o, func(tx *store.Tx) error {
		if _, err := managedPolicy(tx, o.Account, arn); err != nil {
			return err
		}
		attached, err := tx.AttachedPolicies(o)
		if err != nil {
			return err
		}
		if len(attached) >= iam.MaxAttached && !slices.Contains(attached, arn) {
			return iam.ErrLimit
		}
		return tx.AttachPolicy(o, arn)
	})
}

// DetachPolicy takes a managed policy away from an owner.
func (i *Identity) DetachPolicy(ctx context.Context, o iam.Owner, arn string) error {
	return i.changeOwner(ctx, o, func(tx *store.Tx) error { return tx.DetachPolicy(o, arn) })
}

// AttachedPolicies lists the ARNs of an owner's managed policies, in order.
func (i *Identity) AttachedPolicies(ctx context.Context, o iam.Owner) (arns []string, err error) {
	err = i.ofOwner(ctx, o, func(tx *store.Tx) error {
		arns, err = tx.AttachedPolicies(o)
		return err
	})
	return arns, err
}
