package test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/google/go-cmp/cmp"

	"github.com/slipwayhq/slipway/internal/provider/amazon/faultproxy"
	"github.com/slipwayhq/slipway/internal/provider/amazon/mototest"
)

// minute is how long a minute of a shift, and of the wait before the original
// task set is removed, takes here.
const minute = 20 * time.Millisecond

// change is a deployment, and all that it is to change, in order.
type change struct {
	platform types.ComputePlatform
	config   string
	refuses  string // the event whose hook does
	want     string // a line for each effect; those of the rollback too
}

// changes are the deployments that are tried. The weights of ECS are those of
// the two target groups in per cent, the original one first; an alias is at a
// version, and may have a second one with a share.
var changes = map[string]change{
	"Lambda canary": {types.ComputePlatformLambda, "CodeDeployDefault.LambdaCanary10Percent5Minutes", "", `
		Invoke BeforeAllowTraffic
		UpdateAlias live 1 and 2=0.1
		UpdateAlias live 2
		Invoke AfterAllowTraffic`},
	"Lambda linear": {types.ComputePlatformLambda, "CodeDeployDefault.LambdaLinear10PercentEvery1Minute", "", `
		Invoke BeforeAllowTraffic
		UpdateAlias live 1 and 2=0.1
		UpdateAlias live 1 and 2=0.2
		UpdateAlias live 1 and 2=0.3
		UpdateAlias live 1 and 2=0.4
		UpdateAlias live 1 and 2=0.5
		UpdateAlias live 1 and 2=0.6
		UpdateAlias live 1 and 2=0.7
		UpdateAlias live 1 and 2=0.8
		UpdateAlias live 1 and 2=0.9
		UpdateAlias live 2
		Invoke AfterAllowTraffic`},
	"Lambda rolled back": {types.ComputePlatformLambda, "CodeDeployDefault.LambdaCanary10Percent5Minutes", "AfterAllowTraffic", `
		Invoke BeforeAllowTraffic
		UpdateAlias live 1 and 2=0.1
		UpdateAlias live 2
		Invoke AfterAllowTraffic
		UpdateAlias live 1`},
	"ECS canary": {types.ComputePlatformEcs, "CodeDeployDefault.ECSCanary10Percent5Minutes", "", ecsBegin + `
		ModifyListener prod a=90 b=10
		ModifyRule rule a=90 b=10` + ecsEnd},
	"ECS linear": {types.ComputePlatformEcs, "CodeDeployDefault.ECSLinear10PercentEvery1Minutes", "", ecsBegin + `
		ModifyListener prod a=90 b=10
		ModifyRule rule a=90 b=10
		ModifyListener prod a=80 b=20
		ModifyRule rule a=80 b=20
		ModifyListener prod a=70 b=30
		ModifyRule rule a=70 b=30
		ModifyListener prod a=60 b=40
		ModifyRule rule a=60 b=40
		ModifyListener prod a=50 b=50
		ModifyRule rule a=50 b=50
		ModifyListener prod a=40 b=60
		ModifyRule rule a=40 b=60
		ModifyListener prod a=30 b=70
		ModifyRule rule a=30 b=70
		ModifyListener prod a=20 b=80
		ModifyRule rule a=20 b=80
		ModifyListener prod a=10 b=90
		ModifyRule rule a=10 b=90` + ecsEnd},
	"ECS rolled back": {types.ComputePlatformEcs, "CodeDeployDefault.ECSAllAtOnce", "AfterAllowTraffic", ecsBegin + `
		ModifyListener prod a=0 b=100
		ModifyRule rule a=0 b=100
		UpdateServicePrimaryTaskSet made-1
		Invoke AfterAllowTraffic
		ModifyListener prod a=100 b=0
		ModifyRule rule a=100 b=0
		ModifyListener test a=1
		UpdateServicePrimaryTaskSet original
		DeleteTaskSet made-1`},
}

// ecsBegin is what a deployment to ECS does before it shifts traffic, ecsEnd
// the last shift and what comes after it.
const (
	ecsBegin = `
		Invoke BeforeInstall
		ModifyListener prod a=100 b=0
		ModifyRule rule a=100 b=0
		CreateTaskSet new at 100% behind b
		Invoke AfterInstall
		ModifyListener test b=1
		Invoke AfterAllowTestTraffic
		Invoke BeforeAllowTraffic`
	ecsEnd = `
		ModifyListener prod a=0 b=100
		ModifyRule rule a=0 b=100
		UpdateServicePrimaryTaskSet made-1
		Invoke AfterAllowTraffic
		DeleteTaskSet original`
)

