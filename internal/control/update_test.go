package control_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
)

func TestUpdateApplication(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.shop()
	w.application("bank", deploy.ECS)
	id := w.deploy(deployment())
	before := must(w.GetApplication(t.Context(), ns, "shop"))(t)
	for _, newName := range []string{"", "shop", "store"} {
		if err := w.UpdateApplication(t.Context(), ns, "shop", newName); err != nil {
			t.Fatalf("to %q: %v", newName, err)
		}
	}
	after := must(w.GetApplication(t.Context(), ns, "store"))(t)
	before.Name = "store"
	if diff := cmp.Diff(before, after); diff != "" {
		t.Error(diff)
	}
	// What belongs to it goes along.
	must(w.GetDeploymentGroup(t.Context(), ns, "store", "prod"))(t)
	must(w.GetApplicationRevision(t.Context(), ns, "store", bundle("shop-7.zip")))(t)
	if d := must(w.GetDeployment(t.Context(), ns, id))(t); d.ApplicationName != "store" || d.GroupName != "prod" {
		t.Errorf("the deployment says %s/%s", d.ApplicationName, d.GroupName)
	}
	rename := func(name, newName string) error { return w.UpdateApplication(t.Context(), ns, name, newName) }
	refused(t, "UpdateApplication", rename("store", "bank"), "ApplicationAlreadyExists", "bank")
	refused(t, "UpdateApplication", rename("store", "a b"), "InvalidApplicationName", "")
	applicationNameFaults(t, "UpdateApplication", func(ctx context.Context, name string) error {
		return w.UpdateApplication(ctx, ns, name, "other")
	})
	w.application("shop", deploy.Server) // the old name is free
}

