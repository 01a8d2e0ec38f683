package objectstore

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/slipwayhq/slipway/internal/sigv4"
)

// Access is what the server tells the store about callers.
type Access interface {
	// Credential returns the secret of an access key, and whom it belongs to,
	// in a form that only Allow needs to understand. Its errors are
	// ErrUnknownKey, ErrInvalidToken, ErrExpiredToken, or failures.
	Credential(ctx context.Context, accessKeyID, sessionToken string) (secret string, principal any, err error)
	// Allow says whether the principal may do an S3 action ("s3:GetObject") on
	// a resource ("arn:aws:s3:::bucket/key"). The text of its error is shown.
	Allow(ctx context.Context, principal any, action, resource string) error
}

// The refusals of a credential.
var (
	ErrUnknownKey   = errors.New("unknown access key")
	ErrInvalidToken = errors.New("invalid session token")
	ErrExpiredToken = errors.New("expired session token")
)

type handler struct {
	store   *Store
	access  Access
	audit   func(context.Context, Change) error // nil: none is kept
	domains []string
}

// Handler serves the store as S3. A bucket may be named by the first folder
// of the path, or by the first label of a host name below one of the domains
// or localhost. The handler wants requests as they came: no prefix stripped,
// no path cleaned, so http.ServeMux must not stand before it.
func (s *Store) Handler(access Access, domains []string) http.Handler {
	h := &handler{store: s, access: access, audit: s.opts.Audit, domains: []string{"localhost"}}
	for _, d := range domains {
		h.domains = append(h.domains, strings.ToLower(strings.Trim(d, ".")))
	}
	return h
}

// call is one request on its way through the handler.
type call struct {
	*handler
	w         http.ResponseWriter
	r         *http.Request
	id        string
	bucket    string
	key       string
	query     url.Values
	auth      *sigv4.Authorization
	secret    string
	principal any
	refused   *Error // what the answer says went wrong
	change    Change // what the audit is told, as far as it is known
}

func (c *call) ctx() context.Context { return c.r.Context() }

// ServeHTTP implements http.Handler.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{handler: h, w: w, r: r, id: strings.ToUpper(newID()[:16])}
	w.Header().Set("X-Amz-Request-Id", c.id)
	w.Header().Set("X-Amz-Id-2", c.id)
	w.Header().Set("Server", "Slipway")
	if err := c.serve(); err != nil {
		c.fail(err)
	}
}

func (c *call) serve() error {
	c.query = c.r.URL.Query()
	c.bucket, c.key = c.address()
	if err := c.authenticate(); err != nil {
		return err
	}
	op, err := route(c)
	if err != nil {
		return err
	}
	c.audited(op)
	if op.action != "" {
		action := op.action
		if a, ok := versionActions[action]; ok && c.query.Get("versionId") != "" {
			action = a
		}
		if err := c.allow(action, c.bucket, c.key); err != nil {
			return err
		}
	}
	return op.serve(c)
}

func (c *call) authenticate() error {
	auth, verify, err := c.claims()
	if err != nil {
		return signatureError(err)
	}
	if auth.Service != "s3" {
		return fail("AuthorizationHeaderMalformed", "The authorization header is malformed; incorrect service %q. This endpoint belongs to \"s3\".", auth.Service)
	}
	secret, principal, err := c.access.Credential(c.ctx(), auth.AccessKeyID, auth.SessionToken)
	switch {
	case errors.Is(err, ErrUnknownKey):
		return fail("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.").
			with("AWSAccessKeyId", auth.AccessKeyID)
	case errors.Is(err, ErrInvalidToken):
		return fail("InvalidToken", "The provided token is malformed or otherwise invalid.")
	case errors.Is(err, ErrExpiredToken):
		return fail("ExpiredToken", "The provided token has expired.")
	case err != nil:
		return err
	}
	if err := verify(secret); err != nil {
		return signatureError(err)
	}
	c.auth, c.secret, c.principal = auth, secret, principal
	if auth.Presigned {
		c.promoteQuery()
	}
	return nil
}

// claims is what the request says of its signature, and how to verify it.
func (c *call) claims() (auth *sigv4.Authorization, verify func(secret string) error, err error) {
	if c.presignedV2() {
		return c.parseV2(), c.verifyV2, nil
	}
	auth, err = sigv4.Parse(c.r)
	return auth, func(secret string) error { return auth.Verify(c.r, secret, c.store.opts.Now()) }, err
}

// promoteQuery makes headers of the x-amz-* parameters that a presigned URL
// carries instead of them.
func (c *call) promoteQuery() {
	for name, values := range c.query {
		if strings.HasPrefix(strings.ToLower(name), "x-amz-") && c.r.Header.Get(name) == "" && len(values) == 1 {
			c.r.Header.Set(name, values[0])
		}
	}
}

// allow asks for one action, on a key, on a bucket, or on everything.
func (c *call) allow(action, bucket, key string) error {
	resource := "arn:aws:s3:::" + bucket
	if key != "" {
		resource += "/" + key
	}
	if bucket == "" {
		resource = "*"
	}
	if err := c.access.Allow(c.ctx(), c.principal, action, resource); err != nil {
		return fail("AccessDenied", "%s", err.Error())
	}
	return nil
}

// body is the content that the client sent, held to its signature.
func (c *call) body() (*sigv4.Body, error) {
	b, err := c.auth.BodyReader(c.r, c.secret)
	if err != nil {
		return nil, signatureError(err)
	}
	if b.Size() > c.store.opts.MaxObjectSize {
		return nil, errTooLarge(c.store.opts.MaxObjectSize)
	}
	return b, nil
}

func (c *call) fail(err error) {
	var refused *Error
	if !errors.As(signatureError(err), &refused) {
		if c.ctx().Err() == nil {
			slog.ErrorContext(c.ctx(), "object store request failed", "method", c.r.Method, "bucket", c.bucket, "key", c.key, "error", err)
		}
		refused = errInternal()
	}
	c.refused = refused
	c.writeError(refused)
}
