package compat

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/slipwayhq/slipway/internal/wire"
)

// choices are decisions that were made before, one byte each. When there are
// no more, the first of everything is chosen, which ends everything.
type choices struct{ data []byte }

// n chooses a number below max.
func (c *choices) n(limit int) int {
	value := 0
	for reach := 1; reach < limit; reach <<= 8 {
		if len(c.data) == 0 {
			return 0
		}
		value = value<<8 | int(c.data[0])
		c.data = c.data[1:]
	}
	return value % limit
}

// one is true once in so many times.
func (c *choices) one(in int) bool { return c.n(in) == in-1 }

func pick[T any](c *choices, from []T) T { return from[c.n(len(from))] }

// body makes a body for an operation out of choices.
func (target *fuzzTarget) body(c *choices, operation wire.Operation) []byte {
	b := &bodyWriter{fuzzTarget: target, choices: c}
	b.often = pick(c, []int{1, 3, 8, 12})
	b.destroys = strings.HasPrefix(operation.Name, "Delete") || operation.Name == "UpdateApplication"
	if c.one(2) {
		b.odds = 12 // else everything follows the model
	}
	b.value("", reflect.TypeOf(operation.NewInput()).Elem(), 0)
	body := b.Bytes()
	if b.odds > 0 && c.one(30) {
		body = body[:c.n(len(body)+1)] // cut off
	}
	if b.odds > 0 && c.one(30) && len(body) > 0 {
		body[c.n(len(body))] ^= 1 << c.n(8)
	}
	return body
}

// bodyWriter writes JSON. One value in so many as odds says is not what the
// model says; 0 means none.
type bodyWriter struct {
	bytes.Buffer
	*fuzzTarget
	*choices
	odds  int
	often int // how many of 16 members that need not be there are
	// destroys is set for what would leave the others nothing to work on.
	destroys bool
}

// value writes a value of a type for the member of that name.
func (b *bodyWriter) value(name string, t reflect.Type, depth int) {
	if b.odds > 0 && depth > 0 && b.one(b.odds) {
		b.strange()
		return
	}
	switch t.Kind() {
	case reflect.Pointer:
		b.value(name, t.Elem(), depth)
	case reflect.Struct:
		if t == reflect.TypeFor[wire.Time]() {
			b.WriteString(pick(b.choices, []string{"1700000000.5", "1.7e9", "0", "4102444800", `"2026-01-02T03:04:05Z"`}))
			return
		}
		b.object(t, depth)
	case reflect.Map:
		b.WriteByte('{')
		for i := range b.n(3) {
			b.separate(i)
			b.text(pick(b.choices, b.goodTexts(name, t.Key())))
			b.WriteByte(':')
			b.value(name, t.Elem(), depth+1)
		}
		b.WriteByte('}')
	case reflect.Slice:
		length := 1 + b.n(3)
		if b.one(10) {
			length = pick(b.choices, []int{0, 4, 11, 26, 101, 120})
		}
		b.WriteByte('[')
		for i := range length {
			b.separate(i)
			b.value(name, t.Elem(), depth+1)
		}
		b.WriteByte(']')
	case reflect.String:
		b.text(pick(b.choices, b.goodTexts(name, t)))
	case reflect.Bool:
		b.WriteString(pick(b.choices, []string{"false", "true"}))
	case reflect.Float64:
		b.WriteString(pick(b.choices, []string{"0", "50.5", "1e2"}))
	default:
		b.WriteString(pick(b.choices, []string{"1", "0", "5", "50", "99", "100", "2880", "2881", "-1", "2147483647"}))
	}
}

func (b *bodyWriter) object(t reflect.Type, depth int) {
	b.WriteByte('{')
	written := 0
	// A revision is one of several things: nearly all are wrong in which.
	only := ""
	if t == reflect.TypeFor[wire.RevisionLocation]() && !b.one(4) {
		member := pick(b.choices, []string{"s3Location", "gitHubLocation", "string", "appSpecContent"})
		b.text("revisionType")
		b.WriteByte(':')
		b.text(map[string]string{"s3Location": "S3", "gitHubLocation": "GitHub", "string": "String", "appSpecContent": "AppSpecContent"}[member])
		only, written = member, 1
	}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if len(b.data) == 0 || only != "" && only != name || only == "" && b.n(16) >= b.oftenness(name, depth) {
			continue
		}
		b.separate(written)
		b.text(name)
		b.WriteByte(':')
		b.value(name, t.Field(i).Type, depth+1)
		written++
	}
	if b.odds > 0 && b.one(20) {
		b.separate(written)
		b.text(pick(b.choices, []string{"unknown", "", "APPLICATIONNAME", "__type", "applicationName"}))
		b.WriteByte(':')
		b.strange()
	}
	b.WriteByte('}')
}

