package appspec

import (
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// ECSEvents are the lifecycle events of an ECS deployment that may have a
// function, in their order.
var ECSEvents = []string{
	"BeforeInstall", "AfterInstall", "AfterAllowTestTraffic", "BeforeAllowTraffic", "AfterAllowTraffic",
}

// ECSSpec is an AppSpec file of the ECS platform: a service that moves to
// another task definition. What it leaves out stays as the service has it.
type ECSSpec struct {
	TaskDefinition    string // ARN
	ContainerName     string
	ContainerPort     int
	PlatformVersion   string
	Network           *ECSNetwork
	CapacityProviders []CapacityProvider
	Hooks             []FunctionHook
}

// ECSNetwork is where the tasks of a service are placed.
type ECSNetwork struct {
	Subnets        []string
	SecurityGroups []string
	AssignPublicIP string // ENABLED or DISABLED
}

// CapacityProvider is one part of a capacity provider strategy.
type CapacityProvider struct {
	Name         string
	Base, Weight int
}

// ParseECS reads an AppSpec file of the ECS platform, in YAML or JSON. Its
// error is an [*Error] that lists every mistake of the file.
func ParseECS(text []byte) (*ECSSpec, error) {
	var s *ECSSpec
	if err := resourceFile(text, func(p *parser, root *yaml.Node) { s = p.ecs(root) }); err != nil {
		return nil, err
	}
	return s, nil
}

func (p *parser) ecs(root *yaml.Node) *ECSSpec {
	top := at{node: root}
	fields := p.folded(top)
	if root.Kind != yaml.MappingNode {
		p.unreadable = true
		return nil
	}
	s := &ECSSpec{Hooks: p.functionHooks(fields, ECSEvents)}
	r := p.resource(top, fields, "AWS::ECS::Service")
	if r == nil {
		return nil
	}
	s.TaskDefinition = p.taskDefinition(r)
	p.loadBalancer(r, s)
	s.PlatformVersion = p.text(r.properties["platformversion"])
	s.Network = p.network(r.properties["networkconfiguration"])
	if f, ok := r.properties["capacityproviderstrategy"]; ok && !isNull(f.node) {
		s.CapacityProviders = p.capacityProviders(f)
	}
	return s
}

// taskDefinitionPattern is the ARN of a task definition with its revision.
// (Without, ECS takes the newest, which may be another one the next time.)
var taskDefinitionPattern = regexp.MustCompile(`^arn:[^:]+:ecs:[^:]+:[^:]+:task-definition/[A-Za-z0-9_-]+:[1-9][0-9]*$`)

func (p *parser) taskDefinition(r *resource) string {
	arn := p.need(r.place, r.properties, "taskdefinition", "TaskDefinition")
	if arn != "" && !taskDefinitionPattern.MatchString(arn) {
		p.fail(r.properties["taskdefinition"], "expected the ARN of a task definition with its revision, as in "+
			"arn:aws:ecs:us-east-1:111122223333:task-definition/shop:7, found %s", quoted(arn))
	}
	return arn
}

// loadBalancer reads which container traffic goes to.
func (p *parser) loadBalancer(r *resource, s *ECSSpec) {
	lb, ok := r.properties["loadbalancerinfo"]
	if !ok {
		p.fail(r.place, "the key LoadBalancerInfo is missing")
		return
	}
	members := p.folded(lb)
	if lb.node.Kind != yaml.MappingNode {
		return
	}
	s.ContainerName = p.need(lb, members, "containername", "ContainerName")
	if p.need(lb, members, "containerport", "ContainerPort") != "" {
		s.ContainerPort = p.number(members["containerport"], 1, 65535)
	}
}

// network reads the network configuration: all of it or none.
func (p *parser) network(f at) *ECSNetwork {
	if f.node == nil || isNull(f.node) {
		return nil
	}
	vpc, ok := p.folded(f)["awsvpcconfiguration"]
	if !ok {
		if f.node.Kind == yaml.MappingNode {
			p.fail(f, "the key AwsvpcConfiguration is missing")
		}
		return nil
	}
	members := p.folded(vpc)
	if vpc.node.Kind != yaml.MappingNode {
		return nil
	}
	n := &ECSNetwork{AssignPublicIP: p.need(vpc, members, "assignpublicip", "AssignPublicIp")}
	if n.AssignPublicIP != "" && n.AssignPublicIP != "ENABLED" && n.AssignPublicIP != "DISABLED" {
		p.fail(members["assignpublicip"], "expected ENABLED or DISABLED, found %s", quoted(n.AssignPublicIP))
	}
	n.Subnets = p.placement(vpc, members["subnets"], "Subnets")
	n.SecurityGroups = p.placement(vpc, members["securitygroups"], "SecurityGroups")
	return n
}

// placement reads a list that is needed.
func (p *parser) placement(vpc, list at, name string) []string {
	if list.node == nil {
		p.fail(vpc, "Subnets, SecurityGroups and AssignPublicIp are needed together; %s is missing", name)
		return nil
	}
	before := len(p.problems)
	texts := p.texts(list)
	if len(texts) == 0 && len(p.problems) == before {
		p.fail(list, "the list is empty")
	}
	return texts
}

func (p *parser) capacityProviders(f at) []CapacityProvider {
	var out []CapacityProvider
	for _, item := range p.items(f, "a list of capacity providers") {
		members := p.folded(item)
		if item.node.Kind != yaml.MappingNode {
			continue
		}
		c := CapacityProvider{Name: p.need(item, members, "capacityprovider", "CapacityProvider")}
		if strings.ContainsAny(c.Name, ":/") {
			p.fail(members["capacityprovider"], "expected the short name of a capacity provider, found %s", quoted(c.Name))
		}
		if m, ok := members["base"]; ok {
			c.Base = p.number(m, 0, 100_000)
		}
		if m, ok := members["weight"]; ok {
			c.Weight = p.number(m, 0, 1000)
		}
		out = append(out, c)
	}
	return out
}

// number reads a whole number, written as one or as a text.
func (p *parser) number(f at, least, most int) int {
	s := p.text(f)
	n, err := strconv.Atoi(s)
	if s != "" && (err != nil || n < least || n > most) {
		p.fail(f, "expected a whole number from %d to %d, found %s", least, most, quoted(s))
	}
	return n
}
