package api

import (
	"context"
	"net/url"
)

// stsService is all that tools ask of STS: who am I.
func stsService() queryService {
	return queryService{
		namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
		actions:   map[string]queryAction{"GetCallerIdentity": {do: getCallerIdentity}},
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
