package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/iam"
)

// Call is what a handler knows about a request besides its input. The caller
// has been authenticated and may perform the operation.
type Call struct {
	Principal iam.Principal
	Namespace deploy.Namespace
	Service   string // that the request is signed for
	Operation string
	SourceIP  string
	Secure    bool        // it came by TLS
	Header    http.Header // for what clients add, such as the agent's version
	RequestID string
	Now       time.Time // when the request arrived

	action string // the IAM action, "" where none is needed

	// What the operation answers besides the body, if it is anything else
	// than 200 without a header of its own.
	status int
	answer http.Header
}

// dialect is a way to say operations, inputs, outputs and errors in HTTP.
type dialect interface {
	contentType() string
	// accepts reports whether a signature for the service is good here.
	accepts(service string) bool
	// maxBody is how many bytes of a request are read.
	maxBody() int64
	// invoke performs the operation that the request names and returns the
	// body of the answer.
	invoke(ctx context.Context, call *Call, r *http.Request, body []byte) ([]byte, error)
	// failure renders an error. One that is not meant for callers becomes
	// errInternal.
	failure(err error, requestID string) response
}

type response struct {
	status int
	code   string // of an error
	header http.Header
	body   []byte

	// queryError is the code that the query protocol has for the error, where
	// clients that once spoke it know errors by that.
	queryError string
}

// serveAPI is the frame around every call: what comes in is one request, what
// goes out is one response and one line in the log.
func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request, p dialect) {
	call := &Call{
		SourceIP:  host(r.RemoteAddr),
		Secure:    r.TLS != nil,
		Header:    r.Header,
		RequestID: deploy.NewUUID(),
		Now:       s.config.Now(),
	}
	var out response
	var err error
	if out.body, err = s.answer(w, r, call, p); err != nil {
		out = p.failure(err, call.RequestID)
		s.logFailure(r, call, out, err)
	} else {
		out.status, out.header = cmp.Or(call.status, http.StatusOK), call.answer
	}
	h := w.Header()
	maps.Copy(h, out.header)
	h.Set("Content-Type", p.contentType())
	h.Set("Content-Length", strconv.Itoa(len(out.body)))
	h.Set("X-Amzn-Requestid", call.RequestID)
	if out.queryError != "" {
		h.Set("X-Amzn-Query-Error", out.queryError+";"+blame(out.status))
	}
	w.WriteHeader(out.status)
	_, _ = w.Write(out.body) // a client that is gone hears nothing
	s.logCall(r, call, out)
}

// answer performs the call. A panic ends the call, not the server.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, call *Call, p dialect) (body []byte, err error) {
	defer func() {
		if v := recover(); v != nil {
			body, err = nil, fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	operation := operationName(r)
	leave, err := s.throttle.enter(operation)
	if err != nil {
		return nil, err
	}
	defer leave()
	request, err := s.authenticate(w, r, call, p)
	if err != nil {
		return nil, err
	}
	if err := s.throttle.take(call.Principal.ARN, operation, call.Now); err != nil {
		return nil, err
	}
	ctx, save := s.audited(r.Context(), r, call, request)
	body, err = p.invoke(ctx, call, r, request)
	return body, errors.Join(err, save(err))
}

// logFailure reports what the caller is not told. A caller that hung up, as
// agents do to a long poll, is no failure.
func (s *Server) logFailure(r *http.Request, call *Call, out response, err error) {
	if (out.status < http.StatusInternalServerError && !hidden(err)) || r.Context().Err() != nil {
		return
	}
	if errors.Is(err, errOverload) {
		if refused := s.throttle.refusedSince(call.Now); refused > 0 {
			s.config.Log.WarnContext(r.Context(), "there are more requests than may be worked on at one time", "refused", refused)
		}
		return
	}
	s.config.Log.ErrorContext(r.Context(), "request failed",
		"request_id", call.RequestID, "operation", call.Operation, "error", err)
}

// hidden reports whether err is the server's own trouble, which callers are
// told nothing of.
func hidden(err error) bool {
	var domain *deploy.Error
	var f *fault
	return !errors.As(err, &domain) && !errors.As(err, &f)
}

func (s *Server) logCall(r *http.Request, call *Call, out response) {
	if !s.config.Log.Enabled(r.Context(), slog.LevelDebug) {
		return
	}
	s.config.Log.DebugContext(r.Context(), "request",
		"request_id", call.RequestID, "principal", call.Principal.ARN, "source", call.SourceIP,
		"service", call.Service, "operation", call.Operation,
		"status", out.status, "code", out.code, "duration", s.config.Now().Sub(call.Now))
}

func host(address string) string {
	if h, _, err := net.SplitHostPort(address); err == nil {
		return h
	}
	return address
}
