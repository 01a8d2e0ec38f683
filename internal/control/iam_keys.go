package control

import (
	"context"

	"github.com/slipwayhq/slipway/internal/iam"
	"github.com/slipwayhq/slipway/internal/store"
)

// AccessKey finds a key and its user, in any account.
func (i *Identity) AccessKey(ctx context.Context, id string) (key iam.AccessKey, user iam.User, err error) {
	err = i.view(ctx, func(tx *store.Tx) error {
		if key, err = tx.AccessKey(id); err != nil {
			return err
		}
		user, err = tx.User(key.AccountID, key.UserName)
		return err
	})
	return key, user, err
}

// CreateAccessKey adds a key to a user that has fewer than
// [iam.MaxAccessKeys]: ErrLimit.
func (i *Identity) CreateAccessKey(ctx context.Context, k iam.AccessKey) error {
	return i.ofUser(ctx, k.AccountID, k.UserName, func(tx *store.Tx) error {
		keys, err := tx.AccessKeys(k.AccountID, k.UserName)
		if err != nil {
			return err
		}
		if len(keys) >= iam.MaxAccessKeys {
			return iam.ErrLimit
		}
		return tx.InsertAccessKey(k)
	})
}

// AccessKeys lists a user's keys without their secrets.
func (i *Identity) AccessKeys(ctx context.Context, account, user string) (keys []iam.AccessKey, err error) {
	err = i.ofOwner(ctx, iam.Owner{Kind: iam.UserOwner, Account: account, Name: user}, func(tx *store.Tx) error {
		keys, err = tx.AccessKeys(account, user)
		return err
	})
	return keys, err
}

// SetAccessKeyInactive switches a key of that user off or on.
func (i *Identity) SetAccessKeyInactive(ctx context.Context, account, user, id string, inactive bool) error {
	return i.ofUser(ctx, account, user, func(tx *store.Tx) error {
		return tx.SetAccessKeyInactive(account, user, id, inactive)
	})
}

// DeleteAccessKey removes a key of that user.
func (i *Identity) DeleteAccessKey(ctx context.Context, account, user, id string) error {
	return i.ofUser(ctx, account, user, func(tx *store.Tx) error { return tx.DeleteAccessKey(account, user, id) })
}

func (i *Identity) ofUser(ctx context.Context, account, name string, f func(*store.Tx) error) error {
	return i.changeOwner(ctx, iam.Owner{Kind: iam.UserOwner, Account: account, Name: name}, f)
}
