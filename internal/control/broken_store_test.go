package control_test

import (
	"testing"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
)

// TestBrokenStore checks that nobody mistakes a database that does not answer
// for something that is not there, or for a success.
func TestBrokenStore(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	if err := w.store.Close(); err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	const id = "d-AAAAAAAAA"
	one := []deploy.Tag{{Key: "k", Value: "v"}}
	errs := map[string]error{
		"DeleteApplication":                 w.DeleteApplication(ctx, ns, "shop"),
		"DeleteDeploymentGroup":             w.DeleteDeploymentGroup(ctx, ns, "shop", "prod"),
		"RegisterApplicationRevision":       w.RegisterApplicationRevision(ctx, ns, control.RegisterApplicationRevision{Application: "shop", Revision: bundle("k")}),
		"RegisterOnPremisesInstance":        w.RegisterOnPremisesInstance(ctx, ns, control.RegisterOnPremisesInstance{Name: "a", IAMUserARN: userARN("a")}),
		"DeregisterOnPremisesInstance":      w.DeregisterOnPremisesInstance(ctx, ns, "a"),
		"AddTagsToOnPremisesInstances":      w.AddTagsToOnPremisesInstances(ctx, ns, []string{"a"}, one),
		"RemoveTagsFromOnPremisesInstances": w.RemoveTagsFromOnPremisesInstances(ctx, ns, []string{"a"}, one),
	}
	errs["PutAlarm"] = w.PutAlarm(ctx, deploy.Alarm{Namespace: ns, Name: "a", Settings: []byte("{}")})
	errs["SetAlarmState"] = w.SetAlarmState(ctx, ns, control.SetAlarmState{Name: "a", State: deploy.AlarmOK})
	errs["DeleteAlarms"] = w.DeleteAlarms(ctx, ns, []string{"a"})
	_, _, errs["ListAlarms"] = w.ListAlarms(ctx, ns, control.AlarmFilter{}, "", 1)
	_, errs["CreateApplication"] = w.CreateApplication(ctx, ns, control.CreateApplication{Name: "shop"})
	_, errs["GetApplication"] = w.GetApplication(ctx, ns, "shop")
	_, errs["ListApplications"] = w.ListApplications(ctx, ns, "", 1)
	_, errs["CreateDeploymentGroup"] = w.CreateDeploymentGroup(ctx, ns, prod())
	_, errs["GetDeploymentGroup"] = w.GetDeploymentGroup(ctx, ns, "shop", "prod")
	_, errs["ListDeploymentGroups"] = w.ListDeploymentGroups(ctx, ns, "shop", "", 1)
	_, errs["GetApplicationRevision"] = w.GetApplicationRevision(ctx, ns, "shop", bundle("k"))
	_, errs["KnowsRevision"] = w.KnowsRevision(ctx, ns, "shop", bundle("k"))
	_, errs["CreateDeployment"] = w.CreateDeployment(ctx, ns, deployment())
	_, errs["GetDeployment"] = w.GetDeployment(ctx, ns, id)
	_, errs["ListDeployments"] = w.ListDeployments(ctx, ns, control.ListDeployments{Limit: 1})
	_, errs["StopDeployment"] = w.StopDeployment(ctx, ns, control.StopDeployment{DeploymentID: id})
	_, errs["ListDeploymentTargets"] = w.ListDeploymentTargets(ctx, ns, control.ListDeploymentTargets{DeploymentID: id, Limit: 1})
	_, errs["GetDeploymentTarget"] = w.GetDeploymentTarget(ctx, ns, id, "a")
	_, errs["BatchGetDeploymentTargets"] = w.BatchGetDeploymentTargets(ctx, ns, id, []string{"a"})
	_, errs["GetOnPremisesInstance"] = w.GetOnPremisesInstance(ctx, ns, "a")
	_, errs["ListOnPremisesInstances"] = w.ListOnPremisesInstances(ctx, ns, control.ListOnPremisesInstances{Limit: 1})
	for operation, err := range map[string]error{
		"UpdateApplication":                    w.UpdateApplication(ctx, ns, "shop", "new"),
		"UpdateDeploymentGroup":                w.UpdateDeploymentGroup(ctx, ns, control.UpdateDeploymentGroup{Application: "shop", Name: "prod"}),
		"DeleteDeploymentConfig":               w.DeleteDeploymentConfig(ctx, ns, "mine"),
		"TagResource":                          w.TagResource(ctx, ns, ns.ApplicationARN("shop"), one),
		"UntagResource":                        w.UntagResource(ctx, ns, ns.GroupARN("shop", "prod"), []string{"k"}),
		"PutGitHubAccountToken":                w.PutGitHubAccountToken(ctx, ns, control.PutGitHubAccountToken{Name: "acme", Token: "t"}),
		"DeleteGitHubAccountToken":             w.DeleteGitHubAccountToken(ctx, ns, "acme"),
		"ContinueDeployment":                   w.ContinueDeployment(ctx, ns, id, nil),
		"SkipWaitTimeForInstanceTermination":   w.SkipWaitTimeForInstanceTermination(ctx, ns, id),
		"PutLifecycleEventHookExecutionStatus": w.PutLifecycleEventHookExecutionStatus(ctx, ns, control.HookResult{DeploymentID: id, ExecutionID: hookID, Status: new("Failed")}),
	} {
		errs[operation] = err
	}
	_, errs["BatchGetApplications"] = w.BatchGetApplications(ctx, ns, []string{"shop"})
	_, _, errs["BatchGetApplicationRevisions"] = w.BatchGetApplicationRevisions(ctx, ns, "shop", []control.Revision{*bundle("k")})
	_, errs["ListApplicationRevisions"] = w.ListApplicationRevisions(ctx, ns, control.ListApplicationRevisions{Application: "shop", Limit: 1})
	_, errs["CreateDeploymentConfig"] = w.CreateDeploymentConfig(ctx, ns, serverConfig("mine"))
	_, errs["GetDeploymentConfig"] = w.GetDeploymentConfig(ctx, ns, "mine")
	_, errs["ListDeploymentConfigs"] = w.ListDeploymentConfigs(ctx, ns, "", 1)
	_, _, errs["BatchGetDeploymentGroups"] = w.BatchGetDeploymentGroups(ctx, ns, "shop", []string{"prod"})
	_, errs["BatchGetDeployments"] = w.BatchGetDeployments(ctx, ns, []string{id})
	_, errs["BatchGetOnPremisesInstances"] = w.BatchGetOnPremisesInstances(ctx, ns, []string{"a"})
	_, errs["ListTagsForResource"] = w.ListTagsForResource(ctx, ns, ns.ApplicationARN("shop"))
	_, errs["ListTagsForResource of a configuration"] = w.ListTagsForResource(ctx, ns, ns.ConfigARN("mine"))
	_, errs["ListGitHubAccountTokenNames"] = w.ListGitHubAccountTokenNames(ctx, ns, "", 1)
	_, errs["ListDeploymentInstances"] = w.ListDeploymentInstances(ctx, ns, control.ListDeploymentInstances{DeploymentID: id, Limit: 1})
	_, errs["GetDeploymentInstance"] = w.GetDeploymentInstance(ctx, ns, id, "a")
	_, _, errs["BatchGetDeploymentInstances"] = w.BatchGetDeploymentInstances(ctx, ns, id, []string{"a"})
	for operation, err := range errs {
		if err == nil || deploy.CodeOf(err) != "" {
			t.Errorf("%s: %v", operation, err)
		}
	}
}
