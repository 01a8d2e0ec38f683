package api_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/slipwayhq/slipway/internal/api"
	"github.com/slipwayhq/slipway/internal/sigv4"
)

func says(text string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) })
}

func TestRoutes(t *testing.T) {
	e := newEdge(t, func(c *api.Config) {
		c.S3, c.Console, c.Metrics = says("s3"), says("console"), says("metrics")
		c.BucketHost = func(host string) bool { return strings.HasPrefix(host, "bucket.") }
		c.Ready = func(context.Context) error { return errors.New("the database is away") }
	})
	signed := func(service string) func(*http.Request) {
		return func(r *http.Request) { sigv4.Sign(r, sigv4.EmptyHash, root, region, service, time.Now()) }
	}
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	tests := []struct {
		name, method, target string
		change               func(*http.Request)
		status               int
		want                 string
	}{
		{"banner", "GET", "/", nil, 200, "Slipway: "},
		{"banner head", "HEAD", "/", nil, 200, ""},
		{"health", "GET", "/healthz", nil, 200, "ok"},
		{"ready", "GET", "/readyz", nil, 503, "unavailable"},
		{"metrics", "GET", "/metrics", nil, 200, "metrics"},
		{"console", "GET", "/console/deployments", nil, 200, "console"},
		{"console without slash", "GET", "/console", nil, 200, "console"},
		{"bucket path", "PUT", "/bucket/key", nil, 200, "s3"},
		{"bucket of that name", "GET", "/console/key", signed("s3"), 200, "s3"},
		{"list buckets", "GET", "/", signed("s3"), 200, "s3"},
		{"presigned", "GET", "/?X-Amz-Signature=x", nil, 200, "s3"},
		{"virtual host", "GET", "/", func(r *http.Request) { r.Host = "bucket.localhost" }, 200, "s3"},
		{"other method", "DELETE", "/", nil, 200, "s3"},
		{"json", "POST", "/", header("X-Amz-Target", "CodeDeploy_20141006.GetApplication"), 400, "MissingAuthenticationTokenException"},
		{"neither", "POST", "/", nil, 400, "MissingAuthenticationTokenException"},
		{"form", "POST", "/", header("Content-Type", "application/x-www-form-urlencoded"), 403, "<Code>MissingAuthenticationToken</Code>"},
		{"query", "GET", "/?Action=GetCallerIdentity&Version=2011-06-15", signed("sts"), 200, "<Arn>arn:aws:iam::000000000000:root</Arn>"},
	}
	for _, tt := range tests {
		r, err := http.NewRequest(tt.method, e.URL+tt.target, nil)
		if err != nil {
			t.Fatal(err)
		}
		if tt.change != nil {
			tt.change(r)
		}
		if got := send(t, r); got.status != tt.status || !strings.Contains(got.body, tt.want) {
			t.Errorf("%s: %d %q, want %d %q", tt.name, got.status, got.body, tt.status, tt.want)
		}
	}
	if strings.Contains(e.log.String(), "msg=\"request failed\"") {
		t.Error(e.log.String())
	}
}

func TestRoutesWithoutHandlers(t *testing.T) {
	e := newEdge(t)
	for _, path := range []string{"/console/", "/metrics", "/bucket/key"} {
		r, _ := http.NewRequest(http.MethodGet, e.URL+path, nil)
		if got := send(t, r); got.status != 404 {
			t.Errorf("%s: %v", path, got)
		}
	}
}
