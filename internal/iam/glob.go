package iam

// symbol is one byte of a pattern, or a wildcard. What a policy variable is
// replaced with has no wildcards, whatever characters are in it.
type symbol uint16

const (
	anyRun symbol = 256 + iota // *
	anyOne                     // ?
)

// literally returns s without wildcards.
func literally(s string) []symbol {
	out := make([]symbol, len(s))
	for i := range len(s) {
		out[i] = symbol(s[i])
	}
	return out
}

// withWildcards returns s with * and ? for what they stand for.
func withWildcards(s string) []symbol {
	out := literally(s)
	for i, c := range out {
		if c == '*' {
			out[i] = anyRun
		} else if c == '?' {
			out[i] = anyOne
		}
	}
	return out
}

// glob reports whether text fits pattern. The time is bounded by the product
// of the lengths: only the last * is ever reconsidered.
func glob(pattern []symbol, text string) bool {
	p, t := 0, 0
	star, resume := -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == anyRun:
			star, resume = p, t
			p++
		case p < len(pattern) && (pattern[p] == anyOne || pattern[p] == symbol(text[t])):
			p++
			t++
		case star >= 0:
			resume++
			p, t = star+1, resume
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == anyRun {
		p++
	}
	return p == len(pattern)
}
