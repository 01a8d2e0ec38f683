package iam

import "regexp"

var (
	userNamePattern    = regexp.MustCompile(`^[A-Za-z0-9_+=,.@-]{1,64}$`)
	policyNamePattern  = regexp.MustCompile(`^[A-Za-z0-9_+=,.@-]{1,128}$`)
	accessKeyIDPattern = regexp.MustCompile(`^[A-Za-z0-9_]{16,128}$`)
	pathPattern        = regexp.MustCompile(`^/$|^/[!-~]+/$`)
)

const maxPath = 512

// ValidUserName reports whether s can name a user. Names that differ only in
// case are the same user to AWS, so a store must not hold both.
func ValidUserName(s string) bool { return userNamePattern.MatchString(s) }

// ValidRoleName is as [ValidUserName].
func ValidRoleName(s string) bool { return userNamePattern.MatchString(s) }

// ValidPolicyName reports whether s can name a policy.
func ValidPolicyName(s string) bool { return policyNamePattern.MatchString(s) }

// ValidAccessKeyID reports whether s has the form of an access key id.
func ValidAccessKeyID(s string) bool { return accessKeyIDPattern.MatchString(s) }

// ValidPath reports whether s can be the path of a user, a role or a policy: "/", or printable
// ASCII between two slashes.
func ValidPath(s string) bool { return len(s) <= maxPath && pathPattern.MatchString(s) }

// ValidPathPrefix reports whether s can select users by the begin of their
// path.
func ValidPathPrefix(s string) bool { return ValidPath(s) || ValidPath(s+"/") }
