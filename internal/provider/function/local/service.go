package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/provider/function"
)

// find returns the key and the qualifier of what a deployment calls a
// function. What is not here may be another driver's.
func (f *Functions) find(to function.Scope, name string) (k key, qualifier string, err error) {
	k.Namespace = to.Namespace
	if k.name, qualifier, err = ParseName(to.Namespace, name); err == nil {
		_, err = f.get(k)
	}
	if err != nil {
		err = fmt.Errorf("%w: %w", function.ErrUnknown, err)
	}
	return k, qualifier, err
}

// Alias is as in function.Service.
func (f *Functions) Alias(_ context.Context, to function.Scope, name, alias string) (function.Alias, error) {
	k, _, err := f.find(to, name)
	if err != nil {
		return function.Alias{}, err
	}
	a, err := f.GetAlias(k.Namespace, k.name, alias)
	return a.Alias, err
}

// UpdateAlias is as in function.Service.
func (f *Functions) UpdateAlias(_ context.Context, to function.Scope, name, alias string, state function.Alias) (string, error) {
	k, _, err := f.find(to, name)
	if err != nil {
		return "", err
	}
	a, err := f.EditAlias(k.Namespace, k.name, alias, state.RevisionID, func(a *Alias) {
		a.Version, a.Weights = state.Version, state.Weights
	})
	return a.RevisionID, err
}

// Version is as in function.Service.
func (f *Functions) Version(_ context.Context, to function.Scope, name, version string) error {
	k, _, err := f.find(to, name)
	if err != nil {
		return err
	}
	r, err := f.get(k)
	if err == nil {
		_, err = r.version(version)
	}
	return err
}

// Capacity is as in function.Service. None is provisioned here.
func (f *Functions) Capacity(_ context.Context, to function.Scope, name, alias string) (bool, error) {
	_, err := f.Alias(context.Background(), to, name, alias)
	return err == nil, err
}

// Invoke runs a hook and waits for its end: it may answer by what it returns,
// {"Status": "Succeeded" or "Failed", "Message": TEXT}. One that returns
// anything else calls back. One that fails has answered Failed: unlike AWS,
// whoever runs the function knows, and need not wait for an hour.
func (f *Functions) Invoke(ctx context.Context, to function.Scope, hook string, payload []byte) (function.Answer, error) {
	k, qualifier, err := f.find(to, hook)
	if err != nil {
		return function.Answer{}, err
	}
	out, err := f.Call(ctx, Request{Namespace: k.Namespace, Function: k.name, Qualifier: qualifier, Payload: payload})
	if err != nil {
		return function.Answer{}, err
	}
	if out.Failed {
		return function.Answer{Status: deploy.EventFailed, Message: reason(out.Payload)}, nil
	}
	return answer(out.Payload), nil
}

// answer reads what a hook returned.
func answer(payload []byte) function.Answer {
	var a struct {
		Status  deploy.EventStatus
		Message string
	}
	if json.Unmarshal(payload, &a) != nil || a.Status != deploy.EventSucceeded && a.Status != deploy.EventFailed {
		return function.Answer{}
	}
	return function.Answer{Status: a.Status, Message: fmt.Sprintf("%.1000s", a.Message)}
}

// reason is what a function that failed said about it.
func reason(payload []byte) string {
	var e failure
	if err := json.Unmarshal(payload, &e); err != nil || e.Message == "" {
		return fmt.Sprintf("the function failed: %.1000s", payload)
	}
	if e.Type == "" {
		return fmt.Sprintf("%.1000s", e.Message)
	}
	return fmt.Sprintf("%.100s: %.1000s", e.Type, e.Message)
}

// IsNotFound reports whether a function, a version or an alias is missing.
func IsNotFound(err error) bool { return errors.Is(err, function.ErrNotFound) }
