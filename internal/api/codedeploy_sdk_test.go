package api_test

import (
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cd "github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// These tests walk through the operations with the real client, as users meet
// them.

// typed checks that the client recognises the error as an E.
func typed[E error](t *testing.T, err error) {
	t.Helper()
	var want E
	if !errors.As(err, &want) {
		t.Errorf("error %v is no %T", err, want)
	}
}

func ok[T any](out T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}

func s3Revision(key string) *types.RevisionLocation {
	return &types.RevisionLocation{
		RevisionType: types.RevisionLocationTypeS3,
		S3Location:   &types.S3Location{Bucket: aws.String("b"), Key: &key, BundleType: types.BundleTypeZip, ETag: aws.String("e")},
	}
}

func TestSDKApplicationsAndRevisions(t *testing.T) {
	t.Parallel()
	ctx, sdk := t.Context(), newPlane(t).sdk(root)
	shop := aws.String("shop")
	created := ok(sdk.CreateApplication(ctx, &cd.CreateApplicationInput{ApplicationName: shop}))(t)
	_, err := sdk.CreateApplication(ctx, &cd.CreateApplicationInput{ApplicationName: shop})
	typed[*types.ApplicationAlreadyExistsException](t, err)
	_, err = sdk.CreateApplication(ctx, &cd.CreateApplicationInput{ApplicationName: shop, ComputePlatform: "Kubernetes"})
	typed[*types.InvalidComputePlatformException](t, err)

	app := ok(sdk.GetApplication(ctx, &cd.GetApplicationInput{ApplicationName: shop}))(t).Application
	if aws.ToString(app.ApplicationId) != aws.ToString(created.ApplicationId) || app.LinkedToGitHub ||
		app.ComputePlatform != types.ComputePlatformServer || !app.CreateTime.Equal(sampleNow) {
		t.Errorf("application %+v", app)
	}
	list := ok(sdk.ListApplications(ctx, &cd.ListApplicationsInput{}))(t)
	if len(list.Applications) != 1 || list.NextToken != nil {
		t.Errorf("list %+v", list)
	}

	register := &cd.RegisterApplicationRevisionInput{ApplicationName: shop, Revision: s3Revision("k"), Description: aws.String("first")}
	ok(sdk.RegisterApplicationRevision(ctx, register))(t)
	_, err = sdk.RegisterApplicationRevision(ctx, &cd.RegisterApplicationRevisionInput{ApplicationName: shop, Revision: &types.RevisionLocation{}})
	typed[*types.InvalidRevisionException](t, err)
	revision := ok(sdk.GetApplicationRevision(ctx, &cd.GetApplicationRevisionInput{ApplicationName: shop, Revision: s3Revision("k")}))(t)
	if aws.ToString(revision.RevisionInfo.Description) != "first" || aws.ToString(revision.Revision.S3Location.ETag) != "e" ||
		revision.Revision.S3Location.Version != nil || revision.RevisionInfo.FirstUsedTime != nil || revision.RevisionInfo.DeploymentGroups == nil {
		t.Errorf("revision %+v %+v", revision.Revision, revision.RevisionInfo)
	}
	_, err = sdk.GetApplicationRevision(ctx, &cd.GetApplicationRevisionInput{ApplicationName: shop, Revision: s3Revision("other")})
	typed[*types.RevisionDoesNotExistException](t, err)

	ok(sdk.DeleteApplication(ctx, &cd.DeleteApplicationInput{ApplicationName: shop}))(t)
	_, err = sdk.GetApplication(ctx, &cd.GetApplicationInput{ApplicationName: shop})
	typed[*types.ApplicationDoesNotExistException](t, err)
}

func TestSDKConfigs(t *testing.T) {
	t.Parallel()
	ctx, sdk := t.Context(), newPlane(t).sdk(root)
	list := ok(sdk.ListDeploymentConfigs(ctx, &cd.ListDeploymentConfigsInput{}))(t)
	if len(list.DeploymentConfigsList) != 17 {
		t.Errorf("list %v", list.DeploymentConfigsList)
	}
	get := func(name string) *types.DeploymentConfigInfo {
		t.Helper()
		return ok(sdk.GetDeploymentConfig(ctx, &cd.GetDeploymentConfigInput{DeploymentConfigName: &name}))(t).DeploymentConfigInfo
	}
	half := get("CodeDeployDefault.HalfAtATime")
	if half.MinimumHealthyHosts.Type != types.MinimumHealthyHostsTypeFleetPercent || half.MinimumHealthyHosts.Value != 50 || half.TrafficRoutingConfig != nil {
		t.Errorf("half %+v", half)
	}
	canary := get("CodeDeployDefault.LambdaCanary10Percent5Minutes").TrafficRoutingConfig
	if canary.TimeBasedCanary.CanaryPercentage != 10 || canary.TimeBasedCanary.CanaryInterval != 5 || canary.TimeBasedLinear != nil {
		t.Errorf("canary %+v", canary)
	}
	linear := get("CodeDeployDefault.ECSLinear10PercentEvery3Minutes").TrafficRoutingConfig
	if linear.TimeBasedLinear.LinearPercentage != 10 || linear.TimeBasedLinear.LinearInterval != 3 {
		t.Errorf("linear %+v", linear)
	}
	_, err := sdk.GetDeploymentConfig(ctx, &cd.GetDeploymentConfigInput{DeploymentConfigName: aws.String("mine")})
	typed[*types.DeploymentConfigDoesNotExistException](t, err)
}

// fullGroup uses every parameter that a Server group can have at once.
func fullGroup() *cd.CreateDeploymentGroupInput {
	return &cd.CreateDeploymentGroupInput{
		ApplicationName: aws.String("shop"), DeploymentGroupName: aws.String("full"),
		ServiceRoleArn:       aws.String("arn:aws:iam::123456789012:role/cd"),
		DeploymentConfigName: aws.String("CodeDeployDefault.AllAtOnce"),
		Ec2TagSet: &types.EC2TagSet{Ec2TagSetList: [][]types.EC2TagFilter{{
			{Key: aws.String("k"), Type: types.EC2TagFilterTypeKeyOnly},
		}}},
		OnPremisesInstanceTagFilters: []types.TagFilter{{Value: aws.String("v"), Type: types.TagFilterTypeValueOnly}},
		AutoScalingGroups:            []string{"asg"},
		TriggerConfigurations: []types.TriggerConfig{{
			TriggerName: aws.String("t"), TriggerTargetArn: aws.String("arn:aws:sns:us-east-1:123456789012:topic"),
			TriggerEvents: []types.TriggerEventType{types.TriggerEventTypeDeploymentStart},
		}},
		AlarmConfiguration: &types.AlarmConfiguration{Enabled: true, Alarms: []types.Alarm{{Name: aws.String("a")}}},
		AutoRollbackConfiguration: &types.AutoRollbackConfiguration{
			Enabled: true, Events: []types.AutoRollbackEvent{types.AutoRollbackEventDeploymentFailure},
		},
		OutdatedInstancesStrategy: types.OutdatedInstancesStrategyIgnore,
		DeploymentStyle: &types.DeploymentStyle{
			DeploymentType: types.DeploymentTypeBlueGreen, DeploymentOption: types.DeploymentOptionWithTrafficControl,
		},
		BlueGreenDeploymentConfiguration: &types.BlueGreenDeploymentConfiguration{
			DeploymentReadyOption:                     &types.DeploymentReadyOption{ActionOnTimeout: types.DeploymentReadyActionStopDeployment, WaitTimeInMinutes: 7},
			TerminateBlueInstancesOnDeploymentSuccess: &types.BlueInstanceTerminationOption{},
			GreenFleetProvisioningOption:              &types.GreenFleetProvisioningOption{Action: types.GreenFleetProvisioningActionDiscoverExisting},
		},
		LoadBalancerInfo:       &types.LoadBalancerInfo{TargetGroupInfoList: []types.TargetGroupInfo{{Name: aws.String("tg")}}},
		Tags:                   []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}},
		TerminationHookEnabled: aws.Bool(true),
	}
}

