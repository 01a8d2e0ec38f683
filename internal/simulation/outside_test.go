package simulation

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/platform"
	"github.com/slipwayhq/slipway/internal/provider/function"
)

// outside is what Lambda and ECS have in common: calls that fail, or have their
// effect and say that they failed, servers that die or stall at a call, and
// hooks that answer in time, twice, late or never.
type outside struct {
	w        *world
	excused  map[string]bool                        // deployments of which a call failed when its action was out of time
	said     map[string]map[deploy.EventStatus]bool // by execution: what its hook has tried to answer
	accepted map[string]deploy.EventStatus          // the answer that was taken
}

func newOutside(w *world) *outside {
	return &outside{
		w: w, excused: map[string]bool{}, said: map[string]map[deploy.EventStatus]bool{}, accepted: map[string]deploy.EventStatus{},
	}
}

// history is who has changed an alias, or a service with its load balancer:
// deployments by their ids, and everybody else, who has none.
type history []string

const somebody = ""

func (h *history) note(by string) { *h = append(*h, by) }

// others reports whether somebody else than the deployment was at it since it
// had so many changes.
func (h history) others(since int, id string) bool {
	return slices.ContainsFunc(h[since:], func(by string) bool { return by != id })
}

// caller is who calls the outside: a server in one of its lives, for an
// action. It travels in the context.
type caller struct {
	s    *server
	life int
	a    deploy.Action
	d    *deployment
	from int // how many changes there had been when this try of the action began
}

type callerKey struct{}

func callerOf(ctx context.Context) *caller { return ctx.Value(callerKey{}).(*caller) }

// dead reports whether the server that calls has died.
func (c *caller) dead() bool { return !c.s.up || c.s.life != c.life }

// late reports whether the action has no time for another try.
func (c *caller) late() bool { return time.Now().Add(c.s.skew).Add(time.Second).After(c.a.Deadline) }

// signed is a platform whose calls of the outside say who they are.
type signed struct {
	platform.Platform
	s *server
}

// Act carries out an action.
func (p signed) Act(ctx context.Context, a deploy.Action) (deploy.Outcome, error) {
	w := p.s.w
	by := &caller{s: p.s, life: p.s.life, a: a, d: w.model.deployments[a.DeploymentID]}
	by.from = len(w.historyOf(by.d))
	return p.Platform.Act(context.WithValue(ctx, callerKey{}, by), a)
}

// historyOf is that of what a deployment is about.
func (w *world) historyOf(d *deployment) history {
	switch d.Platform {
	case deploy.Lambda:
		return w.functions.history
	case deploy.ECS:
		return w.services.of(d).history
	case deploy.Server:
	}
	return nil
}

// call carries a call out to the outside. Before it others go on, and its
// server may stall or die; after it, too.
func (o *outside) call(ctx context.Context, throttled error, effect func() error) error {
	w, by := o.w, callerOf(ctx)
	w.ambush(by.d.ID)
	w.meanwhile()
	by.s.stall()
	if !by.dead() && w.once(4*w.mood.fault) {
		by.s.crash("before a call to the outside")
	}
	if by.dead() {
		return errDied
	}
	err := o.try(ctx, throttled, effect)
	if err != nil && by.late() {
		o.excused[by.d.ID] = true
	}
	if !by.dead() && w.once(4*w.mood.fault) {
		by.s.crash("after a call to the outside")
		return errDied
	}
	return err
}

var errCall = errors.New("simulated: the call failed")

func (o *outside) try(ctx context.Context, throttled error, effect func() error) error {
	fails := o.w.once(o.w.mood.calls)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case !fails:
		return effect()
	case o.w.once(2):
		o.w.saw("the reply of a call to the outside is lost")
		_ = effect()
		return errCall
	case o.w.once(2):
		return throttled
	}
	return errCall
}

// hookID is the execution id of a hook.
func hookID(deploymentID, event string) string { return deploymentID + "_of_the_hook_" + event }

