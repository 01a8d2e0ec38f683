package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
)

// A SerializationError says that a body is not JSON or does not fit the shape
// it was decoded into. Its text may be shown to the caller.
type SerializationError struct {
	Path   string // the member at fault, such as revision.s3Location.bucket
	Reason string
}

func (e *SerializationError) Error() string {
	if e.Path == "" {
		return e.Reason
	}
	return e.Path + ": " + e.Reason
}

// maxDepth bounds the nesting of a request. The deepest shape of the API needs
// eight levels; the rest is room for members that we do not know.
const maxDepth = 32

// Decode reads the JSON object in body into the structure that into points to.
//
// It exists beside encoding/json because the service is stricter and more
// lenient than that: names are case-sensitive ("tags" and "Tags" are different
// members), null always means absent, also within lists, and an empty body is
// an empty object. Unknown members are ignored. Every error is a
// [*SerializationError].
func Decode(body []byte, into any) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	d := &decoder{tokens: json.NewDecoder(bytes.NewReader(body))}
	d.tokens.UseNumber()
	err := d.document(reflect.ValueOf(into).Elem())
	var fault *SerializationError
	if err != nil && !errors.As(err, &fault) {
		return &SerializationError{Reason: "the body is not valid JSON"}
	}
	return err
}

type decoder struct {
	tokens *json.Decoder
	depth  int
}

// document decodes the one object of a body and sees that nothing follows.
func (d *decoder) document(v reflect.Value) error {
	token, err := d.tokens.Token()
	if err != nil {
		return err
	}
	if token != json.Delim('{') {
		return mismatch("", "an object")
	}
	if err := d.object(v, ""); err != nil {
		return err
	}
	if _, err := d.tokens.Token(); err != io.EOF {
		return &SerializationError{Reason: "more than one JSON value in the body"}
	}
	return nil
}

// value decodes the value that starts with token into v.
func (d *decoder) value(token json.Token, v reflect.Value, path string) error {
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	if v.Type() == timeType {
		return setTime(token, v, path)
	}
	switch v.Kind() {
	case reflect.Struct:
		if token != json.Delim('{') {
			return mismatch(path, "an object")
		}
		return d.object(v, path)
	case reflect.Map:
		if token != json.Delim('{') {
			return mismatch(path, "an object")
		}
		return d.mapping(v, path)
	case reflect.Slice:
		if token != json.Delim('[') {
			return mismatch(path, "a list")
		}
		return d.list(v, path)
	}
	return setScalar(token, v, path)
}

// object decodes members into the fields of v until the closing brace.
func (d *decoder) object(v reflect.Value, path string) error {
	fields := fieldsOf(v.Type())
	return d.members(path, func(name string, token json.Token) error {
		index, known := fields[name]
		if !known {
			return d.skip(token)
		}
		return d.value(token, v.Field(index), join(path, name))
	})
}

// mapping decodes members into the map v until the closing brace.
func (d *decoder) mapping(v reflect.Value, path string) error {
	v.Set(reflect.MakeMap(v.Type()))
	return d.members(path, func(name string, token json.Token) error {
		element := reflect.New(v.Type().Elem()).Elem()
		if err := d.value(token, element, join(path, name)); err != nil {
			return err
		}
		v.SetMapIndex(reflect.ValueOf(name).Convert(v.Type().Key()), element)
		return nil
	})
}

// members calls take with the name and first token of each member that is not
// null.
func (d *decoder) members(path string, take func(string, json.Token) error) error {
	if err := d.enter(path); err != nil {
		return err
	}
	defer d.leave()
	for {
		name, err := d.tokens.Token()
		if err != nil {
			return err
		}
		text, ok := name.(string)
		if !ok {
			return nil // the closing brace
		}
		token, err := d.tokens.Token()
		if err != nil {
			return err
		}
		if token == nil {
			continue
		}
		if err := take(text, token); err != nil {
			return err
		}
	}
}

// list decodes elements into the slice v until the closing bracket.
func (d *decoder) list(v reflect.Value, path string) error {
	if err := d.enter(path); err != nil {
		return err
	}
	defer d.leave()
	v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	for {
		token, err := d.tokens.Token()
		if err != nil {
			return err
		}
		switch token {
		case nil:
			continue
		case json.Delim(']'):
			return nil
		}
		element := reflect.New(v.Type().Elem()).Elem()
		if err := d.value(token, element, path+"["+strconv.Itoa(v.Len())+"]"); err != nil {
			return err
		}
		v.Set(reflect.Append(v, element))
	}
}

// skip reads past a value that no field wants.
func (d *decoder) skip(token json.Token) error {
	open := 0
	for {
		switch token {
		case json.Delim('{'), json.Delim('['):
			open++
		case json.Delim('}'), json.Delim(']'):
			open--
		}
		if open == 0 {
			return nil
		}
		if open+d.depth > maxDepth {
			return tooDeep("")
		}
		var err error
		if token, err = d.tokens.Token(); err != nil {
			return err
		}
	}
}

func (d *decoder) enter(path string) error {
	d.depth++
	if d.depth > maxDepth {
		return tooDeep(path)
	}
	return nil
}

func (d *decoder) leave() { d.depth-- }

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func mismatch(path, want string) error {
	return &SerializationError{Path: path, Reason: "expected " + want}
}

func tooDeep(path string) error {
	return &SerializationError{Path: path, Reason: fmt.Sprintf("nested deeper than %d levels", maxDepth)}
}
