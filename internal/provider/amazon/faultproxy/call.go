package faultproxy

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// The services that are told apart.
const (
	ecs    = "ecs"
	elb    = "elasticloadbalancing"
	lambda = "lambda"
)

// Call is a request to one of the services.
type Call struct {
	Service   string
	Operation string // as in UpdateAlias
	// Object is what the call is about, and Change what that is to become,
	// both with the names that the test gave to things.
	Object, Change string
	Writes         bool  // it changes something, or invokes a function
	Fault          Fault // that befell it
	Status         int   // HTTP status of the answer; 0: it was not carried out

	same string // what makes a repeated call the same one
}

// String returns the call as in "ModifyListener prod blue=90 green=10".
func (c Call) String() string {
	return strings.Join(slices.DeleteFunc([]string{c.Operation, c.Object, c.Change}, func(s string) bool { return s == "" }), " ")
}

// parse finds out what a request asks for. (Of the three services one has JSON
// with a header, one forms, and one paths.)
func parse(r *http.Request, body []byte, name func(string) string) (Call, error) {
	if _, operation, ok := strings.Cut(r.Header.Get("X-Amz-Target"), "."); ok {
		return parseECS(operation, body, name)
	}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		form, err := url.ParseQuery(string(body))
		return parseELB(form, name), err
	}
	return parseLambda(r, body, name)
}

// parseECS reads a call of ECS.
func parseECS(operation string, body []byte, name func(string) string) (Call, error) {
	var in struct {
		TaskSet, PrimaryTaskSet, TaskDefinition string
		LoadBalancers                           []struct{ TargetGroupArn string }
		Scale                                   struct{ Value float64 }
	}
	c := Call{Service: ecs, Operation: operation}
	err := json.Unmarshal(body, &in)
	switch operation {
	case "CreateTaskSet":
		c.Writes, c.Object = true, name(in.TaskDefinition)
		c.Change = fmt.Sprintf("at %v%%", in.Scale.Value)
		for _, b := range in.LoadBalancers {
			c.Change += " behind " + name(b.TargetGroupArn)
		}
	case "UpdateServicePrimaryTaskSet":
		c.Writes, c.Change = true, name(in.PrimaryTaskSet)
	case "DeleteTaskSet":
		c.Writes, c.Object = true, name(in.TaskSet)
	}
	return c, err
}

// parseELB reads a call of Elastic Load Balancing.
func parseELB(form url.Values, name func(string) string) Call {
	c := Call{Service: elb, Operation: form.Get("Action")}
	switch c.Operation {
	case "ModifyListener":
		c.Writes, c.Object, c.Change = true, name(form.Get("ListenerArn")), forward(form, "DefaultActions", name)
	case "ModifyRule":
		c.Writes, c.Object, c.Change = true, name(form.Get("RuleArn")), forward(form, "Actions", name)
	}
	return c
}

// forward returns the weights that a list of actions forwards with.
func forward(form url.Values, list string, name func(string) string) string {
	for i := 1; ; i++ {
		action := fmt.Sprintf("%s.member.%d.", list, i)
		switch form.Get(action + "Type") {
		case "":
			return ""
		case "forward":
		default:
			continue
		}
		if group := form.Get(action + "TargetGroupArn"); group != "" {
			return name(group)
		}
		var weights []string
		for j := 1; ; j++ {
			tuple := fmt.Sprintf("%sForwardConfig.TargetGroups.member.%d.", action, j)
			group := form.Get(tuple + "TargetGroupArn")
			if group == "" {
				return strings.Join(weights, " ")
			}
			weights = append(weights, name(group)+"="+form.Get(tuple+"Weight"))
		}
	}
}

// The paths of Lambda's API.
var (
	aliasPath    = regexp.MustCompile(`^/2015-03-31/functions/([^/]+)/aliases/([^/]+)$`)
	functionPath = regexp.MustCompile(`^/[0-9-]+/functions/([^/]+)/([a-z-]+)$`)
)

// parseLambda reads a call of Lambda.
func parseLambda(r *http.Request, body []byte, name func(string) string) (Call, error) {
	c := Call{Service: lambda, Operation: r.Method + " " + r.URL.Path}
	if m := aliasPath.FindStringSubmatch(r.URL.Path); m != nil {
		c.Object = name(m[1] + ":" + m[2])
		if r.Method != http.MethodPut {
			c.Operation = "GetAlias"
			return c, nil
		}
		var in aliasState
		err := json.Unmarshal(body, &in)
		c.Operation, c.Writes, c.Change = "UpdateAlias", true, in.String()
		return c, err
	}
	m := functionPath.FindStringSubmatch(r.URL.Path)
	if m == nil {
		return c, nil
	}
	c.Object = m[1]
	switch m[2] {
	case "invocations":
		var in Invocation
		err := json.Unmarshal(body, &in)
		c.Operation, c.Writes, c.same = "Invoke", true, in.ExecutionID
		return c, err
	case "configuration":
		c.Operation = "GetFunctionConfiguration"
	case "provisioned-concurrency":
		c.Operation = "GetProvisionedConcurrencyConfig"
	}
	return c, nil
}

// aliasState is what an alias is to become.
type aliasState struct {
	FunctionVersion string
	RoutingConfig   struct{ AdditionalVersionWeights map[string]float64 }
	RevisionID      string `json:"RevisionId"`
}

// String returns the state as in "1 and 2=0.1".
func (a aliasState) String() string {
	out := a.FunctionVersion
	for _, version := range slices.Sorted(maps.Keys(a.RoutingConfig.AdditionalVersionWeights)) {
		out += fmt.Sprintf(" and %s=%v", version, a.RoutingConfig.AdditionalVersionWeights[version])
	}
	return out
}
