package control

import (
	"context"

	"github.com/slipwayhq/slipway/internal/iam"
	"github.com/slipwayhq/slipway/internal/store"
)

// CreateRole adds a role. A name that exists in any spelling is ErrExists.
func (i *Identity) CreateRole(ctx context.Context, role iam.Role) error {
	return i.update(ctx, func(tx *store.Tx) error { return tx.InsertRole(role) })
}

// Role finds a role.
func (i *Identity) Role(ctx context.Context, account, name string) (role iam.Role, err error) {
	err = i.view(ctx, func(tx *store.Tx) error {
		role, err = tx.Role(account, name)
		return err
	})
	return role, err
}

// Roles is as [Identity.Users].
func (i *Identity) Roles(ctx context.Context, account, pathPrefix, after string, limit int) (roles []iam.Role, err error) {
	err = i.view(ctx, func(tx *store.Tx) error {
		roles, err = tx.Roles(account, pathPrefix, after, limit)
		return err
	})
	return roles, err
}

// ChangeRole changes anything of a role but its name and path.
func (i *Identity) ChangeRole(ctx context.Context, account, name string, change func(*iam.Role)) error {
	return i.update(ctx, func(tx *store.Tx) error {
		role, err := tx.Role(account, name)
		if err != nil {
			return err
		}
		change(&role)
		return tx.SaveRole(role)
	})
}

// DeleteRole wants the role's policies gone: ErrInUse. Sessions of it end with
// it.
func (i *Identity) DeleteRole(ctx context.Context, account, name string) error {
	return i.update(ctx, func(tx *store.Tx) error {
		has, err := hasPolicies(tx, iam.Owner{Kind: iam.RoleOwner, Account: account, Name: name})
		if err != nil {
			return err
		}
		if has {
			return iam.ErrInUse
		}
		return tx.DeleteRole(account, name)
	})
}
