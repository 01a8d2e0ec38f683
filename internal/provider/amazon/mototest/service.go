package mototest

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// Service is an ECS service behind a load balancer, with one task set.
type Service struct {
	Cluster, Name string
	Definition    string // ARN of a task definition that is not deployed yet
	Container     string
	Port          int
	TaskSet       string    // ARN of the primary task set
	TargetGroups  [2]string // names; the first has the task set
	GroupARNs     [2]string
	Prod, Test    string // ARNs of listeners
	Rule          string // ARN of a rule of Prod
}

// ECS makes a service with the controller EXTERNAL, as docs/guides/ecs.md says.
// (CodeDeploy's own controller would make the first task set; moto does not.)
func ECS(t testing.TB, url, name string) Service {
	t.Helper()
	ctx, config := t.Context(), Config(url)
	e, l := ecs.NewFromConfig(config), elb.NewFromConfig(config)
	s := Service{Cluster: "c-" + name, Name: name, Container: "web", Port: 8080, TargetGroups: [2]string{name + "-a", name + "-b"}}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	vpc, subnets, group := network(t, url)
	_, err := e.CreateCluster(ctx, &ecs.CreateClusterInput{ClusterName: &s.Cluster})
	must(err)
	for range 2 {
		out, err := e.RegisterTaskDefinition(ctx, &ecs.RegisterTaskDefinitionInput{
			Family: &name, Cpu: aws.String("256"), Memory: aws.String("512"), NetworkMode: ecstypes.NetworkModeAwsvpc,
			RequiresCompatibilities: []ecstypes.Compatibility{ecstypes.CompatibilityFargate}, ContainerDefinitions: []ecstypes.ContainerDefinition{{
				Name: &s.Container, Image: aws.String("web"), Memory: aws.Int32(64),
				PortMappings: []ecstypes.PortMapping{{ContainerPort: aws.Int32(8080)}},
			}},
		})
		must(err)
		s.Definition = *out.TaskDefinition.TaskDefinitionArn
	}
	for i, group := range s.TargetGroups {
		out, err := l.CreateTargetGroup(ctx, &elb.CreateTargetGroupInput{
			Name: &group, Port: aws.Int32(8080), Protocol: elbtypes.ProtocolEnumHttp, VpcId: &vpc,
			TargetType: elbtypes.TargetTypeEnumIp,
		})
		must(err)
		s.GroupARNs[i] = *out.TargetGroups[0].TargetGroupArn
	}
	s.listeners(t, l, subnets)
	_, err = e.CreateService(ctx, &ecs.CreateServiceInput{
		Cluster: &s.Cluster, ServiceName: &name, DesiredCount: aws.Int32(3), SchedulingStrategy: ecstypes.SchedulingStrategyReplica,
		DeploymentController: &ecstypes.DeploymentController{Type: ecstypes.DeploymentControllerTypeExternal},
	})
	must(err)
	set, err := e.CreateTaskSet(ctx, &ecs.CreateTaskSetInput{
		Cluster: &s.Cluster, Service: &name, TaskDefinition: aws.String(name + ":1"), LaunchType: ecstypes.LaunchTypeFargate,
		NetworkConfiguration: &ecstypes.NetworkConfiguration{AwsvpcConfiguration: &ecstypes.AwsVpcConfiguration{
			Subnets: subnets, SecurityGroups: []string{group},
		}},
		LoadBalancers: []ecstypes.LoadBalancer{{TargetGroupArn: &s.GroupARNs[0], ContainerName: &s.Container, ContainerPort: aws.Int32(8080)}},
	})
	must(err)
	s.TaskSet = *set.TaskSet.TaskSetArn
	_, err = e.UpdateServicePrimaryTaskSet(ctx, &ecs.UpdateServicePrimaryTaskSetInput{
		Cluster: &s.Cluster, Service: &name, PrimaryTaskSet: &s.TaskSet,
	})
	must(err)
	return s
}

// listeners makes a load balancer with its listeners. That of production has a
// rule, and keeps a caller at its target group.
func (s *Service) listeners(t testing.TB, l *elb.Client, subnets []string) {
	t.Helper()
	lb, err := l.CreateLoadBalancer(t.Context(), &elb.CreateLoadBalancerInput{Name: &s.Name, Subnets: subnets})
	if err != nil {
		t.Fatal(err)
	}
	forward := []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, ForwardConfig: &elbtypes.ForwardActionConfig{
		TargetGroups:                []elbtypes.TargetGroupTuple{{TargetGroupArn: &s.GroupARNs[0], Weight: aws.Int32(100)}},
		TargetGroupStickinessConfig: &elbtypes.TargetGroupStickinessConfig{Enabled: aws.Bool(true), DurationSeconds: aws.Int32(60)},
	}}}
	plain := []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: &s.GroupARNs[0]}}
	for port, listener := range map[int32]*string{80: &s.Prod, 8080: &s.Test} {
		actions := forward
		if port == 8080 {
			actions = plain
		}
		out, err := l.CreateListener(t.Context(), &elb.CreateListenerInput{
			LoadBalancerArn: lb.LoadBalancers[0].LoadBalancerArn, Port: &port, Protocol: elbtypes.ProtocolEnumHttp, DefaultActions: actions,
		})
		if err != nil {
			t.Fatal(fmt.Errorf("listener at port %d: %w", port, err))
		}
		*listener = *out.Listeners[0].ListenerArn
	}
	rule, err := l.CreateRule(t.Context(), &elb.CreateRuleInput{
		ListenerArn: &s.Prod, Priority: aws.Int32(1), Actions: plain,
		Conditions: []elbtypes.RuleCondition{{Field: aws.String("path-pattern"), Values: []string{"/api/*"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Rule = *rule.Rules[0].RuleArn
}
