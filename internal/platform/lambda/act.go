package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/platform"
	"github.com/slipwayhq/slipway/internal/provider/function"
)

// The kinds of actions.
const (
	checkAlias    = "CheckAlias"    // is the alias as the AppSpec file says?
	shiftAlias    = "ShiftAlias"    // move traffic
	awaitCapacity = "AwaitCapacity" // wait for provisioned capacity
)

// capacityPoll is how often provisioned capacity is looked at.
const capacityPoll = 10 * time.Second

// aliasInput is the input of all of them. From and To are shares of Target.
type aliasInput struct {
	Function string  `json:"function"`
	Alias    string  `json:"alias"`
	Role     string  `json:"role,omitempty"`
	Current  string  `json:"current,omitempty"`
	Target   string  `json:"target,omitempty"`
	From     float64 `json:"from,omitempty"`
	To       float64 `json:"to,omitempty"`
	Undo     bool    `json:"undo,omitempty"`
}

// state is what the alias is when Target has the share.
func (in aliasInput) state(share float64) function.Alias {
	switch share {
	case 0:
		return function.Alias{Version: in.Current}
	case 1:
		return function.Alias{Version: in.Target}
	}
	return function.Alias{Version: in.Current, Weights: map[string]float64{in.Target: share}}
}

// Act carries out an action. Each looks at the alias before it changes it.
func (p Platform) Act(ctx context.Context, a deploy.Action) (deploy.Outcome, error) {
	if a.Kind == deploy.InvokeHook {
		return platform.ActHook(ctx, p.Functions, a)
	}
	var in aliasInput
	if err := json.Unmarshal(a.Input, &in); err != nil {
		return deploy.Outcome{}, err
	}
	to := function.Scope{Namespace: a.Namespace, Role: in.Role}
	what := fmt.Sprintf("the alias %s of the function %s cannot be reached", in.Alias, in.Function)
	var outcome deploy.Outcome
	var err error
	switch a.Kind {
	case checkAlias:
		outcome, err = p.check(ctx, to, in)
	case shiftAlias:
		what = fmt.Sprintf("the alias %s of the function %s cannot be changed", in.Alias, in.Function)
		outcome, err = p.shift(ctx, to, in)
	case awaitCapacity:
		outcome, err = p.capacity(ctx, to, in)
	default:
		err = fmt.Errorf("unknown action %s", a.Kind)
	}
	if err != nil {
		return platform.FunctionFailed(what, in.Role, err)
	}
	return outcome, nil
}

func done() deploy.Outcome { return deploy.Outcome{Status: deploy.ActionDone} }

// refused is an alias that is not as it has to be.
func refused(format string, args ...any) deploy.Outcome {
	return deploy.Outcome{Status: deploy.ActionFailed, Error: &deploy.ErrorInfo{
		Code: deploy.InvalidFunctionConfig, Message: fmt.Sprintf(format, args...),
	}}
}

// check refuses an alias that serves something else than the AppSpec file
// says, or that another deployment left in the middle.
func (p Platform) check(ctx context.Context, to function.Scope, in aliasInput) (deploy.Outcome, error) {
	have, err := p.Functions.Alias(ctx, to, in.Function, in.Alias)
	if err != nil {
		return deploy.Outcome{}, err
	}
	have = have.Normal()
	switch {
	case have.Version != in.Current:
		return refused("The alias %s of the function %s serves version %s, but the AppSpec file's CurrentVersion is %s.",
			in.Alias, in.Function, have.Version, in.Current), nil
	case len(have.Weights) > 0:
		return refused("The alias %s of the function %s already divides its traffic (%s), which an earlier deployment or "+
			"somebody else left behind. Clear its routing configuration (aws lambda update-alias --routing-config "+
			"AdditionalVersionWeights={}) and deploy again.", in.Alias, in.Function, have), nil
	}
	return done(), p.Functions.Version(ctx, to, in.Function, in.Target)
}

// conflicts is how many writes are lost to somebody else before a shift rests.
const conflicts = 3

// shift moves traffic. When somebody else has written the alias between the
// look at it and its change, it is looked at again.
func (p Platform) shift(ctx context.Context, to function.Scope, in aliasInput) (outcome deploy.Outcome, err error) {
	for range conflicts {
		outcome, err = p.tryShift(ctx, to, in)
		if !errors.Is(err, function.ErrConflict) {
			break
		}
	}
	return outcome, err
}

// tryShift moves traffic from one known state of the alias to the next. Any
// other state is somebody else's doing, and is left alone.
func (p Platform) tryShift(ctx context.Context, to function.Scope, in aliasInput) (deploy.Outcome, error) {
	have, err := p.Functions.Alias(ctx, to, in.Function, in.Alias)
	if err != nil {
		return deploy.Outcome{}, err
	}
	want := in.state(in.To)
	switch {
	case have.Same(want):
		return done(), nil // by an earlier try, whose reply was lost
	case in.Undo && !in.ours(have), !in.Undo && !have.Same(in.state(in.From)):
		return refused("The alias %s of the function %s was changed by somebody else: it is at %s, and this deployment left it at "+
			"%s. It is left as it is.", in.Alias, in.Function, have, in.state(in.From)), nil
	}
	want.RevisionID = have.RevisionID
	_, err = p.Functions.UpdateAlias(ctx, to, in.Function, in.Alias, want)
	return done(), err
}

// ours reports whether a deployment from Target to Current, the other way
// round, may have left the alias like this.
func (in aliasInput) ours(have function.Alias) bool {
	have = have.Normal()
	if have.Version == in.Current {
		return len(have.Weights) == 0
	}
	_, weighted := have.Weights[in.Current]
	return have.Version == in.Target && (len(have.Weights) == 0 || len(have.Weights) == 1 && weighted)
}

func (p Platform) capacity(ctx context.Context, to function.Scope, in aliasInput) (deploy.Outcome, error) {
	ready, err := p.Functions.Capacity(ctx, to, in.Function, in.Alias)
	if err != nil || ready {
		return done(), err
	}
	return deploy.Outcome{Status: deploy.ActionWaiting, After: capacityPoll}, nil
}
