package api_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cd "github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/google/go-cmp/cmp"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// TestSDKQueue lets a deployment wait for its turn.
func TestSDKQueue(t *testing.T) {
	t.Parallel()
	ctx, p := t.Context(), newPlane(t)
	sdk := p.sdk(root)
	_, first := p.shop()
	create := &cd.CreateDeploymentInput{
		ApplicationName: aws.String("shop"), DeploymentGroupName: aws.String("prod"), Revision: s3Revision("next"),
	}
	_, err := sdk.CreateDeployment(ctx, create)
	typed[*types.DeploymentLimitExceededException](t, err)
	ok(sdk.TagResource(ctx, &cd.TagResourceInput{
		ResourceArn: aws.String("arn:aws:codedeploy:us-east-1:000000000000:deploymentgroup:shop/prod"),
		Tags:        []types.Tag{{Key: aws.String(deploy.QueueTag), Value: aws.String("true")}},
	}))(t)

	second := aws.ToString(ok(sdk.CreateDeployment(ctx, create))(t).DeploymentId)
	d := ok(sdk.GetDeployment(ctx, &cd.GetDeploymentInput{DeploymentId: &second}))(t).DeploymentInfo
	want := []string{"Queued until the deployment " + first + " to the same group has ended."}
	if d.Status != types.DeploymentStatusQueued || d.DeploymentOverview != nil || d.StartTime != nil ||
		!cmp.Equal(want, d.DeploymentStatusMessages) {
		t.Errorf("queued as %+v", d)
	}
	list := ok(sdk.ListDeployments(ctx, &cd.ListDeploymentsInput{
		ApplicationName: aws.String("shop"), DeploymentGroupName: aws.String("prod"),
		IncludeOnlyStatuses: []types.DeploymentStatus{types.DeploymentStatusQueued},
	}))(t)
	if diff := cmp.Diff([]string{second}, list.Deployments); diff != "" {
		t.Error(diff)
	}
	_, err = sdk.ListDeploymentTargets(ctx, &cd.ListDeploymentTargetsInput{DeploymentId: &second})
	typed[*types.DeploymentNotStartedException](t, err)
	stopped := ok(sdk.StopDeployment(ctx, &cd.StopDeploymentInput{DeploymentId: &second}))(t)
	if stopped.Status != types.StopStatusSucceeded {
		t.Errorf("stopped %+v", stopped)
	}
}

// TestSDKRelatedDeployments: a root names its follow-ups, they name their
// root, and others have no such member.
func TestSDKRelatedDeployments(t *testing.T) {
	t.Parallel()
	ctx, p := t.Context(), newPlane(t)
	sdk := p.sdk(root)
	_, id := p.shop()
	related := func() *types.RelatedDeployments {
		t.Helper()
		return ok(sdk.GetDeployment(ctx, &cd.GetDeploymentInput{DeploymentId: &id}))(t).DeploymentInfo.RelatedDeployments
	}
	if got := related(); got != nil {
		t.Errorf("of its own: %+v", got)
	}
	p.change(id, func(d *deploy.Deployment) { d.FollowUps = []string{"d-AAAAAAAAA", "d-BBBBBBBBB"} })
	if got := related(); !cmp.Equal(got.AutoUpdateOutdatedInstancesDeploymentIds, []string{"d-AAAAAAAAA", "d-BBBBBBBBB"}) ||
		got.AutoUpdateOutdatedInstancesRootDeploymentId != nil {
		t.Errorf("of the root: %+v", got)
	}
	p.change(id, func(d *deploy.Deployment) { d.FollowUps, d.RootID = nil, "d-CCCCCCCCC" })
	if got := related(); aws.ToString(got.AutoUpdateOutdatedInstancesRootDeploymentId) != "d-CCCCCCCCC" ||
		got.AutoUpdateOutdatedInstancesDeploymentIds != nil {
		t.Errorf("of a follow-up: %+v", got)
	}
}
