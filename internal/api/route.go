package api

import (
	"context"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/slipwayhq/slipway/internal/sigv4"
)

const banner = "Slipway: a server for the AWS CodeDeploy API\n"

// ServeHTTP finds out who is meant. What is signed for S3 is S3's, whatever
// its path: a bucket may be called "console". So is what is signed for Lambda. Unsigned requests are told apart
// by path.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	scope := claimedService(r)
	switch path := r.URL.Path; {
	case scope == "s3":
		serveOr404(s.config.S3, w, r)
	case scope == lambdaScope:
		s.serveAPI(w, r, s.lambdaDialect(r))
	case isCBOR(r):
		w.Header().Set(protocolHeader, cborProtocol)
		s.serveAPI(w, r, s.cborDialect(r))
	case path == "/healthz":
		probe(w, r, s.config.Healthy)
	case path == "/readyz":
		probe(w, r, s.config.Ready)
	case path == "/metrics":
		serveOr404(s.config.Metrics, w, r)
	case path == "/install" && r.URL.RawQuery == "" && scope == "" && r.Method == http.MethodGet && s.config.Installer != nil:
		s.config.Installer.ServeHTTP(w, r)
	case path == "/console" || strings.HasPrefix(path, "/console/"):
		serveOr404(s.config.Console, w, r)
	case s.config.BucketHost != nil && s.config.BucketHost(r.Host), path != "/":
		serveOr404(s.config.S3, w, r)
	case r.Method == http.MethodPost && !isQuery(r):
		s.serveAPI(w, r, s.jsonDialect(r))
	case isQuery(r):
		s.serveAPI(w, r, s.query)
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		// The official agents refuse to start before a GET was answered.
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, banner)
	default:
		serveOr404(s.config.S3, w, r)
	}
}

// claimedService is the service a request is signed for, not yet verified.
// What carries a presigned URL's parameters but can't be parsed is for S3 to
// refuse, because nothing else is used that way.
func claimedService(r *http.Request) string {
	a, err := sigv4.Parse(r)
	if err == nil {
		return a.Service
	}
	if query := r.URL.RawQuery; strings.Contains(query, "X-Amz-Signature=") {
		return "s3"
	}
	return ""
}

// isQuery recognises the form-encoded protocol.
func isQuery(r *http.Request) bool {
	if r.Header.Get("X-Amz-Target") != "" {
		return false // JSON, which ignores the query string
	}
	if r.URL.RawQuery != "" && r.URL.Query().Has("Action") {
		return true
	}
	if r.Method != http.MethodPost {
		return false
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return kind == "application/x-www-form-urlencoded"
}

func serveOr404(h http.Handler, w http.ResponseWriter, r *http.Request) {
	if h == nil {
		http.NotFound(w, r)
		return
	}
	h.ServeHTTP(w, r)
}

func probe(w http.ResponseWriter, r *http.Request, check func(context.Context) error) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if check != nil {
		if err := check(r.Context()); err != nil {
			// The cause is for the log of whoever checks, not for strangers.
			http.Error(w, "unavailable", http.StatusServiceUnavailable)
			return
		}
	}
	_, _ = io.WriteString(w, "ok\n")
}
