package agent_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every row of the table of behaviours names tests, and they exist. The
// decisions that it links to do as well.
func TestBehaviourTable(t *testing.T) {
	t.Parallel()
	const module = "../.."
	tests := map[string]bool{}
	for _, dir := range []string{"internal/agent", "internal/appspec", "cmd/slipway-agent", "test"} {
		err := filepath.WalkDir(filepath.Join(module, dir), func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			for _, found := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllStringSubmatch(string(text), -1) {
				tests[found[1]] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	table := read(t, module, "docs/reference/agent-behaviour.md")
	rows := 0
	for line := range strings.Lines(table) {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| rule") || strings.HasPrefix(line, "| ---") {
			continue
		}
		rows++
		columns := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(columns) != 3 || strings.TrimSpace(columns[2]) == "" {
			t.Errorf("a row has no rule, answer and test: %s", line)
			continue
		}
		for name := range strings.SplitSeq(columns[2], ",") {
			if name = strings.TrimSpace(name); !tests[name] {
				t.Errorf("there is no test %q: %s", name, line)
			}
		}
	}
	if rows < 80 {
		t.Errorf("only %d rows were found", rows)
	}
	for _, link := range regexp.MustCompile(`\]\(\.\./([^)]+)\)`).FindAllStringSubmatch(table, -1) {
		if _, err := os.Stat(filepath.Join(module, "docs", link[1])); err != nil {
			t.Error(err)
		}
	}
}
