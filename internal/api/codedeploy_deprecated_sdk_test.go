package api_test

//lint:file-ignore SA1019 the API has deprecated these operations, and still has them

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cd "github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/slipwayhq/slipway/internal/deploy"
)

func TestSDKDeploymentInstances(t *testing.T) {
	t.Parallel()
	ctx, p := t.Context(), newPlane(t)
	sdk := p.sdk(root)
	_, id := p.shop()
	const arn = "arn:aws:ec2:us-east-1:000000000000:instance/i-0abc"
	p.start(id, deploy.Target{ID: "i-0abc", ARN: arn, Status: deploy.TargetPending, UpdatedAt: sampleNow},
		deploy.Target{ID: "web-1", Status: deploy.TargetFailed, UpdatedAt: sampleNow, Events: []deploy.LifecycleEvent{{Name: deploy.Install, Status: deploy.EventFailed}}})
	list := ok(sdk.ListDeploymentInstances(ctx, &cd.ListDeploymentInstancesInput{
		DeploymentId: &id, InstanceStatusFilter: []types.InstanceStatus{types.InstanceStatusPending},
	}))(t)
	if len(list.InstancesList) != 1 || list.InstancesList[0] != "i-0abc" {
		t.Errorf("list %v", list.InstancesList)
	}
	_, err := sdk.ListDeploymentInstances(ctx, &cd.ListDeploymentInstancesInput{DeploymentId: &id, InstanceTypeFilter: []types.InstanceType{types.InstanceTypeBlue}})
	typed[*types.InvalidDeploymentInstanceTypeException](t, err)
	one := ok(sdk.GetDeploymentInstance(ctx, &cd.GetDeploymentInstanceInput{DeploymentId: &id, InstanceId: aws.String("i-0abc")}))(t).InstanceSummary
	if aws.ToString(one.InstanceId) != arn || one.Status != types.InstanceStatusPending || one.InstanceType != "" {
		t.Errorf("instance %+v", one)
	}
	_, err = sdk.GetDeploymentInstance(ctx, &cd.GetDeploymentInstanceInput{DeploymentId: &id, InstanceId: aws.String("x")})
	typed[*types.InstanceDoesNotExistException](t, err)
	batch := ok(sdk.BatchGetDeploymentInstances(ctx, &cd.BatchGetDeploymentInstancesInput{DeploymentId: &id, InstanceIds: []string{"web-1", "x"}}))(t)
	if len(batch.InstancesSummary) != 1 || len(batch.InstancesSummary[0].LifecycleEvents) != 1 || !strings.Contains(aws.ToString(batch.ErrorMessage), "x") {
		t.Errorf("batch %+v", batch)
	}
	_, err = sdk.BatchGetDeploymentInstances(ctx, &cd.BatchGetDeploymentInstancesInput{DeploymentId: &id, InstanceIds: []string{}})
	typed[*types.InstanceIdRequiredException](t, err)
	_, err = sdk.SkipWaitTimeForInstanceTermination(ctx, &cd.SkipWaitTimeForInstanceTerminationInput{DeploymentId: &id})
	typed[*types.UnsupportedActionForDeploymentTypeException](t, err)
}
