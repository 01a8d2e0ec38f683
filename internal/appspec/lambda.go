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

// versionPattern is a published version. $LATEST is none.
var versionPattern = regexp.MustCompile(`^[1-9][0-9]*$`)

// ParseLambda reads an AppSpec file of the Lambda platform, in YAML or JSON.
// Its error is an [*Error] that lists every mistake of the file.
func ParseLambda(text []byte) (*LambdaSpec, error) {
	root, err := document(text)
	if err != nil {
		return nil, err
	}
	p := &parser{}
	s := p.lambda(root)
	if len(p.problems) > 0 {
		return nil, &Error{Problems: p.problems, Unreadable: p.unreadable}
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
	s.Function = p.need(r.place, r.properties, "name", "Name")
	s.Alias = p.need(r.place, r.properties, "alias", "Alias")
	s.CurrentVersion = p.functionVersion(r, "currentversion", "CurrentVersion")
	s.TargetVersion = p.functionVersion(r, "targetversion", "TargetVersion")
	if s.TargetVersion != "" && s.TargetVersion == s.CurrentVersion {
		p.fail(r.properties["targetversion"], "TargetVersion is CurrentVersion (%s): there is nothing to deploy", s.TargetVersion)
	}
	return s
}

func (p *parser) functionVersion(r *resource, key, name string) string {
	v := p.need(r.place, r.properties, key, name)
	if v != "" && !versionPattern.MatchString(v) {
		p.fail(r.properties[key], "%s must be the number of a published version, not %q", name, v)
		return ""
	}
	return v
}
