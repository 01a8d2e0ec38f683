package api_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cd "github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// TestSDKRenames renames an application and its group while they are in use.
func TestSDKRenames(t *testing.T) {
	t.Parallel()
	ctx, p := t.Context(), newPlane(t)
	sdk := p.sdk(root)
	group, id := p.shop()
	rename := &cd.UpdateApplicationInput{ApplicationName: aws.String("shop"), NewApplicationName: aws.String("store")}
	ok(sdk.UpdateApplication(ctx, rename))(t)
	_, err := sdk.UpdateApplication(ctx, rename)
	typed[*types.ApplicationDoesNotExistException](t, err)
	ok(sdk.CreateApplication(ctx, &cd.CreateApplicationInput{ApplicationName: aws.String("bank")}))(t)
	_, err = sdk.UpdateApplication(ctx, &cd.UpdateApplicationInput{ApplicationName: aws.String("bank"), NewApplicationName: aws.String("store")})
	typed[*types.ApplicationAlreadyExistsException](t, err)

	update := &cd.UpdateDeploymentGroupInput{
		ApplicationName: aws.String("store"), CurrentDeploymentGroupName: aws.String("prod"), NewDeploymentGroupName: aws.String("live"),
	}
	if out := ok(sdk.UpdateDeploymentGroup(ctx, update))(t); out.HooksNotCleanedUp == nil || len(out.HooksNotCleanedUp) > 0 {
		t.Errorf("updated %+v", out)
	}
	_, err = sdk.UpdateDeploymentGroup(ctx, update)
	typed[*types.DeploymentGroupDoesNotExistException](t, err)
	update.CurrentDeploymentGroupName, update.ServiceRoleArn = aws.String("live"), aws.String("x")
	_, err = sdk.UpdateDeploymentGroup(ctx, update)
	typed[*types.InvalidRoleException](t, err)

	d := ok(sdk.GetDeployment(ctx, &cd.GetDeploymentInput{DeploymentId: &id}))(t).DeploymentInfo
	if aws.ToString(d.ApplicationName) != "store" || aws.ToString(d.DeploymentGroupName) != "live" {
		t.Errorf("the deployment says %s/%s", *d.ApplicationName, *d.DeploymentGroupName)
	}
	groups := ok(sdk.BatchGetDeploymentGroups(ctx, &cd.BatchGetDeploymentGroupsInput{
		ApplicationName: aws.String("store"), DeploymentGroupNames: []string{"live", "prod"},
	}))(t)
	if len(groups.DeploymentGroupsInfo) != 1 || aws.ToString(groups.DeploymentGroupsInfo[0].DeploymentGroupId) != group ||
		!strings.Contains(aws.ToString(groups.ErrorMessage), "prod") {
		t.Errorf("groups %+v", groups)
	}
	_, err = sdk.BatchGetDeploymentGroups(ctx, &cd.BatchGetDeploymentGroupsInput{ApplicationName: aws.String("store"), DeploymentGroupNames: []string{}})
	typed[*types.DeploymentGroupNameRequiredException](t, err)
	// A policy for the new name is what counts.
	old := p.addUser(t, "old", `{"Effect":"Allow","Action":"*","Resource":"arn:aws:codedeploy:*:*:deploymentgroup:shop/*"}`)
	_, err = p.sdk(old).GetDeployment(ctx, &cd.GetDeploymentInput{DeploymentId: &id})
	if err == nil || !strings.Contains(err.Error(), "AccessDeniedException") {
		t.Errorf("by the old name: %v", err)
	}
}

