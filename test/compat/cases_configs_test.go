package compat

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
)

// configInput is a whole and good configuration of a platform.
func configInput(name string, platform types.ComputePlatform) *codedeploy.CreateDeploymentConfigInput {
	in := &codedeploy.CreateDeploymentConfigInput{DeploymentConfigName: &name, ComputePlatform: platform}
	if platform == types.ComputePlatformServer {
		in.MinimumHealthyHosts = &types.MinimumHealthyHosts{Type: types.MinimumHealthyHostsTypeFleetPercent, Value: 75}
	} else {
		in.TrafficRoutingConfig = canary(10, 5)
	}
	return in
}

func canary(percentage, interval int32) *types.TrafficRoutingConfig {
	return &types.TrafficRoutingConfig{
		Type:            types.TrafficRoutingTypeTimeBasedCanary,
		TimeBasedCanary: &types.TimeBasedCanary{CanaryPercentage: percentage, CanaryInterval: interval},
	}
}

func linear(percentage, interval int32) *types.TrafficRoutingConfig {
	return &types.TrafficRoutingConfig{
		Type:            types.TrafficRoutingTypeTimeBasedLinear,
		TimeBasedLinear: &types.TimeBasedLinear{LinearPercentage: percentage, LinearInterval: interval},
	}
}

// ofConfig are the errors of a configuration's name.
func ofConfig(call func(w *world, name *string) error) cases {
	return named("DeploymentConfigNameRequired", "InvalidDeploymentConfigName", "DeploymentConfigDoesNotExist", badNames, absent, call)
}

// config makes a configuration from a good one that was changed.
func (w *world) config(platform types.ComputePlatform, change func(*codedeploy.CreateDeploymentConfigInput)) error {
	in := configInput("careful", platform)
	change(in)
	return failed(w.api.CreateDeploymentConfig(w.Context(), in))
}