// TestUpdateDeploymentGroup changes one member after the other: each change
// leaves everything else as it was.
func TestUpdateDeploymentGroup(t *testing.T) {
	t.Parallel()
	type U = control.UpdateDeploymentGroup
	type G = deploy.Group
	w := newWorld(t, control.Quotas{})
	w.threeApplications()
	first := prod()
	first.Tags = []deploy.Tag{{Key: "k", Value: "v"}}
	w.group(first)
	want := must(w.GetDeploymentGroup(t.Context(), ns, "shop", "prod"))(t).Group
	filters := []deploy.TagFilter{{Type: deploy.KeyOnly, Key: "web"}}
	set := [][]deploy.TagFilter{{{Type: deploy.ValueOnly, Value: "x"}}}
	trigger := []deploy.Trigger{{Name: "t", TargetARN: topic, Events: []string{"DeploymentStart"}}}
	bare := &deploy.Alarms{Names: []string{}}
	for _, step := range []struct {
		name   string
		change func(*U)
		effect func(*G)
	}{
		{"nothing", func(*U) {}, func(*G) {}},
		{"name", func(u *U) { u.NewName = "live" }, func(g *G) { g.Name = "live" }},
		{"same name", func(u *U) { u.NewName = "live" }, func(*G) {}},
		{"config", func(u *U) { u.ConfigName = "CodeDeployDefault.AllAtOnce" }, func(g *G) { g.ConfigName = "CodeDeployDefault.AllAtOnce" }},
		{"role", func(u *U) { u.ServiceRoleARN = new(role + "2") }, func(g *G) { g.ServiceRoleARN = role + "2" }},
		{"filters", func(u *U) { u.EC2Filters, u.OnPremisesFilters = filters, filters }, func(g *G) { g.EC2Filters, g.OnPremisesFilters = filters, filters }},
		{"filters for a set", func(u *U) { u.EC2Set = set }, func(g *G) { g.EC2Filters, g.EC2Set = nil, set }},
		{"empty filters beside the set", func(u *U) { u.EC2Filters = []deploy.TagFilter{} }, func(g *G) { g.EC2Filters = []deploy.TagFilter{} }},
		{"set for filters", func(u *U) { u.EC2Filters = filters }, func(g *G) { g.EC2Filters, g.EC2Set = filters, nil }},
		{"no filters", func(u *U) { u.EC2Filters = []deploy.TagFilter{} }, func(g *G) { g.EC2Filters = []deploy.TagFilter{} }},
		{"filters to a set in one call", func(u *U) { u.OnPremisesFilters, u.OnPremisesSet = []deploy.TagFilter{}, set }, func(g *G) {
			g.OnPremisesFilters, g.OnPremisesSet = []deploy.TagFilter{}, set
		}},
		{"no set", func(u *U) { u.OnPremisesSet = [][]deploy.TagFilter{} }, func(g *G) { g.OnPremisesSet = nil }},
		{"asg", func(u *U) { u.AutoScalingGroups = []string{"a"} }, func(g *G) { g.AutoScalingGroups = []string{"a"} }},
		{"hook", func(u *U) { u.TerminationHook = new(true) }, func(g *G) { g.TerminationHook = true }},
		{"balancer", func(u *U) { u.LoadBalancer = &deploy.LoadBalancerInfo{ClassicELBs: []string{"e"}} }, func(g *G) {
			g.LoadBalancer = &deploy.LoadBalancerInfo{ClassicELBs: []string{"e"}}
		}},
		{"style that needs the balancer", func(u *U) { u.Style = new(both()) }, func(g *G) { g.Style = both() }},
		{"blue/green that copies the asg", func(u *U) {
			u.BlueGreen = &control.BlueGreen{
				Ready: timed("STOP_DEPLOYMENT", 5), Terminate: timed("KEEP_ALIVE", 0), GreenFleet: timed("COPY_AUTO_SCALING_GROUP", 0),
			}
		}, func(g *G) {
			g.BlueGreen = &deploy.BlueGreen{
				ReadyAction: "STOP_DEPLOYMENT", ReadyWait: 5, TerminateAction: "KEEP_ALIVE",
				GreenFleetAction: "COPY_AUTO_SCALING_GROUP", HasGreenFleetPart: true,
			}
		}},
		{"blue/green without a fleet", func(u *U) {
			u.BlueGreen = &control.BlueGreen{Ready: timed("CONTINUE_DEPLOYMENT", 0), Terminate: timed("TERMINATE", 3)}
		}, func(g *G) {
			g.BlueGreen = &deploy.BlueGreen{ReadyAction: "CONTINUE_DEPLOYMENT", TerminateAction: "TERMINATE", TerminationWait: 3}
		}},
		{"style", func(u *U) { u.Style = &deploy.Style{Type: deploy.InPlace, Option: deploy.WithoutTrafficControl} }, func(g *G) {
			g.Style = deploy.Style{Type: deploy.InPlace, Option: deploy.WithoutTrafficControl}
		}},
		{"no balancer", func(u *U) { u.LoadBalancer = &deploy.LoadBalancerInfo{} }, func(g *G) { g.LoadBalancer = nil }},
		{"no asg", func(u *U) { u.AutoScalingGroups = []string{} }, func(g *G) { g.AutoScalingGroups = []string{} }},
		{"triggers", func(u *U) { u.Triggers = trigger }, func(g *G) { g.Triggers = trigger }},
		{"no triggers", func(u *U) { u.Triggers = []deploy.Trigger{} }, func(g *G) { g.Triggers = []deploy.Trigger{} }},
		{"alarms", func(u *U) { u.Alarms = &deploy.Alarms{Enabled: true, Names: []string{"a"}} }, func(g *G) {
			g.Alarms = &deploy.Alarms{Enabled: true, Names: []string{"a"}}
		}},
		{"no alarms", func(u *U) { u.Alarms = bare }, func(g *G) { g.Alarms = &deploy.Alarms{} }},
		{"rollback", func(u *U) { u.AutoRollback = &deploy.AutoRollback{} }, func(g *G) { g.AutoRollback = &deploy.AutoRollback{} }},
		{"outdated", func(u *U) { u.OutdatedInstances = new("IGNORE") }, func(g *G) { g.OutdatedInstances = "IGNORE" }},
	} {
		in := U{Application: "shop", Name: want.Name}
		step.change(&in)
		if err := w.UpdateDeploymentGroup(t.Context(), ns, in); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		step.effect(&want)
		got := must(w.GetDeploymentGroup(t.Context(), ns, "shop", want.Name))(t).Group
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("%s (-want +got):\n%s", step.name, diff)
		}
	}
	// The other platforms keep what they need.
	w.group(ecsGroup())
	w.group(lambdaGroup())
	for _, in := range []U{
		{Application: "boxes", Name: "web", NewName: "web2", ConfigName: "CodeDeployDefault.ECSCanary10Percent5Minutes"},
		{Application: "pay", Name: "live", ConfigName: "CodeDeployDefault.LambdaCanary10Percent5Minutes"},
	} {
		if err := w.UpdateDeploymentGroup(t.Context(), ns, in); err != nil {
			t.Errorf("%+v: %v", in, err)
		}
	}
}