func TestSDKOwnConfigs(t *testing.T) {
	t.Parallel()
	ctx, p := t.Context(), newPlane(t)
	sdk := p.sdk(root)
	mine := aws.String("mine")
	in := &cd.CreateDeploymentConfigInput{
		DeploymentConfigName: mine, MinimumHealthyHosts: &types.MinimumHealthyHosts{Type: types.MinimumHealthyHostsTypeHostCount}, // 0, which the SDK leaves out
		ZonalConfig: &types.ZonalConfig{MonitorDurationInSeconds: aws.Int64(5)},
	}
	created := ok(sdk.CreateDeploymentConfig(ctx, in))(t)
	_, err := sdk.CreateDeploymentConfig(ctx, in)
	typed[*types.DeploymentConfigAlreadyExistsException](t, err)
	in.ComputePlatform = types.ComputePlatformEcs
	_, err = sdk.CreateDeploymentConfig(ctx, in)
	typed[*types.InvalidMinimumHealthyHostValueException](t, err)

	info := ok(sdk.GetDeploymentConfig(ctx, &cd.GetDeploymentConfigInput{DeploymentConfigName: mine}))(t).DeploymentConfigInfo
	if aws.ToString(info.DeploymentConfigId) != aws.ToString(created.DeploymentConfigId) || info.MinimumHealthyHosts.Value != 0 ||
		aws.ToInt64(info.ZonalConfig.MonitorDurationInSeconds) != 5 || info.ZonalConfig.FirstZoneMonitorDurationInSeconds != nil || info.CreateTime == nil {
		t.Errorf("config %+v", info)
	}
	p.shop()
	ok(sdk.UpdateDeploymentGroup(ctx, &cd.UpdateDeploymentGroupInput{
		ApplicationName: aws.String("shop"), CurrentDeploymentGroupName: aws.String("prod"), DeploymentConfigName: mine,
	}))(t)
	_, err = sdk.DeleteDeploymentConfig(ctx, &cd.DeleteDeploymentConfigInput{DeploymentConfigName: mine})
	typed[*types.DeploymentConfigInUseException](t, err)
	_, err = sdk.DeleteDeploymentConfig(ctx, &cd.DeleteDeploymentConfigInput{DeploymentConfigName: aws.String(deploy.DefaultConfigName)})
	typed[*types.InvalidOperationException](t, err)
	ok(sdk.DeleteDeploymentGroup(ctx, &cd.DeleteDeploymentGroupInput{ApplicationName: aws.String("shop"), DeploymentGroupName: aws.String("prod")}))(t)
	ok(sdk.DeleteDeploymentConfig(ctx, &cd.DeleteDeploymentConfigInput{DeploymentConfigName: mine}))(t)
}

func TestSDKResourceTags(t *testing.T) {
	t.Parallel()
	ctx, p := t.Context(), newPlane(t)
	sdk := p.sdk(root)
	p.shop()
	arn := aws.String(namespace.GroupARN("shop", "prod"))
	tag := func(key, value string) types.Tag { return types.Tag{Key: &key, Value: &value} }
	ok(sdk.TagResource(ctx, &cd.TagResourceInput{ResourceArn: arn, Tags: []types.Tag{tag("team", "web"), tag("old", "1")}}))(t)
	ok(sdk.UntagResource(ctx, &cd.UntagResourceInput{ResourceArn: arn, TagKeys: []string{"old"}}))(t)
	list := ok(sdk.ListTagsForResource(ctx, &cd.ListTagsForResourceInput{ResourceArn: arn}))(t)
	if len(list.Tags) != 1 || aws.ToString(list.Tags[0].Value) != "web" || list.NextToken != nil {
		t.Errorf("tags %+v", list)
	}
	_, err := sdk.TagResource(ctx, &cd.TagResourceInput{ResourceArn: arn, Tags: []types.Tag{tag("aws:x", "")}})
	typed[*types.InvalidTagsToAddException](t, err)
	_, err = sdk.ListTagsForResource(ctx, &cd.ListTagsForResourceInput{ResourceArn: aws.String("shop")})
	typed[*types.InvalidArnException](t, err)
	_, err = sdk.UntagResource(ctx, &cd.UntagResourceInput{ResourceArn: aws.String(namespace.InstanceARN("a")), TagKeys: []string{"k"}})
	typed[*types.ArnNotSupportedException](t, err)

	// Policies see the tags that a resource has, and those that it would get.
	user := p.sdk(p.addUser(t, "web", `[{"Effect":"Allow","Action":"codedeploy:*","Resource":"*",
		"Condition":{"StringEquals":{"aws:ResourceTag/team":"web"}}},
		{"Effect":"Allow","Action":["codedeploy:CreateApplication","codedeploy:TagResource"],"Resource":"*",
		"Condition":{"StringEquals":{"aws:RequestTag/team":"web"}}}]`))
	get := &cd.GetDeploymentGroupInput{ApplicationName: aws.String("shop"), DeploymentGroupName: aws.String("prod")}
	ok(user.GetDeploymentGroup(ctx, get))(t)
	denied := func(what string, err error) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), "AccessDeniedException") {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, err = user.GetApplication(ctx, &cd.GetApplicationInput{ApplicationName: aws.String("shop")})
	denied("a resource without the tag", err)
	_, err = user.CreateApplication(ctx, &cd.CreateApplicationInput{ApplicationName: aws.String("new")})
	denied("a new one without it", err)
	ok(user.CreateApplication(ctx, &cd.CreateApplicationInput{ApplicationName: aws.String("new"), Tags: []types.Tag{tag("team", "web")}}))(t)
	ok(user.GetApplication(ctx, &cd.GetApplicationInput{ApplicationName: aws.String("new")}))(t)
	ok(sdk.TagResource(ctx, &cd.TagResourceInput{ResourceArn: arn, Tags: []types.Tag{tag("team", "db")}}))(t)
	_, err = user.GetDeploymentGroup(ctx, get)
	denied("one that has another now", err)
}

