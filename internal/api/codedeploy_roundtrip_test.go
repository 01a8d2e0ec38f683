package api_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/slipwayhq/slipway/internal/wire"
)

// These tests send generated inputs that use every member of a shape, and
// look for each member in what the corresponding operation shows. A member
// that is new in the model fails them until it is looked for too.

// trip makes calls as a client that knows the shapes.
type trip struct {
	*rapid.T
	plane *plane
	names int
}

// fresh returns a name that nothing has.
func (t *trip) fresh() string {
	t.names++
	return fmt.Sprint("name-", t.names)
}

// do calls an operation; out is nil for those that answer nothing.
func (t *trip) do(operation string, in, out any) {
	t.Helper()
	body, err := wire.Encode(in)
	if err != nil {
		t.Fatal(err)
	}
	answer := send(t.plane.t, sign(t.plane.post(t.plane.t, operation, string(body)), string(body), root))
	if answer.status != 200 {
		t.Fatalf("%s %s: %s", operation, body, answer.body)
	}
	if out == nil {
		return
	}
	if err := wire.Decode([]byte(answer.body), out); err != nil {
		t.Fatal(err)
	}
}

// comesBack checks that every member of in that is set is in out, under the
// same name. Those that are somewhere else are named, and for the caller to
// check.
func comesBack(t *trip, in, out any, elsewhere ...string) {
	t.Helper()
	given, shown := reflect.ValueOf(in).Elem(), reflect.ValueOf(out).Elem()
	for i := range given.NumField() {
		name := given.Type().Field(i).Name
		if given.Field(i).IsNil() || slices.Contains(elsewhere, name) {
			continue
		}
		member := shown.FieldByName(name)
		if !member.IsValid() {
			t.Fatalf("%s of %T is nowhere in %T", name, in, out)
		}
		if diff := cmp.Diff(given.Field(i).Interface(), member.Interface(), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s of %T (-given +shown):\n%s", name, in, diff)
		}
	}
}

// complete checks that some input of all that were generated had each member.
// With -short too few are generated for that.
func complete(t *testing.T, inputs ...any) {
	t.Helper()
	if testing.Short() {
		return
	}
	if len(inputs) == 0 {
		t.Fatal("nothing was generated")
	}
	shape := reflect.TypeOf(inputs[0]).Elem()
	for i := range shape.NumField() {
		used := false
		for _, in := range inputs {
			used = used || !reflect.ValueOf(in).Elem().Field(i).IsNil()
		}
		if !used {
			t.Errorf("no %s had a %s", shape.Name(), shape.Field(i).Name)
		}
	}
}

// roundTrip checks a property on one control plane.
func roundTrip(t *testing.T, check func(*trip)) {
	t.Helper()
	p, names := newPlane(t), 0
	rapid.Check(t, func(r *rapid.T) {
		one := &trip{T: r, plane: p, names: names}
		check(one)
		names = one.names
	})
}

// maybe draws a value or nothing.
func maybe[T any](t *trip, name string, draw func() T) T {
	var none T
	if !rapid.Bool().Draw(t.T, "with "+name) {
		return none
	}
	return draw()
}

func number(t *trip, name string, low, high int32) *int32 {
	return new(rapid.Int32Range(low, high).Draw(t.T, name))
}

func text(t *trip, name string, most int) *string {
	return new(rapid.StringN(1, most, -1).Draw(t.T, name))
}

func truth(t *trip, name string) *bool { return new(rapid.Bool().Draw(t.T, name)) }

func sampled[T any](t *trip, name string, values ...T) *T {
	return new(rapid.SampledFrom(values).Draw(t.T, name))
}

// listed draws up to most things that differ in their key.
func listed[T any](t *trip, name string, most int, draw func() T, key func(T) string) []T {
	return rapid.SliceOfNDistinct(rapid.Custom(func(r *rapid.T) T {
		outer := t.T
		t.T = r
		defer func() { t.T = outer }()
		return draw()
	}), 1, most, key).Draw(t.T, name)
}

func tags(t *trip) []wire.Tag {
	return listed(t, "tags", 50, func() wire.Tag {
		return wire.Tag{Key: text(t, "tag key", 128), Value: new(rapid.StringN(0, 256, -1).Draw(t.T, "tag value"))}
	}, func(tag wire.Tag) string { return *tag.Key })
}

