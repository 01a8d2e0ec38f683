package control_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
)

func TestGetDeploymentConfig(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	config := must(w.GetDeploymentConfig(t.Context(), ns, deploy.DefaultConfigName))(t)
	if config.ID != "00000000-0000-0000-0000-000000000001" || config.MinimumHealthy.Type != deploy.MostConcurrency {
		t.Errorf("got %+v", config)
	}
	for name, code := range map[string]string{
		"": "DeploymentConfigNameRequired", "a b": "InvalidDeploymentConfigName", "CodeDeployDefault.X": "DeploymentConfigDoesNotExist",
	} {
		_, err := w.GetDeploymentConfig(t.Context(), ns, name)
		refused(t, "GetDeploymentConfig", err, code, "")
	}
}

func TestListDeploymentConfigs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	var all []string
	for after := ""; ; {
		page := must(w.ListDeploymentConfigs(t.Context(), ns, after, 5))(t)
		all = append(all, page.Items...)
		if after = page.Next; after == "" {
			break
		}
	}
	if len(all) != 17 || !slices.IsSorted(all) {
		t.Errorf("got %d: %v", len(all), all)
	}
}

func serverConfig(name string) control.CreateDeploymentConfig {
	return control.CreateDeploymentConfig{Name: name, MinimumHealthy: &control.MinimumHealthy{Type: "HOST_COUNT", Value: 2}}
}

func trafficConfig(name string, platform deploy.ComputePlatform) control.CreateDeploymentConfig {
	return control.CreateDeploymentConfig{Name: name, Platform: &platform, Traffic: linear(33, 960)}
}

func linear(percentage, interval int) *control.TrafficRouting {
	return &control.TrafficRouting{Type: deploy.Linear, Linear: &control.TrafficStep{Percentage: percentage, Interval: interval}}
}

func canary(percentage, interval int) *control.TrafficRouting {
	return &control.TrafficRouting{Type: deploy.Canary, Canary: &control.TrafficStep{Percentage: percentage, Interval: interval}}
}

func (w *world) config(in control.CreateDeploymentConfig) string {
	w.t.Helper()
	return must(w.CreateDeploymentConfig(w.t.Context(), ns, in))(w.t)
}

func TestCreateDeploymentConfig(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	zonal := serverConfig("zonal")
	zonal.Zonal = &control.ZonalConfig{
		FirstZoneMonitor: new(int64(60)), Monitor: new(int64(0)), MinimumHealthy: &control.MinimumHealthy{Type: "FLEET_PERCENT", Value: 99},
	}
	all := trafficConfig("all", deploy.ECS)
	all.Traffic = &control.TrafficRouting{Type: deploy.AllAtOnce}
	one := trafficConfig("canary", deploy.Lambda)
	one.Traffic = canary(99, 2880)
	for _, c := range []struct {
		in   control.CreateDeploymentConfig
		want deploy.Config
	}{
		{serverConfig("count"), deploy.Config{Platform: deploy.Server, MinimumHealthy: &deploy.MinimumHealthy{Type: deploy.HostCount, Value: 2}}},
		{zonal, deploy.Config{
			Platform: deploy.Server, MinimumHealthy: &deploy.MinimumHealthy{Type: deploy.HostCount, Value: 2},
			Zonal: &deploy.ZonalConfig{
				MonitorSeconds: new(int64(0)), FirstZoneMonitorSeconds: new(int64(60)),
				MinimumHealthyPerZone: &deploy.MinimumHealthy{Type: deploy.FleetPercent, Value: 99},
			},
		}},
		{all, deploy.Config{Platform: deploy.ECS, Traffic: &deploy.TrafficRouting{Type: deploy.AllAtOnce}}},
		{one, deploy.Config{Platform: deploy.Lambda, Traffic: &deploy.TrafficRouting{Type: deploy.Canary, Percentage: 99, Interval: 2880}}},
		{trafficConfig("linear", deploy.Lambda), deploy.Config{Platform: deploy.Lambda, Traffic: &deploy.TrafficRouting{Type: deploy.Linear, Percentage: 33, Interval: 960}}},
	} {
		id := w.config(c.in)
		got := must(w.GetDeploymentConfig(t.Context(), ns, c.in.Name))(t)
		if got.CreatedAt.IsZero() {
			t.Errorf("%s has no creation time", c.in.Name)
		}
		c.want.Namespace, c.want.ID, c.want.Name, c.want.CreatedAt = ns, id, c.in.Name, got.CreatedAt
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.in.Name, diff)
		}
	}
	var names []string
	for after := ""; ; {
		page := must(w.ListDeploymentConfigs(t.Context(), ns, after, 4))(t)
		names = append(names, page.Items...)
		if after = page.Next; after == "" {
			break
		}
	}
	if len(names) != 22 || !slices.IsSorted(names) || !slices.Contains(names, "zonal") {
		t.Errorf("listed %v", names)
	}
}

