package compat

import (
	"reflect"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
)

// terraformGroups are the states that one group of a platform goes through:
// together they set, change and remove every field.
func terraformGroups(platform types.ComputePlatform, region string) []*codedeploy.CreateDeploymentGroupInput {
	topic := func(name string, events ...types.TriggerEventType) types.TriggerConfig {
		t := trigger(name, name, events...)
		t.TriggerTargetArn = new("arn:aws:sns:" + region + ":" + account + ":" + name)
		return t
	}
	// state is the platform's smallest group with changes.
	state := func(changes ...func(*codedeploy.CreateDeploymentGroupInput)) *codedeploy.CreateDeploymentGroupInput {
		in := groupInput(platform)
		for _, change := range changes {
			change(in)
		}
		return in
	}
	common := func(in *codedeploy.CreateDeploymentGroupInput) {
		in.ServiceRoleArn = new(role + "/two")
		in.AlarmConfiguration = alarmConfig(true, "errors", "latency")
		in.AlarmConfiguration.IgnorePollAlarmFailure = true
		in.AutoRollbackConfiguration = &types.AutoRollbackConfiguration{Enabled: true, Events: []types.AutoRollbackEvent{
			types.AutoRollbackEventDeploymentFailure, types.AutoRollbackEventDeploymentStopOnAlarm,
		}}
		in.TriggerConfigurations = []types.TriggerConfig{
			topic("one", types.TriggerEventTypeDeploymentStart, types.TriggerEventTypeInstanceReady), topic("two", types.TriggerEventTypeDeploymentFailure),
		}
		in.OutdatedInstancesStrategy = types.OutdatedInstancesStrategyIgnore
		in.Tags = []types.Tag{tag("team", "web"), tag("env", "prod")}
	}
	changed := func(in *codedeploy.CreateDeploymentGroupInput) {
		common(in)
		in.DeploymentGroupName = new("production")
		in.AlarmConfiguration = alarmConfig(false, "errors") // disabled, but not forgotten
		in.AutoRollbackConfiguration.Events = []types.AutoRollbackEvent{types.AutoRollbackEventDeploymentStopOnRequest}
		in.TriggerConfigurations = in.TriggerConfigurations[:1]
		in.OutdatedInstancesStrategy = types.OutdatedInstancesStrategyUpdate
		in.Tags = []types.Tag{tag("team", "mobile")}
	}
	renamed := func(in *codedeploy.CreateDeploymentGroupInput) { in.DeploymentGroupName = new("production") }
	states := []*codedeploy.CreateDeploymentGroupInput{state(), state(common), state(changed), state(renamed)}
	switch platform {
	case types.ComputePlatformServer:
		states = append(states, state(renamed, serverFilters), state(renamed, serverSets), state(renamed, serverBlueGreen),
			state(renamed, serverFilters, inPlaceAgain))
	case types.ComputePlatformLambda:
		states = append(states, state(renamed, func(in *codedeploy.CreateDeploymentGroupInput) {
			in.DeploymentConfigName = new("CodeDeployDefault.LambdaLinear10PercentEvery1Minute")
		}))
	case types.ComputePlatformEcs:
		states = append(states, state(renamed, ecsOther), state(renamed))
	}
	return states
}

// The parts that only one platform has.

func serverFilters(in *codedeploy.CreateDeploymentGroupInput) {
	in.DeploymentConfigName = new("CodeDeployDefault.HalfAtATime")
	in.Ec2TagFilters = []types.EC2TagFilter{
		ec2Filter(types.EC2TagFilterTypeKeyAndValue, "stage", "prod"), ec2Filter(types.EC2TagFilterTypeValueOnly, "", "web"),
	}
	in.OnPremisesInstanceTagFilters = []types.TagFilter{
		tagFilter(types.TagFilterTypeKeyOnly, "rack", ""), tagFilter(types.TagFilterTypeKeyAndValue, "stage", "prod"),
	}
	in.DeploymentStyle = &types.DeploymentStyle{
		DeploymentType: types.DeploymentTypeInPlace, DeploymentOption: types.DeploymentOptionWithTrafficControl,
	}
	in.LoadBalancerInfo = &types.LoadBalancerInfo{TargetGroupInfoList: []types.TargetGroupInfo{{Name: new("web")}, {Name: new("api")}}}
}

