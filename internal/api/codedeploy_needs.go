package api

import (
	"context"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/wire"
)

// Every CodeDeploy operation is allowed on a resource of its kind. The
// functions here make the permissions from the part of an input that names it.

func onApplication[I any](name func(*I) *string) Needs[I] {
	return On(func(call *Call, in *I) string {
		return call.Namespace.ApplicationARN(wire.Value(name(in)))
	})
}

func onGroup[I any](names func(*I) (application, group *string)) Needs[I] {
	return On(func(call *Call, in *I) string {
		application, group := names(in)
		return call.Namespace.GroupARN(wire.Value(application), wire.Value(group))
	})
}

func onConfig[I any](name func(*I) *string) Needs[I] {
	return On(func(call *Call, in *I) string {
		return call.Namespace.ConfigARN(wire.Value(name(in)))
	})
}

// onResource is for calls that name a resource by its ARN.
func onResource[I any](arn func(*I) *string) Needs[I] {
	return On(func(_ *Call, in *I) string { return wire.Value(arn(in)) })
}

// renaming returns the ARNs of a resource under its name and, if it gets
// another, under that too: who renames must be allowed both.
func renaming(arn func(string) string, name, newName *string) []string {
	arns := []string{arn(wire.Value(name))}
	if n := wire.Value(newName); n != "" && n != wire.Value(name) {
		arns = append(arns, arn(n))
	}
	return arns
}

func onInstance[I any](name func(*I) *string) Needs[I] {
	return On(func(call *Call, in *I) string {
		return call.Namespace.InstanceARN(wire.Value(name(in)))
	})
}

func onInstances[I any](names func(*I) []string) Needs[I] {
	return func(_ context.Context, call *Call, in *I) ([]Permission, error) {
		var resources []string
		for _, name := range names(in) {
			resources = append(resources, call.Namespace.InstanceARN(name))
		}
		return call.Needs(resources...), nil
	}
}

// onEvery is for lists of all resources of a kind, for example "application:*".
func onEvery[I any](kind string) Needs[I] {
	return On(func(call *Call, _ *I) string { return call.Namespace.ARN(kind) })
}

// onDeployment is for what is done to a deployment, which is allowed on its
// group. An id that names none is answered with that: nothing can be learned
// from ids that cannot be guessed.
func onDeployment[I any](c *control.Control, id func(*I) *string) Needs[I] {
	return func(ctx context.Context, call *Call, in *I) ([]Permission, error) {
		d, err := c.GetDeployment(ctx, call.Namespace, wire.Value(id(in)))
		if err != nil {
			return nil, err
		}
		return call.Needs(call.Namespace.GroupARN(d.ApplicationName, d.GroupName)), nil
	}
}

// mayCreateApplication asks for the right to tag too when there are tags.
func mayCreateApplication(_ context.Context, call *Call, in *wire.CreateApplicationInput) ([]Permission, error) {
	return mayCreateTagged(call, call.Namespace.ApplicationARN(wire.Value(in.ApplicationName)), in.Tags), nil
}

// mayCreateGroup is as mayCreateApplication.
func mayCreateGroup(_ context.Context, call *Call, in *wire.CreateDeploymentGroupInput) ([]Permission, error) {
	arn := call.Namespace.GroupARN(wire.Value(in.ApplicationName), wire.Value(in.DeploymentGroupName))
	return mayCreateTagged(call, arn, in.Tags), nil
}

func mayCreateTagged(call *Call, arn string, tags []wire.Tag) []Permission {
	needs := call.Needs(arn)
	if len(tags) > 0 {
		needs = append(needs, Permission{Action: "codedeploy:TagResource", Resource: arn})
	}
	return requesting(needs, tags)
}

func mayTag(_ context.Context, call *Call, in *wire.TagResourceInput) ([]Permission, error) {
	return requesting(call.Needs(wire.Value(in.ResourceARN)), in.Tags), nil
}

// requesting adds the tags that a call would set to the permissions it takes.
func requesting(needs []Permission, tags []wire.Tag) []Permission {
	for i := range needs {
		needs[i].RequestTags = tagMap(each(tags, domainTag))
	}
	return needs
}

