package hook

import (
	"strings"
	"unicode/utf8"
)

// TailLimit is how many characters of a log a report may carry.
const TailLimit = 2047

// tail keeps the newest whole lines that fit in TailLimit together.
type tail struct {
	lines []string // each with its line end
	size  int      // in characters
}

const cutMark = "..."

// add appends a line. Bytes that are not UTF-8 are replaced, for a report is
// JSON; a line that is too long by itself is cut, not dropped.
func (t *tail) add(line string) {
	line = strings.ToValidUTF8(line, "\uFFFD") + "\n"
	n := utf8.RuneCountInString(line)
	if n > TailLimit {
		line = firstRunes(line, TailLimit-len(cutMark)-1) + cutMark + "\n"
		n = TailLimit
	}
	t.lines = append(t.lines, line)
	t.size += n
	drop := 0
	for ; t.size > TailLimit; drop++ {
		t.size -= utf8.RuneCountInString(t.lines[drop])
	}
	t.lines = t.lines[drop:]
}

func (t *tail) String() string { return strings.Join(t.lines, "") }

func firstRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}
