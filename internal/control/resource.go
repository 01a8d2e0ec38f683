package control

import (
	"strings"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// resource is what an ARN of ours names.
type resource struct {
	kind  string
	name  string // of the application or the configuration
	group string
}

// The kinds of resources.
const (
	applicationResource = "application"
	groupResource       = "deploymentgroup"
	configResource      = "deploymentconfig"
)

const maxARN = 1011

// parseResource takes an ARN apart that must be of the namespace.
func parseResource(ns deploy.Namespace, arn string) (resource, error) {
	const code = "InvalidArnException"
	if arn == "" {
		return resource{}, deploy.Errorf("ResourceArnRequiredException", "The ARN of the resource is missing")
	}
	if len(arn) > maxARN {
		return resource{}, deploy.Errorf(code, "The ARN has %d characters, %d are allowed", len(arn), maxARN)
	}
	rest, ok := strings.CutPrefix(arn, ns.ARN(""))
	if !ok {
		return resource{}, deploy.Errorf(code, "%q is not the ARN of a resource of this account and region: such an ARN begins with %s", arn, ns.ARN(""))
	}
	kind, name, _ := strings.Cut(rest, ":")
	if i := strings.IndexByte(kind, '/'); i >= 0 {
		kind = kind[:i] // as those of instances are written
	}
	r := resource{kind: kind, name: name}
	switch kind {
	case applicationResource, configResource:
		ok = deploy.ValidName(name)
	case groupResource:
		r.name, r.group, _ = strings.Cut(name, "/")
		ok = deploy.ValidName(r.name) && deploy.ValidName(r.group)
	case "":
		ok = false
	default:
		return r, deploy.Errorf("ArnNotSupportedException", "Resources of the kind %q have no tags: applications and deployment groups have", kind)
	}
	if !ok {
		return r, deploy.Errorf(code, "%q does not name a resource: it is like %s or %s", arn, ns.ApplicationARN("shop"), ns.GroupARN("shop", "prod"))
	}
	return r, nil
}
