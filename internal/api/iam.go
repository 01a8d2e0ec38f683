package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/slipwayhq/slipway/internal/iam"
)

// iamAPI is the part of IAM that it takes to make users, for people and for
// on-premises hosts: what "aws deploy register" and "deregister" call, and the
// rest of the same nouns.
type iamAPI struct {
	access *Access
	pager  Pager
}

func (a *iamAPI) service() queryService {
	return queryService{
		namespace: "https://iam.amazonaws.com/doc/2010-05-08/",
		actions: map[string]queryAction{
			"CreateUser":       {newUserARN, a.createUser},
			"GetUser":          {a.selfOrUserARN, a.getUser},
			"ListUsers":        {usersARN, a.listUsers},
			"DeleteUser":       {a.userARN, a.deleteUser},
			"CreateAccessKey":  {a.userARN, a.createAccessKey},
			"ListAccessKeys":   {a.userARN, a.listAccessKeys},
			"DeleteAccessKey":  {a.userARN, a.deleteAccessKey},
			"PutUserPolicy":    {a.userARN, a.putUserPolicy},
			"GetUserPolicy":    {a.userARN, a.getUserPolicy},
			"ListUserPolicies": {a.userARN, a.listUserPolicies},
			"DeleteUserPolicy": {a.userARN, a.deleteUserPolicy},
		},
	}
}

// userARN names the user a call is about. Policies select users by path, which
// only the store knows; a user that does not exist counts as one at the root.
func (a *iamAPI) userARN(ctx context.Context, call *Call, form url.Values) (string, error) {
	name, err := userName(call, form)
	if err != nil {
		return "", err
	}
	user, err := a.access.Users.User(ctx, call.Principal.AccountID, name)
	if errors.Is(err, iam.ErrNotFound) {
		return iam.UserARN(call.Principal.AccountID, "/", name), nil
	}
	if err != nil {
		return "", err
	}
	return user.ARN(), nil
}

// userName is the parameter, or the caller where most actions allow to leave
// it out.
func userName(call *Call, form url.Values) (string, error) {
	name := form.Get("UserName")
	if name == "" {
		if call.Principal.Kind != iam.UserKind {
			return "", invalid("Must specify userName when calling with non-User credentials")
		}
		return call.Principal.Name, nil
	}
	if !iam.ValidUserName(name) {
		return "", invalid("The specified value for userName is invalid. It must contain only alphanumeric " +
			"characters and/or the following: +=,.@_- and be at most 64 characters long")
	}
	return name, nil
}

func invalid(format string, args ...any) error {
	return &queryError{http.StatusBadRequest, "ValidationError", fmt.Sprintf(format, args...)}
}

// storeFault turns what the store answers into IAM's errors. missing says what
// it is that cannot be found.
func storeFault(err error, missing string, args ...any) error {
	switch {
	case errors.Is(err, iam.ErrNotFound):
		return &queryError{http.StatusNotFound, "NoSuchEntity", fmt.Sprintf(missing, args...)}
	case errors.Is(err, iam.ErrInUse):
		return &queryError{
			http.StatusConflict, "DeleteConflict",
			"Cannot delete entity, must delete policies and access keys first.",
		}
	case errors.Is(err, iam.ErrLimit):
		return &queryError{
			http.StatusConflict, "LimitExceeded",
			fmt.Sprintf("Cannot exceed quota for AccessKeysPerUser: %d", iam.MaxAccessKeys),
		}
	}
	return err
}

const noSuchUser = "The user with name %s cannot be found."
