package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/slipwayhq/slipway/internal/audit"
	"github.com/slipwayhq/slipway/internal/provider/artifact"
	"github.com/slipwayhq/slipway/internal/provider/function/local"
)

// Lambda is what the Lambda API is about: the functions that this server runs.
type Lambda struct {
	Functions *local.Functions
	Objects   artifact.Source // where code may be
}

const lambdaScope = "lambda"

// lambdaDialect is the API of Lambda for one request: method and path name the
// operation and what it is about, parameters are in the query and in headers,
// members in JSON.
type lambdaDialect struct {
	access *Access
	api    *Lambda // nil: this server runs no functions
	route  *lambdaRoute
	values map[string]string // of the path's variables
}

// lambdaRoute is an operation. A segment of the path in braces is a variable.
type lambdaRoute struct {
	method, path string
	operation    string
	action       string // the IAM action's name, where it is not the operation's
	status       int    // of a success; 0: 200
	body         int64  // bytes that a request may have; 0: as everywhere
	do           func(lambdaDialect, context.Context, *lambdaCall) (any, error)
}

// lambdaCall is a call with what only this API has.
type lambdaCall struct {
	*Call
	name      string // of the function
	qualifier string // a version or an alias, from the name or from the query
	query     url.Values
	body      []byte
}

// lambdaRouteOf finds the route of a request, and the values of its path.
func lambdaRouteOf(r *http.Request) (*lambdaRoute, map[string]string) {
	path := strings.TrimSuffix(r.URL.EscapedPath(), "/")
	if !strings.HasPrefix(path, "/20") { // all begin with a date
		return nil, nil
	}
	segments := strings.Split(path[1:], "/")
	for i := range segments {
		var err error
		if segments[i], err = url.PathUnescape(segments[i]); err != nil {
			return nil, nil
		}
	}
	for i := range lambdaRoutes {
		if values, ok := lambdaRoutes[i].match(r.Method, segments); ok {
			return &lambdaRoutes[i], values
		}
	}
	return nil, nil
}

func (l *lambdaRoute) match(method string, segments []string) (map[string]string, bool) {
	pattern := strings.Split(l.path[1:], "/")
	if method != l.method || len(pattern) != len(segments) {
		return nil, false
	}
	values := map[string]string{}
	for i, p := range pattern {
		if name, variable := strings.CutPrefix(p, "{"); variable && segments[i] != "" {
			values[strings.TrimSuffix(name, "}")] = segments[i]
		} else if p != segments[i] {
			return nil, false
		}
	}
	return values, true
}

func (s *Server) lambdaDialect(r *http.Request) lambdaDialect {
	d := lambdaDialect{access: s.config.Access, api: s.config.Lambda}
	d.route, d.values = lambdaRouteOf(r)
	return d
}

func (lambdaDialect) contentType() string { return "application/json" }

func (lambdaDialect) accepts(service string) bool { return service == lambdaScope }

func (d lambdaDialect) maxBody() int64 {
	if d.api != nil && d.route != nil && d.route.body != 0 {
		return d.route.body
	}
	return maxBody
}

func (d lambdaDialect) invoke(ctx context.Context, call *Call, r *http.Request, body []byte) ([]byte, error) {
	switch {
	case d.route == nil:
		return nil, &fault{unknownOperation, "This server has no such operation of Lambda: " + r.Method + " " + r.URL.Path}
	case d.api == nil:
		return nil, &fault{unknownOperation, "This server runs no functions: it does if it is started with --provider function=local:"}
	}
	call.Operation = d.route.operation
	call.action = lambdaScope + ":" + call.Operation
	if d.route.action != "" {
		call.action = lambdaScope + ":" + d.route.action
	}
	c := &lambdaCall{Call: call, query: r.URL.Query(), body: body}
	if err := d.identify(c); err != nil {
		return nil, err
	}
	if err := d.access.Check(ctx, call.Principal, call.environment(), call.Needs(c.resources()...)...); err != nil {
		return nil, err
	}
	call.status = d.route.status
	out, err := d.route.do(d, ctx, c)
	if err != nil || out == nil {
		return nil, err
	}
	if raw, ok := out.(json.RawMessage); ok {
		return raw, nil
	}
	return json.Marshal(out)
}

