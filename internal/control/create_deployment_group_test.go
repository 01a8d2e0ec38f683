package control_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
)

func TestCreateDeploymentGroupDefaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.application("shop", deploy.Server)
	id := w.group(prod())
	info := must(w.GetDeploymentGroup(t.Context(), ns, "shop", "prod"))(t)
	want := deploy.Group{
		Namespace: ns, ID: id, ApplicationID: info.Application.ID, Name: "prod", CreatedAt: info.Group.CreatedAt,
		ConfigName: "CodeDeployDefault.OneAtATime", ServiceRoleARN: role,
		Style:             deploy.Style{Type: deploy.InPlace, Option: deploy.WithoutTrafficControl},
		OutdatedInstances: "UPDATE",
	}
	if diff := cmp.Diff(want, info.Group); diff != "" {
		t.Error(diff)
	}
	if info.LastAttempted != nil || info.LastSuccessful != nil {
		t.Errorf("a fresh group has deployments: %+v", info)
	}
}

func TestCreateDeploymentGroupStoresEverything(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.application("shop", deploy.Server)
	in := prod()
	in.ConfigName = "CodeDeployDefault.AllAtOnce"
	in.EC2Filters = []deploy.TagFilter{{Key: "stage", Value: "prod"}, {Type: deploy.KeyOnly, Key: "web"}}
	in.OnPremisesSet = [][]deploy.TagFilter{{{Value: "x"}}, {}, {{Key: "k"}}}
	in.AutoScalingGroups = []string{"asg"}
	in.Style = new(both())
	in.BlueGreen = &control.BlueGreen{
		Ready: timed("STOP_DEPLOYMENT", 60), Terminate: &control.TimedAction{}, GreenFleet: &control.TimedAction{},
	}
	in.LoadBalancer = &deploy.LoadBalancerInfo{ClassicELBs: []string{"elb"}, TargetGroups: []string{"tg"}}
	in.Triggers = []deploy.Trigger{{Name: "t", TargetARN: topic, Events: []string{"DeploymentStart", "InstanceReady"}}}
	in.Alarms = &deploy.Alarms{Enabled: true, IgnorePollFailure: true, Names: []string{"errors"}}
	in.AutoRollback = &deploy.AutoRollback{Enabled: true, Events: []deploy.RollbackEvent{deploy.RollbackOnFailure}}
	in.OutdatedInstances = new("IGNORE")
	in.TerminationHook = true
	in.Tags = []deploy.Tag{{Key: "a", Value: "b"}}
	id := w.group(in)

	info := must(w.GetDeploymentGroup(t.Context(), ns, "shop", "prod"))(t)
	want := deploy.Group{
		Namespace: ns, ID: id, ApplicationID: info.Application.ID, Name: "prod", CreatedAt: info.Group.CreatedAt,
		ConfigName: in.ConfigName, ServiceRoleARN: role,
		EC2Filters: []deploy.TagFilter{
			{Type: deploy.KeyAndValue, Key: "stage", Value: "prod"}, {Type: deploy.KeyOnly, Key: "web"},
		},
		OnPremisesSet:     [][]deploy.TagFilter{{{Type: deploy.ValueOnly, Value: "x"}}, {{Type: deploy.KeyOnly, Key: "k"}}},
		AutoScalingGroups: in.AutoScalingGroups,
		Style:             both(),
		BlueGreen: &deploy.BlueGreen{
			ReadyAction: "STOP_DEPLOYMENT", ReadyWait: 60, TerminateAction: "TERMINATE",
			GreenFleetAction: "DISCOVER_EXISTING", HasGreenFleetPart: true,
		},
		LoadBalancer: in.LoadBalancer, Triggers: in.Triggers, Alarms: in.Alarms, AutoRollback: in.AutoRollback,
		OutdatedInstances: "IGNORE", TerminationHook: true, Tags: in.Tags,
	}
	if diff := cmp.Diff(want, info.Group); diff != "" {
		t.Error(diff)
	}
}