// effects are those that are wanted.
func (m change) effects() (lines []string) {
	for line := range strings.Lines(m.want) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// hooks are the functions that the deployment invokes, each named after its
// event, with their answers.
func (m change) hooks() map[string]string {
	hooks := map[string]string{}
	for _, line := range m.effects() {
		if event, ok := strings.CutPrefix(line, "Invoke "); ok {
			hooks[event] = faultproxy.Succeeded
			if event == m.refuses {
				hooks[event] = faultproxy.Failed
			}
		}
	}
	return hooks
}

// TestMoto deploys to Lambda and ECS, from the beginning to the end: each
// weight once, in order, and nothing else. Hooks call back.
func TestMoto(t *testing.T) {
	t.Parallel()
	eachChange(t, "", func(c *cloud, m change) {
		if repeated := c.begin(m, nil).end(); len(repeated) > 0 {
			c.t.Errorf("a second time: %q", repeated)
		}
	})
}

// TestMotoWait is the same with hooks that answer by how they end.
func TestMotoWait(t *testing.T) {
	t.Parallel()
	eachChange(t, "&wait=true", func(c *cloud, m change) {
		if repeated := c.begin(m, nil).end(); len(repeated) > 0 {
			c.t.Errorf("a second time: %q", repeated)
		}
	})
}

// startMoto starts a moto that keeps functions too, and returns its URL.
func startMoto(t testing.TB) string {
	t.Helper()
	moto := mototest.Start(t)
	mototest.Functions(t, moto)
	return moto
}

// eachChange runs f for all deployments, each with a server of its own.
func eachChange(t *testing.T, parameters string, f func(c *cloud, m change)) {
	t.Helper()
	moto := startMoto(t)
	t.Run("each", func(t *testing.T) { // which ends before moto does
		for name, m := range changes {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				f(startCloud(t, moto, parameters), m)
			})
		}
	})
}

// cloud is a server that deploys to a moto, through a proxy that notes what is
// changed.
type cloud struct {
	*server
	t     testing.TB
	moto  string
	proxy *faultproxy.Proxy
}

// startCloud starts a server. Parameters are added to the URL of its functions,
// and env to its environment.
func startCloud(t testing.TB, moto, parameters string, env ...string) *cloud {
	t.Helper()
	c := &cloud{t: t, moto: moto, proxy: faultproxy.Start(t, moto)}
	url := "aws:?region=us-east-1&endpoint=" + c.proxy.URL
	c.server = &server{
		data: filepath.Join(t.TempDir(), "data"),
		flags: []string{
			"--provider", "container=" + url, "--provider", "function=" + url + parameters, "--traffic-minute", minute.String(),
		},
		env: append(env, "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test"),
	}
	c.startOn(t, "127.0.0.1:0")
	c.connect(t)
	for _, platform := range []types.ComputePlatform{types.ComputePlatformLambda, types.ComputePlatformEcs} {
		_, err := c.deploy.CreateApplication(t.Context(), &codedeploy.CreateApplicationInput{
			ApplicationName: aws.String(string(platform)), ComputePlatform: platform,
		})
		check(t, err)
	}
	return c
}

// deployment is one that runs.
type deployment struct {
	*cloud
	change
	id      string
	name    string           // of the group, and of the function
	service mototest.Service // of ECS
}

// things counts the functions and services of all tests.
var things atomic.Int64

// begin makes a function or a service, and a deployment of it.
func (c *cloud) begin(m change, plan faultproxy.Plan) *deployment {
	c.t.Helper()
	d := &deployment{cloud: c, change: m, name: fmt.Sprint("thing-", things.Add(1))}
	group := &codedeploy.CreateDeploymentGroupInput{
		ApplicationName: aws.String(string(m.platform)), DeploymentGroupName: &d.name, DeploymentConfigName: &m.config,
		ServiceRoleArn: aws.String("arn:aws:iam::123456789012:role/slipway"),
		DeploymentStyle: &types.DeploymentStyle{
			DeploymentType: types.DeploymentTypeBlueGreen, DeploymentOption: types.DeploymentOptionWithTrafficControl,
		},
		AutoRollbackConfiguration: &types.AutoRollbackConfiguration{
			Enabled: true, Events: []types.AutoRollbackEvent{types.AutoRollbackEventDeploymentFailure},
		},
	}
	var spec string
	story := faultproxy.Story{Hooks: m.hooks(), CallBack: c.callBack, Plan: plan}
	if m.platform == types.ComputePlatformLambda {
		mototest.Function(c.t, c.moto, d.name)
		story.Names = map[string]string{d.name + ":" + mototest.Alias: mototest.Alias}
		spec = d.lambdaSpec()
	} else {
		s := mototest.ECS(c.t, c.moto, d.name)
		d.service = s
		story.Names = map[string]string{
			s.GroupARNs[0]: "a", s.GroupARNs[1]: "b", s.Prod: "prod", s.Test: "test", s.Rule: "rule",
			s.TaskSet: "original", s.Definition: "new",
		}
		d.balance(group)
		spec = d.ecsSpec()
	}
	c.proxy.Begin(story)
	_, err := c.deploy.CreateDeploymentGroup(c.t.Context(), group)
	check(c.t, err)
	out, err := c.deploy.CreateDeployment(c.t.Context(), &codedeploy.CreateDeploymentInput{
		ApplicationName: group.ApplicationName, DeploymentGroupName: &d.name, Revision: &types.RevisionLocation{
			RevisionType: types.RevisionLocationTypeAppSpecContent, AppSpecContent: &types.AppSpecContent{Content: &spec},
		},
	})
	check(c.t, err)
	d.id = aws.ToString(out.DeploymentId)
	return d
}

