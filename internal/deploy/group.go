package deploy

import (
	"fmt"
	"strings"
	"time"
)

// Group is a deployment group: a named set of targets of one application with
// the settings of its deployments.
type Group struct {
	Namespace
	ID            string    `json:"id"`
	ApplicationID string    `json:"applicationId"`
	Name          string    `json:"name"`
	CreatedAt     time.Time `json:"createdAt"`

	ConfigName     string `json:"configName"`
	ServiceRoleARN string `json:"serviceRoleArn"`

	// Instances that the group selects: the union of the four kinds. Filters
	// are ORed; the lists of a set are ANDed and the filters in a list ORed.
	EC2Filters        []TagFilter   `json:"ec2Filters,omitempty"`
	EC2Set            [][]TagFilter `json:"ec2Set,omitempty"`
	OnPremisesFilters []TagFilter   `json:"onPremisesFilters,omitempty"`
	OnPremisesSet     [][]TagFilter `json:"onPremisesSet,omitempty"`
	AutoScalingGroups []string      `json:"autoScalingGroups,omitempty"`
	ECSServices       []ECSService  `json:"ecsServices,omitempty"`

	Style             Style             `json:"style"`
	BlueGreen         *BlueGreen        `json:"blueGreen,omitempty"`
	LoadBalancer      *LoadBalancerInfo `json:"loadBalancer,omitempty"`
	Triggers          []Trigger         `json:"triggers,omitempty"`
	Alarms            *Alarms           `json:"alarms,omitempty"`
	AutoRollback      *AutoRollback     `json:"autoRollback,omitempty"`
	OutdatedInstances string            `json:"outdatedInstances"` // UPDATE or IGNORE
	TerminationHook   bool              `json:"terminationHook,omitempty"`
	Tags              []Tag             `json:"tags,omitempty"`
}

// IgnoreOutdated is the value of Group.OutdatedInstances that leaves hosts that
// joined the group while it was deployed to as they are.
const IgnoreOutdated = "IGNORE"

// QueueTag is the tag of a group that says whether a deployment to it waits
// while another one runs ("true") or is refused ("false").
const QueueTag = "slipway:queue"

// Queues reports whether a deployment to the group waits for the one that
// runs. The group's tag decides; without one, or with another value, the
// server's setting.
func (g *Group) Queues(setting bool) bool {
	for _, t := range g.Tags {
		if t.Key == QueueTag && (t.Value == "true" || t.Value == "false") {
			return t.Value == "true"
		}
	}
	return setting
}

// SilentTimeoutTag is the tag of a group that says how long its hosts may be
// silent during a deployment, as Go writes durations: 90s, 10m.
const SilentTimeoutTag = "slipway:silent-timeout"

// SilentTimeout returns how long the group's hosts may be silent; false when
// the group does not say. 0 is: as long as the timers of events allow.
func (g *Group) SilentTimeout() (time.Duration, bool) {
	for _, t := range g.Tags {
		if t.Key != SilentTimeoutTag {
			continue
		}
		d, err := ParseSilentTimeout(t.Value)
		return d, err == nil
	}
	return 0, false
}

// ParseSilentTimeout reads the value of a [SilentTimeoutTag].
func ParseSilentTimeout(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is not a duration of 0 or more, like 90s or 10m", text)
	}
	return d, nil
}

// TagFilter selects instances by one tag.
type TagFilter struct {
	Type  FilterType `json:"type"`
	Key   string     `json:"key,omitempty"`
	Value string     `json:"value,omitempty"`
}

// FilterType says which parts of a tag a filter looks at.
type FilterType string

// The filter types.
const (
	KeyOnly     FilterType = "KEY_ONLY"
	ValueOnly   FilterType = "VALUE_ONLY"
	KeyAndValue FilterType = "KEY_AND_VALUE"
)

// ECSService names a service on a cluster.
type ECSService struct {
	Service string `json:"service"`
	Cluster string `json:"cluster"`
}

