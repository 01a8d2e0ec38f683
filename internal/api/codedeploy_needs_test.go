package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// TestNeeds checks which permission each operation asks for first.
func TestNeeds(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	_, id := p.shop()
	nobody := p.addUser(t, "nobody", "")
	const arn = "arn:aws:codedeploy:us-east-1:000000000000:"
	deployment := `{"deploymentId":"` + id + `"}`
	names := `{"applicationName":"shop","deploymentGroupName":"prod"}`
	for _, c := range []struct{ operation, body, resource string }{
		{"CreateApplication", `{"applicationName":"new"}`, arn + "application:new"},
		{"GetApplication", `{"applicationName":"no-such"}`, arn + "application:no-such"},
		{"ListApplications", `{}`, arn + "application:*"},
		{"DeleteApplication", names, arn + "application:shop"},
		{"RegisterApplicationRevision", names, arn + "application:shop"},
		{"GetApplicationRevision", names, arn + "application:shop"},
		{"BatchGetApplications", `{"applicationNames":["shop","other"]}`, arn + "application:shop"},
		{"BatchGetApplications", `{}`, "*"},
		{"UpdateApplication", `{"applicationName":"shop","newApplicationName":"new"}`, arn + "application:shop"},
		{"BatchGetApplicationRevisions", names, arn + "application:shop"},
		{"ListApplicationRevisions", names, arn + "application:shop"},
		{"CreateDeploymentConfig", `{"deploymentConfigName":"c"}`, arn + "deploymentconfig:c"},
		{"DeleteDeploymentConfig", `{"deploymentConfigName":"c"}`, arn + "deploymentconfig:c"},
		{"BatchGetDeploymentGroups", `{"applicationName":"shop","deploymentGroupNames":["prod"]}`, arn + "deploymentgroup:shop/prod"},
		{"UpdateDeploymentGroup", `{"applicationName":"shop","currentDeploymentGroupName":"prod"}`, arn + "deploymentgroup:shop/prod"},
		{"BatchGetDeployments", `{"deploymentIds":["d-UNKNOWN01","` + id + `"]}`, arn + "deploymentgroup:shop/prod"},
		{"ContinueDeployment", deployment, arn + "deploymentgroup:shop/prod"},
		{"SkipWaitTimeForInstanceTermination", deployment, arn + "deploymentgroup:shop/prod"},
		{"PutLifecycleEventHookExecutionStatus", deployment, arn + "deploymentgroup:shop/prod"},
		{"ListDeploymentInstances", deployment, arn + "deploymentgroup:shop/prod"},
		{"GetDeploymentInstance", deployment, arn + "deploymentgroup:shop/prod"},
		{"BatchGetDeploymentInstances", deployment, arn + "deploymentgroup:shop/prod"},
		{"BatchGetOnPremisesInstances", `{"instanceNames":["a"]}`, "*"},
		{"TagResource", `{"ResourceArn":"arn:x"}`, "arn:x"},
		{"UntagResource", `{"ResourceArn":"arn:x"}`, "arn:x"},
		{"ListTagsForResource", `{"ResourceArn":"arn:x"}`, "arn:x"},
		{"ListGitHubAccountTokenNames", `{}`, "*"},
		{"DeleteGitHubAccountToken", `{}`, "*"},
		{"DeleteResourcesByExternalId", `{}`, "*"},
		{"GetDeploymentConfig", `{"deploymentConfigName":"c"}`, arn + "deploymentconfig:c"},
		{"ListDeploymentConfigs", `{}`, arn + "deploymentconfig:*"},
		{"CreateDeploymentGroup", names, arn + "deploymentgroup:shop/prod"},
		{"GetDeploymentGroup", names, arn + "deploymentgroup:shop/prod"},
		{"ListDeploymentGroups", names, arn + "deploymentgroup:shop/*"},
		{"DeleteDeploymentGroup", names, arn + "deploymentgroup:shop/prod"},
		{"CreateDeployment", names, arn + "deploymentgroup:shop/prod"},
		{"GetDeployment", deployment, arn + "deploymentgroup:shop/prod"},
		{"ListDeployments", names, arn + "deploymentgroup:shop/prod"},
		{"ListDeployments", `{}`, arn + "deploymentgroup:*"},
		{"StopDeployment", deployment, arn + "deploymentgroup:shop/prod"},
		{"ListDeploymentTargets", deployment, arn + "deploymentgroup:shop/prod"},
		{"GetDeploymentTarget", deployment, arn + "deploymentgroup:shop/prod"},
		{"BatchGetDeploymentTargets", deployment, arn + "deploymentgroup:shop/prod"},
		{"RegisterOnPremisesInstance", `{"instanceName":"a"}`, arn + "instance/a"},
		{"DeregisterOnPremisesInstance", `{"instanceName":"a"}`, arn + "instance/a"},
		{"GetOnPremisesInstance", `{"instanceName":"a"}`, arn + "instance/a"},
		{"ListOnPremisesInstances", `{}`, "*"},
		{"AddTagsToOnPremisesInstances", `{"instanceNames":["a","b"]}`, arn + "instance/a"},
		{"RemoveTagsFromOnPremisesInstances", `{"instanceNames":["a"]}`, arn + "instance/a"},
	} {
		answer := send(t, sign(p.post(t, c.operation, c.body), c.body, nobody))
		want := "is not authorized to perform: codedeploy:" + c.operation + " on resource: " + c.resource + `"`
		if answer.status != http.StatusBadRequest || !strings.Contains(answer.body, "AccessDeniedException") || !strings.Contains(answer.body, want) {
			t.Errorf("%s %s: %d %s, want %s", c.operation, c.body, answer.status, answer.body, want)
		}
	}
}