// tagsOf returns the tags of a resource.
func (t *trip) tagsOf(arn string) []wire.Tag {
	t.Helper()
	var out wire.ListTagsForResourceOutput
	t.do("ListTagsForResource", &wire.ListTagsForResourceInput{ResourceARN: &arn}, &out)
	return out.Tags
}

func (t *trip) wantTags(arn string, want []wire.Tag) {
	t.Helper()
	if diff := cmp.Diff(want, t.tagsOf(arn), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("tags of %s: %s", arn, diff)
	}
}

var anyPlatform = []wire.ComputePlatform{wire.ComputePlatformServer, wire.ComputePlatformLambda, wire.ComputePlatformECS}

func application(t *trip, platform wire.ComputePlatform) *wire.CreateApplicationInput {
	in := &wire.CreateApplicationInput{
		ApplicationName: new(t.fresh()), ComputePlatform: &platform, Tags: maybe(t, "tags", func() []wire.Tag { return tags(t) }),
	}
	t.do("CreateApplication", in, nil)
	return in
}

func TestRoundTripApplication(t *testing.T) {
	t.Parallel()
	var all []any
	roundTrip(t, func(t *trip) {
		in := application(t, rapid.SampledFrom(anyPlatform).Draw(t.T, "platform"))
		all = append(all, in)
		var out wire.GetApplicationOutput
		t.do("GetApplication", &wire.GetApplicationInput{ApplicationName: in.ApplicationName}, &out)
		comesBack(t, in, out.Application, "Tags")
		t.wantTags(namespace.ApplicationARN(*in.ApplicationName), in.Tags)
	})
	complete(t, all...)
}

func config(t *trip, platform wire.ComputePlatform) *wire.CreateDeploymentConfigInput {
	in := &wire.CreateDeploymentConfigInput{DeploymentConfigName: new(t.fresh()), ComputePlatform: &platform}
	if platform != wire.ComputePlatformServer {
		in.TrafficRoutingConfig = traffic(t)
		return in
	}
	in.MinimumHealthyHosts = &wire.MinimumHealthyHosts{
		Type:  sampled(t, "type", wire.MinimumHealthyHostsTypeHostCount, wire.MinimumHealthyHostsTypeFleetPercent),
		Value: number(t, "minimum", 0, 99),
	}
	in.ZonalConfig = maybe(t, "zones", func() *wire.ZonalConfig {
		return &wire.ZonalConfig{
			FirstZoneMonitorDurationInSeconds: maybe(t, "first", func() *int64 { return new(rapid.Int64Range(0, 1<<40).Draw(t.T, "first zone")) }),
			MonitorDurationInSeconds:          maybe(t, "monitor", func() *int64 { return new(rapid.Int64Range(0, 1<<40).Draw(t.T, "zone")) }),
			MinimumHealthyHostsPerZone: maybe(t, "per zone", func() *wire.MinimumHealthyHostsPerZone {
				return &wire.MinimumHealthyHostsPerZone{
					Type:  sampled(t, "zone type", wire.MinimumHealthyHostsPerZoneTypeHostCount, wire.MinimumHealthyHostsPerZoneTypeFleetPercent),
					Value: number(t, "zone minimum", 0, 99),
				}
			}),
		}
	})
	return in
}

func traffic(t *trip) *wire.TrafficRoutingConfig {
	out := &wire.TrafficRoutingConfig{Type: sampled(t, "routing",
		wire.TrafficRoutingTypeTimeBasedCanary, wire.TrafficRoutingTypeTimeBasedLinear, wire.TrafficRoutingTypeAllAtOnce)}
	switch *out.Type {
	case wire.TrafficRoutingTypeTimeBasedCanary:
		out.TimeBasedCanary = &wire.TimeBasedCanary{CanaryPercentage: number(t, "percentage", 1, 99), CanaryInterval: number(t, "interval", 1, 2880)}
	case wire.TrafficRoutingTypeTimeBasedLinear:
		percentage := number(t, "percentage", 1, 99)
		out.TimeBasedLinear = &wire.TimeBasedLinear{LinearPercentage: percentage, LinearInterval: number(t, "interval", 1, 2880/(100 / *percentage))}
	}
	return out
}