func serverSets(in *codedeploy.CreateDeploymentGroupInput) {
	in.DeploymentConfigName = new("CodeDeployDefault.AllAtOnce")
	in.Ec2TagSet = &types.EC2TagSet{Ec2TagSetList: [][]types.EC2TagFilter{
		{ec2Filter(types.EC2TagFilterTypeKeyAndValue, "stage", "prod"), ec2Filter(types.EC2TagFilterTypeKeyAndValue, "stage", "beta")},
		{ec2Filter(types.EC2TagFilterTypeKeyOnly, "web", "")},
	}}
	in.OnPremisesTagSet = &types.OnPremisesTagSet{OnPremisesTagSetList: [][]types.TagFilter{
		{tagFilter(types.TagFilterTypeKeyOnly, "rack", "")}, {tagFilter(types.TagFilterTypeValueOnly, "", "prod")},
	}}
	in.DeploymentStyle = &types.DeploymentStyle{
		DeploymentType: types.DeploymentTypeInPlace, DeploymentOption: types.DeploymentOptionWithoutTrafficControl,
	}
}

func serverBlueGreen(in *codedeploy.CreateDeploymentGroupInput) {
	in.AutoScalingGroups = []string{"fleet"}
	in.TerminationHookEnabled = new(true)
	in.DeploymentStyle = &types.DeploymentStyle{
		DeploymentType: types.DeploymentTypeBlueGreen, DeploymentOption: types.DeploymentOptionWithTrafficControl,
	}
	in.BlueGreenDeploymentConfiguration = &types.BlueGreenDeploymentConfiguration{
		DeploymentReadyOption: &types.DeploymentReadyOption{
			ActionOnTimeout: types.DeploymentReadyActionStopDeployment, WaitTimeInMinutes: 60,
		},
		GreenFleetProvisioningOption: &types.GreenFleetProvisioningOption{Action: types.GreenFleetProvisioningActionCopyAutoScalingGroup},
		TerminateBlueInstancesOnDeploymentSuccess: &types.BlueInstanceTerminationOption{
			Action: types.InstanceActionKeepAlive, TerminationWaitTimeInMinutes: 0,
		},
	}
	in.LoadBalancerInfo = &types.LoadBalancerInfo{ElbInfoList: []types.ELBInfo{{Name: new("classic")}}}
}

// inPlaceAgain keeps blue/green settings that are not used any more.
func inPlaceAgain(in *codedeploy.CreateDeploymentGroupInput) {
	in.BlueGreenDeploymentConfiguration = blueGreen()
}

func ecsOther(in *codedeploy.CreateDeploymentGroupInput) {
	in.DeploymentConfigName = new("CodeDeployDefault.ECSLinear10PercentEvery1Minutes")
	in.EcsServices = []types.ECSService{{ClusterName: new("cluster"), ServiceName: new("mail")}}
	in.LoadBalancerInfo = pair([]string{"green", "red"}, listener("other"))
	in.LoadBalancerInfo.TargetGroupPairInfoList[0].TestTrafficRoute = &types.TrafficRoute{ListenerArns: []string{listener("test")}}
	in.BlueGreenDeploymentConfiguration.DeploymentReadyOption = &types.DeploymentReadyOption{
		ActionOnTimeout: types.DeploymentReadyActionStopDeployment, WaitTimeInMinutes: 1,
	}
	in.BlueGreenDeploymentConfiguration.TerminateBlueInstancesOnDeploymentSuccess.TerminationWaitTimeInMinutes = 2880
}

func TestTerraformGroup(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, platform := range platforms {
		t.Run(string(platform), func(t *testing.T) {
			t.Parallel()
			w := s.world(t)
			w.application(platform)
			states := terraformGroups(platform, w.ns.Region)
			var id string
			for i, wanted := range states {
				if i == 0 {
					out, err := w.api.CreateDeploymentGroup(w.Context(), wanted)
					w.must(err)
					id = aws.ToString(out.DeploymentGroupId)
				} else {
					w.updateGroup(states[i-1], wanted)
				}
				read, readID := w.readGroup(*wanted.DeploymentGroupName)
				settled(t, normalGroup(wanted), normalGroup(read))
				if readID != id || id == "" {
					t.Errorf("the id was %q and is %q", id, readID)
				}
				if t.Failed() {
					t.Fatalf("this was state %d", i)
				}
			}
			for range 2 {
				out, err := w.api.DeleteDeploymentGroup(w.Context(), &codedeploy.DeleteDeploymentGroupInput{
					ApplicationName: new(shop), DeploymentGroupName: new("production"),
				})
				w.must(err)
				if len(out.HooksNotCleanedUp) > 0 {
					t.Errorf("hooks are left: %v", out.HooksNotCleanedUp)
				}
			}
			w.gone(failed(w.api.GetDeploymentGroup(w.Context(), &codedeploy.GetDeploymentGroupInput{
				ApplicationName: new(shop), DeploymentGroupName: new("production"),
			})), "DeploymentGroupDoesNotExistException")
		})
	}
}

