package objectstore

import (
	"strconv"
	"strings"
)

// span is a part of a content.
type span struct{ start, length int64 }

// parseRange reads a Range header. Like S3 it knows one range of bytes: of
// several, or of what it can't read, the whole content is the answer (ok is
// false). A range outside the content is an error.
func parseRange(header string, size int64) (s span, ok bool, err error) {
	spec, isBytes := strings.CutPrefix(header, "bytes=")
	from, to, isRange := strings.Cut(strings.TrimSpace(spec), "-")
	if !isBytes || !isRange || strings.Contains(spec, ",") {
		return span{}, false, nil
	}
	if from == "" {
		n, ok := parseOffset(to)
		if !ok {
			return span{}, false, nil
		}
		n = min(n, size)
		if n == 0 {
			return span{}, false, errRange(header, size)
		}
		return span{size - n, n}, true, nil
	}
	first, ok := parseOffset(from)
	last := size - 1
	if ok && to != "" {
		last, ok = parseOffset(to)
	}
	if !ok || to != "" && last < first {
		return span{}, false, nil
	}
	if first >= size {
		return span{}, false, errRange(header, size)
	}
	return span{first, min(last, size-1) - first + 1}, true, nil
}

func parseOffset(s string) (int64, bool) {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' { // ParseInt would take a sign
			return 0, false
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}

func errRange(header string, size int64) error {
	return fail("InvalidRange", "The requested range is not satisfiable").
		with("RangeRequested", header).with("ActualObjectSize", strconv.FormatInt(size, 10))
}