func TestRoundTripConfig(t *testing.T) {
	t.Parallel()
	var all []any
	roundTrip(t, func(t *trip) {
		in := config(t, rapid.SampledFrom(anyPlatform).Draw(t.T, "platform"))
		all = append(all, in)
		t.do("CreateDeploymentConfig", in, nil)
		var out wire.GetDeploymentConfigOutput
		t.do("GetDeploymentConfig", &wire.GetDeploymentConfigInput{DeploymentConfigName: in.DeploymentConfigName}, &out)
		comesBack(t, in, out.DeploymentConfigInfo)
		t.do("DeleteDeploymentConfig", &wire.DeleteDeploymentConfigInput{DeploymentConfigName: in.DeploymentConfigName}, nil)
	})
	complete(t, all...)
}

func ec2Filters(t *trip) []wire.EC2TagFilter {
	return rapid.SliceOfN(rapid.Custom(func(r *rapid.T) wire.EC2TagFilter {
		inner := &trip{T: r}
		f := wire.EC2TagFilter{Type: sampled(inner, "type", wire.EC2TagFilterTypeKeyOnly, wire.EC2TagFilterTypeValueOnly, wire.EC2TagFilterTypeKeyAndValue)}
		if *f.Type != wire.EC2TagFilterTypeValueOnly {
			f.Key = text(inner, "key", 128)
		}
		if *f.Type != wire.EC2TagFilterTypeKeyOnly {
			f.Value = text(inner, "value", 256)
		}
		return f
	}), 1, 10).Draw(t.T, "filters")
}

func filters(t *trip) []wire.TagFilter {
	var out []wire.TagFilter
	for _, f := range ec2Filters(t) {
		out = append(out, wire.TagFilter{Key: f.Key, Value: f.Value, Type: (*wire.TagFilterType)(f.Type)})
	}
	return out
}

func ec2Set(t *trip) *wire.EC2TagSet {
	var set wire.EC2TagSet
	for range rapid.IntRange(1, 3).Draw(t.T, "lists") {
		set.EC2TagSetList = append(set.EC2TagSetList, ec2Filters(t))
	}
	return &set
}

func onPremisesSet(t *trip) *wire.OnPremisesTagSet {
	var set wire.OnPremisesTagSet
	for range rapid.IntRange(1, 3).Draw(t.T, "lists") {
		set.OnPremisesTagSetList = append(set.OnPremisesTagSetList, filters(t))
	}
	return &set
}

func alarms(t *trip) *wire.AlarmConfiguration {
	return &wire.AlarmConfiguration{
		Enabled: truth(t, "enabled"), IgnorePollAlarmFailure: truth(t, "ignored"),
		Alarms: listed(t, "alarms", 10, func() wire.Alarm { return wire.Alarm{Name: text(t, "alarm", 255)} },
			func(a wire.Alarm) string { return *a.Name }),
	}
}

func autoRollback(t *trip) *wire.AutoRollbackConfiguration {
	return &wire.AutoRollbackConfiguration{Enabled: truth(t, "enabled"), Events: []wire.AutoRollbackEvent{
		*sampled(t, "event", wire.AutoRollbackEventDeploymentFailure, wire.AutoRollbackEventDeploymentStopOnAlarm, wire.AutoRollbackEventDeploymentStopOnRequest),
	}}
}

func triggers(t *trip) []wire.TriggerConfig {
	return listed(t, "triggers", 10, func() wire.TriggerConfig {
		name := rapid.StringMatching(`[A-Za-z0-9_-]{1,50}`).Draw(t.T, "trigger")
		return wire.TriggerConfig{
			TriggerName: &name, TriggerTargetARN: new("arn:aws:sns:us-east-1:123456789012:" + name),
			TriggerEvents: []wire.TriggerEventType{*sampled(t, "event", wire.TriggerEventTypeDeploymentStart, wire.TriggerEventTypeInstanceReady)},
		}
	}, func(c wire.TriggerConfig) string { return *c.TriggerName })
}

func names(t *trip, what string, most int) []string {
	return listed(t, what, most, func() string { return rapid.StringMatching(`[a-z0-9-]{1,32}`).Draw(t.T, what) }, func(s string) string { return s })
}

func balancers(t *trip) *wire.LoadBalancerInfo {
	out := &wire.LoadBalancerInfo{ELBInfoList: []wire.ELBInfo{}}
	for _, n := range names(t, "balancer", 10) {
		out.ELBInfoList = append(out.ELBInfoList, wire.ELBInfo{Name: &n})
	}
	for _, n := range maybe(t, "target groups", func() []string { return names(t, "target group", 10) }) {
		out.TargetGroupInfoList = append(out.TargetGroupInfoList, wire.TargetGroupInfo{Name: &n})
	}
	return out
}

