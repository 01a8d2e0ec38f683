package iam

import (
	"fmt"
	"regexp"
	"strings"
)

// Effect is what a statement does where it applies.
type Effect string

// The effects.
const (
	Allow Effect = "Allow"
	Deny  Effect = "Deny"
)

// Policy is a parsed identity policy. Its statements can only be made by
// [ParsePolicy].
type Policy struct {
	Statements []Statement
}

// Statement is one rule of a policy.
type Statement struct {
	Effect    Effect
	actions   clause // patterns in lower case: actions have no case
	resources clause
	// conditional is set for a statement with a Condition. No operator is
	// evaluated yet, so such a statement never allows and always denies.
	conditional bool
}

// clause is Action or NotAction, Resource or NotResource.
type clause struct {
	patterns []string
	not      bool
}

func (c clause) matches(text string) bool {
	for _, p := range c.patterns {
		if glob(p, text) {
			return !c.not
		}
	}
	return c.not
}

// variable reports whether a pattern holds a policy variable such as
// ${aws:username}. None is replaced yet: what it would match is unknown.
func (c clause) variable() bool {
	for _, p := range c.patterns {
		if strings.Contains(p, "${") {
			return true
		}
	}
	return false
}

// A SyntaxError says why a policy document cannot be read.
type SyntaxError struct{ Reason string }

func (e *SyntaxError) Error() string { return e.Reason }

func malformed(format string, args ...any) error {
	return &SyntaxError{Reason: fmt.Sprintf(format, args...)}
}

// ParsePolicy reads a policy document. It refuses what it does not know, so
// that no rule is silently dropped; errors are of type [*SyntaxError].
func ParsePolicy(document string) (*Policy, error) {
	members, err := object([]byte(document), "policy", "Version", "Id", "Statement")
	if err != nil {
		return nil, err
	}
	if raw, ok := members["Version"]; ok {
		version, err := text(raw, "Version")
		if err != nil {
			return nil, err
		}
		if version != "2012-10-17" && version != "2008-10-17" {
			return nil, malformed("The policy must contain a valid version string.")
		}
	}
	statements, err := oneOrMany(members["Statement"], "Statement")
	if err != nil {
		return nil, err
	}
	p := &Policy{}
	for _, raw := range statements {
		s, err := parseStatement(raw)
		if err != nil {
			return nil, err
		}
		p.Statements = append(p.Statements, s)
	}
	return p, nil
}

func parseStatement(raw []byte) (Statement, error) {
	var s Statement
	members, err := object(raw, "statement",
		"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition")
	if err != nil {
		return s, err
	}
	effect, err := text(members["Effect"], "Effect")
	if err != nil {
		return s, err
	}
	s.Effect = Effect(effect)
	if s.Effect != Allow && s.Effect != Deny {
		return s, malformed("Effect must be Allow or Deny.")
	}
	if s.actions, err = parseClause(members, "Action", validAction); err != nil {
		return s, err
	}
	for i, p := range s.actions.patterns {
		s.actions.patterns[i] = strings.ToLower(p)
	}
	if s.resources, err = parseClause(members, "Resource", validResource); err != nil {
		return s, err
	}
	if condition, ok := members["Condition"]; ok {
		s.conditional = true
		if _, err := object(condition, "Condition"); err != nil {
			return s, err
		}
	}
	return s, nil
}

// parseClause reads the member of that name or the one with Not before it.
func parseClause(members map[string][]byte, name string, valid func(string) bool) (clause, error) {
	raw, plain := members[name]
	negated, not := members["Not"+name]
	switch {
	case plain == not:
		return clause{}, malformed("A statement must have either %s or Not%s.", name, name)
	case not:
		raw, name = negated, "Not"+name
	}
	values, err := oneOrMany(raw, name)
	if err != nil {
		return clause{}, err
	}
	c := clause{not: not}
	for _, v := range values {
		pattern, err := text(v, name)
		if err != nil {
			return clause{}, err
		}
		if !valid(pattern) {
			return clause{}, malformed("%s %.200q has not the right form.", name, pattern)
		}
		c.patterns = append(c.patterns, pattern)
	}
	return c, nil
}

var actionPattern = regexp.MustCompile(`^[A-Za-z0-9*?-]+:[A-Za-z0-9*?]+$`)

func validAction(s string) bool   { return s == "*" || actionPattern.MatchString(s) }
func validResource(s string) bool { return s == "*" || strings.HasPrefix(s, "arn:") }
