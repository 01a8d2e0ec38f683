package iam

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestGlobAgreesWithRegexp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringMatching(`[ab*?]{0,8}`).Draw(t, "pattern")
		text := rapid.StringMatching(`[abc]{0,10}`).Draw(t, "text")
		oracle := regexp.MustCompile("^" + strings.NewReplacer("*", ".*", "?", ".").Replace(pattern) + "$")
		if got, want := glob(withWildcards(pattern), text), oracle.MatchString(text); got != want {
			t.Fatalf("glob(%q, %q) = %v", pattern, text, got)
		}
	})
}

func TestGlobIsNotExponential(t *testing.T) {
	start := time.Now()
	glob(withWildcards(strings.Repeat("*a", 500)+"b"), strings.Repeat("a", 10_000))
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}
