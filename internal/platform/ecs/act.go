package ecs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/platform"
	"github.com/slipwayhq/slipway/internal/provider/container"
)

// The kinds of actions. Those that change something look first whether that
// has been done already.
const (
	checkService   = "CheckService"   // is the service as the deployment needs it?
	prepareService = "PrepareService" // remove leftovers, bring green's target group to the listener
	createGreen    = "CreateTaskSet"
	awaitSteady    = "AwaitSteady" // wait until green is steady
	shiftTest      = "ShiftTestTraffic"
	shiftTraffic   = "ShiftTraffic"
	promoteGreen   = "PromoteTaskSet"
	removeBlue     = "RemoveOriginal"

	// The steps of a rollback.
	restoreTraffic = "RestoreTraffic"
	restorePrimary = "RestorePrimary"
	removeGreen    = "RemoveReplacement"
)

// A new task set is looked at often for a minute, and then less so.
const (
	oftenPoll  = 5 * time.Second
	steadyPoll = 15 * time.Second
	oftenLooks = 12
)

// input is the input of all of them.
type input struct {
	// Maker is the deployment whose task set green is: the external id of it.
	Maker string           `json:"maker"`
	ECS   deploy.ECSTarget `json:"ecs"`
	// From and To are green's share of the traffic, in per cent, before and
	// after the next shift; Gradual says that there is more than one.
	From    int  `json:"from"`
	To      int  `json:"to"`
	Gradual bool `json:"gradual,omitempty"`
}

// sight is the output of an action: the task sets as it saw them.
type sight struct {
	ServiceARN string         `json:"serviceArn,omitempty"`
	Blue       deploy.TaskSet `json:"blue"`
	Green      deploy.TaskSet `json:"green"`
	Looks      int            `json:"looks,omitempty"` // how often AwaitSteady has looked
}

// acting is an action under way.
type acting struct {
	container.Orchestrator
	to container.Scope
	in input
	a  deploy.Action
	sight
}

// Act carries out an action.
func (p Platform) Act(ctx context.Context, a deploy.Action) (deploy.Outcome, error) {
	if a.Kind == deploy.InvokeHook {
		return platform.ActHook(ctx, p.Functions, a)
	}
	w := &acting{Orchestrator: p.Containers, a: a}
	if err := json.Unmarshal(a.Input, &w.in); err != nil {
		return deploy.Outcome{}, err
	}
	w.to = container.Scope{Namespace: a.Namespace, Role: w.in.ECS.Role}
	w.Blue, w.Green = w.in.ECS.Blue, w.in.ECS.Green
	kinds := map[string]func(context.Context) (time.Duration, error){
		checkService: w.check, prepareService: w.prepare, createGreen: w.create, awaitSteady: w.steady,
		shiftTest: w.shiftTest, shiftTraffic: w.shift, promoteGreen: w.promote, removeBlue: w.removeBlue,
		restoreTraffic: w.restoreTraffic, restorePrimary: w.restorePrimary, removeGreen: w.removeGreen,
	}
	act, known := kinds[a.Kind]
	if !known {
		return deploy.Outcome{}, fmt.Errorf("unknown action %s", a.Kind)
	}
	again, err := act(ctx)
	if err != nil {
		return w.failed(err)
	}
	outcome := deploy.Outcome{Status: deploy.ActionDone, Output: platform.Encode(w.sight)}
	if again > 0 {
		outcome.Status, outcome.After = deploy.ActionWaiting, again
	}
	return outcome, nil
}

// refusal is a service or a load balancer that is not as it has to be.
type refusal deploy.ErrorInfo

func (r *refusal) Error() string { return r.Message }

func refuse(code deploy.ErrorCode, format string, args ...any) error {
	return &refusal{Code: code, Message: fmt.Sprintf(format, args...)}
}

// refuseBalancing says, in CodeDeploy's words, that the load balancer is not
// as it has to be.
func refuseBalancing(format string, args ...any) error {
	return refuse(deploy.LoadBalancingInvalid, "The ELB could not be updated due to the following error: %s",
		fmt.Sprintf(format, args...))
}