// oftenness is how often of 16 times a member is there. What names something
// is needed more often, and so is what lies deep: a pair is useless without
// half of it.
func (b *bodyWriter) oftenness(name string, depth int) int {
	switch {
	case len(b.words[name]) > 0 || name == "revision":
		return 15
	case depth > 0:
		return 13
	}
	return b.often
}

func (b *bodyWriter) separate(written int) {
	if written > 0 {
		b.WriteByte(',')
	}
}

// goodTexts are good texts for a member of that name and type.
func (b *bodyWriter) goodTexts(name string, t reflect.Type) []string {
	if values := b.enums[t.Name()]; len(values) > 0 {
		return values
	}
	switch {
	case !b.destroys:
	case strings.HasSuffix(name, "pplicationName"):
		return []string{"store", "warehouse"}
	case name == "deploymentGroupName":
		return []string{"beta"}
	}
	if words := b.words[name]; len(words) > 0 {
		return words
	}
	return []string{"blue", "green", "stage", "releases"}
}

func (b *bodyWriter) text(s string) {
	quoted, _ := json.Marshal(s) // a string always can be
	b.Write(quoted)
}

// strange writes what the model does not have there.
func (b *bodyWriter) strange() {
	kinds := []func(){
		func() { b.WriteString("null") },
		func() { b.WriteString(pick(b.choices, []string{"true", "{}", "[]", `""`, "-0", "[null]", `{"":[]}`})) },
		func() {
			b.WriteString(pick(b.choices, []string{"1e400", "-1", "9223372036854775808", "0.1", "1e308", "-9223372036854775808", "007"}))
		},
		func() {
			b.text(strings.Repeat(pick(b.choices, []string{"x", "ü", "\x00", "a:", "/", "%"}), 1<<b.n(17)))
		},
		func() {
			depth := 1 << b.n(13)
			b.WriteString(strings.Repeat("[", depth) + strings.Repeat("]", depth))
		},
		func() {
			depth := 1 << b.n(13)
			b.WriteString(strings.Repeat(`{"applicationName":`, depth) + "1" + strings.Repeat("}", depth))
		},
		func() {
			b.WriteString(pick(b.choices, []string{`"\ud800"`, "\"\xff\xfe\"", "\"\n\"", `"\u0000"`, `"<script>"`, `"'; DROP TABLE applications; --"`, `"\x"`, `"%s%n"`}))
		},
		func() { b.text(time.Unix(int64(b.n(1<<30)), 0).Format(time.RFC3339)) },
		func() { // bytes as they come
			length := min(b.n(64), len(b.data))
			b.Write(b.data[:length])
			b.data = b.data[length:]
		},
		func() { b.text(string(pick(b.choices, []rune{'.', '*', '?', '\u202e', '\U0001f4a9'}))) },
	}
	pick(b.choices, kinds)()
}

// modelEnums reads the enumerations out of the model: the Go of them has no
// list of its values.
func modelEnums(t testing.TB) map[string][]string {
	t.Helper()
	model, err := os.ReadFile("../../internal/wire/model.txt")
	if err != nil {
		t.Fatal(err)
	}
	enums := map[string][]string{}
	name := ""
	for line := range strings.Lines(string(model)) {
		words := strings.Fields(line)
		switch {
		case len(words) == 0:
		case line[0] != ' ':
			name = ""
			if words[0] == "enum" {
				name = words[1]
			}
		case name != "":
			enums[name] = append(enums[name], words...)
		}
	}
	if len(enums) < 20 {
		t.Fatalf("there are only %d enumerations in the model", len(enums))
	}
	return enums
}
