package iam

import (
	"strings"
	"time"
)

// The lengths a session may have.
const (
	MinSession     = 15 * time.Minute
	DefaultSession = time.Hour
	MaxSession     = 12 * time.Hour
)

// Role is a set of rights that others can take for a while.
type Role struct {
	AccountID   string
	ID          string // AROA...
	Path        string
	Name        string
	Description string
	TrustPolicy string        // who may take it, as it was given
	MaxSession  time.Duration // how long at most
	Tags        []Tag
	CreatedAt   time.Time
}

// ARN names the role.
func (r Role) ARN() string { return RoleARN(r.AccountID, r.Path, r.Name) }

// Session returns the caller that somebody is who has taken the role.
func (r Role) Session(name, policy string) Principal {
	return Principal{
		Kind:          SessionKind,
		AccountID:     r.AccountID,
		UserID:        r.ID + ":" + name,
		Name:          r.Name,
		Path:          r.Path,
		ARN:           "arn:aws:sts::" + r.AccountID + ":assumed-role/" + r.Name + "/" + name,
		SessionPolicy: policy,
	}
}

// RoleOf takes the ARN of a role apart; ok is false when it is none.
func RoleOf(arn string) (account, name string, ok bool) {
	account, path, name, ok := splitARN(arn, "role")
	return account, name, ok && ValidPath(path) && ValidRoleName(name)
}

// splitARN takes "arn:aws:iam::ACCOUNT:KIND/PATH/NAME" apart.
func splitARN(arn, kind string) (account, path, name string, ok bool) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != "iam" || parts[3] != "" {
		return "", "", "", false
	}
	rest, ok := strings.CutPrefix(parts[5], kind+"/")
	if !ok {
		return "", "", "", false
	}
	i := strings.LastIndex(rest, "/") + 1
	return parts[4], "/" + rest[:i], rest[i:], true
}

// Tag is a label of a user, a role or a policy.
type Tag struct{ Key, Value string }
