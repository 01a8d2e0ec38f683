package api

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"github.com/slipwayhq/slipway/internal/iam"
)

func (a *iamAPI) putPolicy(n noun) func(context.Context, *Call, iam.Owner, url.Values) (any, error) {
	return func(ctx context.Context, _ *Call, o iam.Owner, form url.Values) (any, error) {
		name, err := policyName(form)
		if err != nil {
			return nil, err
		}
		put := iam.InlinePolicy{Name: name, Document: form.Get("PolicyDocument")}
		if _, err := iam.ParsePolicy(put.Document); err != nil {
			return nil, malformedPolicy(err)
		}
		err = a.identity.PutPolicy(ctx, o, put, n.maxInline)
		if errors.Is(err, iam.ErrLimit) {
			return nil, limitExceeded("Maximum policy size of %d bytes exceeded for %s %s", n.maxInline, n.kind, o.Name)
		}
		return nil, err
	}
}

type inlinePolicyXML struct {
	UserName       string `xml:",omitempty"`
	RoleName       string `xml:",omitempty"`
	PolicyName     string
	PolicyDocument string
}

func (a *iamAPI) getInlinePolicy(ctx context.Context, _ *Call, o iam.Owner, form url.Values) (any, error) {
	name, err := policyName(form)
	if err != nil {
		return nil, err
	}
	policies, err := a.identity.Policies(ctx, o)
	if err != nil {
		return nil, err
	}
	for _, p := range policies {
		if p.Name != name {
			continue
		}
		out := inlinePolicyXML{PolicyName: name, PolicyDocument: percentEncode(p.Document)}
		if o.Kind == iam.UserOwner {
			out.UserName = o.Name
		} else {
			out.RoleName = o.Name
		}
		return out, nil
	}
	return nil, noSuchInline(o, name)
}

func noSuchInline(o iam.Owner, name string) error {
	return noSuch("The %s policy with name %s cannot be found.", o.Kind, name)
}

// percentEncode is the form in which IAM returns documents. Clients undo it as
// RFC 3986 says, to which + is a plus.
func percentEncode(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}

type policyNames struct {
	Names []string `xml:"PolicyNames>member"`
	pageXML
}

func (a *iamAPI) listInlinePolicies(ctx context.Context, call *Call, o iam.Owner, form url.Values) (any, error) {
	policies, err := a.identity.Policies(ctx, o)
	if err != nil {
		return nil, err
	}
	var out policyNames
	for _, p := range policies {
		out.Names = append(out.Names, p.Name)
	}
	out.Names, out.pageXML, err = pageOf(a.pager, call, form, o.Name, out.Names, self)
	return out, err
}

func (a *iamAPI) deleteInlinePolicy(ctx context.Context, _ *Call, o iam.Owner, form url.Values) (any, error) {
	name, err := policyName(form)
	if err != nil {
		return nil, err
	}
	if err = a.identity.DeletePolicy(ctx, o, name); errors.Is(err, iam.ErrNotFound) {
		return nil, noSuchInline(o, name)
	}
	return nil, err
}
