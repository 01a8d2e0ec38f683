// Package iam says who a caller is and what it may do: principals, access
// keys, names, and the evaluation of IAM policy documents. It does no I/O;
// package control keeps users, roles and policies, and package api serves the
// IAM API.
package iam

import (
	"fmt"
	"strings"
)

// Kind tells callers apart.
type Kind int

// The kinds of principal.
const (
	RootKind     Kind = iota + 1
	UserKind          // somebody with keys of his own
	SessionKind       // somebody who has taken a role for a while
	FunctionKind      // a function that this server runs
)

func (k Kind) String() string {
	switch k {
	case RootKind:
		return "root"
	case UserKind:
		return "user"
	case SessionKind:
		return "session"
	case FunctionKind:
		return "function"
	}
	return fmt.Sprintf("Kind(%d)", int(k))
}

// principalType is the kind as conditions on aws:PrincipalType name it.
func (k Kind) principalType() string {
	switch k {
	case RootKind:
		return "Account"
	case UserKind:
		return "User"
	case SessionKind, FunctionKind:
		return "AssumedRole"
	}
	return ""
}

// Principal is a caller whose signature was verified.
type Principal struct {
	Kind      Kind
	AccountID string // twelve digits
	UserID    string // AIDA... of a user, AROA...:session of a session, the account of the root
	Name      string // of a user, or of the role of a session
	Path      string // of a user or a role, "/" or "/.../"
	ARN       string

	// SessionPolicy limits a session further than its role does; "" does not.
	SessionPolicy string
}

// Root returns the root of an account.
func Root(account string) Principal {
	return Principal{
		Kind:      RootKind,
		AccountID: account,
		UserID:    account,
		ARN:       "arn:aws:iam::" + account + ":root",
	}
}

// RoleOrOwnARN is the ARN under which conditions know the principal: a session
// is its role.
func (p Principal) RoleOrOwnARN() string {
	if p.Kind == SessionKind {
		return RoleARN(p.AccountID, p.Path, p.Name)
	}
	return p.ARN
}

// RoleID is the id of the role of a session.
func (p Principal) RoleID() string {
	id, _, _ := strings.Cut(p.UserID, ":")
	return id
}

// Owner names what the principal's policies belong to; the root has none.
func (p Principal) Owner() (Owner, bool) {
	switch p.Kind {
	case UserKind:
		return Owner{UserOwner, p.AccountID, p.Name}, true
	case SessionKind:
		return Owner{RoleOwner, p.AccountID, p.Name}, true
	case RootKind, FunctionKind:
	}
	return Owner{}, false
}

// UserARN names a user; path begins and ends with a slash.
func UserARN(account, path, name string) string {
	return "arn:aws:iam::" + account + ":user" + path + name
}

// RoleARN names a role.
func RoleARN(account, path, name string) string {
	return "arn:aws:iam::" + account + ":role" + path + name
}

// PolicyARN names a managed policy.
func PolicyARN(account, path, name string) string {
	return "arn:aws:iam::" + account + ":policy" + path + name
}
