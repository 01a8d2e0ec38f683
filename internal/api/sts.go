package api

import (
	"context"
	"net/url"
)

// stsAPI is the part of STS by which callers learn who they are and take
// roles.
type stsAPI struct{ access *Access }

func (s *stsAPI) service() queryService {
	return queryService{
		namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
		actions: map[string]queryAction{
			"GetCallerIdentity": {do: getCallerIdentity},
			// The role's own policy has a say in whether it may be taken, so
			// that the action checks it itself.
			"AssumeRole": {do: s.assumeRole},
		},
	}
}

type callerIdentity struct {
	Arn     string
	UserID  string `xml:"UserId"`
	Account string
}

// getCallerIdentity needs no permission: who has a key may know whose it is.
func getCallerIdentity(_ context.Context, call *Call, _ url.Values) (any, error) {
	return callerIdentity{call.Principal.ARN, call.Principal.UserID, call.Principal.AccountID}, nil
}
