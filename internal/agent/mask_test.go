package agent_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipwayhq/slipway/internal/agent"
)

// TestPatternsOfSecrets: they are a list, or a text with one on each line; what
// is no pattern stops the agent before it serves.
func TestPatternsOfSecrets(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"mask_log_patterns:\n  - 'password=(\\S+)'\n  - AKIA[0-9A-Z]{16}\n",
		":mask_log_patterns: |\n  password=(\\S+)\n\n  AKIA[0-9A-Z]{16}\n",
	} {
		file := filepath.Join(t.TempDir(), "codedeployagent.yml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := agent.ConfigureLocal(t.Context(), agent.Settings{ConfigFile: file, Root: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{`password=(\S+)`, "AKIA[0-9A-Z]{16}"}, c.MaskPatterns); diff != "" {
			t.Errorf("%s\n%s", text, diff)
		}
	}
	s := newSite(t)
	c := s.config()
	c.MaskPatterns = []string{"("}
	if _, err := agent.New(c); err == nil || !strings.Contains(err.Error(), `mask_log_patterns: the pattern "("`) {
		t.Errorf("a pattern that is none: %v", err)
	}
}
