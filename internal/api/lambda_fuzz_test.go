package api

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// FuzzLambdaRoute: a path means an operation only if it has the form of one,
// and never breaks anything.
func FuzzLambdaRoute(f *testing.F) {
	f.Add("GET", "/2015-03-31/functions/")
	f.Add("PUT", "/2015-03-31/functions/arn%3Aaws%3Alambda%3Ax%3A1%3Afunction%3Afn/aliases/live")
	f.Add("POST", "/2015-03-31/functions/%2e%2e/invocations")
	f.Add("GET", "/20%zz//")
	f.Fuzz(func(t *testing.T, method, path string) {
		u, err := url.ParseRequestURI(path)
		if err != nil {
			return
		}
		route, values := lambdaRouteOf(&http.Request{Method: method, URL: u})
		if route == nil {
			return
		}
		if method != route.method || strings.Count(route.path, "{") != len(values) {
			t.Errorf("%s %s is %s with %v", method, path, route.operation, values)
		}
		for name, v := range values {
			if v == "" {
				t.Errorf("%s of %s is empty", name, path)
			}
		}
	})
}

// FuzzLambdaParameters: what the audit keeps is JSON, and holds no code.
func FuzzLambdaParameters(f *testing.F) {
	f.Add([]byte(`{"Code":{"ZipFile":"Y29kZQ=="},"Environment":{"Variables":{"A":"b"}}}`))
	f.Add([]byte(`{"zipfile":"Y29kZQ==","code":{"ZIPFILE":1}}`))
	f.Add([]byte(`[1]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		kept := lambdaParameters(body)
		if kept == nil {
			return
		}
		var members struct {
			ZipFile, Environment any
			Code                 any
		}
		if !json.Valid(kept) {
			t.Fatalf("%s", kept)
		}
		if json.Unmarshal(kept, &members) != nil {
			return // too large to keep
		}
		for _, v := range []any{members.ZipFile, members.Environment} {
			if v != nil && v != "[removed]" {
				t.Errorf("%s is kept of %s", kept, body)
			}
		}
	})
}
