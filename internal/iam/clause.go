package iam

import (
	"regexp"
	"strings"
)

// clause is Action or NotAction, Resource or NotResource. The zero clause, of
// a statement without one, covers everything.
type clause struct {
	patterns []pattern
	not      bool
}

// covers reports whether the clause is about the thing that has one of these
// spellings.
func (c clause) covers(e *evaluation, spellings ...string) truth {
	if len(c.patterns) == 0 {
		return yes
	}
	covered := some(c.patterns, func(p pattern) truth {
		symbols, absent, unknown := p.fill(e)
		if unknown || absent && c.not {
			return undecided // an exception that nobody can read
		}
		return truthOf(!absent && fitsAny(symbols, spellings))
	})
	if c.not {
		return covered.not()
	}
	return covered
}

func fitsAny(symbols []symbol, spellings []string) bool {
	for _, s := range spellings {
		if glob(symbols, s) {
			return true
		}
	}
	return false
}

// syntax is what the values of a clause look like.
type syntax struct {
	notation
	valid func(string) bool
	fold  bool // the values have no case
}

var actionPattern = regexp.MustCompile(`^[A-Za-z0-9*?-]+:[A-Za-z0-9*?]+$`)

func validAction(s string) bool   { return s == "*" || actionPattern.MatchString(s) }
func validResource(s string) bool { return s == "*" || strings.HasPrefix(s, "arn:") }

// parseClause reads the member of that name or the one with Not before it.
func parseClause(members map[string][]byte, name string, syn syntax) (clause, error) {
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
		value, err := text(v, name)
		if err != nil {
			return clause{}, err
		}
		if !syn.valid(value) {
			return clause{}, malformed("%s %.200q has not the right form.", name, value)
		}
		if syn.fold {
			value = strings.ToLower(value)
		}
		p, err := syn.pattern(value)
		if err != nil {
			return clause{}, err
		}
		c.patterns = append(c.patterns, p)
	}
	return c, nil
}
