package deploy

import "strings"

// Matches reports whether one of the tags fits the filter. Values may carry
// the wildcards * and ?, as in EC2 filters; keys may not.
func (f TagFilter) Matches(tags []Tag) bool { return f.matches(tags, wildcard) }

// MatchesExactly is Matches without wildcards: * and ? stand for themselves.
func (f TagFilter) MatchesExactly(tags []Tag) bool {
	return f.matches(tags, func(want, s string) bool { return want == s })
}

func (f TagFilter) matches(tags []Tag, value func(want, s string) bool) bool {
	for _, t := range tags {
		switch f.Type {
		case KeyOnly:
			if t.Key == f.Key {
				return true
			}
		case ValueOnly:
			if value(f.Value, t.Value) {
				return true
			}
		case KeyAndValue:
			if t.Key == f.Key && value(f.Value, t.Value) {
				return true
			}
		}
	}
	return false
}

// MatchAny reports whether one of the filters fits. No filters fit nothing.
func MatchAny(filters []TagFilter, tags []Tag) bool {
	for _, f := range filters {
		if f.Matches(tags) {
			return true
		}
	}
	return false
}

// MatchSet reports whether every list of the set has a filter that fits. An
// empty set fits nothing.
func MatchSet(set [][]TagFilter, tags []Tag) bool {
	for _, list := range set {
		if !MatchAny(list, tags) {
			return false
		}
	}
	return len(set) > 0
}

// SelectsOnPremises reports whether the group's on-premises selectors pick an
// instance with these tags.
func (g *Group) SelectsOnPremises(tags []Tag) bool {
	return MatchAny(g.OnPremisesFilters, tags) || MatchSet(g.OnPremisesSet, tags)
}

// wildcard matches s against a pattern with * (any run) and ? (any one
// character), in time proportional to the product of the lengths at worst.
func wildcard(pattern, s string) bool {
	if !strings.ContainsAny(pattern, "*?") {
		return pattern == s
	}
	p, r := []rune(pattern), []rune(s)
	i, j, star, mark := 0, 0, -1, 0
	for j < len(r) {
		switch {
		case i < len(p) && p[i] == '*':
			star, mark = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == r[j]):
			i++
			j++
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	for i < len(p) && p[i] == '*' {
		i++
	}
	return i == len(p)
}
