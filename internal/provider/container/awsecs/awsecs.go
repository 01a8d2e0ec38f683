// Package awsecs is a driver for services of Amazon ECS behind load balancers
// of Elastic Load Balancing v2, or of a server with their APIs.
package awsecs

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/provider/amazon"
	"github.com/slipwayhq/slipway/internal/provider/container"
)

// Orchestrator is the ECS of one account.
type Orchestrator struct{ account *amazon.Account }

// Open reads a URL aws:[?endpoint=URL&region=REGION&assume-role=true].
func Open(ctx context.Context, u *url.URL) (*Orchestrator, error) {
	account, _, err := amazon.Open(ctx, u)
	if err != nil {
		return nil, err
	}
	return New(account), nil
}

// New returns the ECS of an account.
func New(account *amazon.Account) *Orchestrator { return &Orchestrator{account} }

func (o *Orchestrator) ecs(to container.Scope) *ecs.Client {
	return ecs.NewFromConfig(o.account.Config(to.Region, to.Role))
}

func (o *Orchestrator) elb(to container.Scope) *elb.Client {
	return elb.NewFromConfig(o.account.Config(to.Region, to.Role))
}

// Service is as in container.Orchestrator.
func (o *Orchestrator) Service(ctx context.Context, to container.Scope, cluster, name string) (container.Service, error) {
	out, err := o.ecs(to).DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: &cluster, Services: []string{name}})
	if err != nil {
		return container.Service{}, failure(container.ECS, err)
	}
	if len(out.Services) == 0 {
		reason := "MISSING"
		if len(out.Failures) > 0 {
			reason = aws.ToString(out.Failures[0].Reason)
		}
		return container.Service{}, &container.Fault{Kind: container.ErrNotFound, Service: container.ECS, Message: fmt.Sprintf(
			"the service %s on the cluster %s cannot be described: %s", name, cluster, reason)}
	}
	s := out.Services[0]
	service := container.Service{
		ARN: aws.ToString(s.ServiceArn), Status: aws.ToString(s.Status), Controller: "ECS", Scheduling: string(s.SchedulingStrategy),
	}
	if s.DeploymentController != nil {
		service.Controller = string(s.DeploymentController.Type)
	}
	for _, t := range s.TaskSets {
		service.TaskSets = append(service.TaskSets, taskSet(t))
	}
	return service, nil
}

func taskSet(t types.TaskSet) container.TaskSet {
	set := container.TaskSet{
		ARN: aws.ToString(t.TaskSetArn), ID: aws.ToString(t.Id), ExternalID: aws.ToString(t.ExternalId), Status: aws.ToString(t.Status),
		Steady:  t.StabilityStatus == types.StabilityStatusSteadyState,
		Desired: int(t.ComputedDesiredCount), Pending: int(t.PendingCount), Running: int(t.RunningCount),
		Placement: container.Placement{LaunchType: string(t.LaunchType), PlatformVersion: aws.ToString(t.PlatformVersion)},
	}
	if len(t.LoadBalancers) > 0 {
		set.TargetGroupARN = aws.ToString(t.LoadBalancers[0].TargetGroupArn)
	}
	if n := t.NetworkConfiguration; n != nil && n.AwsvpcConfiguration != nil {
		set.Network = &deploy.TaskNetwork{
			Subnets: n.AwsvpcConfiguration.Subnets, SecurityGroups: n.AwsvpcConfiguration.SecurityGroups,
			AssignPublicIP: string(n.AwsvpcConfiguration.AssignPublicIp),
		}
	}
	for _, p := range t.CapacityProviderStrategy {
		set.CapacityProviders = append(set.CapacityProviders, deploy.CapacityProvider{
			Name: aws.ToString(p.CapacityProvider), Base: int(p.Base), Weight: int(p.Weight),
		})
	}
	return set
}