func blueGreen(t *trip) *wire.BlueGreenDeploymentConfiguration {
	ready := &wire.DeploymentReadyOption{ActionOnTimeout: new(wire.DeploymentReadyActionContinueDeployment), WaitTimeInMinutes: new(int32(0))}
	if rapid.Bool().Draw(t.T, "stops") {
		ready = &wire.DeploymentReadyOption{ActionOnTimeout: new(wire.DeploymentReadyActionStopDeployment), WaitTimeInMinutes: number(t, "wait", 1, 1000)}
	}
	return &wire.BlueGreenDeploymentConfiguration{
		DeploymentReadyOption: ready,
		TerminateBlueInstancesOnDeploymentSuccess: &wire.BlueInstanceTerminationOption{
			Action:                       sampled(t, "action", wire.InstanceActionTerminate, wire.InstanceActionKeepAlive),
			TerminationWaitTimeInMinutes: number(t, "termination", 0, 2880),
		},
		GreenFleetProvisioningOption: maybe(t, "fleet", func() *wire.GreenFleetProvisioningOption {
			return &wire.GreenFleetProvisioningOption{Action: new(wire.GreenFleetProvisioningActionDiscoverExisting)}
		}),
	}
}

func style(kind wire.DeploymentType, option wire.DeploymentOption) *wire.DeploymentStyle {
	return &wire.DeploymentStyle{DeploymentType: &kind, DeploymentOption: &option}
}

// changes draws what a group of the platform can have, all in the shape of a
// change. What a group must have is always there.
func changes(t *trip, platform wire.ComputePlatform) *wire.UpdateDeploymentGroupInput {
	in := &wire.UpdateDeploymentGroupInput{
		ServiceRoleARN:            new("arn:aws:iam::123456789012:role/" + t.fresh()),
		TriggerConfigurations:     maybe(t, "triggers", func() []wire.TriggerConfig { return triggers(t) }),
		AlarmConfiguration:        maybe(t, "alarms", func() *wire.AlarmConfiguration { return alarms(t) }),
		AutoRollbackConfiguration: maybe(t, "rollback", func() *wire.AutoRollbackConfiguration { return autoRollback(t) }),
		OutdatedInstancesStrategy: maybe(t, "strategy", func() *wire.OutdatedInstancesStrategy {
			return sampled(t, "strategy", wire.OutdatedInstancesStrategyUpdate, wire.OutdatedInstancesStrategyIgnore)
		}),
		TerminationHookEnabled: maybe(t, "hook", func() *bool { return truth(t, "hook") }),
		DeploymentStyle:        style(wire.DeploymentTypeBlueGreen, wire.DeploymentOptionWithTrafficControl),
	}
	switch platform {
	case wire.ComputePlatformServer:
		serverChanges(t, in)
	case wire.ComputePlatformLambda:
		in.DeploymentConfigName = sampled(t, "config", "CodeDeployDefault.LambdaAllAtOnce", "CodeDeployDefault.LambdaCanary10Percent5Minutes")
	case wire.ComputePlatformECS:
		in.DeploymentConfigName = sampled(t, "config", "CodeDeployDefault.ECSAllAtOnce", "CodeDeployDefault.ECSCanary10Percent5Minutes")
		in.BlueGreenDeploymentConfiguration = blueGreen(t)
		in.ECSServices = []wire.ECSService{{ServiceName: new(t.fresh()), ClusterName: text(t, "cluster", 50)}}
		route := func() *wire.TrafficRoute {
			return &wire.TrafficRoute{ListenerARNs: []string{"arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/" + t.fresh()}}
		}
		in.LoadBalancerInfo = &wire.LoadBalancerInfo{TargetGroupPairInfoList: []wire.TargetGroupPairInfo{{
			TargetGroups:     []wire.TargetGroupInfo{{Name: new(t.fresh())}, {Name: new(t.fresh())}},
			ProdTrafficRoute: route(),
			TestTrafficRoute: maybe(t, "test route", route),
		}}}
	}
	return in
}

