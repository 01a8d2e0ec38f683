package control

import (
	"context"
	"errors"
	"slices"

	"github.com/slipwayhq/slipway/internal/iam"
	"github.com/slipwayhq/slipway/internal/store"
)

// Users keeps the users of the IAM API, their access keys and their policies.
// Its errors are those of package iam.
type Users struct{ store *store.Store }

// NewUsers returns the users in a store.
func NewUsers(s *store.Store) *Users { return &Users{s} }

// AccessKey finds a key and its user, in any account.
func (u *Users) AccessKey(ctx context.Context, id string) (key iam.AccessKey, user iam.User, err error) {
	err = u.view(ctx, func(tx *store.Tx) error {
		if key, err = tx.AccessKey(id); err != nil {
			return err
		}
		user, err = tx.User(key.AccountID, key.UserName)
		return err
	})
	return key, user, err
}

// CreateUser adds a user.
func (u *Users) CreateUser(ctx context.Context, user iam.User) error {
	return u.update(ctx, func(tx *store.Tx) error { return tx.InsertUser(user) })
}

// User finds a user.
func (u *Users) User(ctx context.Context, account, name string) (user iam.User, err error) {
	err = u.view(ctx, func(tx *store.Tx) error {
		user, err = tx.User(account, name)
		return err
	})
	return user, err
}

// Users lists users by name.
func (u *Users) Users(ctx context.Context, account, pathPrefix, after string, limit int) (users []iam.User, err error) {
	err = u.view(ctx, func(tx *store.Tx) error {
		users, err = tx.Users(account, pathPrefix, after, limit)
		return err
	})
	return users, err
}

// DeleteUser removes a user that has nothing left.
func (u *Users) DeleteUser(ctx context.Context, account, name string) error {
	return u.update(ctx, func(tx *store.Tx) error {
		keys, err := tx.AccessKeys(account, name)
		if err != nil {
			return err
		}
		policies, err := tx.UserPolicies(account, name)
		if err != nil {
			return err
		}
		if len(keys)+len(policies) > 0 {
			return iam.ErrInUse
		}
		return tx.DeleteUser(account, name)
	})
}

// CreateAccessKey adds a key to a user.
func (u *Users) CreateAccessKey(ctx context.Context, k iam.AccessKey) error {
	return u.ofUser(ctx, k.AccountID, k.UserName, func(tx *store.Tx) error {
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
func (u *Users) AccessKeys(ctx context.Context, account, user string) (keys []iam.AccessKey, err error) {
	err = u.view(ctx, func(tx *store.Tx) error {
		if _, err := tx.User(account, user); err != nil {
			return err
		}
		keys, err = tx.AccessKeys(account, user)
		return err
	})
	for i := range keys {
		keys[i].Secret = ""
	}
	return keys, err
}

// DeleteAccessKey removes a key of that user.
func (u *Users) DeleteAccessKey(ctx context.Context, account, user, id string) error {
	return u.ofUser(ctx, account, user, func(tx *store.Tx) error {
		keys, err := tx.AccessKeys(account, user)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(keys, func(k iam.AccessKey) bool { return k.ID == id }) {
			return iam.ErrNotFound
		}
		return tx.DeleteAccessKey(id)
	})
}

// PutPolicy adds a policy to a user or replaces it.
func (u *Users) PutPolicy(ctx context.Context, account, user string, p iam.UserPolicy) error {
	return u.ofUser(ctx, account, user, func(tx *store.Tx) error { return tx.PutUserPolicy(account, user, p) })
}

// Policies lists a user's policies by name.
func (u *Users) Policies(ctx context.Context, account, user string) (policies []iam.UserPolicy, err error) {
	err = u.view(ctx, func(tx *store.Tx) error {
		if _, err := tx.User(account, user); err != nil {
			return err
		}
		policies, err = tx.UserPolicies(account, user)
		return err
	})
	return policies, err
}

// DeletePolicy removes a policy of a user.
func (u *Users) DeletePolicy(ctx context.Context, account, user, name string) error {
	return u.ofUser(ctx, account, user, func(tx *store.Tx) error { return tx.DeleteUserPolicy(account, user, name) })
}

// ofUser runs f in a transaction if there is such a user.
func (u *Users) ofUser(ctx context.Context, account, name string, f func(*store.Tx) error) error {
	return u.update(ctx, func(tx *store.Tx) error {
		if _, err := tx.User(account, name); err != nil {
			return err
		}
		return f(tx)
	})
}

func (u *Users) view(ctx context.Context, f func(*store.Tx) error) error {
	return iamError(u.store.View(ctx, f))
}

func (u *Users) update(ctx context.Context, f func(*store.Tx) error) error {
	return iamError(u.store.Update(ctx, f))
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
