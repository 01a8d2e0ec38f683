package api

import (
	"context"
	"errors"
	"net/url"

	"github.com/slipwayhq/slipway/internal/iam"
)

// noun is how the API speaks of users or of roles: what can be done with the
// policies of one can be done with those of the other.
type noun struct {
	kind      iam.OwnerKind
	title     string // in the names of actions
	parameter string
	// maxInline is how many characters the inline policies of one may have
	// together, white space not counted.
	maxInline int
}

var (
	userNoun = noun{iam.UserOwner, "User", "UserName", 2048}
	roleNoun = noun{iam.RoleOwner, "Role", "RoleName", 10240}
)

func (n noun) missing(name string) string {
	return "The " + string(n.kind) + " with name " + name + " cannot be found."
}

func (n noun) taken(name string) string {
	return n.title + " with name " + name + " already exists."
}

// name is the parameter that names the user or the role.
func (n noun) name(form url.Values) (string, error) {
	name := form.Get(n.parameter)
	if !iam.ValidUserName(name) {
		return "", invalid("The specified value for %sName is invalid. %s and be at most 64 characters long", n.kind, nameRule)
	}
	return name, nil
}

// owner is who a call is about. A user that leaves the name out means itself.
func (n noun) owner(call *Call, form url.Values) (iam.Owner, error) {
	o := iam.Owner{Kind: n.kind, Account: call.Principal.AccountID}
	if n == userNoun && form.Get(n.parameter) == "" {
		if call.Principal.Kind != iam.UserKind {
			return o, invalid("Must specify userName when calling with non-User credentials")
		}
		o.Name = call.Principal.Name
		return o, nil
	}
	var err error
	o.Name, err = n.name(form)
	return o, err
}

// ownerARN names the user or the role a call is about. Policies select by
// path, which only the store knows; what does not exist counts as being at the
// root.
func (a *iamAPI) ownerARN(n noun) func(context.Context, *Call, url.Values) (string, error) {
	return func(ctx context.Context, call *Call, form url.Values) (string, error) {
		o, err := n.owner(call, form)
		if err != nil {
			return "", err
		}
		arn := iam.UserARN(o.Account, "/", o.Name)
		if n == userNoun {
			user, notThere := a.identity.User(ctx, o.Account, o.Name)
			if err = notThere; err == nil {
				arn = user.ARN()
			}
		} else {
			arn = iam.RoleARN(o.Account, "/", o.Name)
			role, notThere := a.identity.Role(ctx, o.Account, o.Name)
			if err = notThere; err == nil {
				arn = role.ARN()
			}
		}
		if errors.Is(err, iam.ErrNotFound) {
			err = nil
		}
		return arn, err
	}
}

// onOwner makes an action of what is done with the policies of an owner.
func (a *iamAPI) onOwner(n noun, do func(ctx context.Context, call *Call, o iam.Owner, form url.Values) (any, error)) queryAction {
	return queryAction{a.ownerARN(n), func(ctx context.Context, call *Call, form url.Values) (any, error) {
		o, err := n.owner(call, form)
		if err != nil {
			return nil, err
		}
		result, err := do(ctx, call, o, form)
		return result, stored(err, n.missing(o.Name), "")
	}}
}

func (a *iamAPI) ofOwner(n noun) queryActions {
	return queryActions{
		"Put" + n.title + "Policy":            a.onOwner(n, a.putPolicy(n)),
		"Get" + n.title + "Policy":            a.onOwner(n, a.getInlinePolicy),
		"List" + n.title + "Policies":         a.onOwner(n, a.listInlinePolicies),
		"Delete" + n.title + "Policy":         a.onOwner(n, a.deleteInlinePolicy),
		"Attach" + n.title + "Policy":         a.onOwner(n, a.attachPolicy),
		"Detach" + n.title + "Policy":         a.onOwner(n, a.detachPolicy),
		"ListAttached" + n.title + "Policies": a.onOwner(n, a.listAttachedPolicies),
	}
}