func TestSDKGroups(t *testing.T) {
	t.Parallel()
	ctx, sdk := t.Context(), newPlane(t).sdk(root)
	ok(sdk.CreateApplication(ctx, &cd.CreateApplicationInput{ApplicationName: aws.String("shop")}))(t)
	created := ok(sdk.CreateDeploymentGroup(ctx, fullGroup()))(t)
	_, err := sdk.CreateDeploymentGroup(ctx, fullGroup())
	typed[*types.DeploymentGroupAlreadyExistsException](t, err)
	bad := fullGroup()
	bad.Ec2TagFilters = []types.EC2TagFilter{{Key: aws.String("k")}}
	_, err = sdk.CreateDeploymentGroup(ctx, bad)
	typed[*types.InvalidEC2TagCombinationException](t, err)

	name := &cd.GetDeploymentGroupInput{ApplicationName: aws.String("shop"), DeploymentGroupName: aws.String("full")}
	g := ok(sdk.GetDeploymentGroup(ctx, name))(t).DeploymentGroupInfo
	in := fullGroup()
	for what, same := range map[string]bool{
		"id":           aws.ToString(g.DeploymentGroupId) == aws.ToString(created.DeploymentGroupId),
		"config":       aws.ToString(g.DeploymentConfigName) == aws.ToString(in.DeploymentConfigName),
		"set":          g.Ec2TagFilters == nil && len(g.Ec2TagSet.Ec2TagSetList) == 1 && g.Ec2TagSet.Ec2TagSetList[0][0].Type == types.EC2TagFilterTypeKeyOnly,
		"filters":      len(g.OnPremisesInstanceTagFilters) == 1 && g.OnPremisesInstanceTagFilters[0].Key == nil && g.OnPremisesTagSet == nil,
		"asg":          len(g.AutoScalingGroups) == 1 && aws.ToString(g.AutoScalingGroups[0].Name) == "asg",
		"triggers":     len(g.TriggerConfigurations) == 1 && g.TriggerConfigurations[0].TriggerEvents[0] == types.TriggerEventTypeDeploymentStart,
		"alarms":       g.AlarmConfiguration.Enabled && aws.ToString(g.AlarmConfiguration.Alarms[0].Name) == "a",
		"rollback":     g.AutoRollbackConfiguration.Enabled && len(g.AutoRollbackConfiguration.Events) == 1,
		"outdated":     g.OutdatedInstancesStrategy == types.OutdatedInstancesStrategyIgnore,
		"style":        *g.DeploymentStyle == *in.DeploymentStyle,
		"ready":        *g.BlueGreenDeploymentConfiguration.DeploymentReadyOption == *in.BlueGreenDeploymentConfiguration.DeploymentReadyOption,
		"terminate":    g.BlueGreenDeploymentConfiguration.TerminateBlueInstancesOnDeploymentSuccess.Action == types.InstanceActionTerminate,
		"green":        g.BlueGreenDeploymentConfiguration.GreenFleetProvisioningOption.Action == types.GreenFleetProvisioningActionDiscoverExisting,
		"balancer":     g.LoadBalancerInfo.ElbInfoList == nil && aws.ToString(g.LoadBalancerInfo.TargetGroupInfoList[0].Name) == "tg",
		"hook":         g.TerminationHookEnabled,
		"ecs":          g.EcsServices == nil,
		"not deployed": g.LastAttemptedDeployment == nil && g.LastSuccessfulDeployment == nil && g.TargetRevision == nil,
	} {
		if !same {
			t.Errorf("%s differs in %+v", what, g)
		}
	}
	list := ok(sdk.ListDeploymentGroups(ctx, &cd.ListDeploymentGroupsInput{ApplicationName: aws.String("shop")}))(t)
	if aws.ToString(list.ApplicationName) != "shop" || len(list.DeploymentGroups) != 1 {
		t.Errorf("list %+v", list)
	}
	_, err = sdk.ListDeploymentGroups(ctx, &cd.ListDeploymentGroupsInput{ApplicationName: aws.String("x")})
	typed[*types.ApplicationDoesNotExistException](t, err)
	deleted := ok(sdk.DeleteDeploymentGroup(ctx, &cd.DeleteDeploymentGroupInput{ApplicationName: name.ApplicationName, DeploymentGroupName: name.DeploymentGroupName}))(t)
	if deleted.HooksNotCleanedUp == nil || len(deleted.HooksNotCleanedUp) != 0 {
		t.Errorf("deleted %+v", deleted)
	}
	_, err = sdk.GetDeploymentGroup(ctx, name)
	typed[*types.DeploymentGroupDoesNotExistException](t, err)
}

