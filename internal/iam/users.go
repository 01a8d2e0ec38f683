package iam

import (
	"errors"
	"log/slog"
	"time"
)

// User is someone, or some host, with access keys and policies of its own.
type User struct {
	AccountID string
	ID        string // AIDA...
	Path      string
	Name      string
	Tags      []Tag
	CreatedAt time.Time
}

// ARN names the user.
func (u User) ARN() string { return UserARN(u.AccountID, u.Path, u.Name) }

// Principal returns the user as a caller.
func (u User) Principal() Principal {
	return Principal{
		Kind:      UserKind,
		AccountID: u.AccountID,
		UserID:    u.ID,
		Name:      u.Name,
		Path:      u.Path,
		ARN:       u.ARN(),
	}
}

// AccessKey lets a user sign requests, or the account's root when it has no
// user name.
type AccessKey struct {
	AccountID string
	UserName  string
	ID        string
	Secret    Secret
	Inactive  bool // it signs nothing until it is active again
	CreatedAt time.Time
}

// InlinePolicy is a policy that belongs to one user or one role.
type InlinePolicy struct {
	Name     string
	Document string // as it was given
}

// Secret is a text that printing and logging hide; string(s) reveals it.
type Secret string

const hidden = "[secret]"

// String hides the secret from the verbs of package fmt.
func (Secret) String() string { return hidden }

// GoString hides the secret from %#v.
func (Secret) GoString() string { return hidden }

// LogValue hides the secret from package slog.
func (Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText hides the secret from encoders. Whoever stores or sends one has
// to say so by converting it to a string.
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// What is wrong with a session token.
var (
	ErrInvalidToken = errors.New("invalid session token")
	ErrExpiredToken = errors.New("expired session token")
)

// What a store of users answers when it cannot do what it was asked.
var (
	ErrNotFound = errors.New("no such entity")
	ErrExists   = errors.New("entity already exists")
	ErrInUse    = errors.New("entity has subordinate entities")
	ErrLimit    = errors.New("limit exceeded")
)

// MaxAccessKeys is how many access keys a user may have.
const MaxAccessKeys = 2
