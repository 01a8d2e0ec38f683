package simulation

import (
	"encoding/binary"
	"fmt"
	"hash"
	"hash/fnv"
	"strings"
	"time"
)

// trace is what happened in a world: as a hash always, as lines when they are
// kept. The hash covers each line and every value of every row that changed,
// so two runs with the same hash were the same.
type trace struct {
	hash  hash.Hash64
	keep  bool
	lines []string
	text  []byte // reused
}

func newTrace(keep bool) *trace { return &trace{hash: fnv.New64a(), keep: keep} }

// line adds "when who what".
func (t *trace) line(when time.Duration, who, format string, args ...any) {
	b := binary.BigEndian.AppendUint64(t.text[:0], uint64(when))
	b = append(b, who...)
	b = append(b, ' ')
	t.text = fmt.Appendf(b, format, args...)
	t.hash.Write(t.text)
	if t.keep {
		h, m, s := int(when.Hours()), int(when.Minutes())%60, (when % time.Minute).Seconds()
		t.lines = append(t.lines, fmt.Sprintf("%02d:%02d:%06.3f  %-8s %s", h, m, s, who, t.text[len(who)+9:]))
	}
}

// change adds a row that changed.
func (t *trace) change(c rowChange) {
	b := append(t.text[:0], c.table...)
	for _, v := range c.after {
		switch v := v.(type) {
		case string:
			b = append(b, v...)
		case int64:
			b = binary.BigEndian.AppendUint64(b, uint64(v))
		default:
			b = fmt.Append(b, v)
		}
		b = append(b, 0)
	}
	t.text = b
	t.hash.Write(b)
}

func (t *trace) String() string { return strings.Join(t.lines, "\n") }

// sum identifies what happened.
func (t *trace) sum() uint64 { return t.hash.Sum64() }