// failed turns an error into an outcome, or into an error that may pass.
func (w *acting) failed(err error) (deploy.Outcome, error) {
	var r *refusal
	if errors.As(err, &r) {
		return deploy.Outcome{Status: deploy.ActionFailed, Error: (*deploy.ErrorInfo)(r)}, nil
	}
	var fault *container.Fault
	if !errors.As(err, &fault) {
		return deploy.Outcome{}, &deploy.ErrorInfo{Code: deploy.InternalError, Message: fmt.Sprintf(
			"The deployment failed because the service %s cannot be reached: %s.", w.in.ECS.Service, err)}
	}
	info := deploy.ErrorInfo{Message: fmt.Sprintf("The deployment failed because of the service %s: %s.", w.in.ECS.Service, err)}
	switch {
	case errors.Is(err, container.ErrDenied):
		info.Code = deploy.RolePermissions
		info.Message = fmt.Sprintf("The IAM role %s does not give you permission to perform operations in the following "+
			"AWS service: %s. (%s.)", w.in.ECS.Role, fault.Service, err)
	case errors.Is(err, container.ErrThrottled):
		info.Code = deploy.Throttled
		return deploy.Outcome{}, &info
	case errors.Is(err, container.ErrChanged):
		info.Code = deploy.InternalError
		return deploy.Outcome{}, &info // read again what it is now
	case fault.Service == container.ELB:
		info.Code = deploy.LoadBalancingInvalid
		info.Message = fmt.Sprintf("The ELB could not be updated due to the following error: %s", err)
	case w.a.Kind == checkService:
		info.Code = deploy.InvalidECSService
	default:
		info.Code = deploy.ECSUpdateError
		info.Message = fmt.Sprintf("The ECS service cannot be updated due to an unexpected error: %s. Check your ECS service status.", err)
	}
	return deploy.Outcome{Status: deploy.ActionFailed, Error: &info}, nil
}

// look reads the service, and what has become of the two task sets.
func (w *acting) look(ctx context.Context) (container.Service, error) {
	s, err := w.Service(ctx, w.to, w.in.ECS.Cluster, w.in.ECS.Service)
	if err != nil {
		return s, err
	}
	if t := s.TaskSet(w.Blue.ARN); t != nil {
		see(&w.Blue, *t)
	}
	if t := s.Made(w.in.Maker); t != nil {
		see(&w.Green, *t)
	}
	return s, nil
}

// see notes what a task set is now.
func see(t *deploy.TaskSet, now container.TaskSet) {
	t.ID, t.ARN, t.Status = now.ID, now.ARN, now.Status
	t.Desired, t.Pending, t.Running = now.Desired, now.Pending, now.Running
}

// green returns the service with the deployment's task set, which must be
// there.
func (w *acting) green(ctx context.Context) (container.Service, *container.TaskSet, error) {
	s, err := w.look(ctx)
	if err != nil {
		return s, nil, err
	}
	t := s.Made(w.in.Maker)
	if t == nil || t.Status == container.Draining {
		return s, nil, refuse(deploy.ECSUpdateError, "The replacement task set %s was deleted by somebody else. Check your ECS "+
			"service status.", w.in.ECS.Green.ID)
	}
	return s, t, nil
}

// prepare brings green's target group to the listener, with no traffic, and
// removes what earlier deployments left. Without the first ECS could not know
// whether green's tasks are healthy. (CodeDeploy leaves it out for AllAtOnce,
// and learns too late that a revision is bad.)
func (w *acting) prepare(ctx context.Context) (time.Duration, error) {
	s, err := w.look(ctx)
	if err != nil {
		return 0, err
	}
	if err := w.setShare(ctx, w.in.ECS.Listener, 0, 0); err != nil {
		return 0, err
	}
	for _, t := range s.TaskSets {
		if w.leftover(t) {
			if err := w.delete(ctx, t.ARN); err != nil {
				return 0, err
			}
		}
	}
	return 0, nil
}

