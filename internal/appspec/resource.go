package appspec

import (
	"errors"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The AppSpec files of Lambda and ECS have one form: a version, one resource
// with its properties, and hooks that are functions. Their keys are read in
// any case, because official examples differ in it.

// FunctionHook is a function that is invoked at a lifecycle event: its name or
// its ARN.
type FunctionHook struct {
	Event    string
	Function string
}

// resourceFile reads a file of that form with f. It has one document, and none
// of its keys twice: which of them counts would be anybody's guess.
func resourceFile(text []byte, f func(p *parser, root *yaml.Node)) error {
	root, rest, err := document(text)
	if err != nil {
		return err
	}
	var next yaml.Node
	switch err := rest.Decode(&next); {
	case errors.Is(err, io.EOF):
	case err != nil:
		return syntaxError(err)
	default:
		return unreadable(next.Line, "a second document begins here; an AppSpec file has one")
	}
	p := &parser{strict: true}
	f(p, root)
	if len(p.problems) > 0 {
		return &Error{Problems: p.problems, Unreadable: p.unreadable}
	}
	return nil
}

// resource is the one resource of a file, before its properties are looked at.
type resource struct {
	name       at // where it stands
	properties map[string]at
	place      at // of the properties
}

// folded returns the members of a map by their names in lower case.
func (p *parser) folded(a at) map[string]at {
	m := make(map[string]at)
	if a.node == nil {
		return m
	}
	for _, e := range p.entries(a) {
		name := strings.ToLower(e.name)
		if first, twice := m[name]; twice {
			p.fail(e, "the key appears twice; the first one is %s in line %d (keys are read in any case)", first.name, first.node.Line)
			continue
		}
		m[name] = e
	}
	return m
}

// resource reads version and resource; kind is the type it must have.
func (p *parser) resource(top at, fields map[string]at, kind string) *resource {
	p.looseVersion(top, fields)
	list, ok := fields["resources"]
	if !ok || isNull(list.node) {
		p.unreadable = true
		p.fail(top, "the key Resources is missing; it holds what is deployed")
		return nil
	}
	items := p.items(list, "a list with one resource")
	if len(items) != 1 {
		if list.node.Kind == yaml.SequenceNode {
			p.fail(list, "expected exactly one resource, found %d", len(items))
		}
		return nil
	}
	named := p.entries(items[0])
	if len(named) != 1 {
		if items[0].node.Kind == yaml.MappingNode {
			p.fail(items[0], "expected one name with a resource below it, found %d", len(named))
		}
		return nil
	}
	r := &resource{name: named[0]}
	body := p.folded(named[0])
	if named[0].node.Kind != yaml.MappingNode {
		return nil
	}
	if got := p.need(named[0], body, "type", "Type"); got != "" && got != kind {
		p.fail(body["type"], "expected %s, found %s", kind, quoted(got))
	}
	properties, ok := body["properties"]
	if !ok || isNull(properties.node) {
		p.fail(named[0], "the key Properties is missing")
		return nil
	}
	r.place, r.properties = properties, p.folded(properties)
	if properties.node.Kind != yaml.MappingNode {
		return nil
	}
	return r
}

// looseVersion wants the version 0.0, as a number or as a text.
func (p *parser) looseVersion(top at, fields map[string]at) {
	v, ok := fields["version"]
	if !ok {
		p.fail(top, "invalid version value: the key version is missing; write version: 0.0")
		return
	}
	if n, err := strconv.ParseFloat(v.node.Value, 64); v.node.Kind != yaml.ScalarNode || err != nil || n != 0 {
		p.fail(v, "invalid version value: expected 0.0, found %s", kindName(v.node))
	}
}

// need returns a text that must be there.
func (p *parser) need(parent at, fields map[string]at, key, name string) string {
	f, ok := fields[key]
	if !ok {
		p.fail(parent, "the key %s is missing", name)
		return ""
	}
	s := p.text(f)
	if s == "" && f.node.Kind == yaml.ScalarNode {
		p.fail(f, "%s has no value", name)
	}
	return s
}

var functionARN = regexp.MustCompile(`^arn:[^:]+:lambda:[^:]+:[^:]+:function:[A-Za-z0-9_-]+(:[A-Za-z0-9_$-]+)?$`)

// isHook reports whether a text may name a hook: it is the ARN of a function,
// or one of the names that the drivers of functions have, URLs among them.
func isHook(s string) bool {
	if strings.HasPrefix(s, "arn:") {
		return functionARN.MatchString(s)
	}
	return !strings.ContainsAny(s, " \t\r\n<>")
}

// functionHooks reads the hooks, a list of maps with one key each, and returns
// them in the order of the events.
func (p *parser) functionHooks(fields map[string]at, events []string) []FunctionHook {
	list, ok := fields["hooks"]
	if !ok || isNull(list.node) {
		return nil
	}
	var hooks []FunctionHook
	for _, item := range p.items(list, "a list of event: function pairs") {
		for _, e := range p.entries(item) {
			i := slices.IndexFunc(events, func(event string) bool { return strings.EqualFold(event, e.name) })
			if i < 0 {
				p.fail(e, "unknown lifecycle event; expected one of %s", strings.Join(events, ", "))
				continue
			}
			function := p.text(e)
			switch {
			case function != "" && !isHook(function):
				p.fail(e, "expected the name or the ARN of a function, found %s", quoted(function))
			case function == "" && e.node.Kind == yaml.ScalarNode:
				p.fail(e, "a function's name or ARN is missing")
			case slices.ContainsFunc(hooks, func(h FunctionHook) bool { return h.Event == events[i] }):
				p.fail(e, "the event %s has more than one function", events[i])
			default:
				hooks = append(hooks, FunctionHook{events[i], function})
			}
		}
	}
	slices.SortStableFunc(hooks, func(a, b FunctionHook) int {
		return slices.Index(events, a.Event) - slices.Index(events, b.Event)
	})
	return hooks
}
