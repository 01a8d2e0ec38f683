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

// jsonDialect is AWS JSON 1.1 for one request: the target header names the
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

func (jsonDialect) contentType() string { return wire.ContentType }

func (p jsonDialect) accepts(service string) bool {
	if p.service == nil {
		return true // so that an unknown target is called that
	}
	_, ok := p.service.Scopes[service]
	return ok
}

func (p jsonDialect) invoke(ctx context.Context, call *Call, _ *http.Request, body []byte) ([]byte, error) {
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

func (jsonDialect) failure(err error, _ string) response {
	var domain *deploy.Error
	if errors.As(err, &domain) {
		return jsonError(http.StatusBadRequest, domain.Code, domain.Message)
	}
	var f *fault
	if !errors.As(err, &f) {
		f = errInternal
	}
	names := f.kind.names()
	return jsonError(names.jsonStatus, names.json, f.message)
}

func jsonError(status int, code, message string) response {
	body, _ := json.Marshal(struct { // two strings always marshal
		Type    string `json:"__type"`
		Message string `json:"message"`
	}{code, message})
	return response{status: status, code: code, body: body}
}
