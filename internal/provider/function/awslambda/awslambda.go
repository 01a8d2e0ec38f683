// Package awslambda is a driver for functions of AWS Lambda, or of a server
// with its API.
package awslambda

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/provider/amazon"
	"github.com/slipwayhq/slipway/internal/provider/function"
)

// Functions are those of one account.
type Functions struct {
	account *amazon.Account
	wait    bool
}

// Open reads a URL aws:[?endpoint=URL&region=REGION&assume-role=true&wait=true].
// With wait a hook is waited for: how it ends is its answer, and it need not
// call back.
func Open(ctx context.Context, u *url.URL) (*Functions, error) {
	account, parameters, err := amazon.Open(ctx, u, "wait")
	if err != nil {
		return nil, err
	}
	wait := parameters["wait"]
	if wait != "" && wait != "true" && wait != "false" {
		return nil, fmt.Errorf("the parameter wait of an aws URL must be true or false, not %q", wait)
	}
	return New(account, wait == "true"), nil
}

// New returns the functions of an account.
func New(account *amazon.Account, wait bool) *Functions { return &Functions{account, wait} }

func (f *Functions) client(to function.Scope) *lambda.Client {
	return lambda.NewFromConfig(f.account.Config(to.Region, to.Role))
}

// Alias is as in function.Service.
func (f *Functions) Alias(ctx context.Context, to function.Scope, name, alias string) (function.Alias, error) {
	out, err := f.client(to).GetAlias(ctx, &lambda.GetAliasInput{FunctionName: &name, Name: &alias})
	if err != nil {
		return function.Alias{}, failure(err)
	}
	a := function.Alias{Version: aws.ToString(out.FunctionVersion), RevisionID: aws.ToString(out.RevisionId)}
	if out.RoutingConfig != nil {
		a.Weights = out.RoutingConfig.AdditionalVersionWeights
	}
	return a.Normal(), nil
}

// UpdateAlias is as in function.Service. Version and weights are always sent
// both: what is left out keeps its old value.
func (f *Functions) UpdateAlias(ctx context.Context, to function.Scope, name, alias string, state function.Alias) (string, error) {
	state = state.Normal()
	if state.Weights == nil {
		state.Weights = map[string]float64{}
	}
	out, err := f.client(to).UpdateAlias(ctx, &lambda.UpdateAliasInput{
		FunctionName: &name, Name: &alias, FunctionVersion: &state.Version, RevisionId: optional(state.RevisionID),
		RoutingConfig: &types.AliasRoutingConfiguration{AdditionalVersionWeights: state.Weights},
	})
	if err != nil {
		return "", failure(err)
	}
	return aws.ToString(out.RevisionId), nil
}

// Version is as in function.Service.
func (f *Functions) Version(ctx context.Context, to function.Scope, name, version string) error {
	_, err := f.client(to).GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &name, Qualifier: &version})
	if err = failure(err); errors.Is(err, function.ErrDenied) {
		// CodeDeploy's own managed policies do not allow this call. The shift
		// will say whether the version exists.
		return nil
	}
	return err
}

// Capacity is as in function.Service.
func (f *Functions) Capacity(ctx context.Context, to function.Scope, name, alias string) (bool, error) {
	out, err := f.client(to).GetProvisionedConcurrencyConfig(ctx, &lambda.GetProvisionedConcurrencyConfigInput{
		FunctionName: &name, Qualifier: &alias,
	})
	var missing *smithyhttp.ResponseError
	if errors.As(err, &missing) && missing.HTTPStatusCode() == http.StatusNotFound {
		// None is provisioned; a server that does not know of such a thing has
		// none either, in words of its own.
		return true, nil
	}
	if err != nil {
		return false, failure(err)
	}
	switch out.Status {
	case types.ProvisionedConcurrencyStatusEnumFailed:
		return false, fmt.Errorf("%w: the provisioned capacity failed: %s", function.ErrInvalid, aws.ToString(out.StatusReason))
	case types.ProvisionedConcurrencyStatusEnumInProgress:
		return false, nil
	}
	return true, nil
}

// Invoke is as in function.Service.
func (f *Functions) Invoke(ctx context.Context, to function.Scope, name string, payload []byte) (function.Answer, error) {
	in := &lambda.InvokeInput{FunctionName: &name, Payload: payload, InvocationType: types.InvocationTypeEvent}
	if f.wait {
		in.InvocationType = types.InvocationTypeRequestResponse
	}
	out, err := f.client(to).Invoke(ctx, in)
	switch {
	case err != nil:
		return function.Answer{}, failure(err)
	case !f.wait:
		return function.Answer{}, nil
	case out.FunctionError != nil:
		return function.Answer{Status: deploy.EventFailed, Message: fmt.Sprintf("%s: %.500s", *out.FunctionError, out.Payload)}, nil
	}
	return function.Answer{Status: deploy.EventSucceeded}, nil
}

// failure says what an error means to a deployment.
func failure(err error) error {
	if err == nil {
		return nil
	}
	var (
		notFound *types.ResourceNotFoundException
		stale    *types.PreconditionFailedException
		invalid  *types.InvalidParameterValueException
		refused  *types.InvalidRequestContentException
	)
	kind, code, message := amazon.Classify(err)
	switch {
	case errors.As(err, &notFound):
		return fmt.Errorf("%w: %s", function.ErrNotFound, message)
	case errors.As(err, &stale):
		return fmt.Errorf("%w: %s", function.ErrConflict, message)
	case errors.As(err, &invalid), errors.As(err, &refused):
		return fmt.Errorf("%w: %s", function.ErrInvalid, message)
	case kind == amazon.Denied:
		return fmt.Errorf("%w: %s: %s", function.ErrDenied, code, message)
	case kind == amazon.Throttled:
		return fmt.Errorf("%w: %s", function.ErrThrottled, code)
	}
	return fmt.Errorf("AWS Lambda: %w", err)
}

// optional is nil for an empty text.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
