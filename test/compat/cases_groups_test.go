package compat

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// ofGroup are the errors of a group's name within an application that there
// is.
func ofGroup(call func(w *world, name *string) error) cases {
	return named("DeploymentGroupNameRequired", "InvalidDeploymentGroupName", "DeploymentGroupDoesNotExist", badNames, absent,
		func(w *world, name *string) error {
			w.Helper()
			if _, err := w.api.GetApplication(w.Context(), &codedeploy.GetApplicationInput{ApplicationName: new(shop)}); err != nil {
				w.application(types.ComputePlatformServer)
			}
			return call(w, name)
		})
}

// groupFault is something that no group can have. It is a change to a good
// group, and so the same for those who make one and those who change one.
type groupFault struct {
	platform types.ComputePlatform
	change   func(*codedeploy.UpdateDeploymentGroupInput)
}

func servers(change func(*codedeploy.UpdateDeploymentGroupInput)) groupFault {
	return groupFault{types.ComputePlatformServer, change}
}

func ecs(change func(*codedeploy.UpdateDeploymentGroupInput)) groupFault {
	return groupFault{types.ComputePlatformEcs, change}
}

func lambda(change func(*codedeploy.UpdateDeploymentGroupInput)) groupFault {
	return groupFault{types.ComputePlatformLambda, change}
}

func ec2Filter(kind types.EC2TagFilterType, key, value string) types.EC2TagFilter {
	f := types.EC2TagFilter{Type: kind}
	if key != "" {
		f.Key = &key
	}
	if value != "" {
		f.Value = &value
	}
	return f
}

func tagFilter(kind types.TagFilterType, key, value string) types.TagFilter {
	f := ec2Filter(types.EC2TagFilterType(kind), key, value)
	return types.TagFilter{Type: kind, Key: f.Key, Value: f.Value}
}

func ec2Set(lists int) *types.EC2TagSet {
	list := []types.EC2TagFilter{ec2Filter(types.EC2TagFilterTypeKeyOnly, "stage", "")}
	return &types.EC2TagSet{Ec2TagSetList: slices.Repeat([][]types.EC2TagFilter{list}, lists)}
}

func onPremisesSet(lists int) *types.OnPremisesTagSet {
	list := []types.TagFilter{tagFilter(types.TagFilterTypeKeyOnly, "stage", "")}
	return &types.OnPremisesTagSet{OnPremisesTagSetList: slices.Repeat([][]types.TagFilter{list}, lists)}
}

func ec2Filters(f ...types.EC2TagFilter) func(*codedeploy.UpdateDeploymentGroupInput) {
	return func(in *codedeploy.UpdateDeploymentGroupInput) { in.Ec2TagFilters = f }
}

func onPremisesFilters(f ...types.TagFilter) func(*codedeploy.UpdateDeploymentGroupInput) {
	return func(in *codedeploy.UpdateDeploymentGroupInput) { in.OnPremisesInstanceTagFilters = f }
}

func scaling(names ...string) func(*codedeploy.UpdateDeploymentGroupInput) {
	return func(in *codedeploy.UpdateDeploymentGroupInput) { in.AutoScalingGroups = names }
}

func triggers(t ...types.TriggerConfig) func(*codedeploy.UpdateDeploymentGroupInput) {
	return func(in *codedeploy.UpdateDeploymentGroupInput) { in.TriggerConfigurations = t }
}

// trigger returns a good one; topics must be in the region of the group, which
// REGION stands for.
func trigger(name, topic string, events ...types.TriggerEventType) types.TriggerConfig {
	return types.TriggerConfig{TriggerName: &name, TriggerTargetArn: new("arn:aws:sns:REGION:" + account + ":" + topic), TriggerEvents: events}
}

func alarms(enabled bool, names ...string) func(*codedeploy.UpdateDeploymentGroupInput) {
	return func(in *codedeploy.UpdateDeploymentGroupInput) {
		in.AlarmConfiguration = alarmConfig(enabled, names...)
	}
}

