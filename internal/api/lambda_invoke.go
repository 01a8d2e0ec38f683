package api

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"

	"github.com/slipwayhq/slipway/internal/provider/function/local"
)

// invokeOperation is limited like polls: it waits for somebody else's work.
const invokeOperation = "Invoke"

func (d lambdaDialect) invokeFunction(ctx context.Context, c *lambdaCall) (any, error) {
	if len(c.body) > 0 && !json.Valid(c.body) {
		return nil, &local.Error{Code: "InvalidRequestContentException", Message: "Could not parse request body into json: the payload is no JSON"}
	}
	context, err := base64.StdEncoding.DecodeString(c.Header.Get("X-Amz-Client-Context"))
	if err != nil || len(context) > 0 && !json.Valid(context) {
		return nil, &local.Error{Code: "InvalidRequestContentException", Message: "Client context must be a valid Base64-encoded JSON object."}
	}
	r := local.Request{Namespace: c.Namespace, Function: c.name, Qualifier: c.qualifier, Payload: c.body, ClientContext: context}
	var version string
	c.answer = http.Header{}
	switch kind := c.Header.Get("X-Amz-Invocation-Type"); kind {
	case "", "RequestResponse":
		return d.call(ctx, c, r)
	case "Event":
		c.status = http.StatusAccepted
		version, err = d.api.Functions.Enqueue(r)
	case "DryRun":
		c.status = http.StatusNoContent
		version, err = d.api.Functions.Resolve(r)
	default:
		return nil, invalidParameter("The invocation type is RequestResponse, Event or DryRun, not %.50q", kind)
	}
	c.answer.Set("X-Amz-Executed-Version", version)
	return nil, err
}

// call invokes a function and waits for it.
func (d lambdaDialect) call(ctx context.Context, c *lambdaCall, r local.Request) (any, error) {
	out, err := d.api.Functions.Call(ctx, r)
	if err != nil {
		return nil, err
	}
	c.answer.Set("X-Amz-Executed-Version", out.Version)
	if out.Failed {
		c.answer.Set("X-Amz-Function-Error", "Unhandled")
	}
	if c.Header.Get("X-Amz-Log-Type") == "Tail" {
		c.answer.Set("X-Amz-Log-Result", base64.StdEncoding.EncodeToString(out.Log))
	}
	return json.RawMessage(out.Payload), nil
}

// addPermission answers like the real service. Who may call a function is
// decided by the callers' own policies here: nothing outside calls one.
func (d lambdaDialect) addPermission(_ context.Context, c *lambdaCall) (any, error) {
	var in struct{ Action, Principal, StatementID, SourceArn string }
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if _, err := d.api.Functions.Get(c.Namespace, c.name, c.qualifier); err != nil {
		return nil, err
	}
	if in.Action == "" || in.Principal == "" || in.StatementID == "" {
		return nil, invalidParameter("Action, Principal and StatementId are needed")
	}
	statement, err := json.Marshal(map[string]any{
		"Sid": in.StatementID, "Effect": "Allow", "Principal": in.Principal, "Action": in.Action, "Resource": c.resources()[0],
	})
	return map[string]string{"Statement": string(statement)}, err
}

func (d lambdaDialect) getPolicy(_ context.Context, c *lambdaCall) (any, error) {
	if _, err := d.api.Functions.Get(c.Namespace, c.name, c.qualifier); err != nil {
		return nil, err
	}
	return nil, &local.Error{Code: local.NotFound, Message: "The resource you requested does not exist."}
}

type lambdaConcurrency struct {
	ReservedConcurrentExecutions *int `json:",omitempty"`
}

func (d lambdaDialect) putConcurrency(_ context.Context, c *lambdaCall) (any, error) {
	var in lambdaConcurrency
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.ReservedConcurrentExecutions == nil {
		return nil, invalidParameter("ReservedConcurrentExecutions is missing")
	}
	return in, d.api.Functions.SetConcurrency(c.Namespace, c.name, in.ReservedConcurrentExecutions)
}

func (d lambdaDialect) getConcurrency(_ context.Context, c *lambdaCall) (any, error) {
	f, err := d.api.Functions.Get(c.Namespace, c.name, "")
	return lambdaConcurrency{f.Reserved}, err
}

func (d lambdaDialect) deleteConcurrency(_ context.Context, c *lambdaCall) (any, error) {
	return nil, d.api.Functions.SetConcurrency(c.Namespace, c.name, nil)
}

func (d lambdaDialect) getCapacity(_ context.Context, c *lambdaCall) (any, error) {
	if _, err := d.api.Functions.Get(c.Namespace, c.name, c.qualifier); err != nil {
		return nil, err
	}
	return nil, errNoCapacity
}

func (d lambdaDialect) getCodeSigning(_ context.Context, c *lambdaCall) (any, error) {
	_, err := d.api.Functions.Get(c.Namespace, c.name, "")
	return map[string]string{"FunctionName": c.name}, err
}
