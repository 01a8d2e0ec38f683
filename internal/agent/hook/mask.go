package hook

import (
	"fmt"
	"regexp"
	"strings"
)

// Mask is what must not leave the host: patterns of secrets in the output of
// scripts.
type Mask []*regexp.Regexp

// hidden stands for a secret.
const hidden = "****"

// NewMask compiles patterns (RE2). Of a pattern with groups only what the
// groups match is hidden.
func NewMask(patterns []string) (Mask, error) {
	var m Mask
	for _, p := range patterns {
		re, err := regexp.Compile(p)
		if err != nil {
			return nil, fmt.Errorf("mask_log_patterns: the pattern %q is no regular expression: %w", p, err)
		}
		m = append(m, re)
	}
	return m, nil
}

// hide returns a line without its secrets.
func (m Mask) hide(line string) string {
	for _, re := range m {
		line = hideMatches(re, line)
	}
	return line
}

func hideMatches(re *regexp.Regexp, line string) string {
	var out strings.Builder
	end := 0
	for _, match := range re.FindAllStringSubmatchIndex(line, -1) {
		groups := match[2:]
		if len(groups) == 0 {
			groups = match
		}
		for i := 0; i+1 < len(groups); i += 2 {
			if from, to := groups[i], groups[i+1]; from >= end && to > from { // not: unmatched, or within another group
				out.WriteString(line[end:from] + hidden)
				end = to
			}
		}
	}
	return out.String() + line[end:]
}