func alarmConfig(enabled bool, names ...string) *types.AlarmConfiguration {
	c := &types.AlarmConfiguration{Enabled: enabled}
	for _, name := range names {
		c.Alarms = append(c.Alarms, types.Alarm{Name: new(name)})
	}
	return c
}

func numbered(n int, prefix string) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprint(prefix, i)
	}
	return names
}

func rollback(events ...types.AutoRollbackEvent) func(*codedeploy.UpdateDeploymentGroupInput) {
	return func(in *codedeploy.UpdateDeploymentGroupInput) {
		in.AutoRollbackConfiguration = &types.AutoRollbackConfiguration{Enabled: true, Events: events}
	}
}

func balancers(lb types.LoadBalancerInfo) func(*codedeploy.UpdateDeploymentGroupInput) {
	return func(in *codedeploy.UpdateDeploymentGroupInput) { in.LoadBalancerInfo = &lb }
}

func style(t types.DeploymentType, o types.DeploymentOption) func(*codedeploy.UpdateDeploymentGroupInput) {
	return func(in *codedeploy.UpdateDeploymentGroupInput) {
		in.DeploymentStyle = &types.DeploymentStyle{DeploymentType: t, DeploymentOption: o}
	}
}

func blueGreenBut(change func(*types.BlueGreenDeploymentConfiguration)) func(*codedeploy.UpdateDeploymentGroupInput) {
	return func(in *codedeploy.UpdateDeploymentGroupInput) {
		in.BlueGreenDeploymentConfiguration = blueGreen()
		change(in.BlueGreenDeploymentConfiguration)
	}
}

func services(names ...string) func(*codedeploy.UpdateDeploymentGroupInput) {
	return func(in *codedeploy.UpdateDeploymentGroupInput) {
		in.EcsServices = []types.ECSService{}
		for _, name := range names {
			in.EcsServices = append(in.EcsServices, types.ECSService{ClusterName: new("cluster"), ServiceName: new(name)})
		}
	}
}

const deploymentStart = types.TriggerEventTypeDeploymentStart

