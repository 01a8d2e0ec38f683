package iam

import "fmt"

// Effect is what a statement does where it applies.
type Effect string

// The effects.
const (
	Allow Effect = "Allow"
	Deny  Effect = "Deny"
)

// Policy is a parsed identity policy. Its statements can only be made by
// [ParsePolicy]. It does not change and may be shared.
type Policy struct {
	Statements []Statement
}

// Statement is one rule of a policy.
type Statement struct {
	Effect     Effect
	principals []principalPattern // of a trust policy
	actions    clause             // in lower case: actions have no case
	resources  clause
	conditions []condition
}

// A SyntaxError says why a policy document cannot be read.
type SyntaxError struct{ Reason string }

func (e *SyntaxError) Error() string { return e.Reason }

func malformed(format string, args ...any) error {
	return &SyntaxError{Reason: fmt.Sprintf(format, args...)}
}

// withVariables is the version of the policy language that has variables; in
// the older one, which is meant when there is none, ${ is just text.
const (
	withVariables    = "2012-10-17"
	withoutVariables = "2008-10-17"
)

// ParsePolicy reads a policy document. It refuses what it does not know, so
// that no rule is silently dropped; errors are of type [*SyntaxError].
func ParsePolicy(document string) (*Policy, error) {
	statements, err := parseDocument(document, identityStatement)
	if err != nil {
		return nil, err
	}
	return &Policy{statements}, nil
}

func parseDocument(document string, statement func(members map[string][]byte, n notation) (Statement, error)) ([]Statement, error) {
	members, err := object([]byte(document), "policy", "Version", "Id", "Statement")
	if err != nil {
		return nil, err
	}
	version := withoutVariables
	for name, target := range map[string]*string{"Version": &version, "Id": new(string)} {
		if raw, ok := members[name]; ok {
			if *target, err = text(raw, name); err != nil {
				return nil, err
			}
		}
	}
	if version != withVariables && version != withoutVariables {
		return nil, malformed("The policy must contain a valid version string.")
	}
	list, err := oneOrMany(members["Statement"], "Statement")
	if err != nil {
		return nil, err
	}
	var statements []Statement
	for _, raw := range list {
		members, err := object(raw, "statement", "Sid", "Effect", "Principal",
			"Action", "NotAction", "Resource", "NotResource", "Condition")
		if err != nil {
			return nil, err
		}
		s, err := statement(members, notation{wildcards: true, variables: version == withVariables})
		if err != nil {
			return nil, err
		}
		statements = append(statements, s)
	}
	return statements, nil
}

// identityStatement reads a rule about whoever the policy belongs to.
func identityStatement(members map[string][]byte, n notation) (Statement, error) {
	if _, ok := members["Principal"]; ok {
		return Statement{}, malformed("Policy document should not specify a principal.")
	}
	s, err := commonStatement(members, n)
	if err != nil {
		return s, err
	}
	s.resources, err = parseClause(members, "Resource", syntax{notation: n, valid: validResource})
	return s, err
}

// commonStatement reads what all kinds of statement have.
func commonStatement(members map[string][]byte, n notation) (Statement, error) {
	var s Statement
	if raw, ok := members["Sid"]; ok {
		if _, err := text(raw, "Sid"); err != nil {
			return s, err
		}
	}
	effect, err := text(members["Effect"], "Effect")
	if err != nil {
		return s, err
	}
	s.Effect = Effect(effect)
	if s.Effect != Allow && s.Effect != Deny {
		return s, malformed("Effect must be Allow or Deny.")
	}
	actions := syntax{notation: notation{wildcards: true}, valid: validAction, fold: true}
	if s.actions, err = parseClause(members, "Action", actions); err != nil {
		return s, err
	}
	if raw, ok := members["Condition"]; ok {
		s.conditions, err = parseConditions(raw, n)
	}
	return s, err
}
