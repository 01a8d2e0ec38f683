package mem_test

import (
	"testing"

	"github.com/slipwayhq/slipway/internal/provider/container"
	"github.com/slipwayhq/slipway/internal/provider/container/containertest"
	"github.com/slipwayhq/slipway/internal/provider/container/mem"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	f := containertest.Fixture{
		Cluster: "c1", Service: "shop", TaskSet: "task-set/1", Listener: "listener/app/1", Rule: "rule/1",
		TargetGroups: [2]container.TargetGroup{{Name: "a", ARN: "group/a"}, {Name: "b", ARN: "group/b"}},
		Definition:   "arn:aws:ecs:us-east-1:123456789012:task-definition/shop:2", Container: "web", Port: 8080,
	}
	w := &mem.World{}
	w.AddService(f.Cluster, f.Service, container.Service{ARN: "service", Status: container.Active, Controller: container.External, Scheduling: "REPLICA"})
	w.AddTaskSet(f.Cluster, f.Service, container.TaskSet{ARN: f.TaskSet, ID: "1", Status: container.Primary, TargetGroupARN: "group/a"})
	for _, g := range f.TargetGroups {
		w.AddTargetGroup(g)
	}
	for _, arn := range []string{f.Listener, f.Rule} {
		w.SetRoute(container.Route{
			ARN: arn, ListenerARN: f.Listener, BalancerARN: "lb", Default: arn == f.Listener,
			Shares: []container.Share{{TargetGroupARN: "group/a", Weight: 1}},
		})
	}
	containertest.Run(t, w, f)
}
