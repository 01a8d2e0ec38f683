package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/wire"
)

// jsonDialect is AWS JSON for one request: the target header names the
// service and the operation.
type jsonDialect struct {
	access    *Access
	service   *Service // nil when the target names none of ours
	operation string
}

func (s *Server) jsonDialect(r *http.Request) jsonDialect {
	prefix, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	p := jsonDialect{access: s.config.Access, operation: operation}
	for i, service := range s.config.Services {
		if slices.Contains(service.Prefixes, prefix) {
			p.service = &s.config.Services[i]
		}
	}
	return p
}

func (jsonDialect) maxBody() int64 { return maxBody }

func (p jsonDialect) contentType() string {
	if p.hasForms() {
		return "application/x-amz-json-1.0"
	}
	return wire.ContentType
}

// hasForms reports whether the service is one that forms were sent to before
// JSON was.
func (p jsonDialect) hasForms() bool { return p.service != nil && p.service.XMLNamespace != "" }

func (p jsonDialect) accepts(service string) bool {
	if p.service == nil {
		return true // so that an unknown target is called that
	}
	_, ok := p.service.Scopes[service]
	return ok
}

func (p jsonDialect) invoke(ctx context.Context, call *Call, _ *http.Request, body []byte) ([]byte, error) {
	out, err := p.perform(ctx, call, body)
	if err != nil || out == nil {
		return nil, err
	}
	return wire.Encode(out)
}

// perform performs the operation and returns its output, nil if it has none.
func (p jsonDialect) perform(ctx context.Context, call *Call, body []byte) (any, error) {
	if p.service == nil {
		return nil, &fault{kind: unknownOperation}
	}
	op, ok := p.service.Operations[p.operation]
	if !ok {
		return nil, &fault{kind: unknownOperation}
	}
	call.Operation = p.operation
	if prefix := p.service.Scopes[call.Service]; prefix != "" {
		call.action = prefix + ":" + p.operation
	}
	return op.perform(ctx, p.access, call, body)
}

func (p jsonDialect) failure(err error, _ string) response {
	code, message, status, queryCode := p.describe(err)
	body, _ := json.Marshal(struct { // two strings always marshal
		Type    string `json:"__type"`
		Message string `json:"message"`
	}{code, message})
	return response{status: status, code: code, body: body, queryError: queryCode}
}

// describe names an error. queryCode is empty for services without forms.
func (p jsonDialect) describe(err error) (code, message string, status int, queryCode string) {
	var domain *deploy.Error
	var f *fault
	switch {
	case errors.As(err, &domain) && p.hasForms():
		shape := p.service.fault(domain.Code)
		return shape.Name, domain.Message, shape.Status, domain.Code
	case errors.As(err, &domain):
		return domain.Code, domain.Message, http.StatusBadRequest, ""
	case !errors.As(err, &f):
		f = errInternal
	}
	if p.service != nil && p.service.RepeatsThrottling && (f.kind == internalFailure || f.kind == overloaded) {
		f = errRate
	}
	names := f.kind.names()
	if p.hasForms() {
		queryCode = names.query
	}
	return names.json, f.message, names.jsonStatus, queryCode
}
