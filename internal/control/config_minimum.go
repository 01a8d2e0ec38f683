package control

import (
	"cmp"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// minimumHealthy checks the minimum of a configuration, which servers need and
// nothing else has.
func minimumHealthy(platform deploy.ComputePlatform, in *MinimumHealthy) (*deploy.MinimumHealthy, error) {
	const code = "InvalidMinimumHealthyHostValueException"
	switch {
	case platform == deploy.Server && in == nil:
		return nil, deploy.Errorf(code, "A deployment configuration for servers needs minimumHealthyHosts")
	case platform != deploy.Server && in != nil:
		return nil, deploy.Errorf(code, "The compute platform %s has no hosts: leave minimumHealthyHosts out", platform)
	case in == nil:
		return nil, nil
	}
	return checkMinimum(code, "minimumHealthyHosts", in)
}

// checkMinimum checks a minimum of a fleet or of one zone.
func checkMinimum(code, name string, in *MinimumHealthy) (*deploy.MinimumHealthy, error) {
	out := &deploy.MinimumHealthy{Type: deploy.MinimumType(in.Type), Value: in.Value}
	switch out.Type {
	case deploy.HostCount:
		if out.Value < 0 {
			return nil, deploy.Errorf(code, "The value of %s is %d: a HOST_COUNT is 0 or more", name, out.Value)
		}
	case deploy.FleetPercent:
		if out.Value < 0 || out.Value > 99 {
			return nil, deploy.Errorf(code, "The value of %s is %d: a FLEET_PERCENT is 0 to 99", name, out.Value)
		}
	default: // nobody but the service sets MOST_CONCURRENCY
		return nil, deploy.Errorf(code, "%q is not a type of %s: it is HOST_COUNT or FLEET_PERCENT", out.Type, name)
	}
	return out, nil
}

// zonal checks the zonal part of a configuration, which only servers can have.
func zonal(platform deploy.ComputePlatform, in *ZonalConfig) (*deploy.ZonalConfig, error) {
	const code = "InvalidZonalDeploymentConfigurationException"
	if in == nil {
		return nil, nil
	}
	if platform != deploy.Server {
		return nil, deploy.Errorf(code, "The compute platform %s has no zones: leave zonalConfig out", platform)
	}
	if err := cmp.Or(
		checkDuration(code, "firstZoneMonitorDurationInSeconds", in.FirstZoneMonitor),
		checkDuration(code, "monitorDurationInSeconds", in.Monitor),
	); err != nil {
		return nil, err
	}
	out := &deploy.ZonalConfig{MonitorSeconds: in.Monitor, FirstZoneMonitorSeconds: in.FirstZoneMonitor}
	if in.MinimumHealthy == nil {
		return out, nil
	}
	var err error
	out.MinimumHealthyPerZone, err = checkMinimum(code, "minimumHealthyHostsPerZone", in.MinimumHealthy)
	return out, err
}

func checkDuration(code, name string, seconds *int64) error {
	if seconds != nil && *seconds < 0 {
		return deploy.Errorf(code, "%s is %d: it is 0 or more", name, *seconds)
	}
	return nil
}
