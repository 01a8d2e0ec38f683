package control_test

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
)

func TestCreateDeploymentDefaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.shop()
	told, cancel := w.store.Subscribe("deployments")
	defer cancel()
	id := w.deploy(deployment())
	select {
	case <-told:
	default:
		t.Error("the engine was not told")
	}
	w.wantDue(id)
	d := must(w.GetDeployment(t.Context(), ns, id))(t)
	config, _ := deploy.PredefinedConfig(deploy.DefaultConfigName)
	want := deploy.Deployment{
		Namespace: ns, ID: id, ApplicationID: d.ApplicationID, ApplicationName: "shop", GroupID: d.GroupID, GroupName: "prod",
		Platform: deploy.Server, Revision: deploy.Revision{Type: deploy.S3Revision, S3: bundle("shop-7.zip").S3},
		Creator: deploy.CreatorUser, CreatedAt: d.CreatedAt, Config: config,
		Style:              deploy.Style{Type: deploy.InPlace, Option: deploy.WithoutTrafficControl},
		FileExistsBehavior: "DISALLOW", Status: deploy.Created,
	}
	if diff := cmp.Diff(want, d); diff != "" {
		t.Error(diff)
	}
}

func TestCreateDeploymentFreezesTheGroup(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.application("shop", deploy.Server)
	group := prod()
	group.ConfigName = "CodeDeployDefault.HalfAtATime"
	group.Style = &deploy.Style{Type: deploy.InPlace, Option: deploy.WithTrafficControl}
	group.LoadBalancer = &deploy.LoadBalancerInfo{TargetGroups: []string{"tg"}}
	group.Alarms = &deploy.Alarms{Enabled: true, Names: []string{"errors"}}
	group.AutoRollback = &deploy.AutoRollback{Enabled: true, Events: []deploy.RollbackEvent{deploy.RollbackOnFailure}}
	w.group(group)

	first := w.deploy(deployment())
	d := must(w.GetDeployment(t.Context(), ns, first))(t)
	if d.Config.Name != group.ConfigName || d.Config.MinimumHealthy.Value != 50 || d.Style != *group.Style {
		t.Errorf("config %+v, style %+v", d.Config, d.Style)
	}
	if diff := cmp.Diff(group.Alarms, d.Alarms); diff != "" || d.AlarmOverride != nil {
		t.Error(diff, d.AlarmOverride)
	}
	if diff := cmp.Diff(group.AutoRollback, d.AutoRollback); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(group.LoadBalancer, d.LoadBalancer); diff != "" {
		t.Error(diff)
	}
	w.end(first, deploy.Succeeded)

	in := deployment()
	in.Revision = bundle("shop-8.zip")
	in.ConfigName = "CodeDeployDefault.AllAtOnce"
	in.Description = "eighth"
	in.AutoRollback = &deploy.AutoRollback{}
	in.AlarmOverride = &deploy.Alarms{}
	in.IgnoreApplicationStopFailures, in.UpdateOutdatedInstancesOnly = true, true
	in.FileExistsBehavior = new("RETAIN")
	d = must(w.GetDeployment(t.Context(), ns, w.deploy(in)))(t)
	if d.Config.Name != in.ConfigName || d.Description != "eighth" || d.FileExistsBehavior != "RETAIN" ||
		!d.IgnoreApplicationStopFailures || !d.UpdateOutdatedInstancesOnly {
		t.Errorf("stored %+v", d)
	}
	if d.AutoRollback == nil || d.AutoRollback.Enabled || d.Alarms == nil || d.Alarms.Enabled || d.AlarmOverride == nil {
		t.Errorf("overrides: %+v %+v %+v", d.AutoRollback, d.Alarms, d.AlarmOverride)
	}
	if d.PreviousRevision == nil || d.PreviousRevision.S3.Key != "shop-7.zip" {
		t.Errorf("previous %+v", d.PreviousRevision)
	}
}

type deploymentFault struct {
	code, text string
	change     func(*control.CreateDeployment)
}

func wantDeploymentFaults(t *testing.T, w *world, base func() control.CreateDeployment, faults []deploymentFault) {
	t.Helper()
	for _, f := range faults {
		in := base()
		f.change(&in)
		_, err := w.CreateDeployment(t.Context(), ns, in)
		refused(t, "CreateDeployment", err, f.code, f.text)
	}
	w.deploy(base())
}

func TestCreateDeploymentFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.shop()
	type D = control.CreateDeployment
	fleet := &deploy.TargetInstances{TagFilters: []deploy.TagFilter{{Key: "k"}}}
	wantDeploymentFaults(t, w, deployment, []deploymentFault{
		{"ApplicationNameRequired", "", func(d *D) { d.Application = "" }},
		{"InvalidApplicationName", "", func(d *D) { d.Application = long }},
		{"ApplicationDoesNotExist", "No application found for name: x", func(d *D) { d.Application = "x" }},
		{"DeploymentGroupNameRequired", "Deployment Group name is missing", func(d *D) { d.Group = "" }},
		{"InvalidDeploymentGroupName", "", func(d *D) { d.Group = "?" }},
		{"DeploymentGroupDoesNotExist", "No Deployment Group found for name: x", func(d *D) { d.Group = "x" }},
		{"RevisionRequired", "RevisionLocation must be specified", func(d *D) { d.Revision = nil }},
		{"InvalidRevision", "bundleType", func(d *D) { d.Revision = s3("b", "k", "rar") }},
		{"InvalidRevision", "SERVER", func(d *D) { d.Revision = s3("b", "k", "JSON") }},
		{"InvalidDeploymentConfigName", "?", func(d *D) { d.ConfigName = "?" }},
		{"InvalidDeploymentConfigName", "ECS", func(d *D) { d.ConfigName = "CodeDeployDefault.ECSAllAtOnce" }},
		{"DeploymentConfigDoesNotExist", "No deployment configuration found for name: x", func(d *D) { d.ConfigName = "x" }},
		{"DescriptionTooLong", "", func(d *D) { d.Description = strings.Repeat("x", 513) }},
		{"InvalidAutoRollbackConfig", "", func(d *D) { d.AutoRollback = &deploy.AutoRollback{Enabled: true} }},
		{"InvalidAlarmConfig", "", func(d *D) { d.AlarmOverride = &deploy.Alarms{Enabled: true} }},
		{"AlarmsLimitExceeded", "", func(d *D) { d.AlarmOverride = &deploy.Alarms{Names: strings.Split("abcdefghijk", "")} }},
		{"InvalidFileExistsBehavior", "KEEP", func(d *D) { d.FileExistsBehavior = new("KEEP") }},
		{"InvalidTargetInstances", "IN_PLACE", func(d *D) { d.TargetInstances = fleet }},
		{"InvalidTargetInstances", "together", func(d *D) {
			d.TargetInstances = &deploy.TargetInstances{TagFilters: fleet.TagFilters, EC2Set: [][]deploy.TagFilter{fleet.TagFilters}}
		}},
		{"InvalidTargetInstances", "11", func(d *D) {
			d.TargetInstances = &deploy.TargetInstances{TagFilters: slices.Repeat(fleet.TagFilters, 11)}
		}},
		{"InvalidTargetInstances", "4", func(d *D) {
			d.TargetInstances = &deploy.TargetInstances{EC2Set: slices.Repeat([][]deploy.TagFilter{fleet.TagFilters}, 4)}
		}},
		{"InvalidAutoScalingGroup", "", func(d *D) { d.TargetInstances = &deploy.TargetInstances{AutoScalingGroups: []string{""}} }},
	})
}

func TestCreateDeploymentBlueGreen(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.application("shop", deploy.Server)
	keep, ready := timed("KEEP_ALIVE", 0), timed("CONTINUE_DEPLOYMENT", 0)
	existing := prod()
	existing.Style, existing.LoadBalancer = new(both()), &deploy.LoadBalancerInfo{ClassicELBs: []string{"elb"}}
	existing.BlueGreen = &control.BlueGreen{Ready: ready, Terminate: keep}
	w.group(existing)
	copied := existing
	copied.Name = "copied"
	copied.AutoScalingGroups = []string{"asg"}
	copied.BlueGreen = &control.BlueGreen{
		Ready: ready, Terminate: keep, GreenFleet: &control.TimedAction{Action: new("COPY_AUTO_SCALING_GROUP")},
	}
	w.group(copied)

	zonal := serverConfig("zonal")
	zonal.Zonal = &control.ZonalConfig{}
	w.config(zonal)
	fleet := &deploy.TargetInstances{TagFilters: []deploy.TagFilter{{Key: "green", Value: "*"}}, AutoScalingGroups: []string{"g"}}
	type D = control.CreateDeployment
	base := func() D { d := deployment(); d.TargetInstances = fleet; return d }
	wantDeploymentFaults(t, w, base, []deploymentFault{
		{"InvalidTargetInstances", "name them", func(d *D) { d.TargetInstances = nil }},
		{"InvalidTargetInstances", "copies", func(d *D) { d.Group = "copied" }},
		{"InvalidDeploymentConfigName", "zone by zone", func(d *D) { d.ConfigName = "zonal" }},
	})
	d := deployment()
	d.Group = "copied"
	w.deploy(d)
}

