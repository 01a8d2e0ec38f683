package api

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/slipwayhq/slipway/internal/iam"
)

// maxUserPolicies is how many characters all policies of a user may have
// together, white space not counted. They are read on every call.
const maxUserPolicies = 2048

const noSuchPolicy = "The user policy with name %s cannot be found."

func policyName(form url.Values) (string, error) {
	name := form.Get("PolicyName")
	if !iam.ValidPolicyName(name) {
		return "", invalid("The specified value for policyName is invalid. It must contain only alphanumeric " +
			"characters and/or the following: +=,.@_- and be at most 128 characters long")
	}
	return name, nil
}

func (a *iamAPI) putUserPolicy(ctx context.Context, call *Call, form url.Values) (any, error) {
	user, err := userName(call, form)
	if err != nil {
		return nil, err
	}
	name, err := policyName(form)
	if err != nil {
		return nil, err
	}
	put := iam.UserPolicy{Name: name, Document: form.Get("PolicyDocument")}
	if _, err := iam.ParsePolicy(put.Document); err != nil {
		return nil, &queryError{http.StatusBadRequest, "MalformedPolicyDocument", err.Error()}
	}
	present, err := a.access.Users.Policies(ctx, call.Principal.AccountID, user)
	if err != nil {
		return nil, storeFault(err, noSuchUser, user)
	}
	size := policySize(put.Document)
	for _, p := range present {
		if p.Name != name {
			size += policySize(p.Document)
		}
	}
	if size > maxUserPolicies {
		return nil, &queryError{
			http.StatusConflict, "LimitExceeded",
			fmt.Sprintf("Maximum policy size of %d bytes exceeded for user %s", maxUserPolicies, user),
		}
	}
	err = a.access.Users.PutPolicy(ctx, call.Principal.AccountID, user, put)
	return nil, storeFault(err, noSuchUser, user)
}

func policySize(document string) int {
	return len(strings.Join(strings.Fields(document), ""))
}

type userPolicyXML struct {
	UserName       string
	PolicyName     string
	PolicyDocument string
}

func (a *iamAPI) getUserPolicy(ctx context.Context, call *Call, form url.Values) (any, error) {
	user, err := userName(call, form)
	if err != nil {
		return nil, err
	}
	name, err := policyName(form)
	if err != nil {
		return nil, err
	}
	policies, err := a.access.Users.Policies(ctx, call.Principal.AccountID, user)
	if err != nil {
		return nil, storeFault(err, noSuchUser, user)
	}
	for _, p := range policies {
		if p.Name == name {
			return userPolicyXML{user, name, percentEncode(p.Document)}, nil
		}
	}
	return nil, storeFault(iam.ErrNotFound, noSuchPolicy, name)
}

// percentEncode is the form in which IAM returns documents. Clients undo it as
// RFC 3986 says, to which + is a plus.
func percentEncode(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}

type policyList struct {
	Names       []string `xml:"PolicyNames>member"`
	IsTruncated bool
}

func (a *iamAPI) listUserPolicies(ctx context.Context, call *Call, form url.Values) (any, error) {
	user, err := userName(call, form)
	if err != nil {
		return nil, err
	}
	policies, err := a.access.Users.Policies(ctx, call.Principal.AccountID, user)
	if err != nil {
		return nil, storeFault(err, noSuchUser, user)
	}
	var out policyList
	for _, p := range policies {
		out.Names = append(out.Names, p.Name)
	}
	return out, nil
}

func (a *iamAPI) deleteUserPolicy(ctx context.Context, call *Call, form url.Values) (any, error) {
	user, err := userName(call, form)
	if err != nil {
		return nil, err
	}
	name, err := policyName(form)
	if err != nil {
		return nil, err
	}
	err = a.access.Users.DeletePolicy(ctx, call.Principal.AccountID, user, name)
	return nil, storeFault(err, noSuchPolicy, name)
}
