package main

import (
	"fmt"
	"slices"
	"strings"
)

// A model is the content of a model file, in its order.
type model struct {
	Enums      []*enum
	Structures []*structure
	Operations []*operation
}

type enum struct {
	Name   string
	Values []string
}

type structure struct {
	Name       string
	Purpose    string // "" for a shape that several operations share
	Deprecated bool
	Members    []member
}

type member struct {
	Name       string // lower camel case, as in the model file
	Wire       string // spelling on the wire
	Type       string // in the notation of the model file
	Required   bool
	Deprecated bool
	Length     string // "1..100", or "" without a bound
}

type operation struct {
	Name       string
	Deprecated bool
	Input      *structure
	Output     *structure // nil: the response body is empty
	Errors     []string
}

var scalars = map[string]string{
	"string":  "string",
	"bool":    "bool",
	"int32":   "int32",
	"int64":   "int64",
	"float64": "float64",
	"time":    "Time",
}

// check reports names that are used but not defined, and names defined twice.
func (m *model) check() error {
	defined := map[string]bool{}
	for name := range scalars {
		defined[name] = true
	}
	var names []string
	for _, e := range m.Enums {
		names = append(names, e.Name)
	}
	for _, s := range m.shapes() {
		names = append(names, s.Name)
	}
	for _, name := range names {
		if defined[name] {
			return fmt.Errorf("%s is defined twice", name)
		}
		defined[name] = true
	}
	for _, s := range m.shapes() {
		for _, f := range s.Members {
			for _, name := range typeNames(f.Type) {
				if !defined[name] {
					return fmt.Errorf("%s.%s: no type %q", s.Name, f.Name, name)
				}
			}
		}
	}
	return nil
}

// shapes returns every structure, those of the operations last.
func (m *model) shapes() []*structure {
	all := slices.Clone(m.Structures)
	for _, op := range m.Operations {
		all = append(all, op.Input)
		if op.Output != nil {
			all = append(all, op.Output)
		}
	}
	return all
}

// typeNames returns the names that a type consists of: itself, or what a list
// or map holds.
func typeNames(t string) []string {
	if rest, ok := strings.CutPrefix(t, "[]"); ok {
		return typeNames(rest)
	}
	if rest, ok := strings.CutPrefix(t, "map["); ok {
		key, value, _ := strings.Cut(rest, "]")
		return append(typeNames(key), typeNames(value)...)
	}
	return []string{t}
}
