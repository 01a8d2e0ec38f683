package api

import (
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
		MonitorDurationInSeconds:          &z.MonitorSeconds,
	}
	if m := z.MinimumHealthyPerZone; m != nil {
		out.MinimumHealthyHostsPerZone = &wire.MinimumHealthyHostsPerZone{
			Type:  new(wire.MinimumHealthyHostsPerZoneType(m.Type)),
			Value: new(int32(m.Value)),
		}
	}
	return out
}
