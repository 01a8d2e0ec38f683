package appspec

import (
	"strconv"

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
	root, err := document(text)
	if err != nil {
		return nil, err
	}
	p := &parser{}
	s := p.ecs(root)
	if len(p.problems) > 0 {
		return nil, &Error{Problems: p.problems, Unreadable: p.unreadable}
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
	s.TaskDefinition = p.need(r.place, r.properties, "taskdefinition", "TaskDefinition")
	if lb, ok := r.properties["loadbalancerinfo"]; ok {
		members := p.folded(lb)
		s.ContainerName = p.need(lb, members, "containername", "ContainerName")
		if p.need(lb, members, "containerport", "ContainerPort") != "" {
			s.ContainerPort = p.number(members["containerport"], 1, 65535)
		}
	} else {
		p.fail(r.place, "the key LoadBalancerInfo is missing")
	}
	s.PlatformVersion = p.text(r.properties["platformversion"])
	s.Network = p.network(r.properties["networkconfiguration"])
	if f, ok := r.properties["capacityproviderstrategy"]; ok && !isNull(f.node) {
		s.CapacityProviders = p.capacityProviders(f)
	}
	return s
}

// network reads the network configuration: all of it or none.
func (p *parser) network(f at) *ECSNetwork {
	if f.node == nil || isNull(f.node) {
		return nil
	}
	vpc, ok := p.folded(f)["awsvpcconfiguration"]
	if !ok {
		p.fail(f, "the key AwsvpcConfiguration is missing")
		return nil
	}
	members := p.folded(vpc)
	n := &ECSNetwork{AssignPublicIP: p.need(vpc, members, "assignpublicip", "AssignPublicIp")}
	if n.AssignPublicIP != "" && n.AssignPublicIP != "ENABLED" && n.AssignPublicIP != "DISABLED" {
		p.fail(members["assignpublicip"], "expected ENABLED or DISABLED, found %q", n.AssignPublicIP)
	}
	for key, list := range map[string]*[]string{"subnets": &n.Subnets, "securitygroups": &n.SecurityGroups} {
		member, ok := members[key]
		if !ok {
			p.fail(vpc, "Subnets, SecurityGroups and AssignPublicIp are needed together; %s is missing", key)
			continue
		}
		if *list = p.texts(member); len(*list) == 0 && member.node.Kind == yaml.SequenceNode {
			p.fail(member, "the list is empty")
		}
	}
	return n
}

func (p *parser) capacityProviders(f at) []CapacityProvider {
	var out []CapacityProvider
	for _, item := range p.items(f, "a list of capacity providers") {
		members := p.folded(item)
		c := CapacityProvider{Name: p.need(item, members, "capacityprovider", "CapacityProvider")}
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
		p.fail(f, "expected a whole number from %d to %d, found %q", least, most, s)
	}
	return n
}
