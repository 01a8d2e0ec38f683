package deploy

import (
	"maps"
	"slices"
	"time"
)

// ECSTarget is the target of an ECS deployment: a service that moves from one
// task set (blue) to another (green), and its traffic from one target group of
// a pair to the other.
type ECSTarget struct {
	Cluster string `json:"cluster"` // name or ARN
	Service string `json:"service"`
	Role    string `json:"role,omitempty"` // that the outside is called with

	// TargetGroups is the pair, by name, in the deployment group's order: which
	// of them is blue is what the service says.
	TargetGroups []string `json:"targetGroups"`
	Listener     string   `json:"listener"`               // ARN, of production traffic
	TestListener string   `json:"testListener,omitempty"` // ARN; empty: there is none

	// From the AppSpec file. What it leaves out green inherits from blue.
	TaskDefinition    string             `json:"taskDefinition,omitempty"`
	ContainerName     string             `json:"containerName,omitempty"`
	ContainerPort     int                `json:"containerPort,omitempty"`
	PlatformVersion   string             `json:"platformVersion,omitempty"`
	Network           *TaskNetwork       `json:"network,omitempty"`
	CapacityProviders []CapacityProvider `json:"capacityProviders,omitempty"`
	// Hooks are the functions to invoke, by lifecycle event.
	Hooks map[string]string `json:"hooks,omitempty"`
	// Earlier are the ids of the group's earlier deployments and the ARNs of
	// their task sets: what they left behind may be removed.
	Earlier []string `json:"earlier,omitempty"`

	// ---- how far the deployment is ----
	Checked     bool       `json:"checked,omitempty"`     // the service is as the deployment needs it
	Touched     bool       `json:"touched,omitempty"`     // something outside may have been changed
	Blue        TaskSet    `json:"blue,omitzero"`         // known once Checked
	Green       TaskSet    `json:"green,omitzero"`        // its target group is known once Checked, the rest once created
	Prepared    bool       `json:"prepared,omitempty"`    // leftovers are gone, and green's target group is on the listener
	InstalledAt *time.Time `json:"installedAt,omitempty"` // when green was steady
	ReadyUntil  *time.Time `json:"readyUntil,omitempty"`  // how long a word to go on is waited for
	Continued   bool       `json:"continued,omitempty"`   // the word was given, or none was needed
	Settled     bool       `json:"settled,omitempty"`     // green is steady: the next shift may come
	Shifts      int        `json:"shifts,omitempty"`      // that have been applied
	ShiftedAt   *time.Time `json:"shiftedAt,omitempty"`
	Promoted    bool       `json:"promoted,omitempty"`    // green is PRIMARY
	TerminateAt *time.Time `json:"terminateAt,omitempty"` // when blue is removed
	Removing    bool       `json:"removing,omitempty"`    // blue may have been removed: there is no way back
	Undone      int        `json:"undone,omitempty"`      // of a rollback: how many of its steps are done
	Waiting     string     `json:"waiting,omitempty"`     // id of the action that is waited for
	Writing     bool       `json:"writing,omitempty"`     // that action changes something
}

// TaskSet is a task set as it was last seen.
type TaskSet struct {
	ID             string `json:"id,omitempty"`
	ARN            string `json:"arn,omitempty"`
	TargetGroup    string `json:"targetGroup,omitempty"` // name
	TargetGroupARN string `json:"targetGroupArn,omitempty"`
	// Status is ECS's own word: PRIMARY, ACTIVE or DRAINING.
	Status  string  `json:"status,omitempty"`
	Desired int     `json:"desired,omitempty"`
	Pending int     `json:"pending,omitempty"`
	Running int     `json:"running,omitempty"`
	Weight  float64 `json:"weight"` // per cent of the production traffic, as last applied
}

// TaskNetwork is where tasks are placed.
type TaskNetwork struct {
	Subnets        []string `json:"subnets,omitempty"`
	SecurityGroups []string `json:"securityGroups,omitempty"`
	AssignPublicIP string   `json:"assignPublicIp,omitempty"` // ENABLED or DISABLED
}

// CapacityProvider is one part of a capacity provider strategy.
type CapacityProvider struct {
	Name   string `json:"name"`
	Base   int    `json:"base,omitempty"`
	Weight int    `json:"weight,omitempty"`
}

// clone returns a copy that shares nothing that a decision may change.
func (e *ECSTarget) clone() *ECSTarget {
	if e == nil {
		return nil
	}
	c := *e
	c.Hooks = maps.Clone(e.Hooks)
	c.Earlier = slices.Clone(e.Earlier)
	return &c
}

// Continuation is the fact that somebody told a deployment not to wait any
// longer, for each of the waits that there are.
type Continuation struct {
	Ready       *time.Time `json:"ready,omitempty"`       // reroute traffic now
	Termination *time.Time `json:"termination,omitempty"` // remove the original now
}
