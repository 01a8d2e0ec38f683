package iam

import (
	"regexp"
	"strings"
)

// pattern is a text of a policy: symbols, and variables that each request
// replaces.
type pattern []part

// part is either symbols or a variable.
type part struct {
	symbols  []symbol
	variable key
	fallback *string // of a variable: what stands for a key that is not there
}

// notation says what has a meaning in a text besides itself.
type notation struct {
	wildcards bool
	variables bool // policies before 2012-10-17 have none
}

var variablePattern = regexp.MustCompile(`^\s*([A-Za-z0-9:_./+=@-]+)\s*(?:,\s*'([^']*)'\s*)?$`)

// pattern reads a text in the notation.
func (n notation) pattern(text string) (pattern, error) {
	var out pattern
	for n.variables {
		before, rest, found := strings.Cut(text, "${")
		if !found {
			break
		}
		inside, after, closed := strings.Cut(rest, "}")
		if !closed {
			return nil, malformed("The policy variable in %.200q has no closing brace.", text)
		}
		out = append(out, n.symbols(before))
		if inside == "*" || inside == "?" || inside == "$" {
			out = append(out, part{symbols: literally(inside)})
		} else {
			m := variablePattern.FindStringSubmatch(inside)
			if m == nil {
				return nil, malformed("%.200q is not a policy variable.", "${"+inside+"}")
			}
			v := part{variable: newKey(m[1])}
			if strings.Contains(inside, ",") {
				v.fallback = &m[2]
			}
			out = append(out, v)
		}
		text = after
	}
	return append(out, n.symbols(text)), nil
}

func (n notation) symbols(text string) part {
	if n.wildcards {
		return part{symbols: withWildcards(text)}
	}
	return part{symbols: literally(text)}
}

// fill replaces the variables. A key that the request does not have makes
// absent, one that this server does not know makes unknown.
func (p pattern) fill(e *evaluation) (symbols []symbol, absent, unknown bool) {
	if len(p) == 1 && p[0].variable.name == "" {
		return p[0].symbols, false, false // nearly always
	}
	for _, part := range p {
		if part.variable.name == "" {
			symbols = append(symbols, part.symbols...)
			continue
		}
		values, known := e.values(part.variable)
		switch {
		case !known:
			unknown = true
		case len(values) == 1:
			symbols = append(symbols, literally(values[0])...)
		case part.fallback != nil:
			symbols = append(symbols, literally(*part.fallback)...)
		default:
			absent = true
		}
	}
	return symbols, absent, unknown
}

// matches compares by fits once the variables are replaced. A pattern with a
// value that the request does not have fits nothing.
func (p pattern) matches(e *evaluation, fits func([]symbol) bool) truth {
	symbols, absent, unknown := p.fill(e)
	switch {
	case unknown:
		return undecided
	case absent:
		return no
	}
	return truthOf(fits(symbols))
}
