package api

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/slipwayhq/slipway/internal/audit"
	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/iam"
)

// Access knows who may do what.
type Access struct {
	Root     iam.AccessKey // of the account's root; it is in no store
	Identity *control.Identity
	// Sessions seals the tokens of sessions. Nil: no roles can be taken.
	Sessions Sealer

	policies iam.Cache
}

// Sealer encrypts texts so that nobody else can read, make or change them.
type Sealer interface {
	// Seal binds the secret to a name. The result fits into a header.
	Seal(name, secret string) string
	// Open fails for whatever Seal has not returned for this name.
	Open(name, sealed string) (string, error)
}

// Credential finds whose an access key is, and its secret. The error is
// iam.ErrNotFound when there is no such key, iam.ErrInvalidToken or
// iam.ErrExpiredToken for what is wrong with a session.
func (a *Access) Credential(ctx context.Context, accessKeyID, sessionToken string, now time.Time) (iam.Principal, iam.Secret, error) {
	if sessionToken != "" {
		return a.session(ctx, accessKeyID, sessionToken, now)
	}
	if accessKeyID == a.Root.ID {
		return iam.Root(a.Root.AccountID), a.Root.Secret, nil
	}
	key, user, err := a.Identity.AccessKey(ctx, accessKeyID)
	if err != nil {
		return iam.Principal{}, "", err
	}
	if key.Inactive {
		return iam.Principal{}, "", iam.ErrNotFound
	}
	return user.Principal(), key.Secret, nil
}

// Permission is one thing a caller must be allowed to do.
type Permission struct {
	Action   string
	Resource string // an ARN, or "*"

	// RequestTags are the tags that the call would set on the resource.
	RequestTags map[string]string
	// ResourceTags finds the tags that it has. It is called only if a policy
	// of the caller asks for them. Nil: there are none.
	ResourceTags func(context.Context) (map[string]string, error)
}

// Check returns a fault unless p has every permission.
func (a *Access) Check(ctx context.Context, p iam.Principal, env iam.Environment, wanted ...Permission) error {
	if record := audit.From(ctx); record != nil {
		for _, w := range wanted {
			record.On(w.Resource)
		}
	}
	if p.Kind == iam.RootKind {
		return nil
	}
	rights, err := a.rights(ctx, p)
	if err != nil {
		return err
	}
	for _, w := range wanted {
		decision, err := rights.decide(w.request(ctx, p, env))
		if err != nil {
			return fmt.Errorf("cannot decide whether %s may do %s on %s: %w", p.ARN, w.Action, w.Resource, err)
		}
		if decision != iam.Allowed {
			return denied(p, w.Action, w.Resource, decision)
		}
	}
	return nil
}

func denied(p iam.Principal, action, resource string, d iam.Decision) error {
	message := fmt.Sprintf("User: %s is not authorized to perform: %s on resource: %s", p.ARN, action, resource)
	if d == iam.ExplicitlyDenied {
		message += " with an explicit deny in an identity-based policy"
	}
	return &fault{accessDenied, message}
}

func (w Permission) request(ctx context.Context, p iam.Principal, env iam.Environment) *iam.Request {
	r := &iam.Request{
		Principal: p, Action: w.Action, Resource: w.Resource, Environment: env, RequestTags: w.RequestTags,
	}
	if w.ResourceTags != nil {
		r.ResourceTags = func() (map[string]string, error) { return w.ResourceTags(ctx) }
	}
	return r
}

// rights are the policies that apply to a caller.
type rights struct {
	policies []*iam.Policy
	session  []*iam.Policy // of a session that was limited further
}

func (r rights) decide(request *iam.Request) (iam.Decision, error) {
	decision, err := iam.Decide(r.policies, request)
	if err != nil || r.session == nil {
		return decision, err
	}
	limit, err := iam.Decide(r.session, request)
	return iam.Both(decision, limit), err
}

// rights reads what belongs to p.
func (a *Access) rights(ctx context.Context, p iam.Principal) (rights, error) {
	var r rights
	owner, ok := p.Owner()
	if p.Kind == iam.FunctionKind {
		var err error
		r.policies, err = a.parse(p, []string{iam.FunctionPolicy})
		return r, err
	}
	if !ok {
		return r, nil
	}
	documents, err := a.Identity.Documents(ctx, owner)
	if errors.Is(err, iam.ErrNotFound) {
		return r, nil // deleted since the key was looked up: nothing is allowed
	}
	if err != nil {
		return r, fmt.Errorf("cannot read the policies of %s: %w", p.ARN, err)
	}
	if r.policies, err = a.parse(p, documents); err == nil && p.SessionPolicy != "" {
		r.session, err = a.parse(p, []string{p.SessionPolicy})
	}
	return r, err
}

// parse stops whoever has a policy that cannot be parsed, because it was
// written to the store by other means: to leave it out could leave out a
// denial.
func (a *Access) parse(p iam.Principal, documents []string) ([]*iam.Policy, error) {
	policies := make([]*iam.Policy, len(documents))
	for i, d := range documents {
		var err error
		if policies[i], err = a.policies.Parse(d); err != nil {
			return nil, fmt.Errorf("a policy of %s: %w", p.ARN, err)
		}
	}
	return policies, nil
}

// AccessDenied returns what Check says to a caller that lacks a permission; ok
// is false for other errors.
func AccessDenied(err error) (message string, ok bool) {
	var f *fault
	if errors.As(err, &f) && f.kind == accessDenied {
		return f.message, true
	}
	return "", false
}