// groupFaults are the errors that Create and Update have in common. Every
// fault of a list has the error as its answer.
var groupFaults = map[string][]groupFault{
	"InvalidEC2Tag": {
		servers(ec2Filters(ec2Filter("SOME", "k", "v"))),
		servers(ec2Filters(ec2Filter(types.EC2TagFilterTypeKeyOnly, "k", "v"))),
		servers(ec2Filters(ec2Filter(types.EC2TagFilterTypeValueOnly, "k", "v"))),
		servers(ec2Filters(ec2Filter(types.EC2TagFilterTypeKeyAndValue, "k", ""))),
		servers(ec2Filters(ec2Filter(types.EC2TagFilterTypeKeyOnly, strings.Repeat("k", 129), ""))),
		servers(ec2Filters(slices.Repeat([]types.EC2TagFilter{ec2Filter(types.EC2TagFilterTypeKeyOnly, "k", "")}, 11)...)),
		lambda(ec2Filters(ec2Filter(types.EC2TagFilterTypeKeyOnly, "k", ""))),
		ecs(func(in *codedeploy.UpdateDeploymentGroupInput) { in.Ec2TagSet = ec2Set(1) }),
	},
	"InvalidTag": {
		servers(onPremisesFilters(tagFilter("SOME", "k", "v"))),
		servers(onPremisesFilters(tagFilter(types.TagFilterTypeKeyOnly, "k", "v"))),
		servers(onPremisesFilters(tagFilter(types.TagFilterTypeValueOnly, "k", "v"))),
		servers(onPremisesFilters(tagFilter(types.TagFilterTypeKeyAndValue, "", "v"))),
		servers(onPremisesFilters(slices.Repeat([]types.TagFilter{tagFilter(types.TagFilterTypeKeyOnly, "k", "")}, 11)...)),
		ecs(onPremisesFilters(tagFilter(types.TagFilterTypeKeyOnly, "k", ""))),
		lambda(func(in *codedeploy.UpdateDeploymentGroupInput) { in.OnPremisesTagSet = onPremisesSet(1) }),
	},
	"InvalidAutoScalingGroup": {
		servers(scaling("")),
		servers(scaling(numbered(11, "fleet-")...)),
		servers(scaling("fleet", "fleet")),
		ecs(scaling("fleet")),
	},
	"InvalidDeploymentConfigName": {
		servers(func(in *codedeploy.UpdateDeploymentGroupInput) { in.DeploymentConfigName = new(malformed) }),
		servers(func(in *codedeploy.UpdateDeploymentGroupInput) { in.DeploymentConfigName = new(long) }),
		servers(func(in *codedeploy.UpdateDeploymentGroupInput) {
			in.DeploymentConfigName = new("CodeDeployDefault.ECSAllAtOnce")
		}),
		lambda(func(in *codedeploy.UpdateDeploymentGroupInput) {
			in.DeploymentConfigName = new("CodeDeployDefault.OneAtATime")
		}),
	},
	"DeploymentConfigDoesNotExist": {
		servers(func(in *codedeploy.UpdateDeploymentGroupInput) { in.DeploymentConfigName = new(absent) }),
	},
	"InvalidRole": {
		servers(func(in *codedeploy.UpdateDeploymentGroupInput) { in.ServiceRoleArn = new("role") }),
		servers(func(in *codedeploy.UpdateDeploymentGroupInput) {
			in.ServiceRoleArn = new("arn:aws:iam::" + account + ":user/somebody")
		}),
	},
	"InvalidTriggerConfig": {
		servers(triggers(trigger("", "topic", deploymentStart))),
		servers(triggers(trigger("t", "topic"))),
		servers(triggers(trigger("t", "topic", "DeploymentDream"))),
		servers(triggers(types.TriggerConfig{TriggerName: new("t"), TriggerEvents: []types.TriggerEventType{deploymentStart}})),
		servers(triggers(types.TriggerConfig{
			TriggerName: new("t"), TriggerTargetArn: new("not an arn"), TriggerEvents: []types.TriggerEventType{deploymentStart},
		})),
		servers(triggers(types.TriggerConfig{
			TriggerName: new("t"), TriggerTargetArn: new("arn:aws:sns:elsewhere-1:" + account + ":topic"),
			TriggerEvents: []types.TriggerEventType{deploymentStart},
		})),
		servers(triggers(trigger("t", "one", deploymentStart), trigger("t", "two", deploymentStart))),
		servers(triggers(trigger("t", "one", deploymentStart), trigger("u", "one", deploymentStart))),
	},
	"TriggerTargetsLimitExceeded": {
		servers(func(in *codedeploy.UpdateDeploymentGroupInput) {
			for _, name := range numbered(11, "t") {
				in.TriggerConfigurations = append(in.TriggerConfigurations, trigger(name, name, deploymentStart))
			}
		}),
	},
	"InvalidAlarmConfig": {
		servers(alarms(true)),
		servers(alarms(true, "")),
		servers(alarms(true, strings.Repeat("a", 256))),
		ecs(alarms(true, "same", "same")),
	},
	"AlarmsLimitExceeded": {servers(alarms(true, numbered(11, "alarm-")...))},
	"InvalidAutoRollbackConfig": {
		servers(rollback()),
		servers(rollback("DEPLOYMENT_BORED")),
	},
	"InvalidLoadBalancerInfo": {
		servers(style(types.DeploymentTypeInPlace, types.DeploymentOptionWithTrafficControl)),
		servers(balancers(types.LoadBalancerInfo{ElbInfoList: []types.ELBInfo{{Name: new("")}}})),
		servers(balancers(types.LoadBalancerInfo{TargetGroupInfoList: []types.TargetGroupInfo{{Name: new(strings.Repeat("g", 33))}}})),
		servers(balancers(types.LoadBalancerInfo{TargetGroupInfoList: []types.TargetGroupInfo{{
			Name: new("arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/g/1"),
		}}})),
		servers(balancers(types.LoadBalancerInfo{ElbInfoList: slices.Repeat([]types.ELBInfo{{Name: new("b")}}, 11)})),
		ecs(balancers(types.LoadBalancerInfo{})),
		ecs(balancers(types.LoadBalancerInfo{TargetGroupInfoList: []types.TargetGroupInfo{{Name: new("g")}}})),
	},
	"InvalidDeploymentStyle": {
		servers(style("", types.DeploymentOptionWithoutTrafficControl)),
		servers(style(types.DeploymentTypeInPlace, "")),
		servers(style("SIDEWAYS", types.DeploymentOptionWithoutTrafficControl)),
		servers(style(types.DeploymentTypeInPlace, "SOME_TRAFFIC")),
		servers(style(types.DeploymentTypeBlueGreen, types.DeploymentOptionWithoutTrafficControl)),
		lambda(style(types.DeploymentTypeInPlace, types.DeploymentOptionWithoutTrafficControl)),
		ecs(style(types.DeploymentTypeBlueGreen, types.DeploymentOptionWithoutTrafficControl)),
	},
	"InvalidBlueGreenDeploymentConfiguration": {
		servers(blueGreenBut(func(b *types.BlueGreenDeploymentConfiguration) { b.DeploymentReadyOption = nil })),
		servers(blueGreenBut(func(b *types.BlueGreenDeploymentConfiguration) { b.TerminateBlueInstancesOnDeploymentSuccess = nil })),
		servers(blueGreenBut(func(b *types.BlueGreenDeploymentConfiguration) { b.DeploymentReadyOption.WaitTimeInMinutes = 1 })),
		servers(blueGreenBut(func(b *types.BlueGreenDeploymentConfiguration) {
			b.DeploymentReadyOption.ActionOnTimeout = types.DeploymentReadyActionStopDeployment
		})),
		servers(blueGreenBut(func(b *types.BlueGreenDeploymentConfiguration) { b.DeploymentReadyOption.ActionOnTimeout = "DREAM" })),
		servers(blueGreenBut(func(b *types.BlueGreenDeploymentConfiguration) {
			b.TerminateBlueInstancesOnDeploymentSuccess.TerminationWaitTimeInMinutes = 2881
		})),
		servers(blueGreenBut(func(b *types.BlueGreenDeploymentConfiguration) {
			b.GreenFleetProvisioningOption = &types.GreenFleetProvisioningOption{Action: types.GreenFleetProvisioningActionCopyAutoScalingGroup}
		})),
		lambda(blueGreenBut(func(*types.BlueGreenDeploymentConfiguration) {})),
	},
	"InvalidEC2TagCombination": {
		servers(func(in *codedeploy.UpdateDeploymentGroupInput) {
			ec2Filters(ec2Filter(types.EC2TagFilterTypeKeyOnly, "k", ""))(in)
			in.Ec2TagSet = ec2Set(1)
		}),
	},
	"InvalidOnPremisesTagCombination": {
		servers(func(in *codedeploy.UpdateDeploymentGroupInput) {
			onPremisesFilters(tagFilter(types.TagFilterTypeKeyOnly, "k", ""))(in)
			in.OnPremisesTagSet = onPremisesSet(1)
		}),
	},
	"TagSetListLimitExceeded": {
		servers(func(in *codedeploy.UpdateDeploymentGroupInput) { in.Ec2TagSet = ec2Set(4) }),
		servers(func(in *codedeploy.UpdateDeploymentGroupInput) { in.OnPremisesTagSet = onPremisesSet(4) }),
	},
	"InvalidInput": {
		servers(func(in *codedeploy.UpdateDeploymentGroupInput) { in.OutdatedInstancesStrategy = "REPLACE" }),
	},
	"InvalidECSService": {
		ecs(services("")),
		ecs(services("web", "mail")),
		servers(services("web")),
	},
	"InvalidTargetGroupPair": {
		ecs(balancers(*pair([]string{"blue"}, listener("prod")))),
		ecs(balancers(*pair([]string{"blue", "blue"}, listener("prod")))),
		ecs(balancers(*pair([]string{"blue", "green", "red"}, listener("prod")))),
	},
	"ECSServiceMappingLimitExceeded": {ecs(services(takenService))},
	"InvalidTrafficRoutingConfiguration": {
		ecs(balancers(*pair([]string{"blue", "green"}))),
		ecs(balancers(*pair([]string{"blue", "green"}, listener("one"), listener("two")))),
		ecs(balancers(*pair([]string{"blue", "green"}, "not an arn"))),
	},
}