func TestSDKRevisionLists(t *testing.T) {
	t.Parallel()
	ctx, p := t.Context(), newPlane(t)
	sdk := p.sdk(root)
	_, id := p.shop()
	shop := aws.String("shop")
	ok(sdk.RegisterApplicationRevision(ctx, &cd.RegisterApplicationRevisionInput{ApplicationName: shop, Revision: s3Revision("k")}))(t)
	p.change(id, func(d *deploy.Deployment) { d.Move(deploy.InProgress, sampleNow); d.Move(deploy.Succeeded, sampleNow) })
	list := ok(sdk.ListApplicationRevisions(ctx, &cd.ListApplicationRevisionsInput{
		ApplicationName: shop, SortBy: types.ApplicationRevisionSortByLastUsedTime, SortOrder: types.SortOrderDescending,
	}))(t)
	if len(list.Revisions) != 2 || aws.ToString(list.Revisions[0].S3Location.Key) != "shop-7.zip" || list.NextToken != nil {
		t.Errorf("list %+v", list)
	}
	current := ok(sdk.ListApplicationRevisions(ctx, &cd.ListApplicationRevisionsInput{ApplicationName: shop, Deployed: types.ListStateFilterActionInclude}))(t)
	if len(current.Revisions) != 1 {
		t.Errorf("current %+v", current)
	}
	_, err := sdk.ListApplicationRevisions(ctx, &cd.ListApplicationRevisionsInput{ApplicationName: shop, S3KeyPrefix: aws.String("k")})
	typed[*types.BucketNameFilterRequiredException](t, err)
	_, err = sdk.ListApplicationRevisions(ctx, &cd.ListApplicationRevisionsInput{ApplicationName: shop, SortBy: "x"})
	typed[*types.InvalidSortByException](t, err)
	_, err = sdk.ListApplicationRevisions(ctx, &cd.ListApplicationRevisionsInput{ApplicationName: shop, NextToken: aws.String("x")})
	typed[*types.InvalidNextTokenException](t, err)

	batch := ok(sdk.BatchGetApplicationRevisions(ctx, &cd.BatchGetApplicationRevisionsInput{
		ApplicationName: shop, Revisions: []types.RevisionLocation{*s3Revision("k"), *s3Revision("none")},
	}))(t)
	if len(batch.Revisions) != 1 || batch.Revisions[0].GenericRevisionInfo.RegisterTime == nil || !strings.Contains(aws.ToString(batch.ErrorMessage), "s3://b/none") {
		t.Errorf("batch %+v", batch)
	}
	_, err = sdk.BatchGetApplicationRevisions(ctx, &cd.BatchGetApplicationRevisionsInput{ApplicationName: shop, Revisions: []types.RevisionLocation{}})
	typed[*types.RevisionRequiredException](t, err)
}

func TestSDKBatches(t *testing.T) {
	t.Parallel()
	ctx, p := t.Context(), newPlane(t)
	sdk := p.sdk(root)
	_, id := p.shop()
	apps := ok(sdk.BatchGetApplications(ctx, &cd.BatchGetApplicationsInput{ApplicationNames: []string{"shop", "shop"}}))(t)
	if len(apps.ApplicationsInfo) != 1 || apps.ApplicationsInfo[0].ComputePlatform != types.ComputePlatformServer {
		t.Errorf("applications %+v", apps)
	}
	_, err := sdk.BatchGetApplications(ctx, &cd.BatchGetApplicationsInput{ApplicationNames: []string{"shop", "none"}})
	typed[*types.ApplicationDoesNotExistException](t, err)
	deployments := ok(sdk.BatchGetDeployments(ctx, &cd.BatchGetDeploymentsInput{DeploymentIds: []string{"d-UNKNOWN01", id}}))(t)
	if len(deployments.DeploymentsInfo) != 1 || aws.ToString(deployments.DeploymentsInfo[0].DeploymentId) != id {
		t.Errorf("deployments %+v", deployments)
	}
	_, err = sdk.BatchGetDeployments(ctx, &cd.BatchGetDeploymentsInput{DeploymentIds: make([]string, 26)})
	typed[*types.DeploymentIdRequiredException](t, err)
	ok(sdk.RegisterOnPremisesInstance(ctx, &cd.RegisterOnPremisesInstanceInput{InstanceName: aws.String("a"), IamUserArn: aws.String("arn:aws:iam::000000000000:user/a")}))(t)
	instances := ok(sdk.BatchGetOnPremisesInstances(ctx, &cd.BatchGetOnPremisesInstancesInput{InstanceNames: []string{"b", "a"}}))(t)
	if len(instances.InstanceInfos) != 1 || aws.ToString(instances.InstanceInfos[0].InstanceName) != "a" {
		t.Errorf("instances %+v", instances)
	}
	_, err = sdk.BatchGetOnPremisesInstances(ctx, &cd.BatchGetOnPremisesInstancesInput{InstanceNames: strings.Split(strings.Repeat("a", 26), "")})
	typed[*types.BatchLimitExceededException](t, err)
}