func TestCreateDeploymentOnOtherPlatforms(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.threeApplications()
	w.group(lambdaGroup())
	w.group(ecsGroup())
	type D = control.CreateDeployment
	faults := []deploymentFault{
		{"InvalidUpdateOutdatedInstancesOnlyValue", "", func(d *D) { d.UpdateOutdatedInstancesOnly = true }},
		{"InvalidIgnoreApplicationStopFailuresValue", "", func(d *D) { d.IgnoreApplicationStopFailures = true }},
		{"InvalidFileExistsBehavior", "leave it out", func(d *D) { d.FileExistsBehavior = new("DISALLOW") }},
		{"InvalidTargetInstances", "", func(d *D) { d.TargetInstances = &deploy.TargetInstances{} }},
		{"InvalidRevision", "", func(d *D) { d.Revision = bundle("x") }},
		{"RevisionDoesNotExist", helloHash, func(d *D) { d.Revision = appSpec("", helloHash) }},
	}
	pay := func() D { return D{Application: "pay", Group: "live", Revision: appSpec("hello", "")} }
	wantDeploymentFaults(t, w, pay, faults)
	wantDeploymentFaults(t, w, func() D { return D{Application: "boxes", Group: "web", Revision: appSpec("hello", "")} }, faults)

	// Content that is known can be given by its hash.
	active := must(w.LastAttempted("pay", "live"))(t)
	w.end(active.ID, deploy.Succeeded)
	again := pay()
	again.Revision = appSpec("", helloHash)
	d := must(w.GetDeployment(t.Context(), ns, w.deploy(again)))(t)
	if d.Revision.Content.Text != "hello" {
		t.Errorf("revision %+v", d.Revision.Content)
	}
}

// LastAttempted is what GetDeploymentGroup says of a group.
func (w *world) LastAttempted(application, group string) (deploy.Deployment, error) {
	info, err := w.GetDeploymentGroup(w.t.Context(), ns, application, group)
	if err != nil {
		return deploy.Deployment{}, err
	}
	return *info.LastAttempted, nil
}

func TestOneActiveDeploymentPerGroup(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{ActiveDeployments: 2})
	w.shop()
	for _, name := range []string{"b", "c"} {
		g := prod()
		g.Name = name
		w.group(g)
	}
	id := w.deploy(deployment())
	in := deployment()
	in.Revision = bundle("other.zip")
	_, err := w.CreateDeployment(t.Context(), ns, in)
	refused(t, "CreateDeployment", err, "DeploymentLimitExceeded",
		"The Deployment Group 'prod' already has an active Deployment '"+id+"'")
	// What was refused left nothing behind.
	_, err = w.GetApplicationRevision(t.Context(), ns, "shop", in.Revision)
	refused(t, "GetApplicationRevision", err, "RevisionDoesNotExist", "")

	in.Group = "b"
	w.deploy(in)
	// Above the limit of the account a deployment waits, and its group is busy
	// with it.
	in.Group = "c"
	queued := w.deploy(in)
	if d := w.row(queued).Deployment; d.Status != deploy.Queued || !strings.Contains(d.Messages[0], "2 deployments") {
		t.Errorf("above the limit: %s %v", d.Status, d.Messages)
	}
	_, err = w.CreateDeployment(t.Context(), ns, in)
	refused(t, "CreateDeployment", err, "DeploymentLimitExceeded",
		"The Deployment Group 'c' already has an active Deployment '"+queued+"'")
}

func TestConcurrentDeploymentsToOneGroup(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.shop()
	errs := make([]error, 8)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { _, errs[i] = w.CreateDeployment(t.Context(), ns, deployment()) })
	}
	wg.Wait()
	made := 0
	for _, err := range errs {
		if err == nil {
			made++
			continue
		}
		refused(t, "CreateDeployment", err, "DeploymentLimitExceeded", "already has an active Deployment 'd-")
	}
	if made != 1 {
		t.Errorf("%d deployments were made", made)
	}
}
