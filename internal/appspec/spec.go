package appspec

import (
	"slices"
	"strconv"

	"go.yaml.in/yaml/v3"
)

func (p *parser) spec(root *yaml.Node) *Spec {
	top := at{node: root}
	fields := p.fields(top)
	if root.Kind != yaml.MappingNode {
		return nil
	}
	s := &Spec{Hooks: map[string][]Script{}}
	p.version(top, fields)
	s.OS = p.system(top, fields)
	if f, ok := fields["file_exists_behavior"]; ok && !isNull(f.node) {
		s.FileExistsBehavior = p.behavior(f)
	}
	if f, ok := fields["files"]; ok && !isNull(f.node) {
		s.Files = p.files(f)
	}
	if f, ok := fields["permissions"]; ok && !isNull(f.node) {
		if s.OS == Windows {
			p.fail(f, "permissions are for linux only")
		}
		s.Permissions = p.permissions(f)
	}
	if f, ok := fields["hooks"]; ok && !isNull(f.node) {
		s.Hooks = p.hooks(f)
	}
	return s
}

func (p *parser) version(top at, fields map[string]at) {
	v, ok := fields["version"]
	if !ok {
		p.fail(top, "invalid version value: the key version is missing; write version: 0.0")
		return
	}
	n, err := strconv.ParseFloat(v.node.Value, 64)
	if v.node.Kind != yaml.ScalarNode || !isNumber(v.node) || err != nil || n != 0 {
		p.fail(v, "invalid version value: expected the number 0.0, without quotes, found %s", kindName(v.node))
	}
}

func (p *parser) system(top at, fields map[string]at) string {
	f, ok := fields["os"]
	if !ok {
		p.fail(top, "unsupported operating system: the key os is missing; write os: linux or os: windows")
		return ""
	}
	if f.node.Kind != yaml.ScalarNode || (f.node.Value != Linux && f.node.Value != Windows) {
		p.fail(f, "unsupported operating system: expected linux or windows, found %s", kindName(f.node))
		return ""
	}
	return f.node.Value
}

func (p *parser) behavior(f at) string {
	s := p.text(f)
	if !slices.Contains([]string{Disallow, Overwrite, Retain}, s) {
		p.fail(f, "invalid file_exists_behavior value: expected DISALLOW, OVERWRITE or RETAIN, found %s", kindName(f.node))
	}
	return s
}

func (p *parser) files(f at) []File {
	var files []File
	for _, item := range p.items(f, "a list of source and destination pairs") {
		fields := p.fields(item)
		if item.node.Kind != yaml.MappingNode {
			continue
		}
		file := File{Source: p.text(fields["source"]), Destination: p.text(fields["destination"])}
		switch {
		case file.Source == "" && file.Destination == "":
			p.fail(item, "an entry needs a source and a destination")
		case file.Source == "":
			p.fail(item, "specifies a destination file, but no source file; add source: with a path in the revision")
		case file.Destination == "":
			p.fail(item, "specifies only a source file (%s); add destination: with a directory of the host", file.Source)
		}
		files = append(files, file)
	}
	return files
}
