package control

import (
	"strings"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// checkBatch checks how many names one call may have.
func checkBatch(what string, n, most int) error {
	if n > most {
		return deploy.Errorf("BatchLimitExceededException", "There are %d %s, %d are allowed in one call", n, what, most)
	}
	return nil
}

// checkEach checks the names of a batch. A missing name anywhere is reported
// before a malformed one, and a list without names as if it had an empty one.
func checkEach(names []string, check func(string) error) error {
	if len(names) == 0 {
		return check("")
	}
	for _, name := range names {
		if name == "" {
			return check("")
		}
	}
	for _, name := range names {
		if err := check(name); err != nil {
			return err
		}
	}
	return nil
}

// distinct returns the names in their order, each once.
func distinct(names []string) []string {
	seen := make(map[string]bool, len(names))
	var out []string
	for _, name := range names {
		if !seen[name] {
			seen[name] = true
			out = append(out, name)
		}
	}
	return out
}

// notFound is what a batch says of the names that it left out: nothing when
// there are none.
func notFound(what string, names []string) string {
	if len(names) == 0 {
		return ""
	}
	return "Not found: " + what + " " + strings.Join(names, ", ")
}