// TestTerraformGroupAtOnce makes each state as a new group: what an update can
// do, a creation can.
func TestTerraformGroupAtOnce(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, platform := range platforms {
		t.Run(string(platform), func(t *testing.T) {
			t.Parallel()
			for i := range terraformGroups(platform, "") {
				w := s.world(t)
				w.application(platform)
				wanted := terraformGroups(platform, w.ns.Region)[i]
				w.must(failed(w.api.CreateDeploymentGroup(w.Context(), wanted)))
				read, _ := w.readGroup(*wanted.DeploymentGroupName)
				settled(t, normalGroup(wanted), normalGroup(read))
			}
		})
	}
}

// updateGroup sends what Terraform sends: the role always, and of the rest what
// differs. What was removed is sent empty, which for alarms and rollback means
// disabled.
func (w *world) updateGroup(old, wanted *codedeploy.CreateDeploymentGroupInput) {
	w.Helper()
	in := &codedeploy.UpdateDeploymentGroupInput{}
	before, after, sent := reflect.ValueOf(old).Elem(), reflect.ValueOf(wanted).Elem(), reflect.ValueOf(in).Elem()
	for i := range sent.NumField() {
		name := sent.Type().Field(i).Name
		from, to := before.FieldByName(name), after.FieldByName(name)
		if !to.IsValid() || !to.CanSet() || reflect.DeepEqual(from.Interface(), to.Interface()) {
			continue
		}
		if to.Kind() == reflect.Slice && to.IsNil() {
			to = reflect.MakeSlice(to.Type(), 0, 0)
		}
		sent.Field(i).Set(to)
	}
	removed(in, old, wanted)
	in.ApplicationName, in.CurrentDeploymentGroupName, in.ServiceRoleArn = wanted.ApplicationName, old.DeploymentGroupName, wanted.ServiceRoleArn
	if *old.DeploymentGroupName != *wanted.DeploymentGroupName {
		in.NewDeploymentGroupName = wanted.DeploymentGroupName
	}
	w.must(failed(w.api.UpdateDeploymentGroup(w.Context(), in)))
	w.applyTags(w.ns.GroupARN(shop, *wanted.DeploymentGroupName), old.Tags, wanted.Tags)
}

// removed says empty where wanted has nothing more.
func removed(in *codedeploy.UpdateDeploymentGroupInput, old, wanted *codedeploy.CreateDeploymentGroupInput) {
	if old.AlarmConfiguration != nil && wanted.AlarmConfiguration == nil {
		in.AlarmConfiguration = &types.AlarmConfiguration{Alarms: []types.Alarm{}}
	}
	if old.AutoRollbackConfiguration != nil && wanted.AutoRollbackConfiguration == nil {
		in.AutoRollbackConfiguration = &types.AutoRollbackConfiguration{Events: []types.AutoRollbackEvent{}}
	}
	if old.Ec2TagSet != nil && wanted.Ec2TagSet == nil {
		in.Ec2TagSet = &types.EC2TagSet{Ec2TagSetList: [][]types.EC2TagFilter{}}
	}
	if old.OnPremisesTagSet != nil && wanted.OnPremisesTagSet == nil {
		in.OnPremisesTagSet = &types.OnPremisesTagSet{OnPremisesTagSetList: [][]types.TagFilter{}}
	}
	if old.LoadBalancerInfo != nil && wanted.LoadBalancerInfo == nil {
		in.LoadBalancerInfo = &types.LoadBalancerInfo{}
	}
	if old.DeploymentConfigName != nil && wanted.DeploymentConfigName == nil {
		in.DeploymentConfigName = new("CodeDeployDefault.OneAtATime") // the default of the provider's schema
	}
	if old.OutdatedInstancesStrategy != "" && wanted.OutdatedInstancesStrategy == "" {
		in.OutdatedInstancesStrategy = types.OutdatedInstancesStrategyUpdate // likewise
	}
	if old.TerminationHookEnabled != nil && wanted.TerminationHookEnabled == nil {
		in.TerminationHookEnabled = new(false) // likewise
	}
}

