package compat

import (
	"fmt"
	"go/ast"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var platforms = []types.ComputePlatform{types.ComputePlatformServer, types.ComputePlatformLambda, types.ComputePlatformEcs}

// plan is what Terraform would change: the difference between what is wanted
// and what was read. Most of its lists are sets, and it takes an empty one for
// none.
func plan(wanted, read any) string {
	return cmp.Diff(wanted, read,
		cmpopts.EquateEmpty(),
		cmpopts.SortSlices(func(a, b any) bool { return pointed(reflect.ValueOf(a)) < pointed(reflect.ValueOf(b)) }),
		cmp.FilterPath(func(p cmp.Path) bool {
			field, ok := p.Last().(cmp.StructField)
			return ok && !ast.IsExported(field.Name())
		}, cmp.Ignore()))
}

// pointed writes a value with what its pointers point to.
func pointed(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return "nil"
		}
		return pointed(v.Elem())
	case reflect.Struct:
		var parts []string
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				parts = append(parts, pointed(v.Field(i)))
			}
		}
		return "{" + strings.Join(parts, " ") + "}"
	case reflect.Slice:
		var parts []string
		for i := range v.Len() {
			parts = append(parts, pointed(v.Index(i)))
		}
		return "[" + strings.Join(parts, " ") + "]"
	}
	return fmt.Sprint(v.Interface())
}

// settled fails the test unless the plan after an apply is empty.
func settled(t *testing.T, wanted, read any) {
	t.Helper()
	if diff := plan(wanted, read); diff != "" {
		t.Errorf("the plan after apply is not empty (-wanted +read):\n%s", diff)
	}
}

// applyTags makes the tags of a resource what is wanted, as Terraform does:
// first what is gone, then what is new or different.
func (w *world) applyTags(arn string, old, wanted []types.Tag) {
	w.Helper()
	now := map[string]string{}
	for _, t := range wanted {
		now[*t.Key] = *t.Value
	}
	var gone []string
	before := map[string]string{}
	for _, t := range old {
		before[*t.Key] = *t.Value
		if _, kept := now[*t.Key]; !kept {
			gone = append(gone, *t.Key)
		}
	}
	if len(gone) > 0 {
		w.must(untagResource(w, &arn, gone))
	}
	var changed []types.Tag
	for _, t := range wanted {
		if value, was := before[*t.Key]; !was || value != *t.Value {
			changed = append(changed, t)
		}
	}
	if len(changed) > 0 {
		w.must(tagResource(w, &arn, changed))
	}
}

func (w *world) readTags(arn string) []types.Tag {
	w.Helper()
	out, err := w.api.ListTagsForResource(w.Context(), &codedeploy.ListTagsForResourceInput{ResourceArn: &arn})
	w.must(err)
	return out.Tags
}

// gone fails the test unless err says that something does not exist, in the
// way that makes Terraform forget it.
func (w *world) gone(err error, code string) {
	w.Helper()
	if !recognised(err, code) {
		w.Errorf("after the deletion the answer is %v, want %s", err, code)
	}
}

func TestTerraformApplication(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, platform := range platforms {
		t.Run(string(platform), func(t *testing.T) {
			t.Parallel()
			w := s.world(t)
			states := []*codedeploy.CreateApplicationInput{
				{ApplicationName: new("shop"), Tags: []types.Tag{tag("team", "web"), tag("env", "prod")}},
				{ApplicationName: new("shop"), Tags: []types.Tag{tag("team", "mobile"), tag("cost", "")}},
				{ApplicationName: new("store"), Tags: []types.Tag{tag("team", "mobile"), tag("cost", "")}},
				{ApplicationName: new("store")},
			}
			var id string
			for i, wanted := range states {
				wanted.ComputePlatform = platform
				if i == 0 {
					out, err := w.api.CreateApplication(w.Context(), wanted)
					w.must(err)
					id = aws.ToString(out.ApplicationId)
				} else {
					w.updateApplication(states[i-1], wanted)
				}
				read, readID := w.readApplication(*wanted.ApplicationName)
				settled(t, wanted, read)
				if readID != id || id == "" {
					t.Errorf("the id was %q and is %q", id, readID)
				}
			}
			w.gone(failed(w.api.GetApplication(w.Context(), &codedeploy.GetApplicationInput{ApplicationName: new("shop")})),
				"ApplicationDoesNotExistException") // its old name
			for range 2 { // gone is as good as deleted
				w.must(failed(w.api.DeleteApplication(w.Context(), &codedeploy.DeleteApplicationInput{ApplicationName: new("store")})))
			}
			w.gone(failed(w.api.GetApplication(w.Context(), &codedeploy.GetApplicationInput{ApplicationName: new("store")})),
				"ApplicationDoesNotExistException")
		})
	}
}

func (w *world) updateApplication(old, wanted *codedeploy.CreateApplicationInput) {
	w.Helper()
	if *old.ApplicationName != *wanted.ApplicationName {
		w.must(failed(w.api.UpdateApplication(w.Context(), &codedeploy.UpdateApplicationInput{
			ApplicationName: old.ApplicationName, NewApplicationName: wanted.ApplicationName,
		})))
	}
	w.applyTags(w.ns.ApplicationARN(*wanted.ApplicationName), old.Tags, wanted.Tags)
}

