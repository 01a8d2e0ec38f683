package deploy

import "strings"

// Namespace is what everything is keyed by: an account number of 12 digits
// and a region, which is an opaque text (the one in the request's signature).
type Namespace struct {
	Account string `json:"account"`
	Region  string `json:"region"`
}

// ARN returns the name of a resource of the namespace: "application:shop" is
// "arn:aws:codedeploy:REGION:ACCOUNT:application:shop".
func (n Namespace) ARN(resource string) string {
	return "arn:" + Partition(n.Region) + ":codedeploy:" + n.Region + ":" + n.Account + ":" + resource
}

// ApplicationARN names an application.
func (n Namespace) ApplicationARN(app string) string { return n.ARN("application:" + app) }

// GroupARN names a deployment group.
func (n Namespace) GroupARN(app, group string) string {
	return n.ARN("deploymentgroup:" + app + "/" + group)
}

// ConfigARN names a deployment configuration.
func (n Namespace) ConfigARN(config string) string { return n.ARN("deploymentconfig:" + config) }

// InstanceARN names an on-premises instance to a policy. The ARN that the API
// shows for a registered instance has a random suffix: see [Instance].
func (n Namespace) InstanceARN(name string) string { return n.ARN("instance/" + name) }

// Partition returns the AWS partition a region belongs to.
func Partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}
