// Package containertest is what every driver of package container must do, as
// tests.
package containertest

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/provider/container"
)

// Fixture is what there is: a service whose one task set is primary and behind
// the first of two target groups. The listener forwards all to it, and so does
// its rule.
type Fixture struct {
	Cluster, Service string
	TaskSet          string // ARN
	TargetGroups     [2]container.TargetGroup
	Listener, Rule   string // ARNs
	Definition       string // ARN of a task definition
	Container        string
	Port             int
}

// Run tests a driver. It changes what the fixture has.
func Run(t *testing.T, o container.Orchestrator, f Fixture) {
	to := container.Scope{Namespace: deploy.Namespace{Account: "123456789012", Region: "us-east-1"}}
	t.Run("task sets", func(t *testing.T) { taskSets(t, o, f, to) })
	t.Run("routes", func(t *testing.T) { routes(t, o, f, to) })
	t.Run("what is not there", func(t *testing.T) { missing(t, o, f, to) })
}

func taskSets(t *testing.T, o container.Orchestrator, f Fixture, to container.Scope) {
	service := func() container.Service {
		t.Helper()
		s, err := o.Service(t.Context(), to, f.Cluster, f.Service)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := service()
	if len(s.TaskSets) != 1 || s.Status != container.Active || s.Controller != container.External || s.Scheduling != "REPLICA" || s.ARN == "" {
		t.Fatalf("the service is %+v", s)
	}
	if blue := s.TaskSets[0]; blue.ARN != f.TaskSet || blue.Status != container.Primary || blue.TargetGroupARN != f.TargetGroups[0].ARN {
		t.Errorf("its task set is %+v", blue)
	}
	made, err := o.CreateTaskSet(t.Context(), to, container.NewTaskSet{
		Cluster: f.Cluster, Service: f.Service, ExternalID: "d-ABCDEF123", TaskDefinition: f.Definition,
		TargetGroupARN: f.TargetGroups[1].ARN, ContainerName: f.Container, ContainerPort: f.Port, Placement: s.TaskSets[0].Placement,
	})
	if err != nil {
		t.Fatal(err)
	}
	s = service()
	green := s.Made("d-ABCDEF123")
	if green == nil || green.ARN != made.ARN || green.ID == "" || green.Status != container.Active || !green.Steady ||
		green.TargetGroupARN != f.TargetGroups[1].ARN || s.Made("d-other") != nil {
		t.Fatalf("made %+v, and the service has %+v", made, s.TaskSets)
	}
	for range 2 { // again is the same
		if err := o.Promote(t.Context(), to, f.Cluster, f.Service, green.ARN); err != nil {
			t.Fatal(err)
		}
		s = service()
		if is, was := s.TaskSet(green.ARN).Status, s.TaskSet(f.TaskSet).Status; is != container.Primary || was != container.Active {
			t.Errorf("the promoted task set is %s, the other %s", is, was)
		}
	}
	if err := o.DeleteTaskSet(t.Context(), to, f.Cluster, f.Service, f.TaskSet); err != nil {
		t.Fatal(err)
	}
	s = service()
	if gone := s.TaskSet(f.TaskSet); gone != nil && gone.Status != container.Draining {
		t.Errorf("the deleted task set is %+v", gone)
	}
	fails(t, o.DeleteTaskSet(t.Context(), to, f.Cluster, f.Service, f.TaskSet), container.ErrNotFound)
}

func routes(t *testing.T, o container.Orchestrator, f Fixture, to container.Scope) {
	a, b := f.TargetGroups[0].ARN, f.TargetGroups[1].ARN
	groups, err := o.TargetGroups(t.Context(), to, []string{f.TargetGroups[1].Name, f.TargetGroups[0].Name})
	if err != nil || len(groups) != 2 || groups[0].ARN != b || groups[1].ARN != a {
		t.Fatalf("the target groups are %+v, %v", groups, err)
	}
	read := func() []container.Route {
		t.Helper()
		all, err := o.Routes(t.Context(), to, f.Listener)
		if err != nil || len(all) != 2 || all[0].ARN != f.Listener || !all[0].Default || all[1].ARN != f.Rule || all[1].Default ||
			all[0].BalancerARN == "" || all[1].BalancerARN != all[0].BalancerARN || all[1].ListenerARN != f.Listener {
			t.Fatalf("the routes are %+v, %v", all, err)
		}
		return all
	}
	before := read()
	for _, r := range before {
		if !container.SameShares(r.Shares, []container.Share{{TargetGroupARN: a, Weight: 1}}) {
			t.Errorf("%s forwards to %+v", r.ARN, r.Shares)
		}
	}
	for _, weight := range []int{0, 10, 100, 0} {
		want := []container.Share{{TargetGroupARN: a, Weight: 100 - weight}, {TargetGroupARN: b, Weight: weight}}
		for i := range 2 {
			was := read()
			if err := o.Forward(t.Context(), to, was[i], want); err != nil {
				t.Fatal(err)
			}
			is := read()
			if diff := cmp.Diff(want, is[i].Shares); diff != "" {
				t.Errorf("%s forwards to (-want +got):\n%s", is[i].ARN, diff)
			}
			if !container.SameShares(was[1-i].Shares, is[1-i].Shares) {
				t.Errorf("%s was changed as well", is[1-i].ARN)
			}
		}
	}
	stale := before[0]
	fails(t, o.Forward(t.Context(), to, stale, []container.Share{{TargetGroupARN: b, Weight: 1}}), container.ErrChanged)
	alone := []container.Share{{TargetGroupARN: b, Weight: 1}}
	if err := o.Forward(t.Context(), to, read()[0], alone); err != nil {
		t.Fatal(err)
	}
	if now := read()[0].Shares; !container.SameShares(now, alone) {
		t.Errorf("it forwards to %+v", now)
	}
}

func missing(t *testing.T, o container.Orchestrator, f Fixture, to container.Scope) {
	_, err := o.Service(t.Context(), to, f.Cluster, "nobody")
	fails(t, err, container.ErrNotFound)
	_, err = o.Service(t.Context(), to, "nowhere", f.Service)
	fails(t, err, container.ErrNotFound)
	_, err = o.TargetGroups(t.Context(), to, []string{f.TargetGroups[0].Name, "nobody"})
	fails(t, err, container.ErrNotFound)
	_, err = o.Routes(t.Context(), to, f.Listener[:len(f.Listener)-1]+"x")
	fails(t, err, container.ErrNotFound)
	_, err = o.CreateTaskSet(t.Context(), to, container.NewTaskSet{
		Cluster: f.Cluster, Service: f.Service, ExternalID: "d-1", TaskDefinition: "nobody:1",
		TargetGroupARN: f.TargetGroups[1].ARN, ContainerName: f.Container, ContainerPort: f.Port,
	})
	fails(t, err, container.ErrInvalid, container.ErrNotFound)
}

// fails wants a fault of one of the kinds.
func fails(t *testing.T, err error, kinds ...error) {
	t.Helper()
	var fault *container.Fault
	if !errors.As(err, &fault) || !slices.ContainsFunc(kinds, func(k error) bool { return errors.Is(err, k) }) {
		t.Errorf("the error is %v, want %v", err, kinds)
	}
}