func TestCreateDeploymentGroupOnOtherPlatforms(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.threeApplications()
	w.group(lambdaGroup())
	w.group(ecsGroup())
	info := must(w.GetDeploymentGroup(t.Context(), ns, "boxes", "web"))(t)
	if len(info.Group.ECSServices) != 1 || len(info.Group.LoadBalancer.TargetGroupPairs) != 1 || info.Group.BlueGreen.TerminationWait != 5 {
		t.Errorf("stored %+v", info.Group)
	}
	again := ecsGroup()
	again.Name = "web2"
	_, err := w.CreateDeploymentGroup(t.Context(), ns, again)
	refused(t, "CreateDeploymentGroup", err, "ECSServiceMappingLimitExceeded", "web")
}

// groupFault is a change of a good request that makes it a bad one.
type groupFault struct {
	code, text string
	change     func(*control.CreateDeploymentGroup)
}

func wantGroupFaults(t *testing.T, base func() control.CreateDeploymentGroup, faults []groupFault) {
	t.Helper()
	w := newWorld(t, control.Quotas{})
	w.threeApplications()
	for i, f := range faults {
		in := base()
		f.change(&in)
		_, err := w.CreateDeploymentGroup(t.Context(), ns, in)
		if err == nil {
			t.Errorf("fault %d, %s %s: accepted %+v", i, f.code, f.text, in)
			continue
		}
		refused(t, "CreateDeploymentGroup", err, f.code, f.text)
	}
	w.group(base()) // the base is good, and nothing was stored before
}

