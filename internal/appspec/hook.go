package appspec

import (
	"slices"
	"time"

	"go.yaml.in/yaml/v3"
)

// maxSeconds keeps a timeout within a time.Duration: a hundred years.
const maxSeconds = 100 * 365 * 24 * 3600

func (p *parser) hooks(f at) map[string][]Script {
	hooks := make(map[string][]Script)
	for _, event := range p.entries(f) {
		name := event.name
		if isNull(event.node) {
			continue
		}
		if !slices.Contains(Hooks[:], name) {
			p.warn(event, "no deployment runs an event of this name; its scripts are ignored")
		}
		for _, item := range p.items(event, "a list of scripts") {
			fields := p.fields(item)
			if item.node.Kind == yaml.MappingNode {
				hooks[name] = append(hooks[name], p.script(item, fields))
			}
		}
	}
	return hooks
}

func (p *parser) script(item at, fields map[string]at) Script {
	s := Script{
		Location: p.text(fields["location"]),
		Timeout:  DefaultTimeout,
		RunAs:    p.text(fields["runas"]),
	}
	if s.Location == "" {
		p.fail(item, "script with no location value; add location: with the path of a script in the revision")
	}
	if f, ok := fields["timeout"]; ok && !isNull(f.node) {
		s.Timeout = p.timeout(f)
	}
	if f, ok := fields["sudo"]; ok {
		s.Sudo = !isFalse(f.node)
	}
	return s
}

func (p *parser) timeout(f at) time.Duration {
	text := p.text(f)
	n := leadingSeconds(text)
	if n <= 0 {
		p.fail(f, "invalid timeout value: expected a number of seconds above 0, found %s", kindName(f.node))
		return 0
	}
	return time.Duration(min(n, maxSeconds)) * time.Second
}

// leadingSeconds reads the digits that a text begins with, as the official
// agent does ("60s" is 60), with YAML 1.1's underscores and its numbers of
// base 60 ("1:30" is 90).
func leadingSeconds(s string) int64 {
	var total, part int64
	for _, c := range s {
		switch {
		case c >= '0' && c <= '9':
			part = min(part*10+int64(c-'0'), maxSeconds)
		case c == '_':
		case c == ':':
			total, part = min((total+part)*60, maxSeconds), 0
		default:
			return total + part
		}
	}
	return total + part
}
