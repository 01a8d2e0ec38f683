package appspec

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Problem is one thing that is wrong with a file.
type Problem struct {
	Line    int    // 0 when it concerns the file as a whole
	Key     string // where in the file, as in hooks.AfterInstall[0].timeout
	Message string
}

// String returns the problem as people read it.
func (p Problem) String() string {
	var b strings.Builder
	if p.Line > 0 {
		fmt.Fprintf(&b, "line %d: ", p.Line)
	}
	if p.Key != "" {
		b.WriteString(p.Key + ": ")
	}
	b.WriteString(p.Message)
	return b.String()
}

// Error lists all mistakes of a file.
type Error struct {
	Problems []Problem
	// Unreadable: the text as a whole is not what can be read, rather than
	// that something in it is wrong.
	Unreadable bool
}

// maxShown keeps the text of an error within what a lifecycle event's
// diagnostics can carry.
const maxShown = 20

// Error returns the mistakes, one a line.
func (e *Error) Error() string {
	lines := make([]string, 0, len(e.Problems))
	for i, p := range e.Problems {
		if i == maxShown {
			lines = append(lines, fmt.Sprintf("and %d more", len(e.Problems)-i))
			break
		}
		lines = append(lines, p.String())
	}
	return "the AppSpec file is not valid: " + strings.Join(lines, "\n")
}

func unreadable(line int, message string) *Error {
	return &Error{Problems: []Problem{{Line: line, Message: message}}, Unreadable: true}
}

var yamlLine = regexp.MustCompile(`line (\d+): (.*)`)

// syntaxError turns the YAML reader's error, which holds the line in its text,
// into ours.
func syntaxError(err error) *Error {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	line := 0
	if m := yamlLine.FindStringSubmatch(message); m != nil {
		line, _ = strconv.Atoi(m[1])
		message = m[2]
	}
	if strings.Contains(message, "cannot start any token") || strings.Contains(message, "tab character") {
		message += " (YAML indents with blanks; tabs are not allowed)"
	}
	return unreadable(line, "not readable as YAML or JSON: "+message)
}