func TestCreateDeploymentConfigFaults(t *testing.T) {
	t.Parallel()
	const (
		minimum = "InvalidMinimumHealthyHostValue"
		traffic = "InvalidTrafficRoutingConfiguration"
		zones   = "InvalidZonalDeploymentConfiguration"
	)
	type C = control.CreateDeploymentConfig
	w := newWorld(t, control.Quotas{Configs: 2})
	w.config(serverConfig("taken"))
	least := func(kind string, n int) *control.MinimumHealthy { return &control.MinimumHealthy{Type: kind, Value: n} }
	lambda := func(change func(*C)) func(*C) {
		return func(c *C) { *c = trafficConfig("new", deploy.Lambda); change(c) }
	}
	for i, c := range []struct {
		code   string
		change func(*C)
	}{
		{"DeploymentConfigNameRequired", func(c *C) { c.Name = "" }},
		{"InvalidDeploymentConfigName", func(c *C) { c.Name = long }},
		{"InvalidDeploymentConfigName", func(c *C) { c.Name = "CodeDeployDefault.Mine" }},
		{"InvalidComputePlatform", func(c *C) { c.Platform = new(deploy.ComputePlatform("server")) }},
		{minimum, func(c *C) { c.MinimumHealthy = nil }},
		{minimum, func(c *C) { c.MinimumHealthy = least("", 1) }},
		{minimum, func(c *C) { c.MinimumHealthy = least("MOST_CONCURRENCY", 1) }},
		{minimum, func(c *C) { c.MinimumHealthy = least("HOST_COUNT", -1) }},
		{minimum, func(c *C) { c.MinimumHealthy = least("FLEET_PERCENT", 100) }},
		{minimum, func(c *C) { c.MinimumHealthy = least("FLEET_PERCENT", -1) }},
		{minimum, lambda(func(c *C) { c.MinimumHealthy = least("HOST_COUNT", 1) })},
		{traffic, func(c *C) { c.Traffic = linear(10, 1) }},
		{traffic, lambda(func(c *C) { c.Traffic = nil })},
		{traffic, lambda(func(c *C) { c.Traffic = &control.TrafficRouting{} })},
		{traffic, lambda(func(c *C) { c.Traffic.Type = "X" })},
		{traffic, lambda(func(c *C) { c.Traffic.Type = deploy.Canary })},
		{traffic, lambda(func(c *C) { c.Traffic.Type = deploy.AllAtOnce })},
		{traffic, lambda(func(c *C) { c.Traffic.Canary = c.Traffic.Linear })},
		{traffic, lambda(func(c *C) { c.Traffic = linear(0, 1) })},
		{traffic, lambda(func(c *C) { c.Traffic = linear(100, 1) })},
		{traffic, lambda(func(c *C) { c.Traffic = linear(10, 0) })},
		{traffic, lambda(func(c *C) { c.Traffic = linear(10, 289) })},
		{traffic, lambda(func(c *C) { c.Traffic = linear(33, 961) })},
		{traffic, lambda(func(c *C) { c.Traffic = canary(10, 2881) })},
		{traffic, lambda(func(c *C) { c.Traffic = canary(10, 0) })},
		{zones, lambda(func(c *C) { c.Zonal = &control.ZonalConfig{} })},
		{zones, func(c *C) { c.Zonal = &control.ZonalConfig{Monitor: new(int64(-1))} }},
		{zones, func(c *C) { c.Zonal = &control.ZonalConfig{FirstZoneMonitor: new(int64(-1))} }},
		{zones, func(c *C) { c.Zonal = &control.ZonalConfig{MinimumHealthy: least("FLEET_PERCENT", 100)} }},
		{zones, func(c *C) { c.Zonal = &control.ZonalConfig{MinimumHealthy: least("X", 1)} }},
		{"DeploymentConfigAlreadyExists", func(c *C) { c.Name = "taken" }},
	} {
		in := serverConfig("new")
		c.change(&in)
		if _, err := w.CreateDeploymentConfig(t.Context(), ns, in); err == nil {
			t.Errorf("fault %d, %s: accepted %+v", i, c.code, in)
		} else {
			refused(t, "CreateDeploymentConfig", err, c.code, "")
		}
	}
	w.config(serverConfig("new"))
	_, err := w.CreateDeploymentConfig(t.Context(), ns, serverConfig("third"))
	refused(t, "CreateDeploymentConfig", err, "DeploymentConfigLimitExceeded", "2")
}

