package api

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/slipwayhq/slipway/internal/iam"
)

// sessionToken is what a session token holds, sealed: a session is stored
// nowhere else. The token is bound to the access key id it was given out with.
type sessionToken struct {
	Account string `json:"account"`
	Role    string `json:"role"`
	RoleID  string `json:"roleId"` // a new role of the same name has another
	Name    string `json:"name"`
	Secret  string `json:"secret"`
	Policy  string `json:"policy,omitempty"`
	// Function is set instead of the role if the session is a function's.
	Function string    `json:"function,omitempty"`
	Expires  time.Time `json:"expires"`
}

// newSession makes the credentials of a session.
func (a *Access) newSession(role iam.Role, name, policy string, expires time.Time) (keyID, secret, token string) {
	return a.seal(sessionToken{
		Account: role.AccountID, Role: role.Name, RoleID: role.ID, Name: name, Policy: policy, Expires: expires,
	})
}

// FunctionSession makes the credentials of a function that this server runs.
// All they are good for is to answer as a hook.
func (a *Access) FunctionSession(account, function string, expires time.Time) (keyID, secret, token string) {
	return a.seal(sessionToken{Account: account, Function: function, Expires: expires})
}

// seal gives a session its key.
func (a *Access) seal(s sessionToken) (keyID, secret, token string) {
	keyID, s.Secret = iam.NewSessionKeyID(), iam.NewSecretAccessKey()
	content, err := json.Marshal(s)
	if err != nil {
		panic(err) // strings and a time always marshal
	}
	return keyID, s.Secret, a.Sessions.Seal(keyID, string(content))
}

// session finds out whose session a token is. It ends with its time, and with
// its role.
func (a *Access) session(ctx context.Context, accessKeyID, token string, now time.Time) (iam.Principal, iam.Secret, error) {
	if a.Sessions == nil {
		return iam.Principal{}, "", iam.ErrInvalidToken
	}
	content, err := a.Sessions.Open(accessKeyID, token)
	if err != nil {
		return iam.Principal{}, "", iam.ErrInvalidToken
	}
	var s sessionToken
	if err := json.Unmarshal([]byte(content), &s); err != nil {
		return iam.Principal{}, "", iam.ErrInvalidToken
	}
	if !now.Before(s.Expires) {
		return iam.Principal{}, "", iam.ErrExpiredToken
	}
	if s.Function != "" {
		return iam.Function(s.Account, s.Function), iam.Secret(s.Secret), nil
	}
	role, err := a.Identity.Role(ctx, s.Account, s.Role)
	if errors.Is(err, iam.ErrNotFound) || err == nil && role.ID != s.RoleID {
		return iam.Principal{}, "", iam.ErrInvalidToken
	}
	if err != nil {
		return iam.Principal{}, "", err
	}
	return role.Session(s.Name, s.Policy), iam.Secret(s.Secret), nil
}