// Invoke is what the platforms ask of a hook's function.
func (o *outside) Invoke(ctx context.Context, _ function.Scope, _ string, payload []byte) (function.Answer, error) {
	by := callerOf(ctx)
	var in struct {
		DeploymentID string `json:"DeploymentId"`
		ExecutionID  string `json:"LifecycleEventHookExecutionId"`
	}
	if err := json.Unmarshal(payload, &in); err != nil {
		panic(err)
	}
	var answer function.Answer
	err := o.call(ctx, function.ErrThrottled, func() error {
		o.w.rules.hookInvoked(by.d, in.ExecutionID)
		switch {
		case o.w.once(10):
			o.w.saw("a hook does not answer")
		case o.w.once(5):
			answer.Status = o.verdict(in.ExecutionID)
		default:
			wait := 10 * time.Minute
			if o.w.once(15) {
				o.w.saw("a hook answers late")
				wait = 2 * platform.HookLimit
			}
			o.w.after(o.w.upTo(wait), func() { o.answer(in.DeploymentID, in.ExecutionID) })
			if o.w.once(4) {
				o.w.saw("a hook answers twice")
				o.w.after(o.w.upTo(2*wait), func() { o.answer(in.DeploymentID, in.ExecutionID) })
			}
		}
		return nil
	})
	if err != nil {
		return function.Answer{}, err // what the function returned is not heard
	}
	return answer, nil
}

// verdict is what a hook says. It may say something else each time.
func (o *outside) verdict(execution string) deploy.EventStatus {
	status := deploy.EventSucceeded
	if o.w.once(8) {
		status = deploy.EventFailed
	}
	if o.said[execution] == nil {
		o.said[execution] = map[deploy.EventStatus]bool{}
	}
	o.said[execution][status] = true
	return status
}

// answer is a hook that calls back, until it hears that it was heard.
func (o *outside) answer(id, execution string) {
	text := string(o.verdict(execution))
	in := control.HookResult{DeploymentID: id, ExecutionID: execution, Status: &text}
	var send func()
	send = func() {
		o.w.send(request{
			from: "hook", what: "answer " + text + " for " + execution,
			serve: func(s *server) func() {
				err := s.control.PutLifecycleEventHookExecutionStatus(context.Background(), ns, in)
				if err == nil {
					o.w.rules.hookAnswered(execution, deploy.EventStatus(text))
				}
				return func() {
					o.w.log("hook", "%s for %s %s", text, execution, says(err))
					if err != nil && deploy.CodeOf(err) == "" {
						o.w.after(o.w.upTo(10*time.Second), send)
					} else if err != nil {
						o.w.saw("an answer of a hook is refused")
					}
				}
			},
			lost: func() { o.w.after(o.w.upTo(10*time.Second), send) },
		})
	}
	send()
}

// ---- the server's part ----

// act is one turn of the loop that carries out actions.
func (s *server) act() {
	life := s.life
	if s.acting || s.stalled {
		return
	}
	s.acting = true
	next, err := s.engine.Act(context.Background())
	if !s.up || s.life != life {
		return
	}
	s.acting = false
	switch {
	case err != nil:
		s.w.log(s.name, "actions: %v", err)
		s.actIn(time.Second)
	case !next.IsZero():
		s.actIn(max(next.Sub(time.Now().Add(s.skew)), 0) + time.Millisecond)
	}
}

// actIn lets the server look for actions in d, unless it will earlier.
func (s *server) actIn(d time.Duration) {
	at := time.Now().Add(d)
	if !s.actAt.IsZero() && !at.Before(s.actAt) {
		return
	}
	s.actAt = at
	s.turns++
	mine, life := s.turns, s.life
	s.w.after(d, func() {
		if s.up && s.life == life && s.turns == mine {
			s.actAt = time.Time{}
			s.act()
		}
	})
}

// watchActions is the safety net of that loop.
func (s *server) watchActions() {
	life := s.life
	s.w.after(s.w.upTo(safetyNet)+safetyNet/2, func() {
		if s.up && s.life == life {
			if s.w.model.acts(time.Now().Add(s.skew)) {
				s.act()
			}
			s.watchActions()
		}
	})
}

// hearOfActions notices that there is something to do.
func (s *server) hearOfActions() {
	select {
	case <-s.toldOfActions:
		s.actIn(s.w.lag())
	default:
	}
}
