package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/slipwayhq/slipway/internal/iam"
)

// maxSessionPolicy is how many characters a session's own policy may have. It
// travels in the token, with every request.
const maxSessionPolicy = 2048

// assumeRole is what a caller asks for who wants to take a role.
type assumeRole struct {
	roleARN, account, role string
	session                string
	policy                 string
	externalID             string
	seconds                int // 0: the default
}

func (s *stsAPI) assumeRole(ctx context.Context, call *Call, form url.Values) (any, error) {
	in, err := parseAssumeRole(form)
	if err != nil {
		return nil, err
	}
	refused := denied(call.Principal, "sts:AssumeRole", in.roleARN, iam.ImplicitlyDenied)
	role, err := s.access.Identity.Role(ctx, in.account, in.role)
	if errors.Is(err, iam.ErrNotFound) || err == nil && role.ARN() != in.roleARN {
		return nil, refused // who may not take a role does not learn whether it exists
	}
	if err != nil {
		return nil, err
	}
	if err := s.mayAssume(ctx, call, in, role); err != nil {
		return nil, err
	}
	length, err := in.length(call.Principal, role)
	if err != nil {
		return nil, err
	}
	if s.access.Sessions == nil {
		return nil, refused
	}
	expires := call.Now.UTC().Truncate(time.Second).Add(length)
	keyID, secret, token := s.access.newSession(role, in.session, in.policy, expires)
	session := role.Session(in.session, in.policy)
	return assumedRole{
		Credentials: sessionCredentials{keyID, secret, token, isoTime(expires)},
		User:        assumedRoleUser{session.UserID, session.ARN},
	}, nil
}

type assumedRole struct {
	Credentials sessionCredentials
	User        assumedRoleUser `xml:"AssumedRoleUser"`
}

type sessionCredentials struct {
	AccessKeyID     string `xml:"AccessKeyId"`
	SecretAccessKey string
	SessionToken    string
	Expiration      string
}

type assumedRoleUser struct {
	AssumedRoleID string `xml:"AssumedRoleId"`
	Arn           string
}

func parseAssumeRole(form url.Values) (assumeRole, error) {
	in := assumeRole{
		roleARN: form.Get("RoleArn"), session: form.Get("RoleSessionName"),
		policy: form.Get("Policy"), externalID: form.Get("ExternalId"),
	}
	var ok bool
	if in.account, in.role, ok = iam.RoleOf(in.roleARN); !ok {
		return in, invalid("%.200q is not the ARN of a role, like arn:aws:iam::123456789012:role/Deployer", in.roleARN)
	}
	if !iam.ValidSessionName(in.session) {
		return in, invalid("The value of roleSessionName must have 2 to 64 letters, digits or characters of +=,.@_-")
	}
	if text := form.Get("DurationSeconds"); text != "" {
		var err error
		if in.seconds, err = strconv.Atoi(text); err != nil ||
			in.seconds < int(iam.MinSession/time.Second) || in.seconds > int(iam.MaxSession/time.Second) {
			return in, invalid("The value of durationSeconds must be a number from 900 to 43200")
		}
	}
	if form.Has("PolicyArns.member.1.arn") {
		return in, invalid("This server limits sessions by Policy only, not by PolicyArns")
	}
	if len(in.policy) > maxSessionPolicy {
		return in, &queryError{
			http.StatusBadRequest, "PackedPolicyTooLarge",
			fmt.Sprintf("The policy must have at most %d characters", maxSessionPolicy),
		}
	}
	if in.policy != "" {
		if _, err := iam.ParsePolicy(in.policy); err != nil {
			return in, malformedPolicy(err)
		}
	}
	return in, nil
}

// length is how long the session will be.
func (in assumeRole) length(caller iam.Principal, role iam.Role) (time.Duration, error) {
	if in.seconds == 0 {
		return min(iam.DefaultSession, role.MaxSession), nil
	}
	length := time.Duration(in.seconds) * time.Second
	if length > role.MaxSession {
		return 0, invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	if caller.Kind == iam.SessionKind && length > iam.DefaultSession {
		return 0, invalid("The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.")
	}
	return length, nil
}

// mayAssume asks both sides. A caller that the role's trust policy names needs
// no policy of its own; one that it trusts with its whole account does.
func (s *stsAPI) mayAssume(ctx context.Context, call *Call, in assumeRole, role iam.Role) error {
	p := call.Principal
	wanted := Permission{Action: "sts:AssumeRole", Resource: in.roleARN}
	request := wanted.request(ctx, p, call.environment())
	request.Extra = map[string]string{"sts:rolesessionname": in.session, "sts:externalid": in.externalID}
	policy, err := iam.ParseTrustPolicy(role.TrustPolicy)
	if err != nil {
		return fmt.Errorf("the trust policy of %s: %w", in.roleARN, err)
	}
	trust, err := policy.Decide(request)
	if err != nil {
		return err
	}
	rights, err := s.access.rights(ctx, p)
	if err != nil {
		return err
	}
	own, err := rights.decide(request)
	if err != nil {
		return err
	}
	switch {
	case own == iam.ExplicitlyDenied || trust == iam.Refused:
		return denied(p, wanted.Action, wanted.Resource, iam.ExplicitlyDenied)
	case trust == iam.TrustCaller && p.AccountID == role.AccountID && (rights.session == nil || own == iam.Allowed):
		return nil
	case trust >= iam.TrustAccount && own == iam.Allowed:
		return nil
	}
	return denied(p, wanted.Action, wanted.Resource, iam.ImplicitlyDenied)
}