func serverChanges(t *trip, in *wire.UpdateDeploymentGroupInput) {
	in.DeploymentConfigName = maybe(t, "config", func() *string {
		return sampled(t, "config", "CodeDeployDefault.AllAtOnce", "CodeDeployDefault.HalfAtATime")
	})
	in.LoadBalancerInfo = maybe(t, "balancers", func() *wire.LoadBalancerInfo { return balancers(t) })
	if in.LoadBalancerInfo == nil {
		in.DeploymentStyle = style(wire.DeploymentTypeInPlace, wire.DeploymentOptionWithoutTrafficControl)
	}
	in.BlueGreenDeploymentConfiguration = maybe(t, "blue/green", func() *wire.BlueGreenDeploymentConfiguration { return blueGreen(t) })
	in.AutoScalingGroups = maybe(t, "asg", func() []string { return names(t, "asg", 10) })
	switch rapid.IntRange(0, 2).Draw(t.T, "EC2") {
	case 1:
		in.EC2TagFilters = ec2Filters(t)
	case 2:
		in.EC2TagSet = ec2Set(t)
	}
	switch rapid.IntRange(0, 2).Draw(t.T, "on-premises") {
	case 1:
		in.OnPremisesInstanceTagFilters = filters(t)
	case 2:
		in.OnPremisesTagSet = onPremisesSet(t)
	}
}

// creation is a new group with what a change would give it.
func creation(t *trip, application string, c *wire.UpdateDeploymentGroupInput) *wire.CreateDeploymentGroupInput {
	in := &wire.CreateDeploymentGroupInput{
		ApplicationName: &application, DeploymentGroupName: new(t.fresh()), Tags: maybe(t, "tags", func() []wire.Tag { return tags(t) }),
	}
	from, to := reflect.ValueOf(c).Elem(), reflect.ValueOf(in).Elem()
	for i := range from.NumField() {
		if member := to.FieldByName(from.Type().Field(i).Name); member.IsValid() && !from.Field(i).IsNil() {
			member.Set(from.Field(i))
		}
	}
	return in
}

func (t *trip) group(application, name *string) *wire.DeploymentGroupInfo {
	t.Helper()
	var out wire.GetDeploymentGroupOutput
	t.do("GetDeploymentGroup", &wire.GetDeploymentGroupInput{ApplicationName: application, DeploymentGroupName: name}, &out)
	return out.DeploymentGroupInfo
}

func (t *trip) wantScaling(want []string, g *wire.DeploymentGroupInfo) {
	t.Helper()
	var shown []string
	for _, a := range g.AutoScalingGroups {
		shown = append(shown, *a.Name)
	}
	if diff := cmp.Diff(want, shown, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("Auto Scaling groups: %s", diff)
	}
}

func TestRoundTripGroup(t *testing.T) {
	t.Parallel()
	var created, changed []any
	roundTrip(t, func(t *trip) {
		platform := rapid.SampledFrom(anyPlatform).Draw(t.T, "platform")
		app := application(t, platform).ApplicationName
		in := creation(t, *app, changes(t, platform))
		created = append(created, in)
		t.do("CreateDeploymentGroup", in, nil)
		before := t.group(app, in.DeploymentGroupName)
		comesBack(t, in, before, "AutoScalingGroups", "Tags")
		t.wantScaling(in.AutoScalingGroups, before)
		t.wantTags(namespace.GroupARN(*app, *in.DeploymentGroupName), in.Tags)

		change := changes(t, platform)
		change.ApplicationName, change.CurrentDeploymentGroupName = app, in.DeploymentGroupName
		change.NewDeploymentGroupName = maybe(t, "new name", func() *string { return new(t.fresh()) })
		changed = append(changed, change)
		t.do("UpdateDeploymentGroup", change, nil)
		name := in.DeploymentGroupName
		if change.NewDeploymentGroupName != nil {
			name = change.NewDeploymentGroupName
		}
		after := t.group(app, name)
		comesBack(t, change, after, "AutoScalingGroups", "CurrentDeploymentGroupName", "NewDeploymentGroupName")
		if change.AutoScalingGroups != nil {
			t.wantScaling(change.AutoScalingGroups, after)
		}
		wantUnchanged(t, change, before, after)
		t.wantTags(namespace.GroupARN(*app, *name), in.Tags)
	})
	complete(t, created...)
	complete(t, changed...)
}