var configCases = map[string]cases{
	"CreateDeploymentConfig": all(
		named("DeploymentConfigNameRequired", "InvalidDeploymentConfigName", "", append([]string{"CodeDeployDefault.Mine"}, badNames...), "",
			func(w *world, name *string) error {
				return w.config(types.ComputePlatformServer, func(in *codedeploy.CreateDeploymentConfigInput) { in.DeploymentConfigName = name })
			}).without(""),
		cases{
			"DeploymentConfigAlreadyExists": func(w *world) error {
				same := func(*codedeploy.CreateDeploymentConfigInput) {}
				w.must(w.config(types.ComputePlatformServer, same))
				return w.config(types.ComputePlatformLambda, same)
			},
			"InvalidMinimumHealthyHostValue": func(w *world) error {
				hosts := func(h *types.MinimumHealthyHosts) error {
					return w.config(types.ComputePlatformServer, func(in *codedeploy.CreateDeploymentConfigInput) { in.MinimumHealthyHosts = h })
				}
				return same(w,
					hosts(nil),
					hosts(&types.MinimumHealthyHosts{Value: 1}),
					hosts(&types.MinimumHealthyHosts{Type: "SOME", Value: 1}),
					hosts(&types.MinimumHealthyHosts{Type: "MOST_CONCURRENCY", Value: 1}),
					hosts(&types.MinimumHealthyHosts{Type: types.MinimumHealthyHostsTypeHostCount, Value: -1}),
					hosts(&types.MinimumHealthyHosts{Type: types.MinimumHealthyHostsTypeFleetPercent, Value: 100}))
			},
			"DeploymentConfigLimitExceeded": func(w *world) error {
				for i := range 50 {
					w.must(failed(w.api.CreateDeploymentConfig(w.Context(), configInput(fmt.Sprint("config-", i), types.ComputePlatformServer))))
				}
				return failed(w.api.CreateDeploymentConfig(w.Context(), configInput("one-more", types.ComputePlatformEcs)))
			},
			"InvalidComputePlatform": func(w *world) error {
				return w.config("Kubernetes", func(*codedeploy.CreateDeploymentConfigInput) {})
			},
			"InvalidTrafficRoutingConfiguration": func(w *world) error {
				routing := func(p types.ComputePlatform, r *types.TrafficRoutingConfig) error {
					return w.config(p, func(in *codedeploy.CreateDeploymentConfigInput) { in.TrafficRoutingConfig = r })
				}
				both := canary(10, 5)
				both.TimeBasedLinear = linear(10, 5).TimeBasedLinear
				return same(w,
					routing(types.ComputePlatformServer, canary(10, 5)),
					routing(types.ComputePlatformLambda, nil),
					routing(types.ComputePlatformEcs, &types.TrafficRoutingConfig{Type: "Random"}),
					routing(types.ComputePlatformEcs, &types.TrafficRoutingConfig{Type: types.TrafficRoutingTypeTimeBasedCanary}),
					routing(types.ComputePlatformEcs, both),
					routing(types.ComputePlatformLambda, canary(0, 5)),
					routing(types.ComputePlatformLambda, canary(100, 5)),
					routing(types.ComputePlatformLambda, canary(10, 2881)),
					routing(types.ComputePlatformLambda, linear(10, 0)),
					routing(types.ComputePlatformLambda, linear(10, 289)))
			},
			"InvalidZonalDeploymentConfiguration": func(w *world) error {
				zonal := func(p types.ComputePlatform, z *types.ZonalConfig) error {
					return w.config(p, func(in *codedeploy.CreateDeploymentConfigInput) { in.ZonalConfig = z })
				}
				return same(w,
					zonal(types.ComputePlatformLambda, &types.ZonalConfig{MonitorDurationInSeconds: new(int64(1))}),
					zonal(types.ComputePlatformServer, &types.ZonalConfig{MonitorDurationInSeconds: new(int64(-1))}),
					zonal(types.ComputePlatformServer, &types.ZonalConfig{FirstZoneMonitorDurationInSeconds: new(int64(-1))}),
					zonal(types.ComputePlatformServer, &types.ZonalConfig{MinimumHealthyHostsPerZone: &types.MinimumHealthyHostsPerZone{Type: "SOME", Value: 1}}),
					zonal(types.ComputePlatformServer, &types.ZonalConfig{MinimumHealthyHostsPerZone: &types.MinimumHealthyHostsPerZone{
						Type: types.MinimumHealthyHostsPerZoneTypeFleetPercent, Value: 100,
					}}))
			},
		}),

	"GetDeploymentConfig": ofConfig(func(w *world, name *string) error {
		return failed(w.api.GetDeploymentConfig(w.Context(), &codedeploy.GetDeploymentConfigInput{DeploymentConfigName: name}))
	}),

	"ListDeploymentConfigs": ofToken(func(w *world, token *string) error {
		return failed(w.api.ListDeploymentConfigs(w.Context(), &codedeploy.ListDeploymentConfigsInput{NextToken: token}))
	}),

	"DeleteDeploymentConfig": all(
		ofConfig(deleteConfig).without("DeploymentConfigDoesNotExist"),
		cases{
			"DeploymentConfigInUse": func(w *world) error {
				w.must(failed(w.api.CreateDeploymentConfig(w.Context(), configInput("careful", types.ComputePlatformServer))))
				w.group(types.ComputePlatformServer, func(in *codedeploy.CreateDeploymentGroupInput) { in.DeploymentConfigName = new("careful") })
				return deleteConfig(w, new("careful"))
			},
			"InvalidOperation": func(w *world) error { return deleteConfig(w, new("CodeDeployDefault.OneAtATime")) },
		}),
}

func deleteConfig(w *world, name *string) error {
	return failed(w.api.DeleteDeploymentConfig(w.Context(), &codedeploy.DeleteDeploymentConfigInput{DeploymentConfigName: name}))
}