// identify reads which function the call is about: CreateFunction says it in
// the body, lists of functions not at all.
func (d lambdaDialect) identify(c *lambdaCall) (err error) {
	text, ok := d.values["name"]
	if !ok && d.route.operation == "CreateFunction" {
		var in struct{ FunctionName string }
		if err := c.decode(&in); err != nil {
			return err
		}
		text, ok = in.FunctionName, true
	}
	if !ok {
		return nil
	}
	if c.name, c.qualifier, err = local.ParseName(c.Namespace, text); err != nil {
		return err
	}
	if q := c.query.Get("Qualifier"); q != "" && c.qualifier != "" && q != c.qualifier {
		return &local.Error{Code: local.Invalid, Message: "The derived qualifier from the function name does not match the specified qualifier."}
	} else if q != "" {
		_, c.qualifier, err = local.ParseName(c.Namespace, c.name+":"+q)
	}
	return err
}

// resources are what permissions are asked for: the function, as it was
// qualified.
func (c *lambdaCall) resources() []string {
	if c.name == "" {
		return nil
	}
	arn := c.functionARN(c.name)
	if c.qualifier != "" {
		arn += ":" + c.qualifier
	}
	return []string{arn}
}

func (c *lambdaCall) functionARN(name string) string {
	return "arn:aws:lambda:" + c.Namespace.Region + ":" + c.Namespace.Account + ":function:" + name
}

// decode reads the body, which may be empty.
func (c *lambdaCall) decode(in any) error {
	if len(bytes.TrimSpace(c.body)) == 0 {
		return nil
	}
	if err := json.Unmarshal(c.body, in); err != nil {
		return &fault{serialization, "The request body cannot be read: " + err.Error()}
	}
	return nil
}

// lambdaStatus is the HTTP status of an error.
func lambdaStatus(code string) int {
	switch code {
	case local.NotFound:
		return http.StatusNotFound
	case local.Conflict:
		return http.StatusConflict
	case local.Stale:
		return http.StatusPreconditionFailed
	case local.Throttled:
		return http.StatusTooManyRequests
	case local.TooLarge:
		return http.StatusRequestEntityTooLarge
	}
	return http.StatusBadRequest
}

// errNoCapacity is what the real service says of an alias without provisioned
// capacity.
var errNoCapacity = &local.Error{
	Code: "ProvisionedConcurrencyConfigNotFoundException", Message: "No Provisioned Concurrency Config found for this function",
}

func (lambdaDialect) failure(err error, _ string) response {
	var e *local.Error
	if errors.As(err, &e) {
		if e == errNoCapacity {
			return lambdaError(http.StatusNotFound, e.Code, e.Message)
		}
		return lambdaError(lambdaStatus(e.Code), e.Code, e.Message)
	}
	var f *fault
	if !errors.As(err, &f) {
		f = errInternal
	}
	code, status := f.kind.lambda()
	return lambdaError(status, code, f.message)
}

// lambda is what a fault is called by Lambda.
func (k faultKind) lambda() (code string, status int) {
	names := k.names()
	switch k {
	case missingToken, incompleteSignature, invalidSignature, unknownKey, expiredToken, accessDenied:
		return names.json, http.StatusForbidden
	case unknownOperation:
		return names.json, http.StatusNotFound
	case tooLarge:
		return local.TooLarge, http.StatusRequestEntityTooLarge
	case throttled:
		return local.Throttled, http.StatusTooManyRequests
	case internalFailure:
		return "ServiceException", http.StatusInternalServerError
	case serialization, tooSlow, overloaded:
	}
	return names.json, names.jsonStatus
}

func lambdaError(status int, code, message string) response {
	blame := "User"
	if status >= http.StatusInternalServerError {
		blame = "Service"
	}
	body, _ := json.Marshal(struct{ Type, Message string }{blame, message}) // two strings always marshal
	return response{status: status, code: code, body: body, header: http.Header{"X-Amzn-Errortype": {code}}}
}

// lambdaParameters is what the audit keeps of a body: neither code nor the
// values of environment variables, which are secrets more often than not.
func lambdaParameters(body []byte) json.RawMessage {
	members := map[string]any{}
	if json.Unmarshal(body, &members) != nil {
		return nil
	}
	hide := func(in map[string]any, name string) {
		for n := range in {
			if strings.EqualFold(n, name) { // as they are decoded
				in[n] = "[removed]"
			}
		}
	}
	hide(members, "ZipFile")
	hide(members, "Environment")
	for name, v := range members {
		if code, ok := v.(map[string]any); ok && strings.EqualFold(name, "Code") {
			hide(code, "ZipFile")
		}
	}
	text, err := json.Marshal(members)
	if err != nil {
		return nil
	}
	return audit.JSONParameters(text)
}
