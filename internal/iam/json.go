package iam

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
)

// object splits a JSON object into its members. Unlike encoding/json it minds
// the case of names and refuses a name that is unknown or there twice: in a
// policy either could hide a rule. Without any names given all are known.
func object(raw []byte, what string, known ...string) (map[string][]byte, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	if token, err := d.Token(); err != nil || token != json.Delim('{') {
		return nil, malformed("The %s must be a JSON object.", what)
	}
	members := map[string][]byte{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil, malformed("The %s is not valid JSON.", what)
		}
		name, _ := token.(string)
		if _, twice := members[name]; twice {
			return nil, malformed("The %s has %.100q twice.", what, name)
		}
		if len(known) > 0 && !slices.Contains(known, name) {
			return nil, malformed("The %s has the unknown element %.100q.", what, name)
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, malformed("The %s is not valid JSON.", what)
		}
		members[name] = value
	}
	if _, err := d.Token(); err != nil { // the closing brace
		return nil, malformed("The %s is not valid JSON.", what)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, malformed("There is something after the %s.", what)
	}
	return members, nil
}

// oneOrMany reads a list with at least one element, or a single value that
// stands for such a list.
func oneOrMany(raw []byte, name string) ([]json.RawMessage, error) {
	if len(raw) == 0 {
		return nil, malformed("%s is missing.", name)
	}
	if raw[0] != '[' {
		return []json.RawMessage{raw}, nil
	}
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil || len(list) == 0 {
		return nil, malformed("%s must not be empty.", name)
	}
	return list, nil
}

func text(raw []byte, name string) (string, error) {
	var s *string
	if err := json.Unmarshal(raw, &s); err != nil || s == nil {
		return "", malformed("%s must be a string.", name)
	}
	return *s, nil
}