// takenService is one that another group deploys to.
const takenService = "taken"

// neighbour makes the group that has takenService.
func (w *world) neighbour() {
	in := groupInput(types.ComputePlatformEcs)
	in.DeploymentGroupName = new("neighbour")
	in.EcsServices[0].ServiceName = new(takenService)
	w.must(failed(w.api.CreateDeploymentGroup(w.Context(), in)))
}

// here puts the region of the world where trigger left it open.
func (w *world) here(in *codedeploy.UpdateDeploymentGroupInput) {
	in.TriggerConfigurations = slices.Clone(in.TriggerConfigurations)
	for i, t := range in.TriggerConfigurations {
		if t.TriggerTargetArn != nil {
			in.TriggerConfigurations[i].TriggerTargetArn = new(strings.Replace(*t.TriggerTargetArn, "REGION", w.ns.Region, 1))
		}
	}
}

// overlay sets the members of a structure that another one of the same members
// has set.
func overlay(under, over any) {
	u, o := reflect.ValueOf(under).Elem(), reflect.ValueOf(over).Elem()
	for i := range o.NumField() {
		field := u.FieldByName(o.Type().Field(i).Name)
		if field.IsValid() && field.CanSet() && field.Type() == o.Field(i).Type() && !o.Field(i).IsZero() {
			field.Set(o.Field(i))
		}
	}
}