// CreateTaskSet is as in container.Orchestrator. AWS makes one task set of
// repeated calls with the same token; other servers may not, so it is the
// caller who tries again, after a look.
func (o *Orchestrator) CreateTaskSet(ctx context.Context, to container.Scope, n container.NewTaskSet) (container.TaskSet, error) {
	in := &ecs.CreateTaskSetInput{
		Cluster: &n.Cluster, Service: &n.Service, TaskDefinition: &n.TaskDefinition,
		ExternalId: &n.ExternalID, ClientToken: &n.ExternalID,
		Scale: &types.Scale{Unit: types.ScaleUnitPercent, Value: 100},
		LoadBalancers: []types.LoadBalancer{{
			TargetGroupArn: &n.TargetGroupARN, ContainerName: &n.ContainerName, ContainerPort: aws.Int32(int32(n.ContainerPort)), //nolint:gosec // a port
		}},
	}
	if n.PlatformVersion != "" {
		in.PlatformVersion = &n.PlatformVersion
	}
	if n.Network != nil {
		in.NetworkConfiguration = &types.NetworkConfiguration{AwsvpcConfiguration: &types.AwsVpcConfiguration{
			Subnets: n.Network.Subnets, SecurityGroups: n.Network.SecurityGroups,
			AssignPublicIp: types.AssignPublicIp(n.Network.AssignPublicIP),
		}}
	}
	for _, p := range n.CapacityProviders {
		in.CapacityProviderStrategy = append(in.CapacityProviderStrategy, types.CapacityProviderStrategyItem{
			CapacityProvider: &p.Name, Base: int32(p.Base), Weight: int32(p.Weight), //nolint:gosec // at most 100,000
		})
	}
	if len(n.CapacityProviders) == 0 { // the two exclude each other
		in.LaunchType = types.LaunchType(n.LaunchType)
	}
	out, err := o.ecs(to).CreateTaskSet(ctx, in, func(o *ecs.Options) { o.Retryer = aws.NopRetryer{} })
	if err != nil {
		return container.TaskSet{}, failure(container.ECS, err)
	}
	return taskSet(*out.TaskSet), nil
}

// Promote is as in container.Orchestrator.
func (o *Orchestrator) Promote(ctx context.Context, to container.Scope, cluster, service, arn string) error {
	_, err := o.ecs(to).UpdateServicePrimaryTaskSet(ctx, &ecs.UpdateServicePrimaryTaskSetInput{
		Cluster: &cluster, Service: &service, PrimaryTaskSet: &arn,
	})
	return failure(container.ECS, err)
}

// DeleteTaskSet is as in container.Orchestrator.
func (o *Orchestrator) DeleteTaskSet(ctx context.Context, to container.Scope, cluster, service, arn string) error {
	_, err := o.ecs(to).DeleteTaskSet(ctx, &ecs.DeleteTaskSetInput{
		Cluster: &cluster, Service: &service, TaskSet: &arn, Force: aws.Bool(true),
	})
	return failure(container.ECS, err)
}

// notFound and invalid are the codes of errors that do not get better. (That of
// a task set that is not there is a plain ClientException with some servers.)
var (
	notFound = map[string]bool{
		"ClusterNotFoundException": true, "ServiceNotFoundException": true, "TaskSetNotFoundException": true,
		"ListenerNotFound": true, "RuleNotFound": true, "TargetGroupNotFound": true, "LoadBalancerNotFound": true,
	}
	invalid = map[string]bool{
		"ClientException": true, "InvalidParameterException": true, "InvalidParameter": true, "InvalidParameterValue": true,
		"NamespaceNotFoundException": true, "PlatformTaskDefinitionIncompatibilityException": true, "PlatformUnknownException": true,
		"ServiceNotActiveException": true, "UnsupportedFeatureException": true, "ValidationError": true, "ValidationException": true,
		"IncompatibleProtocols": true, "InvalidConfigurationRequest": true, "InvalidLoadBalancerAction": true, "LimitExceededException": true,
		"OperationNotPermitted": true, "TargetGroupAssociationLimit": true, "TooManyActions": true, "TooManyRegistrationsForTargetId": true,
		"TooManyTargets": true, "TooManyUniqueTargetGroupsPerLoadBalancer": true, "UnsupportedProtocol": true,
	}
)

// noTaskSet is what the ClientException says.
const noTaskSet = "The specified task set does not exist."

// failure says what an error means to a deployment.
func failure(service string, err error) error {
	if err == nil {
		return nil
	}
	kind, code, message := amazon.Classify(err)
	fault := &container.Fault{Service: service, Code: code, Message: message}
	var res *smithyhttp.ResponseError
	if errors.As(err, &res) {
		fault.Status = res.HTTPStatusCode()
	}
	switch {
	case kind == amazon.Denied:
		fault.Kind = container.ErrDenied
	case kind == amazon.Throttled:
		fault.Kind = container.ErrThrottled
	case notFound[code] || code == "ClientException" && message == noTaskSet:
		fault.Kind = container.ErrNotFound
	case invalid[code]:
		fault.Kind = container.ErrInvalid
	default:
		return fmt.Errorf("%s: %w", service, err)
	}
	return fault
}
