package control

import (
	"context"
	"errors"

	"github.com/slipwayhq/slipway/internal/iam"
	"github.com/slipwayhq/slipway/internal/store"
)

// Identity keeps what the IAM API is about: users and their access keys,
// roles, and policies. Checks and the change they guard are one transaction.
// Its errors are those of package iam: ErrNotFound, ErrExists, ErrInUse,
// ErrLimit.
type Identity struct{ store *store.Store }

// NewIdentity returns the users, roles and policies in a store.
func NewIdentity(s *store.Store) *Identity { return &Identity{s} }

// Documents returns the texts of all policies that apply to an owner, its own
// and those attached to it; ErrNotFound for the owner.
func (i *Identity) Documents(ctx context.Context, o iam.Owner) (documents []string, err error) {
	err = i.ofOwner(ctx, o, func(tx *store.Tx) error {
		inline, err := tx.InlinePolicies(o)
		if err != nil {
			return err
		}
		for _, p := range inline {
			documents = append(documents, p.Document)
		}
		attached, err := tx.AttachedPolicies(o)
		for _, arn := range attached {
			if err != nil {
				break
			}
			var p iam.ManagedPolicy
			p, err = managedPolicy(tx, o.Account, arn)
			documents = append(documents, p.Document())
		}
		return err
	})
	return documents, err
}

// ofOwner runs f in a reading transaction if there is such an owner.
func (i *Identity) ofOwner(ctx context.Context, o iam.Owner, f func(*store.Tx) error) error {
	return i.view(ctx, withOwner(o, f))
}

// changeOwner runs f in a transaction if there is such an owner.
func (i *Identity) changeOwner(ctx context.Context, o iam.Owner, f func(*store.Tx) error) error {
	return i.update(ctx, withOwner(o, f))
}

func withOwner(o iam.Owner, f func(*store.Tx) error) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		if err := ownerExists(tx, o); err != nil {
			return err
		}
		return f(tx)
	}
}

func ownerExists(tx *store.Tx, o iam.Owner) error {
	var err error
	switch o.Kind {
	case iam.UserOwner:
		_, err = tx.User(o.Account, o.Name)
	case iam.RoleOwner:
		_, err = tx.Role(o.Account, o.Name)
	}
	return err
}

// hasPolicies reports whether an owner still has policies of any kind.
func hasPolicies(tx *store.Tx, o iam.Owner) (bool, error) {
	inline, err := tx.InlinePolicies(o)
	if err != nil {
		return false, err
	}
	attached, err := tx.AttachedPolicies(o)
	return len(inline)+len(attached) > 0, err
}

func (i *Identity) view(ctx context.Context, f func(*store.Tx) error) error {
	return iamError(i.store.View(ctx, f))
}

func (i *Identity) update(ctx context.Context, f func(*store.Tx) error) error {
	return iamError(i.store.Update(ctx, f))
}

// iamError says a store's error in the words of package iam.
func iamError(err error) error {
	switch {
	case errors.Is(err, store.ErrNotFound):
		return iam.ErrNotFound
	case errors.Is(err, store.ErrExists):
		return iam.ErrExists
	}
	return err
}