func (w *world) readApplication(name string) (*codedeploy.CreateApplicationInput, string) {
	w.Helper()
	out, err := w.api.GetApplication(w.Context(), &codedeploy.GetApplicationInput{ApplicationName: &name})
	w.must(err)
	return &codedeploy.CreateApplicationInput{
		ApplicationName: out.Application.ApplicationName,
		ComputePlatform: out.Application.ComputePlatform,
		Tags:            w.readTags(w.ns.ApplicationARN(name)),
	}, aws.ToString(out.Application.ApplicationId)
}

// terraformConfigs are configurations with every field in every form.
func terraformConfigs(platform types.ComputePlatform) []*codedeploy.CreateDeploymentConfigInput {
	hosts := func(t types.MinimumHealthyHostsType, n int32) *types.MinimumHealthyHosts {
		return &types.MinimumHealthyHosts{Type: t, Value: n}
	}
	if platform != types.ComputePlatformServer {
		return []*codedeploy.CreateDeploymentConfigInput{
			{TrafficRoutingConfig: canary(10, 5)},
			{TrafficRoutingConfig: canary(99, 2880)},
			{TrafficRoutingConfig: linear(33, 960)},
			{TrafficRoutingConfig: &types.TrafficRoutingConfig{Type: types.TrafficRoutingTypeAllAtOnce}},
		}
	}
	return []*codedeploy.CreateDeploymentConfigInput{
		{MinimumHealthyHosts: hosts(types.MinimumHealthyHostsTypeHostCount, 0)},
		{MinimumHealthyHosts: hosts(types.MinimumHealthyHostsTypeFleetPercent, 99)},
		{
			MinimumHealthyHosts: hosts(types.MinimumHealthyHostsTypeHostCount, 2),
			ZonalConfig: &types.ZonalConfig{
				FirstZoneMonitorDurationInSeconds: new(int64(10)),
				MonitorDurationInSeconds:          new(int64(5)),
				MinimumHealthyHostsPerZone: &types.MinimumHealthyHostsPerZone{
					Type: types.MinimumHealthyHostsPerZoneTypeHostCount, Value: 1,
				},
			},
		},
		{
			MinimumHealthyHosts: hosts(types.MinimumHealthyHostsTypeHostCount, 2),
			ZonalConfig:         &types.ZonalConfig{MonitorDurationInSeconds: new(int64(0))},
		},
	}
}

// TestTerraformConfig: a configuration cannot be changed, so Terraform replaces
// it: it is deleted, and made again under the same name.
func TestTerraformConfig(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, platform := range platforms {
		t.Run(string(platform), func(t *testing.T) {
			t.Parallel()
			w := s.world(t)
			for _, wanted := range terraformConfigs(platform) {
				wanted.DeploymentConfigName, wanted.ComputePlatform = new("careful"), platform
				w.must(failed(w.api.CreateDeploymentConfig(w.Context(), wanted)))
				out, err := w.api.GetDeploymentConfig(w.Context(), &codedeploy.GetDeploymentConfigInput{DeploymentConfigName: new("careful")})
				w.must(err)
				info := out.DeploymentConfigInfo
				settled(t, wanted, &codedeploy.CreateDeploymentConfigInput{
					DeploymentConfigName: info.DeploymentConfigName,
					ComputePlatform:      info.ComputePlatform,
					MinimumHealthyHosts:  info.MinimumHealthyHosts,
					TrafficRoutingConfig: info.TrafficRoutingConfig,
					ZonalConfig:          info.ZonalConfig,
				})
				for range 2 {
					w.must(deleteConfig(w, new("careful")))
				}
				w.gone(failed(w.api.GetDeploymentConfig(w.Context(), &codedeploy.GetDeploymentConfigInput{DeploymentConfigName: new("careful")})),
					"DeploymentConfigDoesNotExistException")
			}
		})
	}
}

// TestPlan: what differs in one small thing has a plan, else the other tests
// of this file show nothing.
func TestPlan(t *testing.T) {
	t.Parallel()
	for i, change := range []func(*codedeploy.CreateDeploymentGroupInput){
		func(in *codedeploy.CreateDeploymentGroupInput) { in.DeploymentConfigName = new("other") },
		func(in *codedeploy.CreateDeploymentGroupInput) { in.TerminationHookEnabled = new(false) },
		func(in *codedeploy.CreateDeploymentGroupInput) { in.AutoScalingGroups = nil },
		func(in *codedeploy.CreateDeploymentGroupInput) {
			in.LoadBalancerInfo.ElbInfoList[0].Name = new("other")
		},
		func(in *codedeploy.CreateDeploymentGroupInput) {
			in.BlueGreenDeploymentConfiguration.DeploymentReadyOption.WaitTimeInMinutes++
		},
		func(in *codedeploy.CreateDeploymentGroupInput) { in.Tags = []types.Tag{tag("k", "v")} },
	} {
		one, other := groupInput(types.ComputePlatformServer), groupInput(types.ComputePlatformServer)
		serverBlueGreen(one)
		serverBlueGreen(other)
		if diff := plan(normalGroup(one), normalGroup(other)); diff != "" {
			t.Errorf("equal groups differ:\n%s", diff)
		}
		change(other)
		if plan(normalGroup(one), normalGroup(other)) == "" {
			t.Errorf("change %d is not seen", i)
		}
	}
}
