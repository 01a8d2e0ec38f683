package compat

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
)

// TestECSAction does what the GitHub action for task definitions does: it asks
// the group how long it waits, writes the AppSpec file anew as JSON, in which
// the version is a whole number, and cuts its description to 512 characters,
// of which the last has three bytes.
func TestECSAction(t *testing.T) {
	t.Parallel()
	w := newServer(t).world(t)
	w.group(types.ComputePlatformEcs)
	group, err := w.api.GetDeploymentGroup(t.Context(), &codedeploy.GetDeploymentGroupInput{
		ApplicationName: new(shop), DeploymentGroupName: new(prod),
	})
	w.must(err)
	settings := group.DeploymentGroupInfo.BlueGreenDeploymentConfiguration
	if settings.DeploymentReadyOption == nil || settings.TerminateBlueInstancesOnDeploymentSuccess.TerminationWaitTimeInMinutes != 5 {
		t.Errorf("the group waits %+v", settings)
	}
	const document = `{"version":0,"Resources":[{"TargetService":{"Type":"AWS::ECS::Service","Properties":{` +
		`"TaskDefinition":"arn:aws:ecs:us-east-1:111122223333:task-definition/shop:8",` +
		`"LoadBalancerInfo":{"ContainerName":"web","ContainerPort":8080}}}}]}`
	hash := sha256.Sum256([]byte(document))
	description := strings.Repeat("x", 511) + "…"
	out, err := w.api.CreateDeployment(t.Context(), &codedeploy.CreateDeploymentInput{
		ApplicationName: new(shop), DeploymentGroupName: new(prod), Description: &description,
		Revision: &types.RevisionLocation{
			RevisionType:   types.RevisionLocationTypeAppSpecContent,
			AppSpecContent: &types.AppSpecContent{Content: new(document), Sha256: new(hex.EncodeToString(hash[:]))},
		},
	})
	w.must(err)
	got, err := w.api.GetDeployment(t.Context(), &codedeploy.GetDeploymentInput{DeploymentId: out.DeploymentId})
	w.must(err)
	if text := aws.ToString(got.DeploymentInfo.Description); text != description {
		t.Errorf("the description has %d characters of %d", utf8.RuneCountInString(text), utf8.RuneCountInString(description))
	}
}

// TestGroupOfABranch does what actions that deploy branches do: they update the
// group of the branch, make it if there is none, look at the description of
// its last deployment, deploy a commit, and delete the group in the end.
func TestGroupOfABranch(t *testing.T) {
	t.Parallel()
	w := newServer(t).world(t)
	w.application(types.ComputePlatformServer)
	const branch = "feature--new-page"
	update := &codedeploy.UpdateDeploymentGroupInput{
		ApplicationName: new(shop), CurrentDeploymentGroupName: new(branch), ServiceRoleArn: new(role),
	}
	_, err := w.api.UpdateDeploymentGroup(t.Context(), update)
	if _, none := errors.AsType[*types.DeploymentGroupDoesNotExistException](err); !none {
		t.Fatalf("a group that is not there is updated with %v", err)
	}
	w.must(failed(w.api.CreateDeploymentGroup(t.Context(), &codedeploy.CreateDeploymentGroupInput{
		ApplicationName: new(shop), DeploymentGroupName: new(branch), ServiceRoleArn: new(role),
	})))
	w.must(failed(w.api.UpdateDeploymentGroup(t.Context(), update)))
	group := &codedeploy.GetDeploymentGroupInput{ApplicationName: new(shop), DeploymentGroupName: new(branch)}
	before, err := w.api.GetDeploymentGroup(t.Context(), group)
	w.must(err)
	if last := before.DeploymentGroupInfo.LastAttemptedDeployment; last != nil {
		t.Errorf("a new group was last deployed to by %+v", last)
	}
	const description = "Created by an action (run_number=17)"
	out, err := w.api.CreateDeployment(t.Context(), &codedeploy.CreateDeploymentInput{
		ApplicationName: new(shop), DeploymentGroupName: new(branch), Description: new(description),
		Revision: &types.RevisionLocation{RevisionType: types.RevisionLocationTypeGitHub, GitHubLocation: &types.GitHubLocation{
			Repository: new("acme/shop"), CommitId: new(strings.Repeat("4f", 20)),
		}},
	})
	w.must(err)
	w.change(aws.ToString(out.DeploymentId), completed)
	after, err := w.api.GetDeploymentGroup(t.Context(), group)
	w.must(err)
	last := after.DeploymentGroupInfo.LastAttemptedDeployment
	if last == nil || aws.ToString(last.DeploymentId) != aws.ToString(out.DeploymentId) {
		t.Fatalf("the group was last deployed to by %+v, want %s", last, aws.ToString(out.DeploymentId))
	}
	got, err := w.api.GetDeployment(t.Context(), &codedeploy.GetDeploymentInput{DeploymentId: last.DeploymentId})
	w.must(err)
	if text := aws.ToString(got.DeploymentInfo.Description); text != description {
		t.Errorf("its description is %q", text)
	}
	w.must(failed(w.api.DeleteDeploymentGroup(t.Context(), &codedeploy.DeleteDeploymentGroupInput{
		ApplicationName: new(shop), DeploymentGroupName: new(branch),
	})))
}
