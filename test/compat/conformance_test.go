package compat

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"

	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/slipwayhq/slipway/internal/wire"
)

// errorCase makes the request that an error is the answer to, and returns the
// answer.
type errorCase func(*world) error

// cases are the ways to an operation's errors, by code without "Exception".
type cases map[string]errorCase

// all makes one operation's cases of parts.
func all(parts ...cases) cases {
	m := cases{}
	for _, p := range parts {
		maps.Copy(m, p)
	}
	return m
}

// without leaves out what an operation does not declare.
func (c cases) without(names ...string) cases {
	m := maps.Clone(c)
	for _, name := range names {
		delete(m, name)
	}
	return m
}

// conformance is every operation's part of the test.
var conformance = func() map[string]cases {
	m := map[string]cases{}
	for _, part := range []map[string]cases{
		applicationCases, revisionCases, configCases, groupCases, deploymentCases, targetCases, instanceCases, tagCases, tokenCases,
	} {
		maps.Copy(m, part)
	}
	return m
}()

// impossible are the errors that no request can have as its answer here, with
// the reason.
var impossible = map[string]map[string]string{
	"BatchGetDeploymentGroups":  {"DeploymentConfigDoesNotExist": configsInUse},
	"BatchGetDeploymentTargets": {"InstanceDoesNotExist": "the deprecated name of DeploymentTargetDoesNotExist, which is sent instead"},
	"CreateDeployment": {
		"InvalidGitHubAccountToken":          "GitHub is not asked whether a token is good before the bundle is fetched",
		"InvalidTrafficRoutingConfiguration": "no load balancer service that could be unfit, and no group can have bad routes",
	},
	"CreateDeploymentGroup":       {"LifecycleHookLimitExceeded": noAutoScaling},
	"DeleteApplication":           {"InvalidRole": noHooks},
	"DeleteDeploymentGroup":       {"InvalidRole": noHooks},
	"DeleteGitHubAccountToken":    {"OperationNotSupported": hasTokens, "ResourceValidation": tokensAreText},
	"GetDeploymentConfig":         {"InvalidComputePlatform": "the request has no member that could be wrong, and every platform may be used"},
	"GetDeploymentGroup":          {"DeploymentConfigDoesNotExist": configsInUse},
	"ListDeploymentInstances":     {"InvalidTargetFilterName": "declared, but the request has no filter with a name"},
	"ListGitHubAccountTokenNames": {"OperationNotSupported": hasTokens, "ResourceValidation": tokensAreText},
	"UpdateDeploymentGroup":       {"LifecycleHookLimitExceeded": noAutoScaling},
}

const (
	configsInUse  = "a configuration that a group uses cannot be deleted"
	noAutoScaling = "no Auto Scaling service: there are no hooks to have too many of"
	noHooks       = "no Auto Scaling service: a role is not needed to remove hooks"
	hasTokens     = "GitHub tokens are supported"
	tokensAreText = "a stored token is not looked at"
)

// newer are errors that an operation declares since a version of the API that
// is newer than this SDK's, which has them of other operations only.
var newer = map[string][]string{"CreateDeployment": {"InvalidComputePlatform", "InvalidInput"}}

const suffix = "Exception"

// TestErrors gets every error that the model declares from a real request, as
// the type that the SDK has for it. An error with neither a request nor a
// reason fails, and so does a request for what is not declared.
func TestErrors(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	var shown results
	t.Run("operations", func(t *testing.T) {
		for _, name := range wire.OperationNames() {
			operation, _ := wire.Lookup(name)
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				covers(t, operation)
				for _, code := range operation.Errors {
					short := strings.TrimSuffix(code, suffix)
					request, ok := conformance[name][short]
					if !ok {
						continue
					}
					t.Run(short, func(t *testing.T) {
						t.Parallel()
						if check(t, code, request(s.world(t)), !slices.Contains(newer[name], short)) {
							shown.add(name)
						}
					})
				}
			})
		}
	})
	t.Log("\n" + table(&shown))
}

// covers fails unless the tables have each of an operation's errors once, and
// nothing else.
func covers(t *testing.T, operation wire.Operation) {
	t.Helper()
	declared := map[string]bool{}
	for _, code := range operation.Errors {
		short := strings.TrimSuffix(code, suffix)
		declared[short] = true
		_, hasCase := conformance[operation.Name][short]
		reason := impossible[operation.Name][short]
		switch {
		case hasCase && reason != "":
			t.Errorf("%s has a request and a reason why there is none", short)
		case !hasCase && reason == "":
			t.Errorf("%s has no request that it is the answer to, and no reason why there is none", short)
		}
	}
	for short := range conformance[operation.Name] {
		if !declared[short] {
			t.Errorf("%s is not declared", short)
		}
	}
	for short := range impossible[operation.Name] {
		if !declared[short] {
			t.Errorf("%s is not declared", short)
		}
	}
}

// check reports whether an answer is the error: its type where the SDK has it,
// status 400, and a text.
func check(t *testing.T, code string, err error, typed bool) bool {
	t.Helper()
	if got := codeOf(err); got != code {
		t.Errorf("answered by %s (%v), want %s", got, err, code)
		return false
	}
	if typed && !recognised(err, code) {
		t.Errorf("the SDK does not know its %s: %#v", code, err)
		return false
	}
	var response *smithyhttp.ResponseError
	if !errors.As(err, &response) || response.HTTPStatusCode() != http.StatusBadRequest {
		t.Errorf("%s is not a response with status 400: %v", code, err)
		return false
	}
	var fault interface{ ErrorMessage() string }
	if !errors.As(err, &fault) || fault.ErrorMessage() == "" {
		t.Errorf("%s has no message", code)
		return false
	}
	return true
}

// results counts the errors that were shown, by operation.
type results struct {
	mu    sync.Mutex
	count map[string]int
}

func (r *results) add(operation string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.count == nil {
		r.count = map[string]int{}
	}
	r.count[operation]++
}

func table(shown *results) string {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "operation\tdeclared\tshown\tcannot happen")
	var declared, seen, never int
	for _, name := range wire.OperationNames() {
		operation, _ := wire.Lookup(name)
		var reasons []string
		for _, short := range slices.Sorted(maps.Keys(impossible[name])) {
			reasons = append(reasons, short+": "+impossible[name][short])
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%s\n", name, len(operation.Errors), shown.count[name], strings.Join(reasons, "; "))
		declared += len(operation.Errors)
		seen += shown.count[name]
		never += len(reasons)
	}
	fmt.Fprintf(w, "all %d\t%d\t%d\t%d\n", len(wire.OperationNames()), declared, seen, never)
	_ = w.Flush() // into memory
	return text.String()
}

// TestUndeclared: no operation is in the tables that the model does not have.
func TestUndeclared(t *testing.T) {
	t.Parallel()
	for _, operation := range slices.Concat(slices.Collect(maps.Keys(conformance)), slices.Collect(maps.Keys(impossible))) {
		if _, ok := wire.Lookup(operation); !ok {
			t.Errorf("there is no operation %s", operation)
		}
	}
}