// TestOwnConfigs uses a configuration of one's own in groups and deployments
// of each platform, which keeps it from being deleted.
func TestOwnConfigs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.threeApplications()
	remove := func(name string) error { return w.DeleteDeploymentConfig(t.Context(), ns, name) }
	for i, in := range []control.CreateDeploymentGroup{prod(), lambdaGroup(), ecsGroup()} {
		name := fmt.Sprint("mine_", i)
		config := serverConfig(name)
		if i > 0 {
			config = trafficConfig(name, []deploy.ComputePlatform{"", deploy.Lambda, deploy.ECS}[i])
		}
		w.config(config)
		in.ConfigName = name
		w.group(in)
		refused(t, "DeleteDeploymentConfig", remove(name), "DeploymentConfigInUse", in.Name)
		if err := w.DeleteDeploymentGroup(t.Context(), ns, in.Application, in.Name); err != nil {
			t.Fatal(err)
		}
		if err := remove(name); err != nil {
			t.Errorf("unused: %v", err)
		}
	}
	w.group(prod())
	w.config(serverConfig("mine"))
	deployed := deployment()
	deployed.ConfigName = "mine"
	id := w.deploy(deployed)
	if d := must(w.GetDeployment(t.Context(), ns, id))(t); d.Config.MinimumHealthy.Value != 2 {
		t.Errorf("deployed with %+v", d.Config)
	}
	refused(t, "DeleteDeploymentConfig", remove("mine"), "DeploymentConfigInUse", id)
	w.end(id, deploy.Succeeded)
	for range 2 {
		if err := remove("mine"); err != nil {
			t.Errorf("after the deployment: %v", err)
		}
	}
	for name, code := range map[string]string{
		"": "DeploymentConfigNameRequired", "a b": "InvalidDeploymentConfigName", deploy.DefaultConfigName: "InvalidOperation",
	} {
		refused(t, "DeleteDeploymentConfig", remove(name), code, "")
	}
	elsewhere := deploy.Namespace{Account: ns.Account, Region: "us-east-1"}
	w.config(serverConfig("here"))
	_, err := w.GetDeploymentConfig(t.Context(), elsewhere, "here")
	refused(t, "GetDeploymentConfig", err, "DeploymentConfigDoesNotExist", "here")
}
