package daemon

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/slipwayhq/slipway/internal/provider/container"
	"github.com/slipwayhq/slipway/internal/provider/container/mem"
)

const ecsSpec = `{"version": 0.0, "Resources": [{"TargetService": {"Type": "AWS::ECS::Service", "Properties": {
	"TaskDefinition": "arn:aws:ecs:eu-west-1:123456789012:task-definition/shop:2",
	"LoadBalancerInfo": {"ContainerName": "web", "ContainerPort": 8080}}}}]}`

// TestECSDeployment deploys to ECS through the API, with a word to each wait.
func TestECSDeployment(t *testing.T) {
	t.Parallel()
	const listener = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/shop/1/80"
	outside := &mem.World{}
	outside.AddService("c1", "shop", container.Service{
		ARN: "arn:aws:ecs:eu-west-1:123456789012:service/c1/shop", Status: container.Active, Controller: container.External,
		Scheduling: "REPLICA",
	})
	outside.AddTaskSet("c1", "shop", container.TaskSet{
		ARN: "original", ID: "ecs-svc/original", Status: container.Primary, TargetGroupARN: "arn-a", Desired: 2,
	})
	for _, name := range []string{"a", "b"} {
		outside.AddTargetGroup(container.TargetGroup{Name: name, ARN: "arn-" + name})
	}
	outside.SetRoute(container.Route{
		ARN: listener, ListenerARN: listener, Default: true, Shares: []container.Share{{TargetGroupARN: "arn-a", Weight: 1}},
	})
	d := start(t, Config{Data: t.TempDir(), Containers: outside})
	defer stop(t, d)
	client := codedeploy.NewFromConfig(awsConfig(d, d.Root.ID, string(d.Root.Secret)))
	id := createECSDeployment(t, client, listener)

	info := awaitDeployment(t, client, id, func(i *types.DeploymentInfo) bool { return i.Status == types.DeploymentStatusReady })
	if info.DeploymentOverview.Ready != 1 {
		t.Errorf("the overview is %+v", info.DeploymentOverview)
	}
	goOn := func(wait types.DeploymentWaitType) {
		t.Helper()
		_, err := client.ContinueDeployment(t.Context(), &codedeploy.ContinueDeploymentInput{DeploymentId: &id, DeploymentWaitType: wait})
		if err != nil {
			t.Fatal(err)
		}
	}
	goOn(types.DeploymentWaitTypeReadyWait)
	awaitDeployment(t, client, id, func(i *types.DeploymentInfo) bool { return i.InstanceTerminationWaitTimeStarted })
	goOn(types.DeploymentWaitTypeTerminationWait)
	info = awaitDeployment(t, client, id, func(i *types.DeploymentInfo) bool { return i.CompleteTime != nil })
	if info.Status != types.DeploymentStatusSucceeded {
		t.Errorf("%s %+v", info.Status, info.ErrorInformation)
	}
	target, err := client.GetDeploymentTarget(t.Context(), &codedeploy.GetDeploymentTargetInput{DeploymentId: &id, TargetId: aws.String("c1:shop")})
	if err != nil {
		t.Fatal(err)
	}
	shown := target.DeploymentTarget.EcsTarget
	if len(shown.LifecycleEvents) != 6 || len(shown.TaskSetsInfo) != 2 || shown.TaskSetsInfo[1].TrafficWeight != 100 ||
		aws.ToString(shown.TaskSetsInfo[1].Status) != container.Primary || aws.ToString(shown.TaskSetsInfo[0].Status) != container.Draining {
		t.Errorf("the target shows %+v", shown.TaskSetsInfo)
	}
}

func createECSDeployment(t *testing.T, client *codedeploy.Client, listener string) string {
	t.Helper()
	app, group := aws.String("shop"), aws.String("prod")
	_, err := client.CreateApplication(t.Context(), &codedeploy.CreateApplicationInput{
		ApplicationName: app, ComputePlatform: types.ComputePlatformEcs,
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.CreateDeploymentGroup(t.Context(), &codedeploy.CreateDeploymentGroupInput{
		ApplicationName: app, DeploymentGroupName: group, ServiceRoleArn: aws.String("arn:aws:iam::000000000000:role/deploy"),
		DeploymentConfigName: aws.String("CodeDeployDefault.ECSAllAtOnce"),
		DeploymentStyle: &types.DeploymentStyle{
			DeploymentType: types.DeploymentTypeBlueGreen, DeploymentOption: types.DeploymentOptionWithTrafficControl,
		},
		BlueGreenDeploymentConfiguration: &types.BlueGreenDeploymentConfiguration{
			DeploymentReadyOption: &types.DeploymentReadyOption{ActionOnTimeout: types.DeploymentReadyActionStopDeployment, WaitTimeInMinutes: 60},
			TerminateBlueInstancesOnDeploymentSuccess: &types.BlueInstanceTerminationOption{
				Action: types.InstanceActionTerminate, TerminationWaitTimeInMinutes: 60,
			},
		},
		EcsServices: []types.ECSService{{ClusterName: aws.String("c1"), ServiceName: aws.String("shop")}},
		LoadBalancerInfo: &types.LoadBalancerInfo{TargetGroupPairInfoList: []types.TargetGroupPairInfo{{
			TargetGroups:     []types.TargetGroupInfo{{Name: aws.String("a")}, {Name: aws.String("b")}},
			ProdTrafficRoute: &types.TrafficRoute{ListenerArns: []string{listener}},
		}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	out, err := client.CreateDeployment(t.Context(), &codedeploy.CreateDeploymentInput{
		ApplicationName: app, DeploymentGroupName: group, Revision: &types.RevisionLocation{
			RevisionType: types.RevisionLocationTypeAppSpecContent, AppSpecContent: &types.AppSpecContent{Content: aws.String(ecsSpec)},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return *out.DeploymentId
}

// awaitDeployment returns a deployment once it is as wanted.
func awaitDeployment(t *testing.T, client *codedeploy.Client, id string, wanted func(*types.DeploymentInfo) bool) *types.DeploymentInfo {
	t.Helper()
	for limit := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		out, err := client.GetDeployment(t.Context(), &codedeploy.GetDeploymentInput{DeploymentId: &id})
		if err != nil {
			t.Fatal(err)
		}
		if wanted(out.DeploymentInfo) {
			return out.DeploymentInfo
		}
		if out.DeploymentInfo.CompleteTime != nil || time.Now().After(limit) {
			t.Fatalf("%s %+v", out.DeploymentInfo.Status, out.DeploymentInfo.ErrorInformation)
		}
	}
}
