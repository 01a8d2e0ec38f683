package appspec

import (
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// parser collects what is wrong while it reads on.
type parser struct {
	problems   []Problem
	warnings   []Problem
	unreadable bool // see [Error]
	strict     bool // what the official agent lets pass is a mistake
}

// at is a place in the file: a node, the keys that lead to it, and the last of
// them alone.
type at struct {
	key  string
	node *yaml.Node
	name string
}

func (p *parser) fail(a at, format string, args ...any) {
	p.problems = append(p.problems, Problem{Line: a.node.Line, Key: a.key, Message: fmt.Sprintf(format, args...)})
}

func (p *parser) warn(a at, format string, args ...any) {
	p.warnings = append(p.warnings, Problem{Line: a.node.Line, Key: a.key, Message: fmt.Sprintf(format, args...)})
}

// entries returns the members of a map in the order of the file. The last of
// several members of one name wins, as it does for the official agent.
func (p *parser) entries(a at) []at {
	if !p.is(a, yaml.MappingNode, "a map of keys and values") {
		return nil
	}
	index := make(map[string]int)
	var members []at
	for i := 0; i+1 < len(a.node.Content); i += 2 {
		key, value := a.node.Content[i], a.node.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			p.fail(at{key: a.key, node: key}, "a key must be a plain word, not %s", kindName(key))
			continue
		}
		member := at{key: join(a.key, key.Value), node: value, name: key.Value}
		n, twice := index[key.Value]
		switch {
		case key.ShortTag() == "!!merge":
			p.fail(at{key: member.key, node: key}, "YAML merge keys are not supported; write the keys out")
			continue
		case twice && p.strict:
			p.fail(at{key: member.key, node: key}, "the key appears twice; the first one is in line %d", members[n].node.Line)
			continue
		case twice:
			p.warn(at{key: member.key, node: key}, "the key appears twice; the first one, in line %d, has no effect", members[n].node.Line)
			members[n] = member
			continue
		}
		index[key.Value] = len(members)
		members = append(members, member)
	}
	return members
}

// fields returns the members of a map by name.
func (p *parser) fields(a at) map[string]at {
	m := make(map[string]at)
	for _, e := range p.entries(a) {
		m[e.name] = e
	}
	return m
}

func (p *parser) items(a at, what string) []at {
	if !p.is(a, yaml.SequenceNode, what) {
		return nil
	}
	items := make([]at, len(a.node.Content))
	for i, n := range a.node.Content {
		items[i] = at{key: fmt.Sprintf("%s[%d]", a.key, i), node: n}
	}
	return items
}

// text returns a scalar as it is written, trimmed; null is no text.
func (p *parser) text(a at) string {
	if a.node == nil || isNull(a.node) || !p.is(a, yaml.ScalarNode, "a text") {
		return ""
	}
	return strings.TrimSpace(a.node.Value)
}

func (p *parser) texts(a at) []string {
	var list []string
	for _, item := range p.items(a, "a list of texts") {
		if s := p.text(item); s != "" {
			list = append(list, s)
		}
	}
	return list
}

func (p *parser) is(a at, kind yaml.Kind, expected string) bool {
	if a.node.Kind == kind {
		return true
	}
	if a.node.Kind == yaml.AliasNode {
		p.fail(a, "YAML aliases are not supported; repeat the value")
		return false
	}
	p.fail(a, "expected %s, found %s", expected, kindName(a.node))
	return false
}

func kindName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a map"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "an alias"
	}
	if isNull(n) {
		return "nothing"
	}
	return quoted(n.Value)
}

// maxQuoted is how many bytes of what a file says are repeated in a message.
const maxQuoted = 200

// quoted is what a file says, for a message.
func quoted(s string) string {
	if len(s) > maxQuoted {
		return fmt.Sprintf("%q...", strings.ToValidUTF8(s[:maxQuoted], ""))
	}
	return strconv.Quote(s)
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

func isNumber(n *yaml.Node) bool { return n.ShortTag() == "!!int" || n.ShortTag() == "!!float" }

// isFalse knows the false values of YAML 1.1; everything else but null is
// true to the official agent, quoted words too.
func isFalse(n *yaml.Node) bool {
	if isNull(n) {
		return true
	}
	if n.Kind != yaml.ScalarNode || n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 {
		return false
	}
	switch n.Value {
	case "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF":
		return true
	}
	return false
}

func join(parent, key string) string {
	if parent == "" {
		return key
	}
	return parent + "." + key
}