func TestCreateDeploymentGroupFaults(t *testing.T) {
	t.Parallel()
	type G = control.CreateDeploymentGroup
	eleven := slices.Repeat([]deploy.TagFilter{{Key: "k"}}, 11)
	filter := func(t deploy.FilterType, k, v string) []deploy.TagFilter {
		return []deploy.TagFilter{{Type: t, Key: k, Value: v}}
	}
	wantGroupFaults(t, prod, []groupFault{
		{"ApplicationNameRequired", "", func(g *G) { g.Application = "" }},
		{"InvalidApplicationName", "", func(g *G) { g.Application = "?" }},
		{"ApplicationDoesNotExist", "No application found for name: x", func(g *G) { g.Application = "x" }},
		{"DeploymentGroupNameRequired", "Deployment Group name is missing", func(g *G) { g.Name = "" }},
		{"InvalidDeploymentGroupName", "", func(g *G) { g.Name = long }},
		{"RoleRequired", "", func(g *G) { g.ServiceRoleARN = "" }},
		{"InvalidRole", "Cannot assume role provided.", func(g *G) { g.ServiceRoleARN = "arn:aws:iam::1:role/x" }},
		{"InvalidDeploymentConfigName", "", func(g *G) { g.ConfigName = "a b" }},
		{"InvalidDeploymentConfigName", "for the compute platform Lambda", func(g *G) { g.ConfigName = "CodeDeployDefault.LambdaAllAtOnce" }},
		{"DeploymentConfigDoesNotExist", "No deployment configuration found for name: mine", func(g *G) { g.ConfigName = "mine" }},
		{"InvalidDeploymentStyle", "deploymentType", func(g *G) { g.Style = &deploy.Style{Option: deploy.WithTrafficControl} }},
		{"InvalidDeploymentStyle", "deploymentOption", func(g *G) { g.Style = &deploy.Style{Type: deploy.InPlace} }},
		{"InvalidDeploymentStyle", "X", func(g *G) { g.Style = &deploy.Style{Type: "X", Option: deploy.WithTrafficControl} }},
		{"InvalidDeploymentStyle", "Y", func(g *G) { g.Style = &deploy.Style{Type: deploy.InPlace, Option: "Y"} }},
		{"InvalidDeploymentStyle", "needs", func(g *G) {
			g.Style = &deploy.Style{Type: deploy.BlueGreenType, Option: deploy.WithoutTrafficControl}
		}},
		{"InvalidLoadBalancerInfo", "WITH_TRAFFIC_CONTROL, but neither elbInfoList nor targetGroupInfoList", func(g *G) {
			g.Style = &deploy.Style{Type: deploy.InPlace, Option: deploy.WithTrafficControl}
		}},
		{"InvalidLoadBalancerInfo", "name", func(g *G) { g.LoadBalancer = &deploy.LoadBalancerInfo{ClassicELBs: []string{""}} }},
		{"InvalidLoadBalancerInfo", "ARN", func(g *G) { g.LoadBalancer = &deploy.LoadBalancerInfo{TargetGroups: []string{"arn:x"}} }},
		{"InvalidLoadBalancerInfo", "32", func(g *G) { g.LoadBalancer = &deploy.LoadBalancerInfo{TargetGroups: []string{long}} }},
		{"InvalidLoadBalancerInfo", "11", func(g *G) {
			g.LoadBalancer = &deploy.LoadBalancerInfo{ClassicELBs: slices.Repeat([]string{"x"}, 11)}
		}},
		{"InvalidECSService", "", func(g *G) { g.ECSServices = []deploy.ECSService{{Service: "s", Cluster: "c"}} }},
		{"InvalidEC2TagCombination", "", func(g *G) {
			g.EC2Filters, g.EC2Set = filter("", "k", ""), [][]deploy.TagFilter{filter("", "k", "")}
		}},
		{"InvalidOnPremisesTagCombination", "", func(g *G) {
			g.OnPremisesFilters, g.OnPremisesSet = filter("", "k", ""), [][]deploy.TagFilter{filter("", "k", "")}
		}},
		{"TagSetListLimitExceeded", "4", func(g *G) { g.OnPremisesSet = slices.Repeat([][]deploy.TagFilter{filter("", "k", "")}, 4) }},
		{"InvalidEC2Tag", "11", func(g *G) { g.EC2Filters = eleven }},
		{"InvalidEC2Tag", "X", func(g *G) { g.EC2Filters = filter("X", "k", "") }},
		{"InvalidEC2Tag", "value", func(g *G) { g.EC2Filters = filter(deploy.KeyOnly, "k", "v") }},
		{"InvalidEC2Tag", "key", func(g *G) { g.EC2Set = [][]deploy.TagFilter{filter(deploy.ValueOnly, "k", "v")} }},
		{"InvalidTag", "value", func(g *G) { g.OnPremisesFilters = filter(deploy.KeyAndValue, "k", "") }},
		{"InvalidTag", "129", func(g *G) { g.OnPremisesFilters = filter("", strings.Repeat("k", 129), "") }},
		{"InvalidTag", "key", func(g *G) { g.OnPremisesSet = [][]deploy.TagFilter{filter("", "", "")} }},
		{"InvalidAutoScalingGroup", "", func(g *G) { g.AutoScalingGroups = []string{""} }},
		{"InvalidAutoScalingGroup", "twice", func(g *G) { g.AutoScalingGroups = []string{"a", "a"} }},
		{"InvalidAutoScalingGroup", "11", func(g *G) { g.AutoScalingGroups = slices.Repeat([]string{"a"}, 11) }},
		{"InvalidInput", "LATER", func(g *G) { g.OutdatedInstances = new("LATER") }},
		{"InvalidTagsToAdd", "", func(g *G) { g.Tags = []deploy.Tag{{}} }},
	})
}