func mayBatchGetGroups(_ context.Context, call *Call, in *wire.BatchGetDeploymentGroupsInput) ([]Permission, error) {
	return call.Needs(each(in.DeploymentGroupNames, func(name string) string {
		return call.Namespace.GroupARN(wire.Value(in.ApplicationName), name)
	})...), nil
}

func mayUpdateGroup(_ context.Context, call *Call, in *wire.UpdateDeploymentGroupInput) ([]Permission, error) {
	arn := func(name string) string { return call.Namespace.GroupARN(wire.Value(in.ApplicationName), name) }
	return call.Needs(renaming(arn, in.CurrentDeploymentGroupName, in.NewDeploymentGroupName)...), nil
}

// mayBatchGetDeployments is onDeployment for several; ids that name none need
// nothing.
func (h *codeDeploy) mayBatchGetDeployments(ctx context.Context, call *Call, in *wire.BatchGetDeploymentsInput) ([]Permission, error) {
	found, err := h.control.BatchGetDeployments(ctx, call.Namespace, in.DeploymentIDs)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return call.Needs(each(found, func(d deploy.Deployment) string {
		return call.Namespace.GroupARN(d.ApplicationName, d.GroupName)
	})...), nil
}

// withTags lets policies look at the tags of the resources that a call needs
// permissions on.
func (h *codeDeploy) withTags(needs func(context.Context, *Call, any) ([]Permission, error)) func(context.Context, *Call, any) ([]Permission, error) {
	return func(ctx context.Context, call *Call, in any) ([]Permission, error) {
		permissions, err := needs(ctx, call, in)
		for i := range permissions {
			arn := permissions[i].Resource
			permissions[i].ResourceTags = func(ctx context.Context) (map[string]string, error) {
				tags, err := h.control.ListTagsForResource(ctx, call.Namespace, arn)
				if deploy.CodeOf(err) != "" {
					return nil, nil // a kind of resource that has none
				}
				return tagMap(tags), err
			}
		}
		return permissions, err
	}
}

func tagMap(tags []deploy.Tag) map[string]string {
	out := make(map[string]string, len(tags))
	for _, t := range tags {
		out[t.Key] = t.Value
	}
	return out
}

// mayCreateDeployment asks, besides the right to deploy to the group, for those
// that the parts of the deployment take when they are used by themselves.
func (h *codeDeploy) mayCreateDeployment(ctx context.Context, call *Call, in *wire.CreateDeploymentInput) ([]Permission, error) {
	ns, application := call.Namespace, wire.Value(in.ApplicationName)
	group := ns.GroupARN(application, wire.Value(in.DeploymentGroupName))
	needs := call.Needs(group)
	if in.OverrideAlarmConfiguration != nil {
		needs = append(needs, Permission{Action: "codedeploy:UpdateDeploymentGroup", Resource: group})
	}
	config, err := h.configOf(ctx, call, in)
	if err != nil {
		return nil, err
	}
	if config != "" {
		needs = append(needs, Permission{Action: "codedeploy:GetDeploymentConfig", Resource: ns.ConfigARN(config)})
	}
	action := "codedeploy:GetApplicationRevision"
	known, err := h.control.KnowsRevision(ctx, ns, application, domainRevision(in.Revision))
	if err != nil {
		return nil, err
	}
	if !known && wire.Value(in.DeploymentMode) != wire.DeploymentModeRestart {
		action = "codedeploy:RegisterApplicationRevision"
	}
	return append(needs, Permission{Action: action, Resource: ns.ApplicationARN(application)}), nil
}

// configOf returns the name of the configuration that a deployment will use,
// or "" when its group does not exist.
func (h *codeDeploy) configOf(ctx context.Context, call *Call, in *wire.CreateDeploymentInput) (string, error) {
	if name := wire.Value(in.DeploymentConfigName); name != "" {
		return name, nil
	}
	info, err := h.control.GetDeploymentGroup(ctx, call.Namespace, wire.Value(in.ApplicationName), wire.Value(in.DeploymentGroupName))
	if deploy.CodeOf(err) != "" {
		return "", nil // the operation will say what is wrong with the name
	}
	return info.Group.ConfigName, err
}
