package ecs

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/provider/container"
)

// maxTaskSets is how many task sets ECS allows a service.
const maxTaskSets = 5

// check looks whether the service is as the deployment needs it, in the order
// in which CodeDeploy does, and finds out which task set and which target
// group are blue. It changes nothing.
func (w *acting) check(ctx context.Context) (time.Duration, error) {
	e := w.in.ECS
	s, err := w.Service(ctx, w.to, e.Cluster, e.Service)
	if err != nil {
		return 0, err
	}
	blue, err := w.primary(s)
	if err != nil {
		return 0, err
	}
	groups, err := w.TargetGroups(ctx, w.to, e.TargetGroups)
	if err != nil {
		return 0, err
	}
	i := slices.IndexFunc(groups, func(g container.TargetGroup) bool { return g.ARN == blue.TargetGroupARN })
	if i < 0 {
		return 0, refuseBalancing("The primary task set %s is not behind a target group of the deployment group (%s), but behind %q.",
			blue.ID, strings.Join(e.TargetGroups, ", "), blue.TargetGroupARN)
	}
	w.ServiceARN = s.ARN
	see(&w.Blue, *blue)
	w.Blue.TargetGroup, w.Blue.TargetGroupARN = groups[i].Name, groups[i].ARN
	w.Green.TargetGroup, w.Green.TargetGroupARN = groups[1-i].Name, groups[1-i].ARN
	w.in.ECS.Blue, w.in.ECS.Green = w.Blue, w.Green
	if err := w.checkListeners(ctx, groups); err != nil {
		return 0, err
	}
	return 0, w.checkTaskSets(s)
}

// primary returns the one task set that serves, of a service that can be
// deployed to.
func (w *acting) primary(s container.Service) (*container.TaskSet, error) {
	name := w.in.ECS.Service
	switch {
	case s.Status != container.Active:
		return nil, refuse(deploy.InvalidECSService, "The ECS service %s is %s, not ACTIVE.", name, s.Status)
	case s.Scheduling == container.Daemon:
		return nil, refuse(deploy.InvalidECSService, "The ECS service %s is a DAEMON; only services of the scheduling strategy "+
			"REPLICA can be deployed to.", name)
	case s.Controller != container.External && s.Controller != container.CodeDeploy:
		return nil, refuse(deploy.InvalidECSService, "The deployment controller of the ECS service %s is %s; it must be EXTERNAL "+
			"(or CODE_DEPLOY, where that can be driven by others than AWS).", name, s.Controller)
	}
	var primary *container.TaskSet
	for i := range s.TaskSets {
		switch {
		case s.TaskSets[i].Status != container.Primary:
		case primary != nil:
			return nil, refuse(deploy.InvalidECSService, "The ECS service %s has two primary task sets, %s and %s.",
				name, primary.ID, s.TaskSets[i].ID)
		default:
			primary = &s.TaskSets[i]
		}
	}
	if primary == nil {
		return nil, refuse(deploy.InvalidECSService, "The ECS service %s has no primary task set. Create its first one with "+
			"aws ecs create-task-set, and make it primary with aws ecs update-service-primary-task-set.", name)
	}
	return primary, nil
}

// checkListeners wants the production listener with all its rules at blue, the
// test listener inside the pair, and both on one load balancer.
func (w *acting) checkListeners(ctx context.Context, groups []container.TargetGroup) error {
	prod, err := w.Routes(ctx, w.to, w.in.ECS.Listener)
	if err != nil {
		return err
	}
	var test []container.Route
	if w.in.ECS.TestListener != "" {
		if test, err = w.Routes(ctx, w.to, w.in.ECS.TestListener); err != nil {
			return err
		}
		if test[0].BalancerARN != prod[0].BalancerARN {
			return refuseBalancing("The listeners %s and %s belong to different load balancers.", prod[0].ARN, test[0].ARN)
		}
	}
	for _, g := range groups {
		if len(g.BalancerARNs) > 0 && !slices.Contains(g.BalancerARNs, prod[0].BalancerARN) {
			return refuseBalancing("The target group %s belongs to another load balancer than the listener %s.", g.Name, prod[0].ARN)
		}
	}
	if w.in.Gradual && prod[0].Network {
		return refuseBalancing("Only ALB supports gradual traffic routing, use AllAtOnce Traffic routing instead when you " +
			"create/update Deployment group.")
	}
	for _, r := range prod {
		if err := w.checkProd(r); err != nil {
			return err
		}
	}
	if len(test) > 0 {
		return w.checkPair(test[0])
	}
	return nil
}

// checkProd wants a route of the production listener at blue. A rule that does
// not forward is left alone.
func (w *acting) checkProd(r container.Route) error {
	if len(r.Shares) == 0 && !r.Default {
		return nil
	}
	if weight, _ := r.Weight(w.Blue.TargetGroupARN); weight == 0 {
		return refuseBalancing("Primary taskset target group must be behind listener %s", r.ARN)
	}
	if weight, _ := r.Weight(w.Green.TargetGroupARN); weight != 0 {
		return refuseBalancing("Green taskset target group cannot have non-zero weight prior to traffic shifting (listener %s)", r.ARN)
	}
	return w.checkPair(r)
}

// checkPair wants a route to forward to nothing but the pair.
func (w *acting) checkPair(r container.Route) error {
	if _, ours := w.share(r); ours {
		return nil
	}
	return refuseBalancing("Only target group in ECS deployment group (%s) can be set on listener %s.",
		strings.Join(w.in.ECS.TargetGroups, ", "), r.ARN)
}

// leftover reports whether a task set was made, or replaced, by an earlier
// deployment of the group, and serves nothing any more. One behind blue's
// target group does, whatever its status.
func (w *acting) leftover(t container.TaskSet) bool {
	if t.Status == container.Primary || t.Status == container.Draining || t.ExternalID == w.in.Maker ||
		t.TargetGroupARN == w.Blue.TargetGroupARN {
		return false
	}
	return t.ExternalID != "" && slices.Contains(w.in.ECS.Earlier, t.ExternalID) || slices.Contains(w.in.ECS.Earlier, t.ARN)
}

// checkTaskSets wants room for green: in the service, and in its target group,
// where another task set would get a part of its traffic.
func (w *acting) checkTaskSets(s container.Service) error {
	staying := 0
	for _, t := range s.TaskSets {
		if w.leftover(t) {
			continue
		}
		staying++
		if t.TargetGroupARN == w.Green.TargetGroupARN && t.Status == container.Active {
			return refuse(deploy.InvalidECSService, "The target group %s of the replacement task set is in use by the task set %s, "+
				"which no deployment of this group made. Delete it (aws ecs delete-task-set) and deploy again.", w.Green.TargetGroup, t.ID)
		}
	}
	if staying >= maxTaskSets {
		return refuse(deploy.ECSUpdateError, "The ECS service cannot be updated due to an unexpected error: %d deployments exist on "+
			"the service. Unable to create new TaskSet since this exceeds the maximum limit. Check your ECS service status.", staying)
	}
	return nil
}
