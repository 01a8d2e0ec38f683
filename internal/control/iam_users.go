package control

import (
	"context"

	"github.com/slipwayhq/slipway/internal/iam"
	"github.com/slipwayhq/slipway/internal/store"
)

// CreateUser adds a user. A name that exists in any spelling is ErrExists.
func (i *Identity) CreateUser(ctx context.Context, user iam.User) error {
	return i.update(ctx, func(tx *store.Tx) error { return tx.InsertUser(user) })
}

// User finds a user.
func (i *Identity) User(ctx context.Context, account, name string) (user iam.User, err error) {
	err = i.view(ctx, func(tx *store.Tx) error {
		user, err = tx.User(account, name)
		return err
	})
	return user, err
}

// Users lists up to limit users after the given name, by name, whose path
// begins with the prefix.
func (i *Identity) Users(ctx context.Context, account, pathPrefix, after string, limit int) (users []iam.User, err error) {
	err = i.view(ctx, func(tx *store.Tx) error {
		users, err = tx.Users(account, pathPrefix, after, limit)
		return err
	})
	return users, err
}

// ChangeUser changes a user's name, path or tags.
func (i *Identity) ChangeUser(ctx context.Context, account, name string, change func(*iam.User)) error {
	return i.update(ctx, func(tx *store.Tx) error {
		user, err := tx.User(account, name)
		if err != nil {
			return err
		}
		change(&user)
		return tx.RenameUser(name, user)
	})
}

// DeleteUser wants the user's keys and policies gone: ErrInUse.
func (i *Identity) DeleteUser(ctx context.Context, account, name string) error {
	return i.update(ctx, func(tx *store.Tx) error {
		keys, err := tx.AccessKeys(account, name)
		if err != nil {
			return err
		}
		has, err := hasPolicies(tx, iam.Owner{Kind: iam.UserOwner, Account: account, Name: name})
		if err != nil {
			return err
		}
		if has || len(keys) > 0 {
			return iam.ErrInUse
		}
		return tx.DeleteUser(account, name)
	})
}
