package api

import (
	"context"
	"net/http"

	"github.com/slipwayhq/slipway/internal/wire"
)

// Service is one JSON service: what its requests look like and what it does.
type Service struct {
	// Prefixes are what X-Amz-Target may have before the dot.
	Prefixes []string
	// Scopes maps each service name that requests may be signed for to the
	// prefix of the IAM actions they need then. With an empty prefix every
	// caller that is authenticated may call, and the handlers look closer.
	Scopes     map[string]string
	Operations Table

	// XMLNamespace is for a service that has changed its protocol over the
	// years, and is called by all of them: as a form, as JSON, as CBOR. Empty:
	// JSON only.
	XMLNamespace string
	// RepeatsThrottling is for a service whose callers repeat nothing but what
	// was throttled: the server's own troubles are told as that.
	RepeatsThrottling bool
	// Faults are the errors of such a service that have a shape of another
	// name than their code, or another status than 400.
	Faults map[string]FaultShape
}

// FaultShape is how newer protocols call an error, and its HTTP status.
type FaultShape struct {
	Name   string
	Status int
}

// fault returns the shape of an error by its code.
func (s *Service) fault(code string) FaultShape {
	if shape, ok := s.Faults[code]; ok {
		return shape
	}
	return FaultShape{code, http.StatusBadRequest}
}

// Table has a service's operations by name. To add an operation is to add a
// row: what it needs, and the function that does it.
//
//	Table{
//		"GetApplication":    Answers(On(application), h.getApplication),
//		"DeleteApplication": Acts(On(application), h.deleteApplication),
//	}
type Table map[string]Operation

// Operation is a handler with its types taken away; see [Answers] and [Acts].
type Operation struct {
	newInput  func() any
	hasOutput bool
	needs     func(ctx context.Context, call *Call, in any) ([]Permission, error)
	do        func(ctx context.Context, call *Call, in any) (any, error)
}

// Needs names the permissions a call takes. It runs before the handler, on an
// input that nobody has checked. It may look things up, and its error is the
// answer to the caller. A nil Needs takes the operation's action on "*".
type Needs[I any] func(ctx context.Context, call *Call, in *I) ([]Permission, error)

// On is the usual Needs: the operation's own action on one resource.
func On[I any](resource func(call *Call, in *I) string) Needs[I] {
	return func(_ context.Context, call *Call, in *I) ([]Permission, error) {
		return call.Needs(resource(call, in)), nil
	}
}

// Needs returns the permission to perform the call's operation on each of the
// resources. None of them means "*": there is no call that needs nothing.
func (c *Call) Needs(resources ...string) []Permission {
	if len(resources) == 0 {
		resources = []string{"*"}
	}
	list := make([]Permission, len(resources))
	for i, r := range resources {
		list[i] = Permission{Action: c.action, Resource: r}
	}
	return list
}

// Answers makes an operation of a handler with an output. The handler returns
// an [*deploy.Error] for whatever is the caller's to solve.
func Answers[I, O any](needs Needs[I], do func(context.Context, *Call, *I) (*O, error)) Operation {
	return Operation{
		newInput:  func() any { return new(I) },
		hasOutput: true,
		needs:     erase(needs),
		do: func(ctx context.Context, call *Call, in any) (any, error) {
			return do(ctx, call, in.(*I))
		},
	}
}

// Acts makes an operation of a handler without an output: a success has an
// empty body.
func Acts[I any](needs Needs[I], do func(context.Context, *Call, *I) error) Operation {
	return Operation{
		newInput: func() any { return new(I) },
		needs:    erase(needs),
		do: func(ctx context.Context, call *Call, in any) (any, error) {
			return nil, do(ctx, call, in.(*I))
		},
	}
}

func erase[I any](needs Needs[I]) func(context.Context, *Call, any) ([]Permission, error) {
	return func(ctx context.Context, call *Call, in any) ([]Permission, error) {
		if needs == nil {
			return call.Needs(), nil
		}
		return needs(ctx, call, in.(*I))
	}
}

// perform decodes, authorises and acts; an operation without an output
// returns nil. Authorisation comes after decoding, for it takes the names in the input, and before everything else,
// so that who may not look learns nothing.
func (op Operation) perform(ctx context.Context, access *Access, call *Call, body []byte) (any, error) {
	in := op.newInput()
	if err := wire.Decode(body, in); err != nil {
		return nil, &fault{serialization, err.Error()}
	}
	if call.action != "" {
		wanted, err := op.needs(ctx, call, in)
		if err != nil {
			return nil, err
		}
		if err := access.Check(ctx, call.Principal, call.environment(), wanted...); err != nil {
			return nil, err
		}
	}
	out, err := op.do(ctx, call, in)
	if err != nil || !op.hasOutput {
		return nil, err
	}
	return out, nil
}