// TestNeedsOfCreateDeployment takes the permissions away one by one.
func TestNeedsOfCreateDeployment(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	_, id := p.shop()
	p.change(id, func(d *deploy.Deployment) { d.Move(deploy.Failed, sampleNow) })
	known := createDeployment
	other := strings.Replace(createDeployment, "shop-7", "shop-8", 1)
	override := strings.Replace(createDeployment, "{", `{"overrideAlarmConfiguration":{"enabled":false},`, 1)
	const arn = "arn:aws:codedeploy:us-east-1:000000000000:"
	allow := func(action, resource string) string {
		return `{"Effect":"Allow","Action":"codedeploy:` + action + `","Resource":"` + arn + resource + `"}`
	}
	deployTo := allow("CreateDeployment", "deploymentgroup:shop/prod")
	config := allow("GetDeploymentConfig", "deploymentconfig:CodeDeployDefault.OneAtATime")
	revision := allow("GetApplicationRevision", "application:shop")
	for _, c := range []struct {
		name, body string
		statements []string
		missing    string
	}{
		{"a", known, []string{config, revision}, "codedeploy:CreateDeployment on"},
		{"b", known, []string{deployTo, revision}, "codedeploy:GetDeploymentConfig on resource: " + arn + "deploymentconfig:CodeDeployDefault.OneAtATime"},
		{"c", known, []string{deployTo, config}, "codedeploy:GetApplicationRevision on resource: " + arn + "application:shop"},
		{"d", other, []string{deployTo, config, revision}, "codedeploy:RegisterApplicationRevision on"},
		{"e", override, []string{deployTo, config, revision}, "codedeploy:UpdateDeploymentGroup on"},
		{"f", known, []string{deployTo, config, revision}, ""},
	} {
		user := p.addUser(t, c.name, "["+strings.Join(c.statements, ",")+"]")
		answer := send(t, sign(p.post(t, "CreateDeployment", c.body), c.body, user))
		if c.missing == "" && answer.status == http.StatusOK {
			continue
		}
		if c.missing == "" || !strings.Contains(answer.body, "not authorized to perform: "+c.missing) {
			t.Errorf("%s: %d %s, want %q", c.name, answer.status, answer.body, c.missing)
		}
	}
}

// TestNeedsOfRenames: who may touch only the old name cannot take another.
func TestNeedsOfRenames(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	p.shop()
	const arn = "arn:aws:codedeploy:us-east-1:000000000000:"
	user := p.addUser(t, "limited", `{"Effect":"Allow","Action":"codedeploy:*","Resource":["`+arn+`application:shop","`+arn+`deploymentgroup:shop/prod"]}`)
	for _, c := range []struct{ operation, body, missing string }{
		{"UpdateApplication", `{"applicationName":"shop","newApplicationName":"shop"}`, ""},
		{"UpdateApplication", `{"applicationName":"shop","newApplicationName":"new"}`, "application:new"},
		{"UpdateDeploymentGroup", `{"applicationName":"shop","currentDeploymentGroupName":"prod"}`, ""},
		{"UpdateDeploymentGroup", `{"applicationName":"shop","currentDeploymentGroupName":"prod","newDeploymentGroupName":"new"}`, "deploymentgroup:shop/new"},
		{"BatchGetApplications", `{"applicationNames":["shop","other"]}`, "application:other"},
	} {
		answer := send(t, sign(p.post(t, c.operation, c.body), c.body, user))
		if c.missing == "" && answer.status != http.StatusOK || c.missing != "" && !strings.Contains(answer.body, "resource: "+arn+c.missing) {
			t.Errorf("%s %s: %d %s", c.operation, c.body, answer.status, answer.body)
		}
	}
}
