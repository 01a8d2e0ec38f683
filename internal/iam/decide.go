package iam

import (
	"fmt"
	"strings"
)

// Decision is the answer to whether a principal may do something.
type Decision int

// The decisions. Only Allowed lets a request pass.
const (
	ImplicitlyDenied Decision = iota + 1 // no statement allows it
	ExplicitlyDenied                     // a statement denies it
	Allowed
)

func (d Decision) String() string {
	switch d {
	case ImplicitlyDenied:
		return "implicitly denied"
	case ExplicitlyDenied:
		return "explicitly denied"
	case Allowed:
		return "allowed"
	}
	return fmt.Sprintf("Decision(%d)", int(d))
}

// Decide says whether p may perform action ("codedeploy:GetApplication") on
// the resource with that ARN, given the policies of p. The root may do
// everything. Anyone else needs a statement that allows it and none that
// denies it; what cannot be evaluated counts against the caller.
//
// A * in a resource pattern also matches colons, wherever it stands.
func Decide(p Principal, policies []*Policy, action, resource string) Decision {
	if p.Kind == RootKind {
		return Allowed
	}
	action = strings.ToLower(action)
	decision := ImplicitlyDenied
	for _, policy := range policies {
		for _, s := range policy.Statements {
			if !s.applies(action, resource) {
				continue
			}
			if s.Effect == Deny {
				return ExplicitlyDenied
			}
			decision = Allowed
		}
	}
	return decision
}

// applies errs to the safe side: a statement that depends on what is not
// evaluated does not apply if it allows, and does if it denies.
func (s Statement) applies(action, resource string) bool {
	if !s.actions.matches(action) {
		return false
	}
	if s.Effect == Allow {
		return !s.conditional && !s.resources.variable() && s.resources.matches(resource)
	}
	return s.resources.variable() || s.resources.matches(resource)
}
