package server

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/platform"
)

func filter(kind deploy.FilterType, key, value string) deploy.TagFilter {
	return deploy.TagFilter{Type: kind, Key: key, Value: value}
}

func tagged(name string, pairs ...string) deploy.Instance {
	i := deploy.Instance{Name: name}
	for _, pair := range pairs {
		key, value, _ := strings.Cut(pair, "=")
		i.Tags = append(i.Tags, deploy.Tag{Key: key, Value: value})
	}
	return i
}

func planned(targets []deploy.Target) string {
	var names []string
	for _, t := range targets {
		names = append(names, t.ID)
	}
	return strings.Join(names, " ")
}

var allAtOnce = deploy.Config{MinimumHealthy: minimum(deploy.HostCount, 0)}

// TestSelection: which instances each kind of selector picks. The union has
// each of them once.
func TestSelection(t *testing.T) {
	t.Parallel()
	both := func(k, v string) deploy.TagFilter { return filter(deploy.KeyAndValue, k, v) }
	gone := tagged("gone", "Env=Beta", "Region=South", "Type=l")
	gone.DeregisteredAt = &start
	instances := []deploy.Instance{
		tagged("beta", "Env=Beta", "Region=South", "Type=l"), tagged("prod", "Env=Prod", "Region=South", "Type=l"),
		tagged("west", "Env=Beta", "Region=West", "Type=m"), tagged("wild", "Name=GRP-1a"), tagged("bare"), gone,
		tagged("beta", "Env=Beta", "Region=South", "Type=l"), // known from two sources
	}
	for name, tc := range map[string]struct {
		group deploy.Group
		want  string
	}{
		"filters are ORed": {deploy.Group{OnPremisesFilters: []deploy.TagFilter{both("Env", "Prod"), both("Region", "West")}}, "prod west"},
		"lists are ANDed": {deploy.Group{OnPremisesSet: [][]deploy.TagFilter{
			{both("Env", "Beta"), both("Env", "Staging")}, {both("Region", "North"), both("Region", "South")}, {both("Type", "m"), both("Type", "l")},
		}}, "beta"},
		"union of filters and set, each once": {deploy.Group{
			OnPremisesFilters: []deploy.TagFilter{both("Env", "Beta")}, OnPremisesSet: [][]deploy.TagFilter{{both("Type", "l")}},
		}, "beta prod west"},
		"key only":                    {deploy.Group{OnPremisesFilters: []deploy.TagFilter{filter(deploy.KeyOnly, "Name", "")}}, "wild"},
		"value only":                  {deploy.Group{OnPremisesFilters: []deploy.TagFilter{filter(deploy.ValueOnly, "", "West")}}, "west"},
		"wildcard in the value":       {deploy.Group{OnPremisesFilters: []deploy.TagFilter{both("Name", "GRP-*a")}}, "wild"},
		"one character in the value":  {deploy.Group{OnPremisesFilters: []deploy.TagFilter{both("Name", "GRP-??")}}, "wild"},
		"case counts in values":       {deploy.Group{OnPremisesFilters: []deploy.TagFilter{both("Env", "beta"), both("Env", "Prod")}}, "prod"},
		"case counts in keys":         {deploy.Group{OnPremisesFilters: []deploy.TagFilter{both("env", "Beta"), both("Env", "Prod")}}, "prod"},
		"EC2 filters do not pick any": {deploy.Group{EC2Filters: []deploy.TagFilter{both("Env", "Beta")}, OnPremisesFilters: []deploy.TagFilter{both("Env", "Prod")}}, "prod"},
	} {
		targets, failure := Platform{}.Plan(deploy.Deployment{Config: allAtOnce}, platform.Fleet{Group: tc.group, Instances: instances}, start)
		if failure != nil || planned(targets) != tc.want {
			t.Errorf("%s: %q and %+v, want %q", name, planned(targets), failure, tc.want)
		}
	}
}

