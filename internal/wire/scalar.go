package wire

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"sync"
)

var timeType = reflect.TypeFor[Time]()

// setScalar stores a text, number or truth value. It converts nothing: a
// number where a text is wanted is a fault, as it is for the service.
func setScalar(token json.Token, v reflect.Value, path string) error {
	switch v.Kind() {
	case reflect.String:
		if text, ok := token.(string); ok {
			v.SetString(text)
			return nil
		}
		return mismatch(path, "a string")
	case reflect.Bool:
		if truth, ok := token.(bool); ok {
			v.SetBool(truth)
			return nil
		}
		return mismatch(path, "true or false")
	case reflect.Int, reflect.Int32, reflect.Int64:
		number, _ := token.(json.Number)
		n, err := strconv.ParseInt(number.String(), 10, v.Type().Bits())
		if err != nil {
			return mismatch(path, "an integer of "+strconv.Itoa(v.Type().Bits())+" bits")
		}
		v.SetInt(n)
		return nil
	case reflect.Float64:
		number, _ := token.(json.Number)
		f, err := strconv.ParseFloat(number.String(), 64)
		if err != nil {
			return mismatch(path, "a number")
		}
		v.SetFloat(f)
		return nil
	}
	panic("wire: no way to decode into " + v.Type().String())
}

func setTime(token json.Token, v reflect.Value, path string) error {
	var text string
	switch token := token.(type) {
	case json.Number:
		text = token.String()
	case string:
		text = token
	}
	t, err := parseTime(text)
	if err != nil {
		return mismatch(path, "a timestamp")
	}
	v.Set(reflect.ValueOf(Time{t}))
	return nil
}

// fieldIndexes caches, per structure, which field has which name on the wire.
var fieldIndexes sync.Map // reflect.Type -> map[string]int

func fieldsOf(t reflect.Type) map[string]int {
	if known, ok := fieldIndexes.Load(t); ok {
		return known.(map[string]int)
	}
	fields := make(map[string]int, t.NumField())
	for i := range t.NumField() {
		if name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ","); name != "" {
			fields[name] = i
		}
	}
	known, _ := fieldIndexes.LoadOrStore(t, fields)
	return known.(map[string]int)
}