func TestSDKOtherPlatforms(t *testing.T) {
	t.Parallel()
	ctx, sdk := t.Context(), newPlane(t).sdk(root)
	ok(sdk.CreateApplication(ctx, &cd.CreateApplicationInput{ApplicationName: aws.String("boxes"), ComputePlatform: types.ComputePlatformEcs}))(t)
	listener := func(n string) *types.TrafficRoute {
		return &types.TrafficRoute{ListenerArns: []string{"arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/web/1/" + n}}
	}
	full := fullGroup()
	ok(sdk.CreateDeploymentGroup(ctx, &cd.CreateDeploymentGroupInput{
		ApplicationName: aws.String("boxes"), DeploymentGroupName: aws.String("web"), ServiceRoleArn: full.ServiceRoleArn,
		DeploymentConfigName: aws.String("CodeDeployDefault.ECSAllAtOnce"), DeploymentStyle: full.DeploymentStyle,
		BlueGreenDeploymentConfiguration: full.BlueGreenDeploymentConfiguration,
		EcsServices:                      []types.ECSService{{ServiceName: aws.String("web"), ClusterName: aws.String("c")}},
		LoadBalancerInfo: &types.LoadBalancerInfo{TargetGroupPairInfoList: []types.TargetGroupPairInfo{{
			TargetGroups:     []types.TargetGroupInfo{{Name: aws.String("blue")}, {Name: aws.String("green")}},
			ProdTrafficRoute: listener("prod"), TestTrafficRoute: listener("test"),
		}}},
	}))(t)
	g := ok(sdk.GetDeploymentGroup(ctx, &cd.GetDeploymentGroupInput{ApplicationName: aws.String("boxes"), DeploymentGroupName: aws.String("web")}))(t).DeploymentGroupInfo
	pair := g.LoadBalancerInfo.TargetGroupPairInfoList[0]
	if g.ComputePlatform != types.ComputePlatformEcs || len(g.EcsServices) != 1 || len(pair.TargetGroups) != 2 ||
		len(pair.ProdTrafficRoute.ListenerArns) != 1 || len(pair.TestTrafficRoute.ListenerArns) != 1 {
		t.Errorf("group %+v", g)
	}
	content := &types.RevisionLocation{
		RevisionType: types.RevisionLocationTypeAppSpecContent, AppSpecContent: &types.AppSpecContent{Content: aws.String("version: 0.0")},
	}
	id := ok(sdk.CreateDeployment(ctx, &cd.CreateDeploymentInput{
		ApplicationName: aws.String("boxes"), DeploymentGroupName: aws.String("web"), Revision: content,
	}))(t).DeploymentId
	d := ok(sdk.GetDeployment(ctx, &cd.GetDeploymentInput{DeploymentId: id}))(t).DeploymentInfo
	if d.Revision.AppSpecContent.Content != nil || len(aws.ToString(d.Revision.AppSpecContent.Sha256)) != 64 {
		t.Errorf("revision %+v", d.Revision.AppSpecContent)
	}
}

