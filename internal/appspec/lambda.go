package appspec

import (
	"regexp"

	"go.yaml.in/yaml/v3"
)

// LambdaEvents are the lifecycle events of a Lambda deployment that may have a
// function.
var LambdaEvents = []string{"BeforeAllowTraffic", "AfterAllowTraffic"}

// LambdaSpec is an AppSpec file of the Lambda platform: an alias that moves
// from one version of a function to another.
type LambdaSpec struct {
	Function       string // name or ARN
	Alias          string
	CurrentVersion string // a positive number
	TargetVersion  string
	Hooks          []FunctionHook
}

// What names things of Lambda. $LATEST is no published version, and a number is
// no alias.
var (
	functionPattern = regexp.MustCompile(`^(arn:[^:]+:lambda:[^:]+:[^:]+:function:)?[A-Za-z0-9_-]{1,140}$`)
	aliasPattern    = regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`)
	numberPattern   = regexp.MustCompile(`^[0-9]+$`)
	versionPattern  = regexp.MustCompile(`^[1-9][0-9]*$`)
)

// ParseLambda reads an AppSpec file of the Lambda platform, in YAML or JSON.
// Its error is an [*Error] that lists every mistake of the file.
func ParseLambda(text []byte) (*LambdaSpec, error) {
	var s *LambdaSpec
	if err := resourceFile(text, func(p *parser, root *yaml.Node) { s = p.lambda(root) }); err != nil {
		return nil, err
	}
	return s, nil
}

func (p *parser) lambda(root *yaml.Node) *LambdaSpec {
	top := at{node: root}
	fields := p.folded(top)
	if root.Kind != yaml.MappingNode {
		p.unreadable = true
		return nil
	}
	s := &LambdaSpec{Hooks: p.functionHooks(fields, LambdaEvents)}
	r := p.resource(top, fields, "AWS::Lambda::Function")
	if r == nil {
		return nil
	}
	s.Function = p.functionName(r)
	s.Alias = p.aliasName(r)
	s.CurrentVersion = p.functionVersion(r, "currentversion", "CurrentVersion")
	s.TargetVersion = p.functionVersion(r, "targetversion", "TargetVersion")
	if s.TargetVersion != "" && s.TargetVersion == s.CurrentVersion {
		p.fail(r.properties["targetversion"], "TargetVersion is CurrentVersion (%s): there is nothing to deploy", s.TargetVersion)
	}
	return s
}

func (p *parser) functionName(r *resource) string {
	name := p.need(r.place, r.properties, "name", "Name")
	if name != "" && !functionPattern.MatchString(name) {
		p.fail(r.properties["name"], "Name must be the name of a function, or its ARN without a version or alias, not %s", quoted(name))
	}
	return name
}

func (p *parser) aliasName(r *resource) string {
	alias := p.need(r.place, r.properties, "alias", "Alias")
	if alias != "" && (!aliasPattern.MatchString(alias) || numberPattern.MatchString(alias)) {
		p.fail(r.properties["alias"], "Alias must be the name of an alias, not %s", quoted(alias))
	}
	return alias
}

func (p *parser) functionVersion(r *resource, key, name string) string {
	v := p.need(r.place, r.properties, key, name)
	if v != "" && !versionPattern.MatchString(v) {
		p.fail(r.properties[key], "%s must be the number of a published version, not %s", name, quoted(v))
		return ""
	}
	return v
}
