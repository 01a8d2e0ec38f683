package api_test

import (
	"encoding/json"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cd "github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// TestSDKECSTarget: what a target on ECS shows of its task sets.
func TestSDKECSTarget(t *testing.T) {
	t.Parallel()
	ctx, p := t.Context(), newPlane(t)
	sdk := p.sdk(root)
	_, id := p.shop()
	p.change(id, func(d *deploy.Deployment) {
		d.Platform = deploy.ECS
		d.TerminationWaitAt = new(sampleNow)
	})
	p.start(id, deploy.Target{
		ID: "c1:shop", ARN: "arn:aws:ecs:us-east-1:111122223333:service/c1/shop", Status: deploy.TargetInProgress, UpdatedAt: sampleNow,
		ECS: &deploy.ECSTarget{
			Blue:  deploy.TaskSet{ID: "ecs-svc/1", ARN: "x/1", TargetGroup: "tg-a", Status: "PRIMARY", Desired: 3, Running: 3, Weight: 70},
			Green: deploy.TaskSet{ID: "ecs-svc/2", ARN: "x/2", TargetGroup: "tg-b", Status: "ACTIVE", Desired: 3, Pending: 1, Running: 2, Weight: 30},
		},
	})
	out := ok(sdk.GetDeploymentTarget(ctx, &cd.GetDeploymentTargetInput{DeploymentId: &id, TargetId: aws.String("c1:shop")}))(t).DeploymentTarget
	set := func(id, group, status string, pending, running int64, weight float64, label types.TargetLabel) types.ECSTaskSet {
		return types.ECSTaskSet{
			Identifer: &id, DesiredCount: 3, PendingCount: pending, RunningCount: running, Status: &status, TrafficWeight: weight,
			TargetGroup: &types.TargetGroupInfo{Name: &group}, TaskSetLabel: label,
		}
	}
	want := []types.ECSTaskSet{
		set("ecs-svc/1", "tg-a", "PRIMARY", 0, 3, 70, types.TargetLabelBlue),
		set("ecs-svc/2", "tg-b", "ACTIVE", 1, 2, 30, types.TargetLabelGreen),
	}
	if diff := cmp.Diff(want, out.EcsTarget.TaskSetsInfo, cmpopts.IgnoreUnexported(types.ECSTaskSet{}, types.TargetGroupInfo{})); diff != "" ||
		out.DeploymentTargetType != types.DeploymentTargetTypeEcsTarget {
		t.Errorf("%s (-want +got):\n%s", out.DeploymentTargetType, diff)
	}
	if aws.ToString(out.EcsTarget.TargetArn) != "arn:aws:ecs:us-east-1:111122223333:service/c1/shop" {
		t.Errorf("the ARN is %s", aws.ToString(out.EcsTarget.TargetArn))
	}
	info := ok(sdk.GetDeployment(ctx, &cd.GetDeploymentInput{DeploymentId: &id}))(t).DeploymentInfo
	if !info.InstanceTerminationWaitTimeStarted {
		b, _ := json.Marshal(info)
		t.Errorf("the wait does not show: %s", b)
	}
}