func TestCreateDeploymentGroupSettingFaults(t *testing.T) {
	t.Parallel()
	type G = control.CreateDeploymentGroup
	trigger := func(name, arn string, events ...string) deploy.Trigger {
		return deploy.Trigger{Name: name, TargetARN: arn, Events: events}
	}
	var manyTriggers []deploy.Trigger
	for i := range 11 {
		c := string(rune('a' + i))
		manyTriggers = append(manyTriggers, trigger(c, topic+c, "DeploymentStop"))
	}
	ready := timed("CONTINUE_DEPLOYMENT", 0)
	keep := timed("KEEP_ALIVE", 0)
	green := func(action string) *control.TimedAction { return &control.TimedAction{Action: &action} }
	const blueGreen = "InvalidBlueGreenDeploymentConfiguration"
	wantGroupFaults(t, prod, []groupFault{
		{"InvalidTriggerConfig", "name", func(g *G) { g.Triggers = []deploy.Trigger{trigger("", topic, "DeploymentStop")} }},
		{"InvalidTriggerConfig", "events", func(g *G) { g.Triggers = []deploy.Trigger{trigger("t", topic)} }},
		{"InvalidTriggerConfig", "Boom", func(g *G) { g.Triggers = []deploy.Trigger{trigger("t", topic, "Boom")} }},
		{"InvalidTriggerConfig", "Topic ARN", func(g *G) { g.Triggers = []deploy.Trigger{trigger("t", "x", "DeploymentStop")} }},
		{"InvalidTriggerConfig", "region", func(g *G) {
			g.Triggers = []deploy.Trigger{trigger("t", strings.Replace(topic, "eu-west-1", "us-east-1", 1), "DeploymentStop")}
		}},
		{"InvalidTriggerConfig", "named t", func(g *G) {
			g.Triggers = []deploy.Trigger{manyTriggers[0], manyTriggers[0]}
			g.Triggers[0].Name = "t"
			g.Triggers[1].Name = "t"
		}},
		{"InvalidTriggerConfig", "target", func(g *G) {
			g.Triggers = []deploy.Trigger{trigger("t", topic, "DeploymentStop"), trigger("u", topic, "DeploymentStop")}
		}},
		{"TriggerTargetsLimitExceeded", "11", func(g *G) { g.Triggers = manyTriggers }},
		{"InvalidAlarmConfig", "enabled", func(g *G) { g.Alarms = &deploy.Alarms{Enabled: true} }},
		{"InvalidAlarmConfig", "name", func(g *G) { g.Alarms = &deploy.Alarms{Names: []string{""}} }},
		{"InvalidAlarmConfig", "255", func(g *G) { g.Alarms = &deploy.Alarms{Names: []string{strings.Repeat("a", 256)}} }},
		{"InvalidAlarmConfig", "twice", func(g *G) { g.Alarms = &deploy.Alarms{Names: []string{"a", "a"}} }},
		{"AlarmsLimitExceeded", "11", func(g *G) { g.Alarms = &deploy.Alarms{Names: strings.Split("abcdefghijk", "")} }},
		{"InvalidAutoRollbackConfig", "enabled", func(g *G) { g.AutoRollback = &deploy.AutoRollback{Enabled: true} }},
		{"InvalidAutoRollbackConfig", "X", func(g *G) { g.AutoRollback = &deploy.AutoRollback{Events: []deploy.RollbackEvent{"X"}} }},
		{blueGreen, "both", func(g *G) { g.BlueGreen = &control.BlueGreen{Ready: ready} }},
		{blueGreen, "both", func(g *G) { g.BlueGreen = &control.BlueGreen{Terminate: keep} }},
		{blueGreen, "CONTINUE_DEPLOYMENT", func(g *G) { g.BlueGreen = &control.BlueGreen{Ready: timed("CONTINUE_DEPLOYMENT", 1), Terminate: keep} }},
		{blueGreen, "STOP_DEPLOYMENT", func(g *G) { g.BlueGreen = &control.BlueGreen{Ready: timed("STOP_DEPLOYMENT", 0), Terminate: keep} }},
		{blueGreen, "X", func(g *G) { g.BlueGreen = &control.BlueGreen{Ready: timed("X", 0), Terminate: keep} }},
		{blueGreen, "Y", func(g *G) { g.BlueGreen = &control.BlueGreen{Ready: ready, Terminate: timed("Y", 0)} }},
		{blueGreen, "2881", func(g *G) { g.BlueGreen = &control.BlueGreen{Ready: ready, Terminate: timed("KEEP_ALIVE", 2881)} }},
		{blueGreen, "Z", func(g *G) { g.BlueGreen = &control.BlueGreen{Ready: ready, Terminate: keep, GreenFleet: green("Z")} }},
		{blueGreen, "exactly one", func(g *G) {
			g.BlueGreen = &control.BlueGreen{Ready: ready, Terminate: keep, GreenFleet: green("COPY_AUTO_SCALING_GROUP")}
		}},
		{blueGreen, "EC2 tag filters", func(g *G) {
			g.BlueGreen = &control.BlueGreen{Ready: ready, Terminate: keep, GreenFleet: green("COPY_AUTO_SCALING_GROUP")}
			g.AutoScalingGroups, g.EC2Filters = []string{"a"}, []deploy.TagFilter{{Key: "k"}}
		}},
	})
}

