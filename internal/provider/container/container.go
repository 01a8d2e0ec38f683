// Package container is what deployments to ECS need from outside: the task
// sets of a service, and the routes of load balancers that bring traffic to
// them. The drivers are in folders of their own.
package container

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// Scope says for whom something is reached.
type Scope struct {
	deploy.Namespace
	Role string // the deployment group's service role; a driver may assume it
}

// Orchestrator runs services that consist of task sets, behind load balancers.
// Its errors are [*Fault]s if they cannot get better by trying again.
type Orchestrator interface {
	// Service returns a service with its task sets.
	Service(ctx context.Context, to Scope, cluster, service string) (Service, error)
	// CreateTaskSet adds a task set at 100 % of the service's size. A service
	// may get two that are alike: who calls again looks first.
	CreateTaskSet(ctx context.Context, to Scope, set NewTaskSet) (TaskSet, error)
	// Promote makes a task set the primary one; all others become active.
	Promote(ctx context.Context, to Scope, cluster, service, taskSetARN string) error
	// DeleteTaskSet removes a task set with its tasks. One that is not there is
	// ErrNotFound.
	DeleteTaskSet(ctx context.Context, to Scope, cluster, service, taskSetARN string) error

	// TargetGroups returns target groups by their names. ErrNotFound says which
	// one there is not.
	TargetGroups(ctx context.Context, to Scope, names []string) ([]TargetGroup, error)
	// Routes returns the routes of a listener: its default one first, then
	// those of its rules.
	Routes(ctx context.Context, to Scope, listenerARN string) ([]Route, error)
	// Forward changes the target groups that a route forwards to, if they are
	// still those that were read: ErrChanged if they are not. All else of the
	// route stays as it is: conditions, authentication, stickiness.
	Forward(ctx context.Context, to Scope, route Route, shares []Share) error
}

// Service is a service of a cluster.
type Service struct {
	ARN        string
	Status     string // ACTIVE, DRAINING or INACTIVE
	Controller string // ECS, CODE_DEPLOY or EXTERNAL
	Scheduling string // REPLICA or DAEMON
	TaskSets   []TaskSet
}

// The words of ECS that decisions look at.
const (
	Active     = "ACTIVE"
	Primary    = "PRIMARY"
	Draining   = "DRAINING"
	Daemon     = "DAEMON"
	CodeDeploy = "CODE_DEPLOY" // a deployment controller
	External   = "EXTERNAL"    // a deployment controller
)

// TaskSet returns the task set of an ARN, or nil.
func (s *Service) TaskSet(arn string) *TaskSet {
	for i := range s.TaskSets {
		if s.TaskSets[i].ARN == arn {
			return &s.TaskSets[i]
		}
	}
	return nil
}

// Made returns the task set that a deployment made, or nil.
func (s *Service) Made(externalID string) *TaskSet {
	for i := range s.TaskSets {
		if s.TaskSets[i].ExternalID == externalID {
			return &s.TaskSets[i]
		}
	}
	return nil
}

// TaskSet is a task set of a service.
type TaskSet struct {
	ARN, ID        string
	ExternalID     string // the deployment that made it
	Status         string // PRIMARY, ACTIVE or DRAINING
	Steady         bool   // as many tasks run as should, and their targets are healthy
	Desired        int
	Pending        int
	Running        int
	TargetGroupARN string
	Placement
}

// Placement is where and how tasks run: what a new task set inherits.
type Placement struct {
	LaunchType        string
	PlatformVersion   string
	Network           *deploy.TaskNetwork
	CapacityProviders []deploy.CapacityProvider
}

// NewTaskSet is a task set to be made.
type NewTaskSet struct {
	Cluster, Service string
	ExternalID       string // also what a driver may tell repeated calls by
	TaskDefinition   string
	TargetGroupARN   string
	ContainerName    string
	ContainerPort    int
	Placement
}

// TargetGroup is a target group of a load balancer.
type TargetGroup struct {
	Name, ARN string
	// BalancerARNs are the load balancers that it is known to belong to. There
	// may be more than are listed.
	BalancerARNs []string
}

// Route is the default action of a listener or a rule of it.
type Route struct {
	ARN         string // of the listener, or of the rule
	ListenerARN string
	BalancerARN string
	Default     bool // the listener's default action
	// Network says that the load balancer has no weights: a route of it
	// forwards to one target group.
	Network bool
	// Shares are where it forwards to; empty: it does not forward.
	Shares []Share
}

// Share is a target group with its weight, which counts relative to the
// others'.
type Share struct {
	TargetGroupARN string
	Weight         int
}

// Weight returns the weight of a target group, and whether it is on the route.
func (r *Route) Weight(targetGroupARN string) (weight int, on bool) {
	for _, s := range r.Shares {
		if s.TargetGroupARN == targetGroupARN {
			return s.Weight, true
		}
	}
	return 0, false
}

// SameShares reports whether two routes forward alike. The weight of a target
// group that is alone says nothing.
func SameShares(a, b []Share) bool {
	if len(a) != len(b) {
		return false
	}
	if len(a) == 1 {
		return a[0].TargetGroupARN == b[0].TargetGroupARN
	}
	for _, s := range a {
		r := Route{Shares: b}
		if w, on := r.Weight(s.TargetGroupARN); !on || w != s.Weight {
			return false
		}
	}
	return true
}

// IsNetworkListener reports whether a listener is that of a network load
// balancer, which its ARN says.
func IsNetworkListener(arn string) bool { return strings.Contains(arn, ":listener/net/") }

// The services that a fault can come from, as messages of CodeDeploy name them.
const (
	ECS = "AmazonECS"
	ELB = "AmazonElasticLoadBalancing"
)

// The kinds of faults.
var (
	ErrNotFound  = errors.New("it does not exist")
	ErrDenied    = errors.New("it is not allowed")
	ErrThrottled = errors.New("there are too many requests")
	ErrInvalid   = errors.New("the request is refused")
	ErrChanged   = errors.New("it was changed meanwhile")
)

// Fault is an error with a kind. Everything else may pass, and is tried again.
type Fault struct {
	Kind    error  // one of those above
	Service string // ECS or ELB
	Code    string // the service's own; may be empty
	Status  int    // of HTTP; 0: unknown
	Message string
}

// Error describes the fault in the form that CodeDeploy shows those of other
// services in.
func (f *Fault) Error() string {
	message := f.Message
	if message == "" {
		message = f.Kind.Error()
	}
	if f.Code == "" {
		return message
	}
	return fmt.Sprintf("%s (Service: %s; Status Code: %d; Error Code: %s)", message, f.Service, f.Status, f.Code)
}

// Unwrap returns the kind.
func (f *Fault) Unwrap() error { return f.Kind }
