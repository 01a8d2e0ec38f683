package main

import (
	"fmt"
	"strings"
)

// parser reads a model file line by line. take consumes a line of the block
// that is open.
type parser struct {
	model model
	take  func(words []string) error
}

func parse(text string) (*model, error) {
	p := &parser{take: outside}
	number := 0
	for line := range strings.Lines(text) {
		number++
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		if err := p.line(line, words); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
	}
	return &p.model, nil
}

// line tells a heading, which starts in the first column, from a line that
// belongs to the block above it.
func (p *parser) line(line string, words []string) error {
	if strings.HasPrefix(line, " ") {
		return p.take(words)
	}
	if len(words) < 2 {
		return fmt.Errorf("%s has no name", words[0])
	}
	name, deprecated := words[1], len(words) > 2 && words[2] == "deprecated"
	switch words[0] {
	case "enum":
		e := &enum{Name: name}
		p.model.Enums = append(p.model.Enums, e)
		p.take = appendTo(&e.Values)
	case "structure":
		s := &structure{Name: name, Deprecated: deprecated}
		p.model.Structures = append(p.model.Structures, s)
		p.take = s.addMember
	case "operation":
		op := &operation{Name: name, Deprecated: deprecated}
		op.Input = &structure{Name: name + "Input", Purpose: "what is sent to " + name}
		p.model.Operations = append(p.model.Operations, op)
		p.take = p.section(op)
	default:
		return fmt.Errorf("unknown heading %q", words[0])
	}
	return nil
}

// section consumes the lines of one operation: a word alone that names a
// section changes what the following lines mean.
func (p *parser) section(op *operation) func([]string) error {
	inner := outside
	return func(words []string) error {
		if len(words) != 1 {
			return inner(words)
		}
		switch words[0] {
		case "input":
			inner = op.Input.addMember
		case "output":
			op.Output = &structure{Name: op.Name + "Output", Purpose: "the answer of " + op.Name}
			inner = op.Output.addMember
		case "errors":
			inner = appendTo(&op.Errors)
		default:
			return inner(words)
		}
		return nil
	}
}

func (s *structure) addMember(words []string) error {
	if len(words) < 2 {
		return fmt.Errorf("member %s has no type", words[0])
	}
	m := member{Name: words[0], Wire: words[0], Type: words[1]}
	for _, flag := range words[2:] {
		key, value, _ := strings.Cut(flag, "=")
		switch key {
		case "required":
			m.Required = true
		case "deprecated":
			m.Deprecated = true
		case "len":
			m.Length = value
		case "wire":
			m.Wire = value
		default:
			return fmt.Errorf("member %s: unknown flag %q", m.Name, flag)
		}
	}
	s.Members = append(s.Members, m)
	return nil
}

func appendTo(list *[]string) func([]string) error {
	return func(words []string) error {
		*list = append(*list, words...)
		return nil
	}
}

func outside(words []string) error {
	return fmt.Errorf("%q belongs to no block", words[0])
}
