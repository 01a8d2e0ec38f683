package wire

import (
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

// Time is a timestamp of the API: on the wire a number of seconds since the
// epoch with milliseconds as the fraction.
type Time struct{ time.Time }

// MarshalJSON writes the number, without trailing zeros.
func (t Time) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(t.UnixMilli())/1000, 'f', -1, 64), nil
}

// UnmarshalJSON reads a number in any notation. Some clients send text
// instead, either the same number or ISO 8601; both are understood.
func (t *Time) UnmarshalJSON(b []byte) error {
	text := string(b)
	if strings.HasPrefix(text, `"`) {
		if err := json.Unmarshal(b, &text); err != nil {
			return err
		}
	}
	parsed, err := parseTime(text)
	if err != nil {
		return err
	}
	t.Time = parsed
	return nil
}

var errTime = errors.New("expected a timestamp")

// maxSeconds is the last second of the year 9999, the end of what RFC 3339 and
// with it our storage and every client can express.
const maxSeconds = 253402300799

func parseTime(text string) (time.Time, error) {
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		if math.IsNaN(seconds) || math.Abs(seconds) > maxSeconds {
			return time.Time{}, errTime
		}
		return time.UnixMilli(int64(math.Round(seconds * 1000))).UTC(), nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, errTime
}