func (d *deployment) lambdaSpec() string {
	return fmt.Sprintf(`version: 0.0
Resources:
  - orders:
      Type: AWS::Lambda::Function
      Properties: {Name: %s, Alias: %s, CurrentVersion: "1", TargetVersion: "2"}
`, d.name, mototest.Alias) + d.hookSpec()
}

func (d *deployment) ecsSpec() string {
	return fmt.Sprintf(`version: 0.0
Resources:
  - TargetService:
      Type: AWS::ECS::Service
      Properties:
        TaskDefinition: %q
        LoadBalancerInfo: {ContainerName: %s, ContainerPort: %d}
`, d.service.Definition, d.service.Container, d.service.Port) + d.hookSpec()
}

func (d *deployment) hookSpec() string {
	spec := "Hooks:\n"
	for event := range d.hooks() {
		spec += fmt.Sprintf("  - %s: %s\n", event, event)
	}
	return spec
}

// balance gives a group its service, load balancer and waits.
func (d *deployment) balance(group *codedeploy.CreateDeploymentGroupInput) {
	s := d.service
	group.EcsServices = []types.ECSService{{ClusterName: &s.Cluster, ServiceName: &s.Name}}
	group.LoadBalancerInfo = &types.LoadBalancerInfo{TargetGroupPairInfoList: []types.TargetGroupPairInfo{{
		TargetGroups:     []types.TargetGroupInfo{{Name: &s.TargetGroups[0]}, {Name: &s.TargetGroups[1]}},
		ProdTrafficRoute: &types.TrafficRoute{ListenerArns: []string{s.Prod}},
		TestTrafficRoute: &types.TrafficRoute{ListenerArns: []string{s.Test}},
	}}}
	group.BlueGreenDeploymentConfiguration = &types.BlueGreenDeploymentConfiguration{
		DeploymentReadyOption: &types.DeploymentReadyOption{ActionOnTimeout: types.DeploymentReadyActionContinueDeployment},
		TerminateBlueInstancesOnDeploymentSuccess: &types.BlueInstanceTerminationOption{
			Action: types.InstanceActionTerminate, TerminationWaitTimeInMinutes: 1,
		},
	}
}

// callBack brings the answer of a hook, as a function would that does not give
// up. An answer that is there already is as good.
func (c *cloud) callBack(ctx context.Context, in faultproxy.Invocation, status string) {
	for ctx.Err() == nil {
		_, err := c.deploy.PutLifecycleEventHookExecutionStatus(ctx, &codedeploy.PutLifecycleEventHookExecutionStatusInput{
			DeploymentId: &in.DeploymentID, LifecycleEventHookExecutionId: &in.ExecutionID, Status: types.LifecycleEventStatus(status),
		}, func(o *codedeploy.Options) { o.RetryMaxAttempts = 1 })
		var completed *types.LifecycleEventAlreadyCompletedException
		if err == nil || errors.As(err, &completed) {
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(minute): // the server is being restarted
		}
	}
}

// end waits for the deployment and its rollback, and checks how they ended and
// what was changed. It returns the texts of the effects that came again.
func (d *deployment) end() (repeated []string) {
	d.t.Helper()
	status := types.DeploymentStatusSucceeded
	if d.refuses != "" {
		status = types.DeploymentStatusFailed
	}
	info := d.finish(d.t, d.id, 2*patience)
	if info.Status != status {
		d.t.Errorf("the deployment ended as %s, want %s: %+v", info.Status, status, info.ErrorInformation)
	}
	if d.refuses != "" {
		d.checkRollback(info)
	}
	effects, repeated := d.proxy.Effects()
	if diff := cmp.Diff(d.effects(), effects); diff != "" {
		d.t.Errorf("what was changed (-want +got):\n%s", diff)
	}
	d.checkEvents()
	if d.platform == types.ComputePlatformLambda {
		d.checkAlias()
	} else {
		d.checkService()
	}
	if d.t.Failed() {
		for _, call := range d.proxy.Calls() {
			d.t.Logf("%s: fault %s, HTTP %d", call, call.Fault, call.Status)
		}
	}
	return repeated
}

