package awslambda_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/provider/amazon"
	"github.com/slipwayhq/slipway/internal/provider/function"
	"github.com/slipwayhq/slipway/internal/provider/function/awslambda"
)

// answer is what a Lambda answers to one request.
type answer struct {
	status int
	code   string // of an error
	body   string
	header http.Header
}

// service is a driver with a Lambda behind it that answers each request alike,
// and notes them.
func service(t *testing.T, wait bool, a answer) (*awslambda.Functions, *[]string) {
	t.Helper()
	var requests []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		requests = append(requests, strings.TrimSpace(fmt.Sprintf("%s %s %s %s", r.Method, r.URL.RequestURI(), r.Header.Get("X-Amz-Invocation-Type"), body)))
		for name, values := range a.header {
			w.Header()[name] = values
		}
		if a.code != "" {
			w.Header().Set("X-Amzn-Errortype", a.code)
			a.body = `{"Message":"because"}`
		}
		w.WriteHeader(a.status)
		io.WriteString(w, a.body) //nolint:errcheck // the client sees it
	}))
	t.Cleanup(server.Close)
	c := aws.Config{
		Credentials:  credentials.NewStaticCredentialsProvider("AKIAEXAMPLE", "s3cret", ""),
		Retryer:      func() aws.Retryer { return aws.NopRetryer{} },
		BaseEndpoint: &server.URL,
	}
	return awslambda.New(amazon.New(c, "", false), wait), &requests
}

var scope = function.Scope{Namespace: deploy.Namespace{Account: "111122223333", Region: "eu-west-1"}}

// TestAlias: what is asked of an alias, and what its answers mean.
func TestAlias(t *testing.T) {
	t.Parallel()
	f, requests := service(t, false, answer{status: 200, body: `{"FunctionVersion":"4","RevisionId":"r1","RoutingConfig":{"AdditionalVersionWeights":{"5":0.1,"6":0}}}`})
	got, err := f.Alias(t.Context(), scope, "orders", "live")
	if err != nil {
		t.Fatal(err)
	}
	want := function.Alias{Version: "4", RevisionID: "r1", Weights: map[string]float64{"5": 0.1}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"GET /2015-03-31/functions/orders/aliases/live"}, *requests); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestUpdateAlias: version and weights are always sent both, or the other one
// would keep its old value.
func TestUpdateAlias(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		state function.Alias
		want  string
	}{
		"weighted": {
			function.Alias{Version: "4", RevisionID: "r1", Weights: map[string]float64{"5": 0.25}},
			`{"FunctionVersion":"4","RevisionId":"r1","RoutingConfig":{"AdditionalVersionWeights":{"5":0.25}}}`,
		},
		"all at once": {
			function.Alias{Version: "5", RevisionID: "r2"},
			`{"FunctionVersion":"5","RevisionId":"r2","RoutingConfig":{"AdditionalVersionWeights":{}}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, requests := service(t, false, answer{status: 200, body: `{"RevisionId":"r3"}`})
			id, err := f.UpdateAlias(t.Context(), scope, "orders", "live", c.state)
			if err != nil || id != "r3" {
				t.Fatal(id, err)
			}
			_, body, _ := strings.Cut((*requests)[0], "live")
			var got, want any
			if err := errors.Join(json.Unmarshal([]byte(body), &got), json.Unmarshal([]byte(c.want), &want)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestFailures: what Lambda's errors mean to a deployment. What is none of
// these may pass.
func TestFailures(t *testing.T) {
	t.Parallel()
	all := []error{function.ErrNotFound, function.ErrConflict, function.ErrInvalid, function.ErrDenied, function.ErrThrottled}
	for code, c := range map[string]struct {
		status int
		want   error
	}{
		"ResourceNotFoundException":      {404, function.ErrNotFound},
		"PreconditionFailedException":    {412, function.ErrConflict},
		"InvalidParameterValueException": {400, function.ErrInvalid},
		"AccessDeniedException":          {403, function.ErrDenied},
		"UnrecognizedClientException":    {403, function.ErrDenied},
		"TooManyRequestsException":       {429, function.ErrThrottled},
		"ResourceConflictException":      {409, nil},
		"ServiceException":               {500, nil},
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			f, _ := service(t, false, answer{status: c.status, code: code})
			_, err := f.UpdateAlias(t.Context(), scope, "orders", "live", function.Alias{Version: "5"})
			if err == nil {
				t.Fatal("no error")
			}
			for _, kind := range all {
				if errors.Is(err, kind) != (kind == c.want) { //nolint:errorlint // the table's own
					t.Errorf("%v is %v: %v", err, kind, errors.Is(err, kind))
				}
			}
		})
	}
}

// TestVersion: a version that may not be looked at is taken to be there; the
// shift will say.
func TestVersion(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]error{"": nil, "AccessDeniedException": nil, "ResourceNotFoundException": function.ErrNotFound} {
		a := answer{status: 200, body: "{}"}
		if code != "" {
			a = answer{status: 403, code: code}
		}
		f, _ := service(t, false, a)
		if err := f.Version(t.Context(), scope, "orders", "5"); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", code, err, want)
		}
	}
}

// TestCapacity: provisioned capacity that is there, is not yet, is not wanted,
// and has failed.
func TestCapacity(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer answer
		ready  bool
		err    error
	}{
		"ready":       {answer{status: 200, body: `{"Status":"READY"}`}, true, nil},
		"in progress": {answer{status: 200, body: `{"Status":"IN_PROGRESS"}`}, false, nil},
		"failed":      {answer{status: 200, body: `{"Status":"FAILED","StatusReason":"none left"}`}, false, function.ErrInvalid},
		"none":        {answer{status: 404, code: "ProvisionedConcurrencyConfigNotFoundException"}, true, nil},
		"unknown":     {answer{status: 404, code: "ResourceNotFoundException"}, true, nil},
		"no such API": {answer{status: 404, body: "<!doctype html><title>404 Not Found</title>"}, true, nil},
		"denied":      {answer{status: 403, code: "AccessDeniedException"}, false, function.ErrDenied},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, _ := service(t, false, c.answer)
			ready, err := f.Capacity(t.Context(), scope, "orders", "live")
			if ready != c.ready || !errors.Is(err, c.err) {
				t.Errorf("%v %v, want %v %v", ready, err, c.ready, c.err)
			}
		})
	}
}

// TestInvoke: a hook is not waited for, unless the driver is told to; then how
// it ends is its answer.
func TestInvoke(t *testing.T) {
	t.Parallel()
	failed := answer{status: 200, body: `{"errorMessage":"no"}`, header: http.Header{"X-Amz-Function-Error": {"Unhandled"}}}
	for name, c := range map[string]struct {
		wait    bool
		answer  answer
		want    function.Answer
		request string
	}{
		"calls back": {false, answer{status: 202}, function.Answer{}, "Event"},
		"succeeded":  {true, answer{status: 200, body: "null"}, function.Answer{Status: deploy.EventSucceeded}, "RequestResponse"},
		"failed": {
			true, failed,
			function.Answer{Status: deploy.EventFailed, Message: `Unhandled: {"errorMessage":"no"}`},
			"RequestResponse",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, requests := service(t, c.wait, c.answer)
			got, err := f.Invoke(t.Context(), scope, "check", []byte(`{"a":1}`))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if want := "POST /2015-03-31/functions/check/invocations " + c.request + ` {"a":1}`; (*requests)[0] != want {
				t.Errorf("asked %s, want %s", (*requests)[0], want)
			}
		})
	}
}