func TestUpdateDeploymentGroupFaults(t *testing.T) {
	t.Parallel()
	type U = control.UpdateDeploymentGroup
	w := newWorld(t, control.Quotas{})
	w.threeApplications()
	w.group(prod())
	other := prod()
	other.Name = "other"
	w.group(other)
	w.group(ecsGroup())
	second := ecsGroup()
	second.Name, second.ECSServices = "second", []deploy.ECSService{{Service: "second", Cluster: "c1"}}
	w.group(second)
	w.group(lambdaGroup())
	filters := []deploy.TagFilter{{Key: "k"}}
	eleven := make([]string, 11)
	for _, c := range []struct {
		code, text string
		change     func(*U)
	}{
		{"ApplicationNameRequired", "", func(u *U) { u.Application = "" }},
		{"InvalidApplicationName", "", func(u *U) { u.Application = "a b" }},
		{"ApplicationDoesNotExist", "No application found for name: x", func(u *U) { u.Application = "x" }},
		{"DeploymentGroupNameRequired", "Deployment Group name is missing", func(u *U) { u.Name = "" }},
		{"InvalidDeploymentGroupName", "", func(u *U) { u.Name = long }},
		{"InvalidDeploymentGroupName", "", func(u *U) { u.NewName = long }},
		{"DeploymentGroupDoesNotExist", "No Deployment Group found for name: x", func(u *U) { u.Name = "x" }},
		{"DeploymentGroupAlreadyExists", "other", func(u *U) { u.NewName = "other" }},
		{"InvalidRole", "Cannot assume role provided.", func(u *U) { u.ServiceRoleARN = new("") }},
		{"InvalidRole", "Cannot assume role provided.", func(u *U) { u.ServiceRoleARN = new("x") }},
		{"InvalidDeploymentConfigName", "", func(u *U) { u.ConfigName = "a b" }},
		{"InvalidDeploymentConfigName", "Lambda", func(u *U) { u.ConfigName = "CodeDeployDefault.LambdaAllAtOnce" }},
		{"DeploymentConfigDoesNotExist", "mine", func(u *U) { u.ConfigName = "mine" }},
		{"InvalidDeploymentStyle", "", func(u *U) { u.Style = &deploy.Style{} }},
		{"InvalidLoadBalancerInfo", "WITH_TRAFFIC_CONTROL", func(u *U) { u.Style = new(both()) }},
		{"InvalidBlueGreenDeploymentConfiguration", "both", func(u *U) { u.BlueGreen = &control.BlueGreen{} }},
		{"InvalidBlueGreenDeploymentConfiguration", "exactly one", func(u *U) {
			u.BlueGreen = &control.BlueGreen{
				Ready: timed("CONTINUE_DEPLOYMENT", 0), Terminate: timed("TERMINATE", 0), GreenFleet: timed("COPY_AUTO_SCALING_GROUP", 0),
			}
		}},
		{"InvalidEC2TagCombination", "", func(u *U) { u.EC2Filters, u.EC2Set = filters, [][]deploy.TagFilter{filters} }},
		{"InvalidOnPremisesTagCombination", "", func(u *U) { u.OnPremisesFilters, u.OnPremisesSet = filters, [][]deploy.TagFilter{filters} }},
		{"TagSetListLimitExceeded", "", func(u *U) { u.EC2Set = [][]deploy.TagFilter{filters, filters, filters, filters} }},
		{"InvalidEC2Tag", "", func(u *U) { u.EC2Filters = []deploy.TagFilter{{Type: "X"}} }},
		{"InvalidTag", "", func(u *U) { u.OnPremisesFilters = []deploy.TagFilter{{Type: "X"}} }},
		{"InvalidAutoScalingGroup", "", func(u *U) { u.AutoScalingGroups = eleven }},
		{"InvalidTriggerConfig", "Topic ARN", func(u *U) { u.Triggers = []deploy.Trigger{{Name: "t", Events: []string{"DeploymentStart"}}} }},
		{"InvalidAlarmConfig", "", func(u *U) { u.Alarms = &deploy.Alarms{Enabled: true} }},
		{"AlarmsLimitExceeded", "", func(u *U) {
			u.Alarms = &deploy.Alarms{Names: []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"}}
		}},
		{"InvalidAutoRollbackConfig", "", func(u *U) { u.AutoRollback = &deploy.AutoRollback{Enabled: true} }},
		{"InvalidInput", "UPDATE or IGNORE", func(u *U) { u.OutdatedInstances = new("X") }},
		{"InvalidECSService", "ecsServices", func(u *U) { u.ECSServices = []deploy.ECSService{{Service: "s", Cluster: "c"}} }},
		{"InvalidECSService", "exactly one", func(u *U) { u.Application, u.Name, u.ECSServices = "boxes", "web", []deploy.ECSService{} }},
		{"ECSServiceMappingLimitExceeded", "second", func(u *U) { u.Application, u.Name, u.ECSServices = "boxes", "web", second.ECSServices }},
		{"InvalidLoadBalancerInfo", "targetGroupPairInfoList", func(u *U) { u.Application, u.Name, u.LoadBalancer = "boxes", "web", &deploy.LoadBalancerInfo{} }},
		{"InvalidTargetGroupPair", "exactly two", func(u *U) {
			u.Application, u.Name, u.LoadBalancer = "boxes", "web", &deploy.LoadBalancerInfo{TargetGroupPairs: make([]deploy.TargetGroupPair, 1)}
		}},
		{"InvalidTrafficRoutingConfiguration", "exactly one", func(u *U) {
			u.Application, u.Name = "boxes", "web"
			u.LoadBalancer = &deploy.LoadBalancerInfo{TargetGroupPairs: []deploy.TargetGroupPair{{TargetGroups: []string{"a", "b"}}}}
		}},
		{"InvalidEC2Tag", "no instances", func(u *U) { u.Application, u.Name, u.EC2Filters = "pay", "live", filters }},
	} {
		in := U{Application: "shop", Name: "prod"}
		c.change(&in)
		err := w.UpdateDeploymentGroup(t.Context(), ns, in)
		if err == nil {
			t.Errorf("%s %s: accepted %+v", c.code, c.text, in)
			continue
		}
		refused(t, "UpdateDeploymentGroup", err, c.code, c.text)
	}
}

// TestUpdateDeploymentGroupKeepsHistory: a running deployment goes on with
// what it started with, under the name that the group has now.
func TestUpdateDeploymentGroupKeepsHistory(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.shop()
	id := w.deploy(deployment())
	in := control.UpdateDeploymentGroup{Application: "shop", Name: "prod", NewName: "live", ConfigName: "CodeDeployDefault.AllAtOnce"}
	if err := w.UpdateDeploymentGroup(t.Context(), ns, in); err != nil {
		t.Fatal(err)
	}
	d := must(w.GetDeployment(t.Context(), ns, id))(t)
	if d.GroupName != "live" || d.Config.Name != deploy.DefaultConfigName {
		t.Errorf("the deployment goes to %s with %s", d.GroupName, d.Config.Name)
	}
	info := must(w.GetDeploymentGroup(t.Context(), ns, "shop", "live"))(t)
	if info.LastAttempted == nil || info.LastAttempted.ID != id {
		t.Errorf("history lost: %+v", info)
	}
}

func TestServiceRoles(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	good, broken := role, error(nil)
	w.Control = control.New(w.store, control.Options{Now: w.tick, ServiceRole: func(_ context.Context, arn string) (bool, error) {
		return arn == good, broken
	}})
	w.shop()
	unknown := prod()
	unknown.Name, unknown.ServiceRoleARN = "x", role+"2"
	_, err := w.CreateDeploymentGroup(t.Context(), ns, unknown)
	refused(t, "CreateDeploymentGroup", err, "InvalidRole", "Cannot assume role provided.")
	change := control.UpdateDeploymentGroup{Application: "shop", Name: "prod", ServiceRoleARN: new(role + "2")}
	refused(t, "UpdateDeploymentGroup", w.UpdateDeploymentGroup(t.Context(), ns, change), "InvalidRole", "sts:AssumeRole")
	good = "" // deleted meanwhile
	_, err = w.CreateDeployment(t.Context(), ns, deployment())
	refused(t, "CreateDeployment", err, "InvalidRole", role)
	broken = errors.New("no answer")
	if _, err := w.CreateDeployment(t.Context(), ns, deployment()); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
}
