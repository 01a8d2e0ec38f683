package appspec

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

func (p *parser) permissions(f at) []Permission {
	var list []Permission
	for _, item := range p.items(f, "a list of permissions") {
		fields := p.fields(item)
		if item.node.Kind == yaml.MappingNode {
			list = append(list, p.permission(item, fields))
		}
	}
	return list
}

func (p *parser) permission(item at, fields map[string]at) Permission {
	perm := Permission{
		Object:  p.text(fields["object"]),
		Pattern: p.text(fields["pattern"]),
		Owner:   p.account(fields["owner"]),
		Group:   p.account(fields["group"]),
		Mode:    p.mode(fields["mode"]),
		Types:   []string{TypeFile, TypeDirectory},
		Line:    item.node.Line,
	}
	if perm.Object == "" {
		p.fail(item, "has no object value; add object: with a file or directory of the host")
	}
	if perm.Pattern == "" {
		perm.Pattern = "**"
	}
	if f, ok := fields["except"]; ok && !isNull(f.node) {
		perm.Except = p.texts(f)
	}
	if f, ok := fields["type"]; ok && !isNull(f.node) {
		perm.Types = p.types(f)
	}
	if f, ok := fields["acls"]; ok && !isNull(f.node) {
		perm.ACLs = p.acls(f, perm)
	}
	if f, ok := fields["context"]; ok && !isNull(f.node) {
		perm.Context = p.context(f)
	}
	return perm
}

// account reads the name of a user or group. A number is refused, as the
// official agent does: it would be taken for a name that does not exist.
func (p *parser) account(f at) string {
	if f.node != nil && f.node.Kind == yaml.ScalarNode && isNumber(f.node) {
		p.fail(f, "expected a name, found the number %s", f.node.Value)
		return ""
	}
	return p.text(f)
}

// mode takes the digits as written. A YAML 1.1 reader takes an unquoted 0644
// for the number 420, and the official agent then sets mode 420; nobody means
// that.
func (p *parser) mode(f at) string {
	s := p.text(f)
	if s == "" {
		return ""
	}
	if strings.Trim(s, "01234567") != "" {
		p.fail(f, "mode %q contains an invalid character; expected one to four digits from 0 to 7", s)
		return ""
	}
	if len(s) > 4 {
		p.fail(f, "the length of a permissions mode is at most 4 digits, found %q", s)
		return ""
	}
	if s[0] == '0' && len(s) > 1 && isNumber(f.node) {
		p.warn(f, "the official agent reads an unquoted %s as another number; write \"%s\"", s, s)
	}
	return s
}

func (p *parser) types(f at) []string {
	var types []string
	for _, item := range p.items(f, "a list of file and directory") {
		switch s := p.text(item); s {
		case TypeFile, TypeDirectory:
			types = append(types, s)
		default:
			p.fail(item, "object type not supported for permissions: expected file or directory, found %s", kindName(item.node))
		}
	}
	if len(types) == 0 { // an empty list limits nothing
		return []string{TypeFile, TypeDirectory}
	}
	return types
}
