package iam

import (
	"strings"
	"time"
)

// Request is what somebody wants to do, with all that conditions can ask.
type Request struct {
	Principal Principal
	Action    string // "codedeploy:GetApplication"
	Resource  string // an ARN, or "*"
	Environment

	// RequestTags are the tags that the request would set.
	RequestTags map[string]string
	// ResourceTags finds the tags of the resource. It is called at most once,
	// and only if the decision depends on them. Nil: it has none.
	ResourceTags func() (map[string]string, error)
	// Extra has the action's own condition keys, in lower case, such as
	// "sts:externalid".
	Extra map[string]string
}

// Environment is what is known of a request whatever it asks for.
type Environment struct {
	Time      time.Time
	SourceIP  string // "" when the caller is not at one
	Secure    bool   // it came by TLS
	UserAgent string
}

// evaluation is a request while policies are applied to it.
type evaluation struct {
	request   *Request
	action    string   // in lower case
	resources []string // the spellings of the resource

	tags  map[string]string
	asked bool
	err   error // that kept the tags from being found
}

func newEvaluation(r *Request) *evaluation {
	return &evaluation{request: r, action: strings.ToLower(r.Action), resources: spellings(r.Resource)}
}

func (e *evaluation) resourceTags() map[string]string {
	if !e.asked && e.request.ResourceTags != nil {
		e.tags, e.err = e.request.ResourceTags()
	}
	e.asked = true
	return e.tags
}

// spellings returns the ARN and, for CodeDeploy's resources, its other form:
// AWS's documents have "application:shop" as well as "application/shop", and
// policies are copied from either.
func spellings(arn string) []string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[2] != "codedeploy" {
		return []string{arn}
	}
	i := strings.IndexAny(parts[5], ":/")
	if i < 0 {
		return []string{arn}
	}
	other := ":"
	if parts[5][i] == ':' {
		other = "/"
	}
	head := len(arn) - len(parts[5]) + i
	return []string{arn, arn[:head] + other + arn[head+1:]}
}
