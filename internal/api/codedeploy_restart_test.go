package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cd "github.com/aws/aws-sdk-go-v2/service/codedeploy"

	"github.com/slipwayhq/slipway/internal/deploy"
)

const restartShop = `{"applicationName":"shop","deploymentGroupName":"prod","deploymentMode":"RESTART"}`

// TestRestartOnTheWire: deploymentMode is taken and shown, and what knows
// nothing of it gets answers without it.
func TestRestartOnTheWire(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	_, first := p.shop()
	p.change(first, func(d *deploy.Deployment) { d.Move(deploy.InProgress, sampleNow); d.Move(deploy.Succeeded, sampleNow) })
	show := func(id string) string { return p.call("GetDeployment", `{"deploymentId":"`+id+`"}`) }
	if answer := show(first); strings.Contains(answer, "deploymentMode") {
		t.Errorf("of a deployment without a mode: %s", answer)
	}
	id := p.id(p.call("CreateDeployment", restartShop), "deploymentId")
	if answer := show(id); !strings.Contains(answer, `"deploymentMode":"RESTART"`) || !strings.Contains(answer, "shop-7.zip") {
		t.Errorf("of a restart: %s", answer)
	}
	if answer := p.call("BatchGetDeployments", `{"deploymentIds":["`+id+`"]}`); !strings.Contains(answer, `"deploymentMode":"RESTART"`) {
		t.Errorf("of a restart among others: %s", answer)
	}
	// An SDK whose model has no such member passes over it.
	d := ok(p.sdk(root).GetDeployment(t.Context(), &cd.GetDeploymentInput{DeploymentId: &id}))(t).DeploymentInfo
	if aws.ToString(d.Revision.S3Location.Key) != "shop-7.zip" {
		t.Errorf("the SDK reads %+v", d)
	}
}

// TestNeedsOfARestart: it registers no revision, and takes the right to see
// the one that it runs.
func TestNeedsOfARestart(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	_, first := p.shop()
	p.change(first, func(d *deploy.Deployment) { d.Move(deploy.InProgress, sampleNow); d.Move(deploy.Succeeded, sampleNow) })
	const needed = `"codedeploy:CreateDeployment","codedeploy:GetDeploymentConfig"`
	for _, c := range []struct{ name, actions, missing string }{
		{"limited", needed, "codedeploy:GetApplicationRevision"},
		{"allowed", needed + `,"codedeploy:GetApplicationRevision"`, ""},
	} {
		user := p.addUser(t, c.name, `{"Effect":"Allow","Action":[`+c.actions+`],"Resource":"*"}`)
		answer := send(t, sign(p.post(t, "CreateDeployment", restartShop), restartShop, user))
		if (answer.status == http.StatusOK) != (c.missing == "") || !strings.Contains(answer.body, c.missing) {
			t.Errorf("%s: %d %s, want %q", c.name, answer.status, answer.body, c.missing)
		}
	}
}