// TestNoTargets: a deployment without instances fails, unless all of them are
// current.
func TestNoTargets(t *testing.T) {
	t.Parallel()
	rev := deploy.Revision{Type: deploy.S3Revision, S3: &deploy.S3Location{Bucket: "b", Key: "1", Version: "v"}}
	current := fleet(1, true)
	current.Known["h0001"] = deploy.GroupHost{Healthy: true, Installed: &rev}
	ec2 := fleet(1, true)
	ec2.Group = deploy.Group{Name: "cloud", AutoScalingGroups: []string{"asg"}}
	for name, tc := range map[string]struct {
		fleet platform.Fleet
		want  deploy.ErrorCode
		says  string
	}{
		"nothing matches":         {fleet(0, true), deploy.NoInstances, "Check the group's tag filters"},
		"no selectors at all":     {platform.Fleet{Instances: current.Instances}, deploy.NoInstances, "Check the group's tag filters"},
		"EC2 selectors only":      {ec2, deploy.NoInstances, `"cloud" selects EC2 instances only`},
		"outdated only, none are": {current, "", ""},
	} {
		d := deploy.Deployment{Config: allAtOnce, Revision: rev, UpdateOutdatedInstancesOnly: true}
		targets, failure := Platform{}.Plan(d, tc.fleet, start)
		if len(targets) > 0 || (failure == nil) != (tc.want == "") {
			t.Errorf("%s: %d targets, %+v", name, len(targets), failure)
		} else if failure != nil && (failure.Code != tc.want || !strings.Contains(failure.Message, tc.says)) {
			t.Errorf("%s: %+v", name, failure)
		}
	}
}

// TestOutdatedOnly: hosts whose last good install is the revision are left out,
// and the pace counts those that are not.
func TestOutdatedOnly(t *testing.T) {
	t.Parallel()
	rev := func(key string) *deploy.Revision {
		return &deploy.Revision{Type: deploy.S3Revision, S3: &deploy.S3Location{Bucket: "b", Key: key}}
	}
	f := fleet(4, true)
	f.Known["h0001"] = deploy.GroupHost{Healthy: true, Installed: rev("2")}
	f.Known["h0002"] = deploy.GroupHost{Healthy: true, Installed: rev("1")}
	f.Known["h0003"] = deploy.GroupHost{Healthy: false, Installed: rev("2")}
	delete(f.Known, "h0004")
	d := deploy.Deployment{Revision: *rev("2"), UpdateOutdatedInstancesOnly: true, Config: deploy.Config{MinimumHealthy: minimum(deploy.HostCount, 1)}}
	targets, failure := Platform{}.Plan(d, f, start)
	if failure != nil || planned(targets) != "h0004 h0002" {
		t.Errorf("%q, %+v", planned(targets), failure)
	}
	d.Config.MinimumHealthy.Value = 2
	if _, failure := (Platform{}).Plan(d, f, start); failure == nil || failure.Code != deploy.HealthConstraintsInvalid {
		t.Errorf("two of two must stay healthy: %+v", failure)
	}
}

// TestZoneOrder: zones by name, those without one last, and inside a zone by
// health. Without a zonal configuration zones do not count.
func TestZoneOrder(t *testing.T) {
	t.Parallel()
	f := inZones(fleet(5, true), 2, 2)
	f.Instances[0], f.Instances[4] = f.Instances[4], f.Instances[0] // h5 has no zone
	f.Instances[1], f.Instances[3] = f.Instances[3], f.Instances[1]
	f.Known["h0004"] = deploy.GroupHost{}
	d := deploy.Deployment{Config: allAtOnce}
	targets, _ := Platform{}.Plan(d, f, start)
	if got := planned(targets); got != "h0004 h0005 h0003 h0002 h0001" || targets[0].Zone != "" {
		t.Errorf("without zones: %s", got)
	}
	d.Config.Zonal = &deploy.ZonalConfig{}
	targets, _ = Platform{}.Plan(d, f, start)
	var zones []string
	for i, t := range targets {
		if t.Order == i {
			zones = append(zones, t.Zone)
		}
	}
	if got := planned(targets); got != "h0002 h0001 h0004 h0003 h0005" {
		t.Errorf("with zones: %s", got)
	}
	if diff := cmp.Diff([]string{"a", "a", "b", "b", ""}, zones); diff != "" {
		t.Error(diff)
	}
}
