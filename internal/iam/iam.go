// Package iam says who a caller is and what it may do: principals, access
// keys, names, and the evaluation of IAM policy documents. It does no I/O;
// package api keeps users and keys through a store and serves the IAM API.
package iam

import "fmt"

// Kind tells the account's root from its users.
type Kind int

// The kinds of principal.
const (
	RootKind Kind = iota + 1
	UserKind
)

func (k Kind) String() string {
	switch k {
	case RootKind:
		return "root"
	case UserKind:
		return "user"
	}
	return fmt.Sprintf("Kind(%d)", int(k))
}

// Principal is a caller whose signature was verified.
type Principal struct {
	Kind      Kind
	AccountID string // twelve digits
	UserID    string // AIDA... of a user, the account of the root
	Name      string // of a user
	Path      string // of a user, "/" or "/.../"
	ARN       string
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

// UserARN names a user; path begins and ends with a slash.
func UserARN(account, path, name string) string {
	return "arn:aws:iam::" + account + ":user" + path + name
}