// create adds green, unless an earlier try did.
func (w *acting) create(ctx context.Context) (time.Duration, error) {
	s, err := w.look(ctx)
	if err != nil || s.Made(w.in.Maker) != nil {
		return 0, err
	}
	e := w.in.ECS
	n := container.NewTaskSet{
		Cluster: e.Cluster, Service: e.Service, ExternalID: w.in.Maker, TaskDefinition: e.TaskDefinition,
		TargetGroupARN: e.Green.TargetGroupARN, ContainerName: e.ContainerName, ContainerPort: e.ContainerPort,
	}
	if blue := s.TaskSet(e.Blue.ARN); blue != nil {
		n.Placement = blue.Placement
	}
	if e.PlatformVersion != "" {
		n.PlatformVersion = e.PlatformVersion
	}
	if e.Network != nil {
		n.Network = e.Network
	}
	if len(e.CapacityProviders) > 0 {
		n.CapacityProviders, n.LaunchType = e.CapacityProviders, ""
	}
	t, err := w.CreateTaskSet(ctx, w.to, n)
	if s.Controller == container.CodeDeploy && (errors.Is(err, container.ErrDenied) || errors.Is(err, container.ErrInvalid)) {
		return 0, refuse(deploy.ECSUpdateError, "The ECS service cannot be updated due to an unexpected error: %s. Check your ECS "+
			"service status. (AWS lets only its own CodeDeploy manage the task sets of a service with the deployment controller "+
			"CODE_DEPLOY. Create the service with the controller EXTERNAL to deploy to it from here.)", err)
	}
	if err != nil {
		return 0, err
	}
	see(&w.Green, t)
	return 0, nil
}

// steady waits until green is.
func (w *acting) steady(ctx context.Context) (time.Duration, error) {
	_, t, err := w.green(ctx)
	if err != nil || t.Steady {
		return 0, err
	}
	if w.a.Outcome != nil {
		var before sight
		if err := json.Unmarshal(w.a.Outcome.Output, &before); err == nil {
			w.Looks = before.Looks
		}
	}
	w.Looks++
	if w.Looks > oftenLooks {
		return steadyPoll, nil
	}
	return oftenPoll, nil
}

// shift moves traffic from one known share to the next.
func (w *acting) shift(ctx context.Context) (time.Duration, error) {
	if _, _, err := w.green(ctx); err != nil { // traffic to nothing would be an outage
		return 0, err
	}
	return 0, w.setShare(ctx, w.in.ECS.Listener, w.in.From, w.in.To)
}

// shiftTest brings the test listener to green, whatever of the pair it is at.
func (w *acting) shiftTest(ctx context.Context) (time.Duration, error) {
	return 0, w.point(ctx, w.in.ECS.TestListener, w.in.ECS.Green.TargetGroupARN)
}

func (w *acting) promote(ctx context.Context) (time.Duration, error) {
	_, t, err := w.green(ctx)
	if err != nil {
		return 0, err
	}
	return 0, w.makePrimary(ctx, t)
}

// makePrimary promotes a task set, unless it is the primary one.
func (w *acting) makePrimary(ctx context.Context, t *container.TaskSet) error {
	if t.Status == container.Primary {
		return nil
	}
	if err := w.Promote(ctx, w.to, w.in.ECS.Cluster, w.in.ECS.Service, t.ARN); err != nil {
		return err
	}
	_, err := w.look(ctx)
	return err
}

// removeBlue removes the original task set, if nothing needs it any more.
func (w *acting) removeBlue(ctx context.Context) (time.Duration, error) {
	s, green, err := w.green(ctx)
	if err != nil {
		return 0, err
	}
	blue := s.TaskSet(w.Blue.ARN)
	if blue == nil || blue.Status == container.Draining {
		w.Blue.Status = container.Draining
		return 0, nil
	}
	if green.Status != container.Primary {
		return 0, refuse(deploy.InternalError, "The original task set %s is not removed: the replacement %s is not the primary "+
			"task set of the service any more.", blue.ID, green.ID)
	}
	return 0, w.remove(ctx, *blue, &w.Blue)
}

// remove deletes a task set that no production traffic goes to.
func (w *acting) remove(ctx context.Context, t container.TaskSet, seen *deploy.TaskSet) error {
	routes, err := w.Routes(ctx, w.to, w.in.ECS.Listener)
	if err != nil {
		return err
	}
	for _, r := range routes {
		if weight, _ := r.Weight(seen.TargetGroupARN); weight > 0 {
			return refuse(deploy.InternalError, "The task set %s is not removed: %s still brings traffic to its target group %s.",
				t.ID, r.ARN, seen.TargetGroup)
		}
	}
	if err := w.delete(ctx, t.ARN); err != nil {
		return err
	}
	seen.Status, seen.Desired, seen.Pending = container.Draining, 0, 0
	return nil
}

func (w *acting) delete(ctx context.Context, arn string) error {
	err := w.DeleteTaskSet(ctx, w.to, w.in.ECS.Cluster, w.in.ECS.Service, arn)
	if errors.Is(err, container.ErrNotFound) {
		return nil
	}
	return err
}
