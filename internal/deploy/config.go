package deploy

import (
	"fmt"
	"strings"
	"time"
)

// PredefinedPrefix starts the names of the configurations that exist in every
// account and cannot be made or deleted.
const PredefinedPrefix = "CodeDeployDefault."

// DefaultConfigName is the configuration of groups of servers that name none.
const DefaultConfigName = PredefinedPrefix + "OneAtATime"

// DefaultConfigFor is the configuration of groups that name none.
func DefaultConfigFor(p ComputePlatform) string {
	if p == Server {
		return DefaultConfigName
	}
	return PredefinedPrefix + string(p) + "AllAtOnce"
}

// Config is a deployment configuration: how fast a deployment may go. It is
// never changed, only made and deleted.
type Config struct {
	Namespace
	ID             string          `json:"id"`
	Name           string          `json:"name"`
	Platform       ComputePlatform `json:"platform"`
	CreatedAt      time.Time       `json:"createdAt"`
	MinimumHealthy *MinimumHealthy `json:"minimumHealthy,omitempty"` // Server
	Zonal          *ZonalConfig    `json:"zonal,omitempty"`          // Server
	Traffic        *TrafficRouting `json:"traffic,omitempty"`        // Lambda, ECS
}

// MinimumHealthy is how many hosts must stay healthy.
type MinimumHealthy struct {
	Type  MinimumType `json:"type"`
	Value int         `json:"value"`
}

// MinimumType is the unit of a minimum.
type MinimumType string

// The units. MostConcurrency counts hosts that may be worked on at once; only
// the predefined OneAtATime has it, users cannot set it.
const (
	HostCount       MinimumType = "HOST_COUNT"
	FleetPercent    MinimumType = "FLEET_PERCENT"
	MostConcurrency MinimumType = "MOST_CONCURRENCY"
)

// ZonalConfig makes a deployment go through one availability zone after the
// other. Durations are in seconds.
type ZonalConfig struct {
	MonitorSeconds          *int64          `json:"monitorSeconds,omitempty"`
	FirstZoneMonitorSeconds *int64          `json:"firstZoneMonitorSeconds,omitempty"`
	MinimumHealthyPerZone   *MinimumHealthy `json:"minimumHealthyPerZone,omitempty"`
}

// longestMonitor bounds what a monitor duration may be taken for, so that no
// number overflows: it is longer than any deployment may take.
const longestMonitor = int64(1_000_000_000)

// MonitorAfter returns how long a deployment waits behind a zone, the first
// being 0. The first may have a duration of its own.
func (z *ZonalConfig) MonitorAfter(zone int) time.Duration {
	seconds := z.MonitorSeconds
	if zone == 0 && z.FirstZoneMonitorSeconds != nil {
		seconds = z.FirstZoneMonitorSeconds
	}
	if seconds == nil {
		return 0
	}
	return time.Duration(min(*seconds, longestMonitor)) * time.Second
}

// TrafficRouting is how traffic moves to a new version. Interval is in
// minutes; Percentage is the canary's share or the linear step.
type TrafficRouting struct {
	Type       string `json:"type"` // TimeBasedCanary, TimeBasedLinear or AllAtOnce
	Percentage int    `json:"percentage,omitempty"`
	Interval   int    `json:"interval,omitempty"`
}

// The traffic routing types.
const (
	Canary    = "TimeBasedCanary"
	Linear    = "TimeBasedLinear"
	AllAtOnce = "AllAtOnce"
)

// predefined lists the configurations in the order of the service's own
// tables; a configuration's fixed id is its position.
var predefined = []Config{
	{Name: "OneAtATime", Platform: Server, MinimumHealthy: &MinimumHealthy{MostConcurrency, 1}},
	{Name: "HalfAtATime", Platform: Server, MinimumHealthy: &MinimumHealthy{FleetPercent, 50}},
	{Name: "AllAtOnce", Platform: Server, MinimumHealthy: &MinimumHealthy{FleetPercent, 0}},
	{Name: "LambdaCanary10Percent5Minutes", Platform: Lambda, Traffic: &TrafficRouting{Canary, 10, 5}},
	{Name: "LambdaCanary10Percent10Minutes", Platform: Lambda, Traffic: &TrafficRouting{Canary, 10, 10}},
	{Name: "LambdaCanary10Percent15Minutes", Platform: Lambda, Traffic: &TrafficRouting{Canary, 10, 15}},
	{Name: "LambdaCanary10Percent30Minutes", Platform: Lambda, Traffic: &TrafficRouting{Canary, 10, 30}},
	{Name: "LambdaLinear10PercentEvery1Minute", Platform: Lambda, Traffic: &TrafficRouting{Linear, 10, 1}},
	{Name: "LambdaLinear10PercentEvery2Minutes", Platform: Lambda, Traffic: &TrafficRouting{Linear, 10, 2}},
	{Name: "LambdaLinear10PercentEvery3Minutes", Platform: Lambda, Traffic: &TrafficRouting{Linear, 10, 3}},
	{Name: "LambdaLinear10PercentEvery10Minutes", Platform: Lambda, Traffic: &TrafficRouting{Linear, 10, 10}},
	{Name: "LambdaAllAtOnce", Platform: Lambda, Traffic: &TrafficRouting{Type: AllAtOnce}},
	{Name: "ECSLinear10PercentEvery1Minutes", Platform: ECS, Traffic: &TrafficRouting{Linear, 10, 1}},
	{Name: "ECSLinear10PercentEvery3Minutes", Platform: ECS, Traffic: &TrafficRouting{Linear, 10, 3}},
	{Name: "ECSCanary10Percent5Minutes", Platform: ECS, Traffic: &TrafficRouting{Canary, 10, 5}},
	{Name: "ECSCanary10Percent15Minutes", Platform: ECS, Traffic: &TrafficRouting{Canary, 10, 15}},
	{Name: "ECSAllAtOnce", Platform: ECS, Traffic: &TrafficRouting{Type: AllAtOnce}},
}

func init() {
	for i := range predefined {
		predefined[i].Name = PredefinedPrefix + predefined[i].Name
		predefined[i].ID = fmt.Sprintf("00000000-0000-0000-0000-%012d", i+1)
	}
}

// PredefinedConfigs returns the configurations that exist everywhere. They
// have no creation time.
func PredefinedConfigs() []Config { return append([]Config(nil), predefined...) }

// PredefinedConfig returns the predefined configuration of that name.
func PredefinedConfig(name string) (Config, bool) {
	if strings.HasPrefix(name, PredefinedPrefix) {
		for _, c := range predefined {
			if c.Name == name {
				return c, true
			}
		}
	}
	return Config{}, false
}