func TestSDKDeployments(t *testing.T) {
	t.Parallel()
	ctx, p := t.Context(), newPlane(t)
	sdk := p.sdk(root)
	_, id := p.shop()
	create := &cd.CreateDeploymentInput{
		ApplicationName: aws.String("shop"), DeploymentGroupName: aws.String("prod"), Revision: s3Revision("k"),
		Description: aws.String("again"), FileExistsBehavior: types.FileExistsBehaviorOverwrite, IgnoreApplicationStopFailures: true,
		AutoRollbackConfiguration:  &types.AutoRollbackConfiguration{},
		OverrideAlarmConfiguration: &types.AlarmConfiguration{Enabled: true, Alarms: []types.Alarm{{Name: aws.String("a")}}},
	}
	_, err := sdk.CreateDeployment(ctx, create)
	typed[*types.DeploymentLimitExceededException](t, err)
	_, err = sdk.ListDeploymentTargets(ctx, &cd.ListDeploymentTargetsInput{DeploymentId: &id})
	typed[*types.DeploymentNotStartedException](t, err)

	stopped := ok(sdk.StopDeployment(ctx, &cd.StopDeploymentInput{DeploymentId: &id, AutoRollbackEnabled: aws.Bool(false)}))(t)
	if stopped.Status != types.StopStatusSucceeded || aws.ToString(stopped.StatusMessage) == "" {
		t.Errorf("stopped %+v", stopped)
	}
	p.change(id, func(d *deploy.Deployment) { d.Move(deploy.InProgress, sampleNow); d.Move(deploy.Succeeded, sampleNow) })
	_, err = sdk.StopDeployment(ctx, &cd.StopDeploymentInput{DeploymentId: &id})
	typed[*types.DeploymentAlreadyCompletedException](t, err)

	second := aws.ToString(ok(sdk.CreateDeployment(ctx, create))(t).DeploymentId)
	d := ok(sdk.GetDeployment(ctx, &cd.GetDeploymentInput{DeploymentId: &second}))(t).DeploymentInfo
	if aws.ToString(d.Description) != "again" || d.FileExistsBehavior != types.FileExistsBehaviorOverwrite || !d.IgnoreApplicationStopFailures ||
		d.AutoRollbackConfiguration.Enabled || len(d.OverrideAlarmConfiguration.Alarms) != 1 || aws.ToString(d.PreviousRevision.S3Location.Key) != "shop-7.zip" {
		t.Errorf("deployment %+v", d)
	}
	_, err = sdk.GetDeployment(ctx, &cd.GetDeploymentInput{DeploymentId: aws.String("d-UNKNOWN00")})
	typed[*types.DeploymentDoesNotExistException](t, err)
	list := ok(sdk.ListDeployments(ctx, &cd.ListDeploymentsInput{
		ApplicationName: aws.String("shop"), DeploymentGroupName: aws.String("prod"),
		IncludeOnlyStatuses: []types.DeploymentStatus{types.DeploymentStatusSucceeded},
		CreateTimeRange:     &types.TimeRange{Start: aws.Time(sampleNow), End: aws.Time(sampleNow)},
	}))(t)
	if len(list.Deployments) != 1 || list.Deployments[0] != id {
		t.Errorf("list %v", list.Deployments)
	}
	_, err = sdk.ListDeployments(ctx, &cd.ListDeploymentsInput{ApplicationName: aws.String("shop")})
	typed[*types.DeploymentGroupNameRequiredException](t, err)
}