// Style is how a deployment replaces what runs.
type Style struct {
	Type   DeploymentType   `json:"type"`
	Option DeploymentOption `json:"option"`
}

// DeploymentType says whether instances are updated or replaced.
type DeploymentType string

// The deployment types.
const (
	InPlace       DeploymentType = "IN_PLACE"
	BlueGreenType DeploymentType = "BLUE_GREEN"
)

// DeploymentOption says whether a load balancer is told.
type DeploymentOption string

// The deployment options.
const (
	WithTrafficControl    DeploymentOption = "WITH_TRAFFIC_CONTROL"
	WithoutTrafficControl DeploymentOption = "WITHOUT_TRAFFIC_CONTROL"
)

// BlueGreen holds the settings of a blue/green deployment. Waits are in
// minutes.
type BlueGreen struct {
	TerminateAction   string `json:"terminateAction,omitempty"` // TERMINATE or KEEP_ALIVE
	TerminationWait   int    `json:"terminationWait,omitempty"`
	ReadyAction       string `json:"readyAction,omitempty"` // CONTINUE_DEPLOYMENT or STOP_DEPLOYMENT
	ReadyWait         int    `json:"readyWait,omitempty"`
	GreenFleetAction  string `json:"greenFleetAction,omitempty"` // DISCOVER_EXISTING or COPY_AUTO_SCALING_GROUP
	HasGreenFleetPart bool   `json:"hasGreenFleetPart,omitempty"`
}

// LoadBalancerInfo names the load balancers in front of a group.
type LoadBalancerInfo struct {
	ClassicELBs      []string          `json:"classicElbs,omitempty"`
	TargetGroups     []string          `json:"targetGroups,omitempty"`
	TargetGroupPairs []TargetGroupPair `json:"targetGroupPairs,omitempty"`
}

// TargetGroupPair is the two target groups and the listeners of an ECS
// service.
type TargetGroupPair struct {
	TargetGroups  []string `json:"targetGroups,omitempty"`
	ProdListeners []string `json:"prodListeners,omitempty"`
	TestListeners []string `json:"testListeners,omitempty"`
}

// Trigger is a subscription to the events of a group.
type Trigger struct {
	Name      string   `json:"name"`
	TargetARN string   `json:"targetArn"`
	Events    []string `json:"events"`
}

// Alarms are what stops a deployment of the group.
type Alarms struct {
	Enabled           bool     `json:"enabled"`
	IgnorePollFailure bool     `json:"ignorePollFailure,omitempty"`
	Names             []string `json:"names,omitempty"`
}

// AutoRollback says after which events the last good revision is deployed
// again.
type AutoRollback struct {
	Enabled bool            `json:"enabled"`
	Events  []RollbackEvent `json:"events,omitempty"`
}

// RollbackEvent is a reason for an automatic rollback.
type RollbackEvent string

// The rollback events.
const (
	RollbackOnFailure RollbackEvent = "DEPLOYMENT_FAILURE"
	RollbackOnAlarm   RollbackEvent = "DEPLOYMENT_STOP_ON_ALARM"
	RollbackOnStop    RollbackEvent = "DEPLOYMENT_STOP_ON_REQUEST"
)

// Covers reports whether the configuration rolls back after e. A nil one never
// does.
func (a *AutoRollback) Covers(e RollbackEvent) bool {
	if a == nil || !a.Enabled {
		return false
	}
	for _, have := range a.Events {
		if have == e {
			return true
		}
	}
	return false
}

// VariableTag begins the key of a group's tag that is a variable of its
// scripts: slipway:env:NAME=VALUE.
const VariableTag = "slipway:env:"

// Variables returns the variables that the group's tags give its scripts. A
// name that no shell could use is left out.
func (g *Group) Variables() map[string]string {
	vars := map[string]string{}
	for _, t := range g.Tags {
		if name, ok := strings.CutPrefix(t.Key, VariableTag); ok && isVariable(name) {
			vars[name] = t.Value
		}
	}
	return vars
}

func isVariable(name string) bool {
	for i, c := range []byte(name) {
		letter := c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}
