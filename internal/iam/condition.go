package iam

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// condition is one key under one operator.
type condition struct {
	key        key
	quantifier quantifier
	ifExists   bool
	isNull     bool // the operator Null: matchers[0] is about whether the key is there
	negated    bool
	matchers   []matcher // one for each value of the policy
}

type quantifier int

const (
	plain quantifier = iota
	forAllValues
	forAnyValue
)

// matcher compares a value of the request with one of the policy.
type matcher func(e *evaluation, have string) truth

// holds evaluates the condition.
func (c condition) holds(e *evaluation) truth {
	values, known := e.values(c.key)
	switch {
	case !known:
		return undecided
	case c.isNull:
		return some(c.matchers, func(m matcher) truth { return m(e, strconv.FormatBool(len(values) == 0)) })
	case len(values) == 0:
		return truthOf(c.holdsForNothing())
	case c.quantifier == forAllValues, c.quantifier == plain && c.negated:
		return all(values, func(v string) truth { return c.holdsFor(e, v) })
	}
	return some(values, func(v string) truth { return c.holdsFor(e, v) })
}

// holdsForNothing is the result for a key that the request does not have.
func (c condition) holdsForNothing() bool {
	return c.ifExists || c.quantifier == forAllValues || c.quantifier == plain && c.negated
}

func (c condition) holdsFor(e *evaluation, value string) truth {
	matched := some(c.matchers, func(m matcher) truth { return m(e, value) })
	if c.negated {
		return matched.not()
	}
	return matched
}

// parseConditions reads {"StringEquals": {"aws:username": ["ann"]}}.
func parseConditions(raw []byte, n notation) ([]condition, error) {
	operators, err := object(raw, "Condition")
	if err != nil {
		return nil, err
	}
	var out []condition
	for _, name := range slices.Sorted(maps.Keys(operators)) {
		form, compile, err := operatorOf(name)
		if err != nil {
			return nil, err
		}
		keys, err := object(operators[name], "condition "+name)
		if err != nil {
			return nil, err
		}
		for _, k := range slices.Sorted(maps.Keys(keys)) {
			c := form
			c.key = newKey(k)
			if c.matchers, err = parseOperands(keys[k], k, n, compile); err != nil {
				return nil, err
			}
			out = append(out, c)
		}
	}
	return out, nil
}

// operatorOf takes the name of an operator apart.
func operatorOf(name string) (condition, compiler, error) {
	var c condition
	base := name
	if rest, ok := strings.CutPrefix(base, "ForAllValues:"); ok {
		base, c.quantifier = rest, forAllValues
	} else if rest, ok := strings.CutPrefix(base, "ForAnyValue:"); ok {
		base, c.quantifier = rest, forAnyValue
	}
	base, c.ifExists = strings.CutSuffix(base, "IfExists")
	op, ok := operators[base]
	if !ok || base == "Null" && base != name {
		return c, nil, malformed("%.100q is not a condition operator of this server.", name)
	}
	c.negated, c.isNull = op.negated, base == "Null"
	return c, op.compile, nil
}

func parseOperands(raw []byte, name string, n notation, compile compiler) ([]matcher, error) {
	values, err := oneOrMany(raw, name)
	if err != nil {
		return nil, err
	}
	var out []matcher
	for _, v := range values {
		value, err := scalar(v, name)
		if err != nil {
			return nil, err
		}
		m, err := compile(value, n)
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

// scalar reads a text; numbers and truth values may also stand without quotes.
func scalar(raw json.RawMessage, name string) (string, error) {
	if len(raw) > 0 && strings.IndexByte("-0123456789tf", raw[0]) >= 0 {
		return string(raw), nil
	}
	return text(raw, name)
}