func TestSDKTargets(t *testing.T) {
	t.Parallel()
	ctx, p := t.Context(), newPlane(t)
	sdk := p.sdk(root)
	_, id := p.shop()
	p.start(id, deploy.Target{ID: "web-1", Status: deploy.TargetPending, UpdatedAt: sampleNow},
		deploy.Target{ID: "web-2", Status: deploy.TargetFailed, UpdatedAt: sampleNow, Events: []deploy.LifecycleEvent{{
			Name: deploy.AfterInstall, Status: deploy.EventFailed,
			Diagnostics: &deploy.Diagnostics{ErrorCode: "ScriptFailed", ScriptName: "x.sh", Message: "exit 1", LogTail: "boom"},
		}}})
	list := ok(sdk.ListDeploymentTargets(ctx, &cd.ListDeploymentTargetsInput{
		DeploymentId: &id, TargetFilters: map[string][]string{"TargetStatus": {"Failed"}},
	}))(t)
	if len(list.TargetIds) != 1 || list.TargetIds[0] != "web-2" {
		t.Errorf("list %v", list.TargetIds)
	}
	_, err := sdk.ListDeploymentTargets(ctx, &cd.ListDeploymentTargetsInput{
		DeploymentId: &id, TargetFilters: map[string][]string{"Status": {"Failed"}},
	})
	typed[*types.InvalidTargetFilterNameException](t, err)
	target := ok(sdk.GetDeploymentTarget(ctx, &cd.GetDeploymentTargetInput{DeploymentId: &id, TargetId: aws.String("web-2")}))(t).DeploymentTarget
	event := target.InstanceTarget.LifecycleEvents[0]
	if target.DeploymentTargetType != types.DeploymentTargetTypeInstanceTarget || target.LambdaTarget != nil || target.EcsTarget != nil ||
		event.Diagnostics.ErrorCode != types.LifecycleErrorCodeScriptFailed || aws.ToString(event.Diagnostics.LogTail) != "boom" {
		t.Errorf("target %+v, event %+v", target.InstanceTarget, event)
	}
	_, err = sdk.GetDeploymentTarget(ctx, &cd.GetDeploymentTargetInput{DeploymentId: &id, TargetId: aws.String("web-3")})
	typed[*types.DeploymentTargetDoesNotExistException](t, err)
	batch := ok(sdk.BatchGetDeploymentTargets(ctx, &cd.BatchGetDeploymentTargetsInput{DeploymentId: &id, TargetIds: []string{"web-2", "web-1"}}))(t)
	if len(batch.DeploymentTargets) != 2 || aws.ToString(batch.DeploymentTargets[1].InstanceTarget.TargetId) != "web-1" {
		t.Errorf("batch %+v", batch.DeploymentTargets)
	}
	_, err = sdk.BatchGetDeploymentTargets(ctx, &cd.BatchGetDeploymentTargetsInput{DeploymentId: &id, TargetIds: make([]string, 26)})
	typed[*types.DeploymentTargetIdRequiredException](t, err)
}