// readGroup reads a group as Terraform does, with its tags.
func (w *world) readGroup(name string) (*codedeploy.CreateDeploymentGroupInput, string) {
	w.Helper()
	out, err := w.api.GetDeploymentGroup(w.Context(), &codedeploy.GetDeploymentGroupInput{
		ApplicationName: new(shop), DeploymentGroupName: &name,
	})
	w.must(err)
	info := out.DeploymentGroupInfo
	read := &codedeploy.CreateDeploymentGroupInput{}
	overlay(read, info)
	for _, g := range info.AutoScalingGroups {
		read.AutoScalingGroups = append(read.AutoScalingGroups, aws.ToString(g.Name))
	}
	read.TerminationHookEnabled = &info.TerminationHookEnabled
	read.Tags = w.readTags(w.ns.GroupARN(shop, name))
	return read, aws.ToString(info.DeploymentGroupId)
}

// normalGroup is a group with the defaults, and without what says nothing: the
// provider keeps neither disabled settings that are empty nor empty sets.
func normalGroup(in *codedeploy.CreateDeploymentGroupInput) *codedeploy.CreateDeploymentGroupInput {
	out := *in
	if out.DeploymentConfigName == nil {
		out.DeploymentConfigName = new("CodeDeployDefault.OneAtATime")
	}
	if out.OutdatedInstancesStrategy == "" {
		out.OutdatedInstancesStrategy = types.OutdatedInstancesStrategyUpdate
	}
	if out.TerminationHookEnabled == nil {
		out.TerminationHookEnabled = new(false)
	}
	if out.DeploymentStyle == nil {
		out.DeploymentStyle = &types.DeploymentStyle{
			DeploymentType: types.DeploymentTypeInPlace, DeploymentOption: types.DeploymentOptionWithoutTrafficControl,
		}
	}
	if a := out.AlarmConfiguration; a != nil && !a.Enabled && len(a.Alarms) == 0 {
		out.AlarmConfiguration = nil
	}
	if r := out.AutoRollbackConfiguration; r != nil && !r.Enabled && len(r.Events) == 0 {
		out.AutoRollbackConfiguration = nil
	}
	if set := out.Ec2TagSet; set != nil && len(set.Ec2TagSetList) == 0 {
		out.Ec2TagSet = nil
	}
	if set := out.OnPremisesTagSet; set != nil && len(set.OnPremisesTagSetList) == 0 {
		out.OnPremisesTagSet = nil
	}
	if lb := out.LoadBalancerInfo; lb != nil && len(lb.ElbInfoList)+len(lb.TargetGroupInfoList)+len(lb.TargetGroupPairInfoList) == 0 {
		out.LoadBalancerInfo = nil
	}
	return &out
}

// TestSelectorsReplace: who gives a set of tags and says nothing of the filters
// that there are does not want them any more, and the other way round.
func TestSelectorsReplace(t *testing.T) {
	t.Parallel()
	w := newServer(t).world(t)
	w.group(types.ComputePlatformServer, func(in *codedeploy.CreateDeploymentGroupInput) {
		in.Ec2TagFilters = []types.EC2TagFilter{ec2Filter(types.EC2TagFilterTypeKeyOnly, "stage", "")}
		in.OnPremisesTagSet = onPremisesSet(2)
	})
	filter := []types.TagFilter{tagFilter(types.TagFilterTypeKeyOnly, "rack", "")}
	w.must(updateGroup(w, func(in *codedeploy.UpdateDeploymentGroupInput) {
		in.Ec2TagSet, in.OnPremisesInstanceTagFilters = ec2Set(2), filter
	}))
	wanted := groupInput(types.ComputePlatformServer)
	wanted.Ec2TagSet, wanted.OnPremisesInstanceTagFilters = ec2Set(2), filter
	read, _ := w.readGroup(prod)
	settled(t, normalGroup(wanted), normalGroup(read))
}
