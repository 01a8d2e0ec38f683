package iam

import (
	"slices"
	"time"
)

// OwnerKind is a kind of what can have policies.
type OwnerKind string

// The kinds of owner.
const (
	UserOwner OwnerKind = "user"
	RoleOwner OwnerKind = "role"
)

// Owner is a user or a role, as what policies belong to.
type Owner struct {
	Kind    OwnerKind
	Account string
	Name    string
}

// MaxPolicyVersions is how many versions a managed policy may have,
// MaxAttached how many of them a user or a role.
const (
	MaxPolicyVersions = 5
	MaxAttached       = 10
)

// ManagedPolicy is a policy with a name of its own, for many owners.
type ManagedPolicy struct {
	AccountID   string // "aws" for those every account has
	ID          string // ANPA...
	Path        string
	Name        string
	Description string
	Tags        []Tag
	Default     string // id of the version that counts
	Versions    []PolicyVersion
	LastVersion int // the highest number ever given: numbers are not used again
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// PolicyVersion is one text of a managed policy.
type PolicyVersion struct {
	ID        string // "v1"
	Document  string
	CreatedAt time.Time
}

// ARN names the policy.
func (p ManagedPolicy) ARN() string { return PolicyARN(p.AccountID, p.Path, p.Name) }

// Version returns the version of that id.
func (p ManagedPolicy) Version(id string) (PolicyVersion, bool) {
	i := slices.IndexFunc(p.Versions, func(v PolicyVersion) bool { return v.ID == id })
	if i < 0 {
		return PolicyVersion{}, false
	}
	return p.Versions[i], true
}

// Document is the text that counts.
func (p ManagedPolicy) Document() string {
	v, _ := p.Version(p.Default)
	return v.Document
}

// PolicyOf takes the ARN of a managed policy apart; ok is false when it is
// none.
func PolicyOf(arn string) (account, name string, ok bool) {
	account, path, name, ok := splitARN(arn, "policy")
	return account, name, ok && ValidPath(path) && ValidPolicyName(name)
}
