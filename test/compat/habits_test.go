package compat

import (
	"regexp"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/engine"
	"github.com/slipwayhq/slipway/internal/platform"
	hosts "github.com/slipwayhq/slipway/internal/platform/server"
)

// activeDeployment is how CI actions find the deployment that is in their way.
var activeDeployment = regexp.MustCompile(`already has an active Deployment '(d-[A-Z0-9]+)'`)

// TestContinuousIntegration does what the actions of CI systems do: deploy, and
// when another deployment is in the way stop it, try again, and wait for the
// end with the SDK's waiter.
func TestContinuousIntegration(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	w := s.world(t)
	moves := engine.New(s.store, engine.Options{Platforms: map[deploy.ComputePlatform]platform.Platform{deploy.Server: hosts.Platform{}}})

	inTheWay := w.deployment(types.ComputePlatformServer)
	_, err := w.api.CreateDeployment(t.Context(), deploymentInput(types.ComputePlatformServer))
	if !recognised(err, "DeploymentLimitExceededException") {
		t.Fatalf("answered by %v", err)
	}
	found := activeDeployment.FindStringSubmatch(err.Error())
	if found == nil || found[1] != inTheWay {
		t.Fatalf("%s is not named by %v", inTheWay, err)
	}
	stopped, err := w.api.StopDeployment(t.Context(), &codedeploy.StopDeploymentInput{DeploymentId: &found[1]})
	if err != nil || stopped.Status != types.StopStatusSucceeded {
		t.Fatalf("stopped: %+v, %v", stopped, err)
	}
	if _, err := moves.Step(t.Context()); err != nil {
		t.Fatal(err)
	}

	out, err := w.api.CreateDeployment(t.Context(), deploymentInput(types.ComputePlatformServer))
	if err != nil {
		t.Fatal(err)
	}
	wait := codedeploy.NewDeploymentSuccessfulWaiter(w.api, func(o *codedeploy.DeploymentSuccessfulWaiterOptions) {
		o.MinDelay, o.MaxDelay = time.Millisecond, time.Millisecond
	})
	w.change(aws.ToString(out.DeploymentId), completed)
	if err := wait.Wait(t.Context(), &codedeploy.GetDeploymentInput{DeploymentId: out.DeploymentId}, time.Minute); err != nil {
		t.Error(err)
	}
	// The one that was stopped ends the wait too, as a failure.
	err = wait.Wait(t.Context(), &codedeploy.GetDeploymentInput{DeploymentId: &inTheWay}, time.Minute)
	if err == nil || err.Error() != "waiter state transitioned to Failure" {
		t.Errorf("waiting for a stopped deployment ends with %v", err)
	}
}

// TestAppSpecAgain does what frameworks for functions do: they deploy the text
// of an AppSpec file, and later the same one again by the hash that they were
// told.
func TestAppSpecAgain(t *testing.T) {
	t.Parallel()
	w := newServer(t).world(t)
	id := w.deployment(types.ComputePlatformLambda)
	out, err := w.api.GetDeployment(t.Context(), &codedeploy.GetDeploymentInput{DeploymentId: &id})
	if err != nil {
		t.Fatal(err)
	}
	told := out.DeploymentInfo.Revision.AppSpecContent
	if told.Content != nil || aws.ToString(told.Sha256) == "" {
		t.Fatalf("told %+v, want the hash alone", told)
	}
	w.change(id, completed)
	again := deploymentInput(types.ComputePlatformLambda)
	again.Revision = out.DeploymentInfo.Revision
	if _, err := w.api.CreateDeployment(t.Context(), again); err != nil {
		t.Error(err)
	}
}
