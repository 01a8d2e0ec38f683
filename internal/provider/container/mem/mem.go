// Package mem keeps services and load balancers in memory, for tests: with it
// goes what can go wrong outside.
package mem

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/slipwayhq/slipway/internal/provider/container"
)

// World is the ECS and the load balancers of one account. The zero value is
// empty.
type World struct {
	// Now is its clock. Nil: it stands still.
	Now func() time.Time
	// SteadyAfter is how long a new task set takes to become steady.
	SteadyAfter time.Duration
	// Fault is asked before each call, which fails with what it returns; a
	// fault that is Lost fails after the call has had its effect.
	Fault func(call string) error
	// OnChange is told of each change, after it.
	OnChange func()

	mu       sync.Mutex
	services map[string]*service // by cluster/service
	groups   map[string]container.TargetGroup
	routes   map[string][]container.Route // by listener
	made     int                          // task sets so far
	// Actions is what a route does besides forwarding, by its ARN. Nothing but
	// a test writes it.
	Actions map[string]string
}

type service struct {
	container.Service
	sets []*taskSet
}

type taskSet struct {
	container.TaskSet
	TaskDefinition string
	Container      string
	Port           int
	busyUntil      time.Time
	goneAt         time.Time // of one that is draining
}

// maxTaskSets is how many task sets a service may have.
const maxTaskSets = 5

// drainTime is how long a deleted task set is still listed.
const drainTime = 5 * time.Minute

// Lost is a call that had its effect although the caller sees an error.
type Lost struct{ Err error }

func (l Lost) Error() string { return l.Err.Error() }

// AddService adds a service without task sets.
func (m *World) AddService(cluster, name string, s container.Service) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.services == nil {
		m.services = map[string]*service{}
	}
	m.services[cluster+"/"+name] = &service{Service: s}
}

// AddTargetGroup adds a target group.
func (m *World) AddTargetGroup(g container.TargetGroup) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.groups == nil {
		m.groups = map[string]container.TargetGroup{}
	}
	m.groups[g.Name] = g
}

// SetRoute adds a route, or changes it, as somebody else would.
func (m *World) SetRoute(r container.Route) {
	m.mu.Lock()
	if m.routes == nil {
		m.routes = map[string][]container.Route{}
	}
	routes := m.routes[r.ListenerARN]
	i := slices.IndexFunc(routes, func(have container.Route) bool { return have.ARN == r.ARN })
	if i < 0 {
		m.routes[r.ListenerARN] = append(routes, r)
	} else {
		routes[i] = r
	}
	m.mu.Unlock()
	m.changed()
}

// RemoveListener removes a listener.
func (m *World) RemoveListener(arn string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.routes, arn)
}

// RemoveTargetGroup removes a target group.
func (m *World) RemoveTargetGroup(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.groups, name)
}

// AddTaskSet adds a task set, as somebody else would; a primary one replaces
// the primary one.
func (m *World) AddTaskSet(cluster, name string, t container.TaskSet) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.services[cluster+"/"+name]
	m.made++
	t.Steady = true
	s.sets = append(s.sets, &taskSet{TaskSet: t})
}

// Scale changes how many tasks a service has, which takes SteadyAfter.
func (m *World) Scale(cluster, name string, size int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, t := range m.services[cluster+"/"+name].sets {
		t.Desired, t.busyUntil = size, m.now().Add(m.SteadyAfter)
	}
}

// EditService changes a service, as somebody else would.
func (m *World) EditService(cluster, name string, f func(*container.Service)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f(&m.services[cluster+"/"+name].Service)
}

// EditTaskSets changes task sets, as somebody else would.
func (m *World) EditTaskSets(cluster, name string, f func(*container.TaskSet)) {
	m.mu.Lock()
	for _, t := range m.services[cluster+"/"+name].sets {
		f(&t.TaskSet)
	}
	m.mu.Unlock()
	m.changed()
}