func TestCreateDeploymentGroupLambdaFaults(t *testing.T) {
	t.Parallel()
	type G = control.CreateDeploymentGroup
	wantGroupFaults(t, lambdaGroup, []groupFault{
		{"InvalidDeploymentConfigName", "Server", func(g *G) { g.ConfigName = deploy.DefaultConfigName }},
		{"InvalidDeploymentStyle", "Lambda", func(g *G) { g.Style = nil }},
		{"InvalidDeploymentStyle", "Lambda", func(g *G) { g.Style.Type = deploy.InPlace }},
		{"InvalidBlueGreenDeploymentConfiguration", "Lambda", func(g *G) {
			g.BlueGreen = &control.BlueGreen{Ready: &control.TimedAction{}, Terminate: &control.TimedAction{}}
		}},
		{"InvalidLoadBalancerInfo", "Lambda", func(g *G) { g.LoadBalancer = &deploy.LoadBalancerInfo{ClassicELBs: []string{"x"}} }},
		{"InvalidECSService", "Lambda", func(g *G) { g.ECSServices = []deploy.ECSService{{Service: "s", Cluster: "c"}} }},
		{"InvalidEC2Tag", "Lambda", func(g *G) { g.EC2Filters = []deploy.TagFilter{{Key: "k"}} }},
		{"InvalidTag", "Lambda", func(g *G) { g.OnPremisesFilters = []deploy.TagFilter{{Key: "k"}} }},
		{"InvalidAutoScalingGroup", "Lambda", func(g *G) { g.AutoScalingGroups = []string{"a"} }},
	})
}

func TestCreateDeploymentGroupECSFaults(t *testing.T) {
	t.Parallel()
	type G = control.CreateDeploymentGroup
	pair := func(g *G) *deploy.TargetGroupPair { return &g.LoadBalancer.TargetGroupPairs[0] }
	const routes = "InvalidTrafficRoutingConfiguration"
	wantGroupFaults(t, ecsGroup, []groupFault{
		{"InvalidECSService", "exactly one", func(g *G) { g.ECSServices = nil }},
		{"InvalidECSService", "clusterName", func(g *G) { g.ECSServices[0].Cluster = "" }},
		{"InvalidECSService", "2", func(g *G) { g.ECSServices = append(g.ECSServices, deploy.ECSService{Service: "x", Cluster: "c"}) }},
		{"InvalidBlueGreenDeploymentConfiguration", "needs", func(g *G) { g.BlueGreen = nil }},
		{"InvalidLoadBalancerInfo", "targetGroupPairInfoList", func(g *G) { g.LoadBalancer = nil }},
		{"InvalidLoadBalancerInfo", "instead", func(g *G) { g.LoadBalancer.TargetGroups = []string{"x"} }},
		{"InvalidLoadBalancerInfo", "2", func(g *G) {
			g.LoadBalancer.TargetGroupPairs = slices.Repeat(g.LoadBalancer.TargetGroupPairs, 2)
		}},
		{"InvalidTargetGroupPair", "exactly two", func(g *G) { pair(g).TargetGroups = []string{"x"} }},
		{"InvalidTargetGroupPair", "twice", func(g *G) { pair(g).TargetGroups = []string{"x", "x"} }},
		{"InvalidTargetGroupPair", "name", func(g *G) { pair(g).TargetGroups = []string{"x", ""} }},
		{routes, "prodTrafficRoute", func(g *G) { pair(g).ProdListeners = nil }},
		{routes, "testTrafficRoute", func(g *G) { pair(g).TestListeners = []string{} }},
		{routes, "same", func(g *G) { pair(g).TestListeners = []string{listener} }},
		{routes, "not the ARN", func(g *G) { pair(g).TestListeners = []string{"x"} }},
	})
}

func TestCreateDeploymentGroupLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{Groups: 2})
	w.shop()
	_, err := w.CreateDeploymentGroup(t.Context(), ns, prod())
	refused(t, "CreateDeploymentGroup", err, "DeploymentGroupAlreadyExists", "prod")
	second := prod()
	second.Name = "test"
	w.group(second)
	second.Name = "third"
	_, err = w.CreateDeploymentGroup(t.Context(), ns, second)
	refused(t, "CreateDeploymentGroup", err, "DeploymentGroupLimitExceeded", "2")
}
