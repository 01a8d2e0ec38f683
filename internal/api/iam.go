package api

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/iam"
)

// iamAPI is the part of IAM that is about users, roles and what they may do,
// without groups, in the files iam_*.go.
type iamAPI struct {
	identity *control.Identity
	root     iam.AccessKey
	pager    Pager
}

type queryActions map[string]queryAction

func (a *iamAPI) service() queryService {
	actions := queryActions{}
	for _, part := range []queryActions{a.users(), a.keys(), a.roles(), a.managed(), a.versions(), a.ofOwner(userNoun), a.ofOwner(roleNoun)} {
		maps.Copy(actions, part)
	}
	return queryService{namespace: "https://iam.amazonaws.com/doc/2010-05-08/", actions: actions}
}

func invalid(format string, args ...any) error {
	return &queryError{http.StatusBadRequest, "ValidationError", fmt.Sprintf(format, args...)}
}

func limitExceeded(format string, args ...any) error {
	return &queryError{http.StatusConflict, "LimitExceeded", fmt.Sprintf(format, args...)}
}

func noSuch(format string, args ...any) error {
	return &queryError{http.StatusNotFound, "NoSuchEntity", fmt.Sprintf(format, args...)}
}

// malformedPolicy says why a document is no policy.
func malformedPolicy(err error) error {
	return &queryError{http.StatusBadRequest, "MalformedPolicyDocument", err.Error()}
}

// stored turns what the store answers into IAM's errors. missing says what it
// is that cannot be found, taken what exists already.
func stored(err error, missing, taken string) error {
	switch {
	case errors.Is(err, iam.ErrNotFound):
		return noSuch("%s", missing)
	case errors.Is(err, iam.ErrExists):
		return &queryError{http.StatusConflict, "EntityAlreadyExists", taken}
	case errors.Is(err, iam.ErrInUse):
		return &queryError{
			http.StatusConflict, "DeleteConflict",
			"Cannot delete entity, must delete policies and access keys first, and detach what is attached.",
		}
	}
	return err
}

const nameRule = "It must contain only alphanumeric characters and/or the following: +=,.@_-"

func policyName(form url.Values) (string, error) {
	name := form.Get("PolicyName")
	if !iam.ValidPolicyName(name) {
		return "", invalid("The specified value for policyName is invalid. %s and be at most 128 characters long", nameRule)
	}
	return name, nil
}

// pathOf is the path that a new entity gets.
func pathOf(form url.Values) (string, error) {
	path := form.Get("Path")
	if path == "" {
		return "/", nil
	}
	if !iam.ValidPath(path) {
		return "", invalid("The specified value for path is invalid. It must begin and end with / and " +
			"contain only alphanumeric characters and/or / characters.")
	}
	return path, nil
}

// newARN names what a call is about to make.
func newARN(parameter string, arn func(account, path, name string) string) func(context.Context, *Call, url.Values) (string, error) {
	return func(_ context.Context, call *Call, form url.Values) (string, error) {
		path, err := pathOf(form)
		return arn(call.Principal.AccountID, path, form.Get(parameter)), err
	}
}

// everyARN is for lists.
func everyARN(arn func(account, path, name string) string) func(context.Context, *Call, url.Values) (string, error) {
	return func(_ context.Context, call *Call, _ url.Values) (string, error) {
		return arn(call.Principal.AccountID, "/", ""), nil
	}
}