func (d *deployment) checkRollback(info *types.DeploymentInfo) {
	d.t.Helper()
	if info.ErrorInformation == nil || info.ErrorInformation.Code != types.ErrorCodeHookExecutionFailure || info.RollbackInfo == nil {
		d.t.Fatalf("the deployment failed because of %+v, and was rolled back: %+v", info.ErrorInformation, info.RollbackInfo)
	}
	back := d.finish(d.t, aws.ToString(info.RollbackInfo.RollbackDeploymentId), 2*patience)
	if back.Status != types.DeploymentStatusSucceeded {
		d.t.Errorf("the rollback ended as %s: %+v", back.Status, back.ErrorInformation)
	}
}

// checkEvents wants all events to have succeeded, but the one whose hook
// refuses, which is the last.
func (d *deployment) checkEvents() {
	d.t.Helper()
	list, err := d.deploy.ListDeploymentTargets(d.t.Context(), &codedeploy.ListDeploymentTargetsInput{DeploymentId: &d.id})
	check(d.t, err)
	if len(list.TargetIds) != 1 {
		d.t.Fatalf("the deployment has the targets %q", list.TargetIds)
	}
	got, err := d.deploy.GetDeploymentTarget(d.t.Context(), &codedeploy.GetDeploymentTargetInput{
		DeploymentId: &d.id, TargetId: &list.TargetIds[0],
	})
	check(d.t, err)
	var events []types.LifecycleEvent
	if target := got.DeploymentTarget; target.LambdaTarget != nil {
		events = target.LambdaTarget.LifecycleEvents
	} else {
		events = target.EcsTarget.LifecycleEvents
	}
	for _, e := range events {
		want := types.LifecycleEventStatusSucceeded
		if aws.ToString(e.LifecycleEventName) == d.refuses {
			want = types.LifecycleEventStatusFailed
		}
		if e.Status != want {
			d.t.Errorf("%s is %s, want %s: %s", aws.ToString(e.LifecycleEventName), e.Status, want, message(e))
		}
	}
}

// checkAlias wants the alias to serve one version.
func (d *deployment) checkAlias() {
	d.t.Helper()
	want := "2"
	if d.refuses != "" {
		want = "1"
	}
	a, err := lambda.NewFromConfig(mototest.Config(d.moto)).GetAlias(d.t.Context(), &lambda.GetAliasInput{
		FunctionName: &d.name, Name: aws.String(mototest.Alias),
	})
	check(d.t, err)
	if aws.ToString(a.FunctionVersion) != want || a.RoutingConfig != nil && len(a.RoutingConfig.AdditionalVersionWeights) > 0 {
		d.t.Errorf("the alias serves version %s, %+v, want %s", aws.ToString(a.FunctionVersion), a.RoutingConfig, want)
	}
}

// checkService wants the service to have one task set, with all traffic.
func (d *deployment) checkService() {
	d.t.Helper()
	maker, weights := d.id, []int32{0, 100}
	if d.refuses != "" {
		maker, weights = "", []int32{100, 0}
	}
	ctx, config := d.t.Context(), mototest.Config(d.moto)
	out, err := ecs.NewFromConfig(config).DescribeServices(ctx, &ecs.DescribeServicesInput{
		Cluster: &d.service.Cluster, Services: []string{d.service.Name},
	})
	check(d.t, err)
	sets := out.Services[0].TaskSets
	if len(sets) != 1 || aws.ToString(sets[0].Status) != "PRIMARY" || aws.ToString(sets[0].ExternalId) != maker {
		d.t.Errorf("the service has the task sets %+v, want a primary one made by %q", sets, maker)
	}
	listener, err := elb.NewFromConfig(config).DescribeListeners(ctx, &elb.DescribeListenersInput{ListenerArns: []string{d.service.Prod}})
	check(d.t, err)
	var got []int32
	for _, group := range listener.Listeners[0].DefaultActions[0].ForwardConfig.TargetGroups {
		got = append(got, aws.ToInt32(group.Weight))
	}
	if !slices.Equal(got, weights) {
		d.t.Errorf("the listener has the weights %v, want %v", got, weights)
	}
}