// onGroups makes cases of groupFaults for a request.
func onGroups(request func(w *world, fault groupFault, in *codedeploy.UpdateDeploymentGroupInput) error) cases {
	made := cases{}
	for code, faults := range groupFaults {
		made[code] = func(w *world) error {
			answers := make([]error, len(faults))
			for i, fault := range faults {
				in := &codedeploy.UpdateDeploymentGroupInput{}
				fault.change(in)
				part := w.world(w.TB)
				part.here(in)
				if answers[i] = request(part, fault, in); codeOf(answers[i]) != code+suffix {
					w.Errorf("fault %d on %s is answered by %v", i, fault.platform, answers[i])
				}
			}
			return answers[0]
		}
	}
	return made
}

func createGroup(w *world, change func(*codedeploy.CreateDeploymentGroupInput)) error {
	in := groupInput(types.ComputePlatformServer)
	change(in)
	return failed(w.api.CreateDeploymentGroup(w.Context(), in))
}

func updateGroup(w *world, change func(*codedeploy.UpdateDeploymentGroupInput)) error {
	in := &codedeploy.UpdateDeploymentGroupInput{ApplicationName: new(shop), CurrentDeploymentGroupName: new(prod)}
	change(in)
	return failed(w.api.UpdateDeploymentGroup(w.Context(), in))
}

// throttled makes a call twice on the server that lets nobody write twice.
func throttled(w *world, call func(*codedeploy.Client) error) error {
	slow := client(w.slow, w.ns.Region)
	_ = call(slow) // whatever it says: it takes the one place if another test has not
	return call(slow)
}