// wantUnchanged checks that what a change did not give is as it was. Filters
// and the set in their place are one thing.
func wantUnchanged(t *trip, change *wire.UpdateDeploymentGroupInput, before, after *wire.DeploymentGroupInfo) {
	t.Helper()
	together := map[string]string{
		"EC2TagFilters": "EC2TagSet", "EC2TagSet": "EC2TagFilters",
		"OnPremisesInstanceTagFilters": "OnPremisesTagSet", "OnPremisesTagSet": "OnPremisesInstanceTagFilters",
		"DeploymentGroupName": "NewDeploymentGroupName",
	}
	given, was, is := reflect.ValueOf(change).Elem(), reflect.ValueOf(before).Elem(), reflect.ValueOf(after).Elem()
	isGiven := func(name string) bool {
		member := given.FieldByName(name)
		return member.IsValid() && !member.IsNil()
	}
	for i := range was.NumField() {
		name := was.Type().Field(i).Name
		if isGiven(name) || isGiven(together[name]) {
			continue
		}
		if diff := cmp.Diff(was.Field(i).Interface(), is.Field(i).Interface()); diff != "" {
			t.Errorf("%s changed: %s", name, diff)
		}
	}
}

// revision draws one that the platform can deploy, and how it is shown.
func revision(t *trip, platform wire.ComputePlatform) (given, shown *wire.RevisionLocation) {
	bundles := []wire.BundleType{wire.BundleTypeYAML, wire.BundleTypeJSON}
	kinds := []wire.RevisionLocationType{wire.RevisionLocationTypeS3, wire.RevisionLocationTypeAppSpecContent}
	switch platform {
	case wire.ComputePlatformServer:
		bundles = []wire.BundleType{wire.BundleTypeTar, wire.BundleTypeTgz, wire.BundleTypeZip}
		kinds = []wire.RevisionLocationType{wire.RevisionLocationTypeS3, wire.RevisionLocationTypeGitHub}
	case wire.ComputePlatformLambda:
		kinds = append(kinds, wire.RevisionLocationTypeString)
	case wire.ComputePlatformECS:
	}
	given = &wire.RevisionLocation{RevisionType: sampled(t, "revision", kinds...)}
	content := text(t, "content", 200)
	sum := sha256.Sum256([]byte(*content))
	hash := new(hex.EncodeToString(sum[:]))
	shown = given
	switch *given.RevisionType {
	case wire.RevisionLocationTypeS3:
		given.S3Location = &wire.S3Location{
			Bucket: text(t, "bucket", 63), Key: text(t, "key", 1024), BundleType: sampled(t, "bundle", bundles...),
			Version: maybe(t, "version", func() *string { return text(t, "version", 30) }),
			ETag:    maybe(t, "etag", func() *string { return text(t, "etag", 30) }),
		}
	case wire.RevisionLocationTypeGitHub:
		given.GitHubLocation = &wire.GitHubLocation{
			Repository: new("acme/" + t.fresh()), CommitID: new(rapid.StringMatching(`[0-9a-f]{40}`).Draw(t.T, "commit")),
		}
	case wire.RevisionLocationTypeString:
		given.String = &wire.RawString{Content: content, SHA256: maybe(t, "hash", func() *string { return hash })}
		shown = &wire.RevisionLocation{RevisionType: given.RevisionType, String: &wire.RawString{SHA256: hash}}
	case wire.RevisionLocationTypeAppSpecContent:
		given.AppSpecContent = &wire.AppSpecContent{Content: content, SHA256: maybe(t, "hash", func() *string { return hash })}
		shown = &wire.RevisionLocation{RevisionType: given.RevisionType, AppSpecContent: &wire.AppSpecContent{SHA256: hash}}
	}
	return given, shown
}

func TestRoundTripRevision(t *testing.T) {
	t.Parallel()
	var all []any
	roundTrip(t, func(t *trip) {
		platform := rapid.SampledFrom(anyPlatform).Draw(t.T, "platform")
		given, shown := revision(t, platform)
		in := &wire.RegisterApplicationRevisionInput{
			ApplicationName: application(t, platform).ApplicationName, Revision: given,
			Description: maybe(t, "description", func() *string { return text(t, "description", 256) }),
		}
		all = append(all, in)
		t.do("RegisterApplicationRevision", in, nil)
		var out wire.GetApplicationRevisionOutput
		t.do("GetApplicationRevision", &wire.GetApplicationRevisionInput{ApplicationName: in.ApplicationName, Revision: given}, &out)
		comesBack(t, in, &out, "Revision", "Description")
		if diff := cmp.Diff(shown, out.Revision) + cmp.Diff(in.Description, out.RevisionInfo.Description); diff != "" {
			t.Error(diff)
		}
	})
	complete(t, all...)
}

