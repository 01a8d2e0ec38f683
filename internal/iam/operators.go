package iam

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// compiler makes a matcher of a value in a policy.
type compiler func(value string, n notation) (matcher, error)

type operator struct {
	compile compiler
	negated bool
}

// operators are all of the policy language but BinaryEquals: no condition key
// is binary.
var operators = map[string]operator{
	"StringEquals":              {compile: stringEquals},
	"StringNotEquals":           {compile: stringEquals, negated: true},
	"StringEqualsIgnoreCase":    {compile: stringEqualsIgnoreCase},
	"StringNotEqualsIgnoreCase": {compile: stringEqualsIgnoreCase, negated: true},
	"StringLike":                {compile: stringLike},
	"StringNotLike":             {compile: stringLike, negated: true},

	"NumericEquals":            {compile: numeric(0)},
	"NumericNotEquals":         {compile: numeric(0), negated: true},
	"NumericLessThan":          {compile: numeric(-1)},
	"NumericLessThanEquals":    {compile: numeric(-1, 0)},
	"NumericGreaterThan":       {compile: numeric(1)},
	"NumericGreaterThanEquals": {compile: numeric(1, 0)},

	"DateEquals":            {compile: date(0)},
	"DateNotEquals":         {compile: date(0), negated: true},
	"DateLessThan":          {compile: date(-1)},
	"DateLessThanEquals":    {compile: date(-1, 0)},
	"DateGreaterThan":       {compile: date(1)},
	"DateGreaterThanEquals": {compile: date(1, 0)},

	"Bool":         {compile: boolean},
	"Null":         {compile: boolean},
	"IpAddress":    {compile: ipAddress},
	"NotIpAddress": {compile: ipAddress, negated: true},

	// AWS makes no difference between Equals and Like here.
	"ArnEquals":    {compile: arnLike},
	"ArnLike":      {compile: arnLike},
	"ArnNotEquals": {compile: arnLike, negated: true},
	"ArnNotLike":   {compile: arnLike, negated: true},
}

// textual makes a compiler of a comparison with a text that may hold
// variables.
func textual(wildcards bool, fits func(want []symbol, have string) bool) compiler {
	return func(value string, n notation) (matcher, error) {
		n.wildcards = wildcards
		p, err := n.pattern(value)
		if err != nil {
			return nil, err
		}
		return func(e *evaluation, have string) truth {
			return p.matches(e, func(want []symbol) bool { return fits(want, have) })
		}, nil
	}
}

var (
	stringEquals           = textual(false, glob)
	stringLike             = textual(true, glob)
	arnLike                = textual(true, arnFits)
	stringEqualsIgnoreCase = textual(false, func(want []symbol, have string) bool {
		var b strings.Builder
		for _, c := range want {
			b.WriteByte(byte(c)) // without wildcards a symbol is a byte
		}
		return strings.EqualFold(b.String(), have)
	})
)

// arnFits compares the six parts of ARNs one by one: a wildcard does not reach
// over a colon, except in the last.
func arnFits(want []symbol, have string) bool {
	if len(want) == 1 && want[0] == anyRun {
		return true
	}
	for range 5 {
		colon := slices.Index(want, ':')
		part, rest, found := strings.Cut(have, ":")
		if colon < 0 || !found || !glob(want[:colon], part) {
			return false
		}
		want, have = want[colon+1:], rest
	}
	return glob(want, have)
}

// ordered makes a compiler of a comparison by order; accepted are the results
// of comparing the request's value with the policy's.
func ordered[T any](kind string, parse func(string) (T, error), compare func(a, b T) int, accepted []int) compiler {
	return func(value string, _ notation) (matcher, error) {
		want, err := parse(value)
		if err != nil {
			return nil, malformed("The condition value %.100q is not %s.", value, kind)
		}
		return func(_ *evaluation, have string) truth {
			v, err := parse(have)
			return truthOf(err == nil && slices.Contains(accepted, compare(v, want)))
		}, nil
	}
}

func numeric(accepted ...int) compiler {
	parse := func(s string) (float64, error) { return strconv.ParseFloat(s, 64) }
	return ordered("a number", parse, cmp.Compare, accepted)
}

func date(accepted ...int) compiler {
	return ordered("a date like 2026-11-22T12:00:00Z", parseDate, time.Time.Compare, accepted)
}

// parseDate reads the forms of ISO 8601 that AWS takes, and seconds since 1970.
func parseDate(s string) (time.Time, error) {
	if seconds, err := strconv.ParseInt(s, 10, 64); err == nil && len(s) > 4 {
		return time.Unix(seconds, 0), nil
	}
	var t time.Time
	var err error
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05", time.DateOnly, "2006-01", "2006"} {
		if t, err = time.Parse(layout, s); err == nil {
			break
		}
	}
	return t, err
}

func boolean(value string, _ notation) (matcher, error) {
	if value != "true" && value != "false" {
		return nil, malformed("The condition value %.100q is neither true nor false.", value)
	}
	return func(_ *evaluation, have string) truth { return truthOf(strings.EqualFold(have, value)) }, nil
}

func ipAddress(value string, _ notation) (matcher, error) {
	network, err := parseNetwork(value)
	if err != nil {
		return nil, malformed("The condition value %.100q is neither an IP address nor a network like 10.0.0.0/8.", value)
	}
	return func(_ *evaluation, have string) truth {
		address, err := netip.ParseAddr(have)
		return truthOf(err == nil && network.Contains(address.Unmap().WithZone("")))
	}, nil
}

func parseNetwork(s string) (netip.Prefix, error) {
	if strings.Contains(s, "/") {
		return netip.ParsePrefix(s)
	}
	address, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Prefix{}, err
	}
	return netip.PrefixFrom(address, address.BitLen()), nil
}
