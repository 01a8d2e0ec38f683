package api

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/iam"
	"github.com/slipwayhq/slipway/internal/sigv4"
)

// maxBody bounds what is read of a request; only S3 and Lambda have larger ones.
const maxBody = 4 << 20

// A region is an opaque name, but it becomes part of ARNs: it must not be able
// to hold more of one.
var regionPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// authenticate completes the call with who makes it and returns the body. The
// key is looked up before the body is read, so that strangers cannot make the
// server read much.
func (s *Server) authenticate(w http.ResponseWriter, r *http.Request, call *Call, p dialect) ([]byte, error) {
	a, err := sigv4.Parse(r)
	if err != nil {
		return nil, signatureFault(err)
	}
	principal, secret, err := s.config.Access.Credential(r.Context(), a.AccessKeyID, a.SessionToken, call.Now)
	switch {
	case errors.Is(err, iam.ErrNotFound), errors.Is(err, iam.ErrInvalidToken):
		return nil, errUnknownKey
	case errors.Is(err, iam.ErrExpiredToken):
		return nil, errExpiredToken
	case err != nil:
		return nil, fmt.Errorf("cannot look up the access key: %w", err)
	}
	body, err := readBody(w, r, p.maxBody())
	if err != nil {
		return nil, err
	}
	if err := a.VerifyHash(r, string(secret), sigv4.HashPayload(body), call.Now); err != nil {
		return nil, signatureFault(err)
	}
	if !p.accepts(a.Service) || !regionPattern.MatchString(a.Region) {
		return nil, &fault{invalidSignature, "Credential should be scoped to a valid region and to the correct service."}
	}
	call.Principal = principal
	call.Namespace = deploy.Namespace{Account: principal.AccountID, Region: a.Region}
	call.Service = a.Service
	return body, nil
}

func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	large := &fault{tooLarge, fmt.Sprintf("The request must be smaller than %d bytes.", limit)}
	if r.ContentLength > limit {
		w.Header().Set("Connection", "close") // rather than read the rest to keep it
		return nil, large
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var tooLong *http.MaxBytesError
	switch {
	case err == nil:
		return body, nil
	case errors.As(err, &tooLong):
		return nil, large
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, &fault{tooSlow, "The request was not received in time."}
	}
	return nil, &fault{serialization, "The request body could not be read."}
}

// environment is what conditions can ask of any call.
func (c *Call) environment() iam.Environment {
	return iam.Environment{Time: c.Now, SourceIP: c.SourceIP, Secure: c.Secure, UserAgent: c.Header.Get("User-Agent")}
}

// Environment is what conditions can ask of a request that is not this
// package's to answer.
func Environment(r *http.Request, now time.Time) iam.Environment {
	return iam.Environment{Time: now, SourceIP: host(r.RemoteAddr), Secure: r.TLS != nil, UserAgent: r.UserAgent()}
}