// Created returns what a task set was made with: task definition, container
// and port.
func (m *World) Created(cluster, name, arn string) (definition, containerName string, port int, p container.Placement) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, t := range m.services[cluster+"/"+name].sets {
		if t.ARN == arn {
			return t.TaskDefinition, t.Container, t.Port, t.Placement
		}
	}
	return "", "", 0, container.Placement{}
}

// See returns the routes of a listener and the task sets of a service, past
// all faults.
func (m *World) See(listener string) []container.Route {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.read(listener)
}

// SeeService returns a service, past all faults.
func (m *World) SeeService(cluster, name string) container.Service {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.describe(m.services[cluster+"/"+name])
}

func (m *World) now() time.Time {
	if m.Now == nil {
		return time.Time{}
	}
	return m.Now()
}

func (m *World) changed() {
	if m.OnChange != nil {
		m.OnChange()
	}
}

// call runs a call with its faults.
func (m *World) call(what string, f func() error) error {
	var fault error
	if m.Fault != nil {
		fault = m.Fault(what)
	}
	if _, lost := fault.(Lost); fault != nil && !lost { //nolint:errorlint // made by the test itself
		return fault
	}
	m.mu.Lock()
	err := f()
	m.mu.Unlock()
	if err != nil {
		return err
	}
	switch what {
	case "CreateTaskSet", "Promote", "DeleteTaskSet", "Forward":
		m.changed()
	}
	return fault
}

func refused(service string, kind error, code, format string, args ...any) error {
	return &container.Fault{Kind: kind, Service: service, Code: code, Status: 400, Message: fmt.Sprintf(format, args...)}
}

func (m *World) service(cluster, name string) (*service, error) {
	s, known := m.services[cluster+"/"+name]
	if !known {
		return nil, refused(container.ECS, container.ErrNotFound, "ServiceNotFoundException", "Service not found.")
	}
	s.sets = slices.DeleteFunc(s.sets, func(t *taskSet) bool {
		return t.Status == container.Draining && !m.now().Before(t.goneAt)
	})
	return s, nil
}

func (m *World) describe(s *service) container.Service {
	out := s.Service
	out.TaskSets = nil
	for _, t := range s.sets {
		seen := t.TaskSet
		seen.Steady = !m.now().Before(t.busyUntil)
		seen.Running, seen.Pending = seen.Desired, 0
		if !seen.Steady {
			seen.Running, seen.Pending = 0, seen.Desired
		}
		out.TaskSets = append(out.TaskSets, seen)
	}
	return out
}

// Service is as in container.Orchestrator.
func (m *World) Service(_ context.Context, _ container.Scope, cluster, name string) (out container.Service, err error) {
	err = m.call("Service", func() error {
		s, err := m.service(cluster, name)
		if err == nil {
			out = m.describe(s)
		}
		return err
	})
	return out, err
}

// CreateTaskSet is as in container.Orchestrator.
func (m *World) CreateTaskSet(_ context.Context, _ container.Scope, n container.NewTaskSet) (out container.TaskSet, err error) {
	err = m.call("CreateTaskSet", func() error {
		s, err := m.service(n.Cluster, n.Service)
		if err != nil {
			return err
		}
		if len(s.sets) >= maxTaskSets {
			return refused(container.ECS, container.ErrInvalid, "InvalidParameterException", "%d deployments exist on the service. "+
				"Unable to create new TaskSet since this exceeds the maximum limit.", maxTaskSets)
		}
		if s.Controller != container.External && s.Controller != container.CodeDeploy {
			return refused(container.ECS, container.ErrInvalid, "InvalidParameterException",
				"Amazon ECS only supports task set management on services configured to use external deployment controllers.")
		}
		if !strings.Contains(n.TaskDefinition, ":task-definition/") {
			return refused(container.ECS, container.ErrInvalid, "ClientException", "TaskDefinition not found.")
		}
		desired := 0
		if len(s.sets) > 0 {
			desired = s.sets[0].Desired
		}
		m.made++
		t := &taskSet{
			TaskSet: container.TaskSet{
				ID: fmt.Sprintf("ecs-svc/%d", m.made), ARN: fmt.Sprintf("%s/ecs-svc/%d", s.ARN, m.made),
				ExternalID: n.ExternalID, Status: container.Active, TargetGroupARN: n.TargetGroupARN,
				Desired: desired, Placement: n.Placement,
			},
			TaskDefinition: n.TaskDefinition, Container: n.ContainerName, Port: n.ContainerPort,
			busyUntil: m.now().Add(m.SteadyAfter),
		}
		s.sets = append(s.sets, t)
		out = t.TaskSet
		return nil
	})
	return out, err
}

