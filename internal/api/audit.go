package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/slipwayhq/slipway/internal/audit"
	"github.com/slipwayhq/slipway/internal/deploy"
	hostproto "github.com/slipwayhq/slipway/internal/protocol"
	"github.com/slipwayhq/slipway/internal/provider/function/local"
)

// audited starts the record of a call that may change something. What hosts
// report is no such call: it is kept with the targets of its deployment. The
// record is saved by the transaction that makes the change; save adds it when
// there was none, because the call failed or changed nothing.
func (s *Server) audited(ctx context.Context, r *http.Request, call *Call, body []byte) (_ context.Context, save func(error) error) {
	none := func(error) error { return nil }
	// Both prefixes begin with the shorter one, whatever service is signed for.
	hostCall := strings.HasPrefix(r.Header.Get("X-Amz-Target"), hostproto.SecureTargetPrefix)
	operation, parameters := describe(r, body)
	if s.config.Audit == nil || classOf(operation) != writes || hostCall {
		return ctx, none
	}
	carrying, pending := audit.With(ctx, audit.Record{
		At: call.Now, RequestID: call.RequestID,
		Account: call.Namespace.Account, Region: call.Namespace.Region,
		Principal: call.Principal.ARN, SourceIP: call.SourceIP, UserAgent: r.UserAgent(),
		Action: s.actionPrefix(call.Service) + ":" + operation, Parameters: parameters, Outcome: audit.Success,
	})
	return carrying, func(outcome error) error {
		record, unsaved := pending.Unsaved()
		if outcome != nil {
			record.Outcome, record.Message = outcomeOf(outcome)
		}
		if unsaved {
			return s.config.Audit(context.WithoutCancel(ctx), record)
		}
		return nil
	}
}

// actionPrefix is what the actions of a service begin with in policies: that
// is not always the name that its requests are signed for.
func (s *Server) actionPrefix(service string) string {
	for _, known := range s.config.Services {
		if prefix := known.Scopes[service]; prefix != "" {
			return prefix
		}
	}
	return service
}

// describe names what a request asks for, whichever way it says it.
func describe(r *http.Request, body []byte) (operation string, parameters json.RawMessage) {
	if isCBOR(r) {
		text, _ := jsonOfCBOR(body) // what is no CBOR leaves no parameters
		return operationName(r), audit.JSONParameters(text)
	}
	if r.Header.Get("X-Amz-Target") != "" {
		return operationName(r), audit.JSONParameters(body)
	}
	if route, _ := lambdaRouteOf(r); route != nil {
		return route.operation, lambdaParameters(body)
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return "", nil
	}
	return form.Get("Action"), audit.FormParameters(form)
}

// outcomeOf names an error as the caller sees it.
func outcomeOf(err error) (code, message string) {
	var domain *deploy.Error
	var query *queryError
	var refused *local.Error
	var f *fault
	switch {
	case errors.As(err, &domain):
		return domain.Code, domain.Message
	case errors.As(err, &query):
		return query.code, query.message
	case errors.As(err, &refused):
		return refused.Code, refused.Message
	case errors.As(err, &f):
		return f.kind.names().json, f.message
	}
	return errInternal.kind.names().json, ""
}
