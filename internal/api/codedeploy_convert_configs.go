package api

import (
	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/wire"
)

func deploymentConfigInfo(c deploy.Config) *wire.DeploymentConfigInfo {
	info := &wire.DeploymentConfigInfo{
		DeploymentConfigID:   &c.ID,
		DeploymentConfigName: &c.Name,
		CreateTime:           wire.At(c.CreatedAt),
		ComputePlatform:      new(wire.ComputePlatform(c.Platform)),
		TrafficRoutingConfig: trafficRoutingConfig(c.Traffic),
		ZonalConfig:          zonalConfig(c.Zonal),
	}
	if m := c.MinimumHealthy; m != nil {
		info.MinimumHealthyHosts = &wire.MinimumHealthyHosts{
			Type:  new(wire.MinimumHealthyHostsType(m.Type)),
			Value: new(int32(m.Value)),
		}
	}
	return info
}

func domainMinimum(m *wire.MinimumHealthyHosts) *control.MinimumHealthy {
	if m == nil {
		return nil
	}
	return &control.MinimumHealthy{Type: string(wire.Value(m.Type)), Value: int(wire.Value(m.Value))}
}

func domainTraffic(t *wire.TrafficRoutingConfig) *control.TrafficRouting {
	if t == nil {
		return nil
	}
	out := &control.TrafficRouting{Type: string(wire.Value(t.Type))}
	if c := t.TimeBasedCanary; c != nil {
		out.Canary = &control.TrafficStep{Percentage: int(wire.Value(c.CanaryPercentage)), Interval: int(wire.Value(c.CanaryInterval))}
	}
	if l := t.TimeBasedLinear; l != nil {
		out.Linear = &control.TrafficStep{Percentage: int(wire.Value(l.LinearPercentage)), Interval: int(wire.Value(l.LinearInterval))}
	}
	return out
}

func domainZonal(z *wire.ZonalConfig) *control.ZonalConfig {
	if z == nil {
		return nil
	}
	out := &control.ZonalConfig{Monitor: z.MonitorDurationInSeconds, FirstZoneMonitor: z.FirstZoneMonitorDurationInSeconds}
	if m := z.MinimumHealthyHostsPerZone; m != nil {
		out.MinimumHealthy = &control.MinimumHealthy{Type: string(wire.Value(m.Type)), Value: int(wire.Value(m.Value))}
	}
	return out
}

func trafficRoutingConfig(t *deploy.TrafficRouting) *wire.TrafficRoutingConfig {
	if t == nil {
		return nil
	}
	out := &wire.TrafficRoutingConfig{Type: new(wire.TrafficRoutingType(t.Type))}
	percentage, interval := int32(t.Percentage), int32(t.Interval)
	switch t.Type {
	case deploy.Canary:
		out.TimeBasedCanary = &wire.TimeBasedCanary{CanaryPercentage: &percentage, CanaryInterval: &interval}
	case deploy.Linear:
		out.TimeBasedLinear = &wire.TimeBasedLinear{LinearPercentage: &percentage, LinearInterval: &interval}
	}
	return out
}

func zonalConfig(z *deploy.ZonalConfig) *wire.ZonalConfig {
	if z == nil {
		return nil
	}
	out := &wire.ZonalConfig{
		FirstZoneMonitorDurationInSeconds: z.FirstZoneMonitorSeconds,
		MonitorDurationInSeconds:          z.MonitorSeconds,
	}
	if m := z.MinimumHealthyPerZone; m != nil {
		out.MinimumHealthyHostsPerZone = &wire.MinimumHealthyHostsPerZone{
			Type:  new(wire.MinimumHealthyHostsPerZoneType(m.Type)),
			Value: new(int32(m.Value)),
		}
	}
	return out
}