func (m *World) taskSet(cluster, name, arn string) (*service, *taskSet, error) {
	s, err := m.service(cluster, name)
	if err != nil {
		return nil, nil, err
	}
	for _, t := range s.sets {
		if t.ARN == arn && t.Status != container.Draining {
			return s, t, nil
		}
	}
	return nil, nil, refused(container.ECS, container.ErrNotFound, "TaskSetNotFoundException", "The specified task set does not exist.")
}

// Promote is as in container.Orchestrator.
func (m *World) Promote(_ context.Context, _ container.Scope, cluster, name, arn string) error {
	return m.call("Promote", func() error {
		s, t, err := m.taskSet(cluster, name, arn)
		if err != nil {
			return err
		}
		for _, other := range s.sets {
			if other.Status == container.Primary {
				other.Status = container.Active
			}
		}
		t.Status = container.Primary
		return nil
	})
}

// DeleteTaskSet is as in container.Orchestrator.
func (m *World) DeleteTaskSet(_ context.Context, _ container.Scope, cluster, name, arn string) error {
	return m.call("DeleteTaskSet", func() error {
		_, t, err := m.taskSet(cluster, name, arn)
		if err != nil {
			return err
		}
		t.Status, t.Desired, t.goneAt = container.Draining, 0, m.now().Add(drainTime)
		return nil
	})
}

// TargetGroups is as in container.Orchestrator.
func (m *World) TargetGroups(_ context.Context, _ container.Scope, names []string) (out []container.TargetGroup, err error) {
	err = m.call("TargetGroups", func() error {
		for _, name := range names {
			g, known := m.groups[name]
			if !known {
				return refused(container.ELB, container.ErrNotFound, "TargetGroupNotFound", "One or more target groups not found: %s", name)
			}
			out = append(out, g)
		}
		return nil
	})
	return out, err
}

func (m *World) read(listener string) []container.Route {
	var out []container.Route
	for _, r := range m.routes[listener] {
		r.Shares = slices.Clone(r.Shares)
		out = append(out, r)
	}
	return out
}

// Routes is as in container.Orchestrator.
func (m *World) Routes(_ context.Context, _ container.Scope, listener string) (out []container.Route, err error) {
	err = m.call("Routes", func() error {
		if out = m.read(listener); out == nil {
			return refused(container.ELB, container.ErrNotFound, "ListenerNotFound", "One or more listeners not found")
		}
		return nil
	})
	return out, err
}

// Forward is as in container.Orchestrator.
func (m *World) Forward(_ context.Context, _ container.Scope, route container.Route, shares []container.Share) error {
	return m.call("Forward", func() error {
		routes := m.routes[route.ListenerARN]
		i := slices.IndexFunc(routes, func(r container.Route) bool { return r.ARN == route.ARN })
		if i < 0 {
			return refused(container.ELB, container.ErrNotFound, "ListenerNotFound", "One or more listeners not found")
		}
		if !container.SameShares(routes[i].Shares, route.Shares) {
			return &container.Fault{Kind: container.ErrChanged, Service: container.ELB}
		}
		if routes[i].Network && len(shares) != 1 {
			return refused(container.ELB, container.ErrInvalid, "InvalidLoadBalancerAction",
				"The forward action of a network load balancer has one target group")
		}
		for _, s := range shares {
			known := false
			for _, g := range m.groups {
				known = known || g.ARN == s.TargetGroupARN
			}
			if !known {
				return refused(container.ELB, container.ErrNotFound, "TargetGroupNotFound", "Target groups '%s' not found", s.TargetGroupARN)
			}
		}
		routes[i].Shares = slices.Clone(shares)
		return nil
	})
}
