package iam

import (
	"maps"
	"regexp"
	"slices"
)

// TrustPolicy says who may take a role.
type TrustPolicy struct{ statements []Statement }

// principalPattern is one entry of Principal.
type principalPattern struct {
	service string // "codedeploy.amazonaws.com"
	account string // all of an account, as far as its own policies allow
	arn     string // exactly one user or role, or one session of a role
	anybody bool
}

var (
	accountPattern   = regexp.MustCompile(`^(?:arn:[a-z-]+:iam::)?([0-9]{12})(?::root)?$`)
	principalARN     = regexp.MustCompile(`^arn:[a-z-]+:(iam::[0-9]{12}:(user|role)|sts::[0-9]{12}:assumed-role)/[A-Za-z0-9/+=,.@_-]+$`)
	servicePattern   = regexp.MustCompile(`^[a-z0-9.-]+\.amazonaws\.com(\.cn)?$`)
	codeDeployNames  = regexp.MustCompile(`^codedeploy(\.[a-z0-9-]+)?\.amazonaws\.com(\.cn)?$`)
	assumeRoleAction = "sts:assumerole"
)

// ParseTrustPolicy reads a role's trust policy; errors are of type
// [*SyntaxError].
func ParseTrustPolicy(document string) (*TrustPolicy, error) {
	statements, err := parseDocument(document, trustStatement)
	if err != nil {
		return nil, err
	}
	return &TrustPolicy{statements}, nil
}

func trustStatement(members map[string][]byte, n notation) (Statement, error) {
	for _, name := range []string{"Resource", "NotResource"} {
		if _, ok := members[name]; ok {
			return Statement{}, malformed("Has prohibited field %s: a trust policy is about its role.", name)
		}
	}
	s, err := commonStatement(members, n)
	if err != nil {
		return s, err
	}
	raw, ok := members["Principal"]
	if !ok {
		return s, malformed("A trust policy must have a Principal in each statement.")
	}
	s.principals, err = parsePrincipal(raw)
	return s, err
}

// parsePrincipal reads "*" or {"AWS": [...], "Service": [...]}.
func parsePrincipal(raw []byte) ([]principalPattern, error) {
	if value, err := text(raw, "Principal"); err == nil {
		if value != "*" {
			return nil, malformed("Principal must be \"*\" or an object with AWS or Service.")
		}
		return []principalPattern{{anybody: true}}, nil
	}
	members, err := object(raw, "Principal", "AWS", "Service")
	if err != nil {
		return nil, err
	}
	var out []principalPattern
	for _, kind := range slices.Sorted(maps.Keys(members)) {
		values, err := oneOrMany(members[kind], kind)
		if err != nil {
			return nil, err
		}
		for _, v := range values {
			value, err := text(v, kind)
			if err != nil {
				return nil, err
			}
			p, ok := principalOf(kind, value)
			if !ok {
				return nil, malformed("Invalid principal in policy: %q:%.200q", kind, value)
			}
			out = append(out, p)
		}
	}
	if len(out) == 0 {
		return nil, malformed("Principal must name somebody.")
	}
	return out, nil
}

func principalOf(kind, value string) (principalPattern, bool) {
	if kind == "Service" {
		return principalPattern{service: value}, servicePattern.MatchString(value)
	}
	if value == "*" {
		return principalPattern{anybody: true}, true
	}
	if m := accountPattern.FindStringSubmatch(value); m != nil {
		return principalPattern{account: m[1]}, true
	}
	return principalPattern{arn: value}, principalARN.MatchString(value)
}

// Trust is how far a trust policy lets somebody take its role.
type Trust int

// The degrees of trust.
const (
	NoTrust      Trust = iota + 1
	Refused            // a statement denies it
	TrustAccount       // if the caller's own policies allow it too
	TrustCaller        // the caller is named, and needs no more
)

// Decide says whether the caller of r, which is to take the role, may.
func (p *TrustPolicy) Decide(r *Request) (Trust, error) {
	e := newEvaluation(r)
	trust := NoTrust
	for _, s := range p.statements {
		named := NoTrust
		for _, principal := range s.principals {
			named = max(named, principal.names(r.Principal))
		}
		if named == NoTrust {
			continue
		}
		applies := s.applies(e)
		switch {
		case e.err != nil:
			return NoTrust, e.err
		case s.Effect == Deny && applies != no:
			return Refused, nil
		case s.Effect == Allow && applies == yes:
			trust = max(trust, named)
		}
	}
	return trust, nil
}

// names says how exactly the entry means the caller.
func (p principalPattern) names(caller Principal) Trust {
	switch {
	case p.anybody:
		return TrustCaller
	case p.account != "" && p.account == caller.AccountID:
		if caller.Kind == RootKind {
			return TrustCaller
		}
		return TrustAccount
	case p.arn != "" && (p.arn == caller.ARN || p.arn == caller.RoleOrOwnARN()):
		return TrustCaller
	}
	return NoTrust
}

// TrustsCodeDeploy reports whether CodeDeploy may take the role, in some
// region. Conditions are left aside: they say for what, and that it is trusted
// at all is what is asked.
func (p *TrustPolicy) TrustsCodeDeploy() bool {
	trusted := false
	for _, s := range p.statements {
		meant := slices.ContainsFunc(s.principals, func(p principalPattern) bool { return codeDeployNames.MatchString(p.service) })
		if !meant || s.actions.covers(&evaluation{request: &Request{}}, assumeRoleAction) != yes {
			continue
		}
		if s.Effect == Deny && len(s.conditions) == 0 {
			return false
		}
		trusted = trusted || s.Effect == Allow
	}
	return trusted
}

// ValidSessionName reports whether s can name a session.
func ValidSessionName(s string) bool {
	return len(s) >= 2 && userNamePattern.MatchString(s)
}