func TestSDKWaitsAndHooks(t *testing.T) {
	t.Parallel()
	ctx, p := t.Context(), newPlane(t)
	sdk := p.sdk(root)
	_, id := p.shop()
	_, err := sdk.ContinueDeployment(ctx, &cd.ContinueDeploymentInput{DeploymentId: &id})
	typed[*types.UnsupportedActionForDeploymentTypeException](t, err)
	_, err = sdk.ContinueDeployment(ctx, &cd.ContinueDeploymentInput{DeploymentId: &id, DeploymentWaitType: "x"})
	typed[*types.InvalidDeploymentWaitTypeException](t, err)
	put := &cd.PutLifecycleEventHookExecutionStatusInput{
		DeploymentId: &id, LifecycleEventHookExecutionId: aws.String("AAAAAAAAAAAAAAAAAAAAAA"), Status: types.LifecycleEventStatusSucceeded,
	}
	_, err = sdk.PutLifecycleEventHookExecutionStatus(ctx, put)
	typed[*types.UnsupportedActionForDeploymentTypeException](t, err)
	p.change(id, func(d *deploy.Deployment) { d.Platform = deploy.Lambda })
	_, err = sdk.PutLifecycleEventHookExecutionStatus(ctx, put)
	typed[*types.InvalidLifecycleEventHookExecutionIdException](t, err)
	ok(sdk.DeleteResourcesByExternalId(ctx, &cd.DeleteResourcesByExternalIdInput{ExternalId: aws.String("x")}))(t)
}

// TestGitHubTokens sets a token as the slipway command does; the SDK sees its
// name, and nothing shows it.
func TestGitHubTokens(t *testing.T) {
	t.Parallel()
	ctx, p := t.Context(), newPlane(t)
	sdk := p.sdk(root)
	p.shop()
	admin := p.addUser(t, "admin", `{"Effect":"Allow","Action":"*","Resource":"*"}`)
	const body = `{"name":"acme","token":"ghp_secret","applicationName":"shop"}`
	put := p.post(t, "", body)
	put.Header.Set("X-Amz-Target", "Slipway_20261101.PutGitHubAccountToken")
	if answer := send(t, sign(put.Clone(ctx), body, admin)); !strings.Contains(answer.body, "AccessDeniedException") {
		t.Errorf("by somebody who is not the root: %d %s", answer.status, answer.body)
	}
	put = p.post(t, "", body)
	put.Header.Set("X-Amz-Target", "Slipway_20261101.PutGitHubAccountToken")
	if answer := send(t, sign(put, body, root)); answer.status != 200 || answer.body != "" {
		t.Fatalf("%d %s", answer.status, answer.body)
	}
	list := ok(sdk.ListGitHubAccountTokenNames(ctx, &cd.ListGitHubAccountTokenNamesInput{}))(t)
	if len(list.TokenNameList) != 1 || list.TokenNameList[0] != "acme" {
		t.Errorf("list %v", list.TokenNameList)
	}
	app := ok(sdk.GetApplication(ctx, &cd.GetApplicationInput{ApplicationName: aws.String("shop")}))(t).Application
	if !app.LinkedToGitHub || aws.ToString(app.GitHubAccountName) != "acme" {
		t.Errorf("application %+v", app)
	}
	if strings.Contains(p.log.String(), "ghp_secret") {
		t.Error("the token is in the log")
	}
	deleted := ok(sdk.DeleteGitHubAccountToken(ctx, &cd.DeleteGitHubAccountTokenInput{TokenName: aws.String("acme")}))(t)
	if aws.ToString(deleted.TokenName) != "acme" {
		t.Errorf("deleted %+v", deleted)
	}
	_, err := sdk.DeleteGitHubAccountToken(ctx, &cd.DeleteGitHubAccountTokenInput{TokenName: aws.String("acme")})
	typed[*types.GitHubAccountTokenDoesNotExistException](t, err)
	_, err = sdk.DeleteGitHubAccountToken(ctx, &cd.DeleteGitHubAccountTokenInput{})
	typed[*types.GitHubAccountTokenNameRequiredException](t, err)
}
