package api

import (
	"context"
	"errors"
	"fmt"

	"github.com/slipwayhq/slipway/internal/iam"
)

// UserStore keeps users, their access keys and their policies. A method
// returns an error of package iam (ErrNotFound, ErrExists, ErrInUse, ErrLimit)
// where it says so; checks and change are one transaction.
type UserStore interface {
	// AccessKey finds a key and its user in any account; ErrNotFound.
	AccessKey(ctx context.Context, id string) (iam.AccessKey, iam.User, error)

	// CreateUser refuses a name that exists in any spelling: ErrExists.
	CreateUser(ctx context.Context, u iam.User) error
	// User finds a user; ErrNotFound.
	User(ctx context.Context, account, name string) (iam.User, error)
	// Users lists up to limit users after the given name, by name, whose path
	// begins with the prefix.
	Users(ctx context.Context, account, pathPrefix, after string, limit int) ([]iam.User, error)
	// DeleteUser wants the user's keys and policies gone: ErrNotFound, ErrInUse.
	DeleteUser(ctx context.Context, account, name string) error

	// CreateAccessKey adds a key to a user that has fewer than
	// iam.MaxAccessKeys: ErrNotFound, ErrLimit.
	CreateAccessKey(ctx context.Context, k iam.AccessKey) error
	// AccessKeys lists a user's keys without their secrets; ErrNotFound for
	// the user.
	AccessKeys(ctx context.Context, account, user string) ([]iam.AccessKey, error)
	// DeleteAccessKey wants the key to be that user's; ErrNotFound.
	DeleteAccessKey(ctx context.Context, account, user, id string) error

	// PutPolicy adds or replaces a policy; ErrNotFound for the user.
	PutPolicy(ctx context.Context, account, user string, p iam.UserPolicy) error
	// Policies lists a user's policies by name; ErrNotFound for the user.
	Policies(ctx context.Context, account, user string) ([]iam.UserPolicy, error)
	// DeletePolicy removes a policy; ErrNotFound for the user or the policy.
	DeletePolicy(ctx context.Context, account, user, name string) error
}

// Access knows who may do what.
type Access struct {
	Root  iam.AccessKey // of the account's root; it is in no store
	Users UserStore
}

// Credential finds whose an access key is, and its secret. The error is
// iam.ErrNotFound when there is no such key.
func (a *Access) Credential(ctx context.Context, accessKeyID string) (iam.Principal, iam.Secret, error) {
	if accessKeyID == a.Root.ID {
		return iam.Root(a.Root.AccountID), a.Root.Secret, nil
	}
	key, user, err := a.Users.AccessKey(ctx, accessKeyID)
	if err != nil {
		return iam.Principal{}, "", err
	}
	return user.Principal(), key.Secret, nil
}

// Decide says whether p may perform an action on a resource.
func (a *Access) Decide(ctx context.Context, p iam.Principal, action, resource string) (iam.Decision, error) {
	decisions, err := a.decide(ctx, p, []Permission{{action, resource}})
	if err != nil {
		return iam.ImplicitlyDenied, err
	}
	return decisions[0], nil
}

// Permission is one thing a caller must be allowed to do.
type Permission struct {
	Action   string
	Resource string // an ARN, or "*"
}

// Check returns a fault unless p has every permission.
func (a *Access) Check(ctx context.Context, p iam.Principal, wanted []Permission) error {
	decisions, err := a.decide(ctx, p, wanted)
	if err != nil {
		return err
	}
	for i, d := range decisions {
		if d != iam.Allowed {
			return &fault{accessDenied, fmt.Sprintf("User: %s is not authorized to perform: %s on resource: %s",
				p.ARN, wanted[i].Action, wanted[i].Resource)}
		}
	}
	return nil
}

func (a *Access) decide(ctx context.Context, p iam.Principal, wanted []Permission) ([]iam.Decision, error) {
	policies, err := a.policies(ctx, p)
	if err != nil {
		return nil, err
	}
	decisions := make([]iam.Decision, len(wanted))
	for i, w := range wanted {
		decisions[i] = iam.Decide(p, policies, w.Action, w.Resource)
	}
	return decisions, nil
}

// policies reads what belongs to p. A stored policy that cannot be parsed,
// because it was written to the store by other means, stops its user: to leave
// it out could leave out a denial.
func (a *Access) policies(ctx context.Context, p iam.Principal) ([]*iam.Policy, error) {
	if p.Kind != iam.UserKind {
		return nil, nil
	}
	stored, err := a.Users.Policies(ctx, p.AccountID, p.Name)
	if errors.Is(err, iam.ErrNotFound) {
		return nil, nil // deleted since the key was looked up: nothing is allowed
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the policies of %s: %w", p.ARN, err)
	}
	policies := make([]*iam.Policy, len(stored))
	for i, s := range stored {
		if policies[i], err = iam.ParsePolicy(s.Document); err != nil {
			return nil, fmt.Errorf("policy %s of %s: %w", s.Name, p.ARN, err)
		}
	}
	return policies, nil
}
