package control

import "testing"

// TestCuts: what is kept of a long text begins and ends with whole characters.
func TestCuts(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		text       string
		n          int
		head, tail string
	}{
		{"abc", 3, "abc", "abc"},
		{"abcd", 3, "abc", "bcd"},
		{"äöü", 3, "ä", "ü"},
		{"äöü", 1, "", ""},
		{"", 0, "", ""},
	} {
		if got := head(tc.text, tc.n); got != tc.head {
			t.Errorf("head(%q, %d) is %q, want %q", tc.text, tc.n, got, tc.head)
		}
		if got := tail(tc.text, tc.n); got != tc.tail {
			t.Errorf("tail(%q, %d) is %q, want %q", tc.text, tc.n, got, tc.tail)
		}
	}
}