func TestRoundTripDeployment(t *testing.T) {
	t.Parallel()
	var all []any
	roundTrip(t, func(t *trip) {
		platform := rapid.SampledFrom(anyPlatform).Draw(t.T, "platform")
		app := application(t, platform).ApplicationName
		group := changes(t, platform)
		create := creation(t, *app, group)
		t.do("CreateDeploymentGroup", create, nil)
		given, shown := revision(t, platform)
		in := &wire.CreateDeploymentInput{
			ApplicationName: app, DeploymentGroupName: create.DeploymentGroupName, Revision: given,
			Description:                maybe(t, "description", func() *string { return text(t, "description", 256) }),
			AutoRollbackConfiguration:  maybe(t, "rollback", func() *wire.AutoRollbackConfiguration { return autoRollback(t) }),
			OverrideAlarmConfiguration: maybe(t, "alarms", func() *wire.AlarmConfiguration { return alarms(t) }),
		}
		in.DeploymentConfigName = maybe(t, "config", func() *string { return changes(t, platform).DeploymentConfigName })
		if platform == wire.ComputePlatformServer {
			in.IgnoreApplicationStopFailures, in.UpdateOutdatedInstancesOnly = truth(t, "ignore"), truth(t, "update")
			in.FileExistsBehavior = sampled(t, "files", wire.FileExistsBehaviorDisallow, wire.FileExistsBehaviorOverwrite, wire.FileExistsBehaviorRetain)
			if *create.DeploymentStyle.DeploymentType == wire.DeploymentTypeBlueGreen {
				in.TargetInstances = &wire.TargetInstances{AutoScalingGroups: maybe(t, "asg", func() []string { return names(t, "asg", 10) })}
				if rapid.Bool().Draw(t.T, "set") {
					in.TargetInstances.EC2TagSet = ec2Set(t)
				} else {
					in.TargetInstances.TagFilters = ec2Filters(t)
				}
			}
		}
		all = append(all, in)
		in.DeploymentMode = new(wire.DeploymentModeStandard) // RESTART has no revision to come back
		var id wire.CreateDeploymentOutput
		t.do("CreateDeployment", in, &id)
		var out wire.GetDeploymentOutput
		t.do("GetDeployment", &wire.GetDeploymentInput{DeploymentID: id.DeploymentID}, &out)
		comesBack(t, in, out.DeploymentInfo, "Revision", "DeploymentMode")
		if diff := cmp.Diff(shown, out.DeploymentInfo.Revision); diff != "" {
			t.Error(diff)
		}
		// What it has from its group is shown as the group shows it.
		comesBack(t, &wire.DeploymentInfo{
			DeploymentStyle: create.DeploymentStyle, LoadBalancerInfo: create.LoadBalancerInfo,
			BlueGreenDeploymentConfiguration: create.BlueGreenDeploymentConfiguration,
		}, out.DeploymentInfo)
	})
	complete(t, all...)
}

func TestRoundTripInstance(t *testing.T) {
	t.Parallel()
	var all []any
	roundTrip(t, func(t *trip) {
		in := &wire.RegisterOnPremisesInstanceInput{InstanceName: new(t.fresh())}
		if rapid.Bool().Draw(t.T, "user") {
			in.IAMUserARN = new("arn:aws:iam::123456789012:user/hosts/" + *in.InstanceName)
		} else {
			in.IAMSessionARN = new("arn:aws:sts::123456789012:assumed-role/hosts/" + *in.InstanceName)
		}
		all = append(all, in)
		t.do("RegisterOnPremisesInstance", in, nil)
		add := &wire.AddTagsToOnPremisesInstancesInput{InstanceNames: []string{*in.InstanceName}}
		add.Tags = listed(t, "tags", 10, func() wire.Tag { return wire.Tag{Key: text(t, "key", 128), Value: text(t, "value", 256)} },
			func(tag wire.Tag) string { return *tag.Key })
		t.do("AddTagsToOnPremisesInstances", add, nil)
		var out wire.GetOnPremisesInstanceOutput
		t.do("GetOnPremisesInstance", &wire.GetOnPremisesInstanceInput{InstanceName: in.InstanceName}, &out)
		comesBack(t, in, out.InstanceInfo)
		comesBack(t, add, out.InstanceInfo, "InstanceNames")
	})
	complete(t, all...)
}