var groupCases = map[string]cases{
	"CreateDeploymentGroup": all(
		ofApplication(func(w *world, name *string) error {
			return createGroup(w, func(in *codedeploy.CreateDeploymentGroupInput) { in.ApplicationName = name })
		}),
		ofGroup(func(w *world, name *string) error {
			return createGroup(w, func(in *codedeploy.CreateDeploymentGroupInput) { in.DeploymentGroupName = name })
		}).without("DeploymentGroupDoesNotExist"),
		onGroups(func(w *world, fault groupFault, change *codedeploy.UpdateDeploymentGroupInput) error {
			w.application(fault.platform)
			if fault.platform == types.ComputePlatformEcs {
				w.neighbour()
			}
			in := groupInput(fault.platform)
			overlay(in, change)
			return failed(w.api.CreateDeploymentGroup(w.Context(), in))
		}),
		cases{
			"DeploymentGroupAlreadyExists": func(w *world) error {
				w.group(types.ComputePlatformServer)
				return createGroup(w, func(*codedeploy.CreateDeploymentGroupInput) {})
			},
			"RoleRequired": func(w *world) error {
				w.application(types.ComputePlatformServer)
				with := func(role *string) error {
					return createGroup(w, func(in *codedeploy.CreateDeploymentGroupInput) { in.ServiceRoleArn = role })
				}
				return same(w, with(nil), with(new("")))
			},
			"DeploymentGroupLimitExceeded": func(w *world) error {
				w.application(types.ComputePlatformServer)
				w.fillGroups(999)
				w.must(createGroup(w, func(*codedeploy.CreateDeploymentGroupInput) {})) // number 1000
				return createGroup(w, func(in *codedeploy.CreateDeploymentGroupInput) { in.DeploymentGroupName = new("one-more") })
			},
			"InvalidTagsToAdd": func(w *world) error {
				w.application(types.ComputePlatformServer)
				return badTags(w, func(tags []types.Tag) error {
					return createGroup(w, func(in *codedeploy.CreateDeploymentGroupInput) { in.Tags = tags })
				})
			},
			"Throttling": func(w *world) error {
				return throttled(w, func(c *codedeploy.Client) error {
					return failed(c.CreateDeploymentGroup(w.Context(), groupInput(types.ComputePlatformServer)))
				})
			},
		}),

	"UpdateDeploymentGroup": all(
		ofApplication(func(w *world, name *string) error {
			return updateGroup(w, func(in *codedeploy.UpdateDeploymentGroupInput) { in.ApplicationName = name })
		}),
		ofGroup(func(w *world, name *string) error {
			return updateGroup(w, func(in *codedeploy.UpdateDeploymentGroupInput) { in.CurrentDeploymentGroupName = name })
		}),
		onGroups(func(w *world, fault groupFault, in *codedeploy.UpdateDeploymentGroupInput) error {
			w.group(fault.platform)
			if fault.platform == types.ComputePlatformEcs {
				w.neighbour()
			}
			in.ApplicationName, in.CurrentDeploymentGroupName = new(shop), new(prod)
			return failed(w.api.UpdateDeploymentGroup(w.Context(), in))
		}),
		cases{
			"DeploymentGroupAlreadyExists": func(w *world) error {
				w.group(types.ComputePlatformServer)
				w.must(createGroup(w, func(in *codedeploy.CreateDeploymentGroupInput) { in.DeploymentGroupName = new("beta") }))
				return updateGroup(w, func(in *codedeploy.UpdateDeploymentGroupInput) { in.NewDeploymentGroupName = new("beta") })
			},
			"Throttling": func(w *world) error {
				return throttled(w, func(c *codedeploy.Client) error {
					return failed(c.UpdateDeploymentGroup(w.Context(), &codedeploy.UpdateDeploymentGroupInput{
						ApplicationName: new(shop), CurrentDeploymentGroupName: new(prod),
					}))
				})
			},
		}),

	"GetDeploymentGroup": all(
		ofApplication(func(w *world, name *string) error {
			return failed(w.api.GetDeploymentGroup(w.Context(), &codedeploy.GetDeploymentGroupInput{
				ApplicationName: name, DeploymentGroupName: new(prod),
			}))
		}),
		ofGroup(func(w *world, name *string) error {
			return failed(w.api.GetDeploymentGroup(w.Context(), &codedeploy.GetDeploymentGroupInput{
				ApplicationName: new(shop), DeploymentGroupName: name,
			}))
		})),

	"BatchGetDeploymentGroups": all(
		ofApplication(func(w *world, name *string) error { return getGroups(w, name, prod) }),
		cases{
			"DeploymentGroupNameRequired": func(w *world) error {
				w.group(types.ComputePlatformServer)
				return same(w, getGroups(w, new(shop)), getGroups(w, new(shop), []string{}...), getGroups(w, new(shop), prod, ""))
			},
			"InvalidDeploymentGroupName": func(w *world) error {
				w.group(types.ComputePlatformServer)
				return same(w, getGroups(w, new(shop), prod, malformed), getGroups(w, new(shop), long))
			},
			"BatchLimitExceeded": func(w *world) error {
				w.group(types.ComputePlatformServer)
				w.must(getGroups(w, new(shop), slices.Repeat([]string{prod}, 100)...))
				return getGroups(w, new(shop), slices.Repeat([]string{prod}, 101)...)
			},
		}),

	"ListDeploymentGroups": all(
		ofApplication(func(w *world, name *string) error {
			return failed(w.api.ListDeploymentGroups(w.Context(), &codedeploy.ListDeploymentGroupsInput{ApplicationName: name}))
		}),
		ofToken(func(w *world, token *string) error {
			if _, err := w.api.GetApplication(w.Context(), &codedeploy.GetApplicationInput{ApplicationName: new(shop)}); err != nil {
				w.application(types.ComputePlatformServer)
			}
			return failed(w.api.ListDeploymentGroups(w.Context(), &codedeploy.ListDeploymentGroupsInput{ApplicationName: new(shop), NextToken: token}))
		})),

	"DeleteDeploymentGroup": all(
		ofApplication(func(w *world, name *string) error {
			return failed(w.api.DeleteDeploymentGroup(w.Context(), &codedeploy.DeleteDeploymentGroupInput{
				ApplicationName: name, DeploymentGroupName: new(prod),
			}))
		}).without("ApplicationDoesNotExist"),
		ofGroup(func(w *world, name *string) error {
			return failed(w.api.DeleteDeploymentGroup(w.Context(), &codedeploy.DeleteDeploymentGroupInput{
				ApplicationName: new(shop), DeploymentGroupName: name,
			}))
		}).without("DeploymentGroupDoesNotExist")),
}

func getGroups(w *world, application *string, names ...string) error {
	return failed(w.api.BatchGetDeploymentGroups(w.Context(), &codedeploy.BatchGetDeploymentGroupsInput{
		ApplicationName: application, DeploymentGroupNames: names,
	}))
}

// fillGroups stores groups at once that would take long to make one by one.
func (w *world) fillGroups(n int) {
	w.Helper()
	w.must(w.store.Update(w.Context(), func(tx *store.Tx) error {
		app, err := tx.Application(w.ns, shop)
		if err != nil {
			return err
		}
		for _, name := range numbered(n, "group-") {
			g := deploy.Group{
				Namespace: w.ns, ID: deploy.NewUUID(), ApplicationID: app.ID, Name: name, CreatedAt: time.Now().UTC(),
				ConfigName: deploy.DefaultConfigName, ServiceRoleARN: role, OutdatedInstances: "UPDATE",
				Style: deploy.Style{Type: deploy.InPlace, Option: deploy.WithoutTrafficControl},
			}
			if err := tx.InsertGroup(g); err != nil {
				return err
			}
		}
		return nil
	}))
}