// TestSDKInstances does what "aws deploy register" and "deregister" do.
func TestSDKInstances(t *testing.T) {
	t.Parallel()
	ctx, sdk := t.Context(), newPlane(t).sdk(root)
	name, user := aws.String("web-1"), aws.String("arn:aws:iam::000000000000:user/AWS/CodeDeploy/web-1")
	ok(sdk.RegisterOnPremisesInstance(ctx, &cd.RegisterOnPremisesInstanceInput{InstanceName: name, IamUserArn: user}))(t)
	_, err := sdk.RegisterOnPremisesInstance(ctx, &cd.RegisterOnPremisesInstanceInput{InstanceName: name, IamUserArn: user})
	typed[*types.InstanceNameAlreadyRegisteredException](t, err)
	tags := []types.Tag{{Key: aws.String("stage"), Value: aws.String("prod")}}
	ok(sdk.AddTagsToOnPremisesInstances(ctx, &cd.AddTagsToOnPremisesInstancesInput{InstanceNames: []string{"web-1"}, Tags: tags}))(t)
	_, err = sdk.AddTagsToOnPremisesInstances(ctx, &cd.AddTagsToOnPremisesInstancesInput{InstanceNames: []string{"web-2"}, Tags: tags})
	typed[*types.InstanceNotRegisteredException](t, err)

	list := ok(sdk.ListOnPremisesInstances(ctx, &cd.ListOnPremisesInstancesInput{
		RegistrationStatus: types.RegistrationStatusRegistered,
		TagFilters:         []types.TagFilter{{Key: aws.String("stage"), Value: aws.String("prod"), Type: types.TagFilterTypeKeyAndValue}},
	}))(t)
	if len(list.InstanceNames) != 1 || list.InstanceNames[0] != "web-1" {
		t.Errorf("list %v", list.InstanceNames)
	}
	_, err = sdk.ListOnPremisesInstances(ctx, &cd.ListOnPremisesInstancesInput{RegistrationStatus: "x"})
	typed[*types.InvalidRegistrationStatusException](t, err)

	info := ok(sdk.GetOnPremisesInstance(ctx, &cd.GetOnPremisesInstanceInput{InstanceName: name}))(t).InstanceInfo
	if aws.ToString(info.IamUserArn) != *user || info.IamSessionArn != nil || len(info.Tags) != 1 || info.DeregisterTime != nil {
		t.Errorf("instance %+v", info)
	}
	ok(sdk.RemoveTagsFromOnPremisesInstances(ctx, &cd.RemoveTagsFromOnPremisesInstancesInput{InstanceNames: []string{"web-1"}, Tags: info.Tags}))(t)
	_, err = sdk.RemoveTagsFromOnPremisesInstances(ctx, &cd.RemoveTagsFromOnPremisesInstancesInput{InstanceNames: []string{"web-1"}, Tags: []types.Tag{}})
	typed[*types.TagRequiredException](t, err)
	ok(sdk.DeregisterOnPremisesInstance(ctx, &cd.DeregisterOnPremisesInstanceInput{InstanceName: name}))(t)
	_, err = sdk.DeregisterOnPremisesInstance(ctx, &cd.DeregisterOnPremisesInstanceInput{InstanceName: aws.String("i-1")})
	typed[*types.InvalidInstanceNameException](t, err)
	info = ok(sdk.GetOnPremisesInstance(ctx, &cd.GetOnPremisesInstanceInput{InstanceName: name}))(t).InstanceInfo
	if info.DeregisterTime == nil || info.Tags == nil || len(info.Tags) != 0 {
		t.Errorf("deregistered %+v", info)
	}
	_, err = sdk.GetOnPremisesInstance(ctx, &cd.GetOnPremisesInstanceInput{InstanceName: aws.String("never")})
	typed[*types.InstanceNotRegisteredException](t, err)
}
