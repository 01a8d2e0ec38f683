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
	arn := call.Namespace.ApplicationARN(wire.Value(in.ApplicationName))
	needs := call.Needs(arn)
	if len(in.Tags) > 0 {
		needs = append(needs, Permission{"codedeploy:TagResource", arn})
	}
	return needs, nil
}

// mayCreateGroup is as mayCreateApplication.
func mayCreateGroup(_ context.Context, call *Call, in *wire.CreateDeploymentGroupInput) ([]Permission, error) {
	arn := call.Namespace.GroupARN(wire.Value(in.ApplicationName), wire.Value(in.DeploymentGroupName))
	needs := call.Needs(arn)
	if len(in.Tags) > 0 {
		needs = append(needs, Permission{"codedeploy:TagResource", arn})
	}
	return needs, nil
}

// mayCreateDeployment asks, besides the right to deploy to the group, for those
// that the parts of the deployment take when they are used by themselves.
func (h *codeDeploy) mayCreateDeployment(ctx context.Context, call *Call, in *wire.CreateDeploymentInput) ([]Permission, error) {
	ns, application := call.Namespace, wire.Value(in.ApplicationName)
	group := ns.GroupARN(application, wire.Value(in.DeploymentGroupName))
	needs := call.Needs(group)
	if in.OverrideAlarmConfiguration != nil {
		needs = append(needs, Permission{"codedeploy:UpdateDeploymentGroup", group})
	}
	config, err := h.configOf(ctx, call, in)
	if err != nil {
		return nil, err
	}
	if config != "" {
		needs = append(needs, Permission{"codedeploy:GetDeploymentConfig", ns.ConfigARN(config)})
	}
	action := "codedeploy:GetApplicationRevision"
	known, err := h.control.KnowsRevision(ctx, ns, application, domainRevision(in.Revision))
	if err != nil {
		return nil, err
	}
	if !known {
		action = "codedeploy:RegisterApplicationRevision"
	}
	return append(needs, Permission{action, ns.ApplicationARN(application)}), nil
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
