package store_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var placeholder = regexp.MustCompile(`\$([0-9]+)`)

// TestPlaceholders checks that every statement first names $1, then $2 and so
// on. PostgreSQL counts the numbers, but to SQLite they are names, which it
// numbers in the order in which they first appear.
func TestPlaceholders(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	statements := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			text, err := strconv.Unquote(lit.Value)
			if err != nil {
				t.Fatal(err)
			}
			if placeholder.MatchString(text) {
				statements++
			}
			if wrong := outOfOrder(text); wrong != "" {
				t.Errorf("%s: %s comes too early in %s", fset.Position(lit.Pos()), wrong, text)
			}
			return true
		})
	}
	if statements < 30 {
		t.Errorf("found %d statements: is this still the place to look?", statements)
	}
}

// outOfOrder returns the first placeholder that skips a number, or "". Parts
// of a statement that is put together have no numbers written in them.
func outOfOrder(text string) string {
	highest := 0
	for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
		n, _ := strconv.Atoi(m[1]) // the pattern has digits only
		if n > highest+1 {
			return m[0]
		}
		highest = max(highest, n)
	}
	return ""
}

func TestOutOfOrder(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "", "a = $1 AND b = $1 AND c = $2": "", "a = $2": "$2", "a = $1, b = $3, c = $2": "$3",
	} {
		if got := outOfOrder(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
