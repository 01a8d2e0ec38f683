package iam

import "fmt"

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

// Decide applies a principal's policies to its request. The root may do
// everything. Anyone else needs a statement that allows it and none that
// denies it; what cannot be evaluated counts against the caller. The error is
// that of r.ResourceTags.
//
// A * in a resource pattern also matches colons, wherever it stands.
func Decide(policies []*Policy, r *Request) (Decision, error) {
	if r.Principal.Kind == RootKind {
		return Allowed, nil
	}
	e := newEvaluation(r)
	decision := ImplicitlyDenied
	for _, policy := range policies {
		for _, s := range policy.Statements {
			applies := s.applies(e)
			switch {
			case e.err != nil:
				return ImplicitlyDenied, e.err
			case s.Effect == Deny && applies != no:
				return ExplicitlyDenied, nil
			case s.Effect == Allow && applies == yes:
				decision = Allowed
			}
		}
	}
	return decision, nil
}

// Both is the decision where two sets of policies must allow: what a role may
// do and what a session was limited to.
func Both(a, b Decision) Decision {
	switch {
	case a == ExplicitlyDenied || b == ExplicitlyDenied:
		return ExplicitlyDenied
	case a == Allowed && b == Allowed:
		return Allowed
	}
	return ImplicitlyDenied
}

// applies looks at the conditions last: they may take a look into the store.
func (s Statement) applies(e *evaluation) truth {
	result := min(s.actions.covers(e, e.action), s.resources.covers(e, e.resources...))
	if result == no {
		return no
	}
	return min(result, all(s.conditions, func(c condition) truth { return c.holds(e) }))
}
