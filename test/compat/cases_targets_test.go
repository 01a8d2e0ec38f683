package compat

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
)

// working makes a deployment that works on its targets.
func (w *world) working(platform types.ComputePlatform) *string {
	w.Helper()
	return new(w.change(w.deployment(platform), started))
}

func getTarget(w *world, id, target *string) error {
	return failed(w.api.GetDeploymentTarget(w.Context(), &codedeploy.GetDeploymentTargetInput{DeploymentId: id, TargetId: target}))
}

func getTargets(w *world, id *string, targets ...string) error {
	return failed(w.api.BatchGetDeploymentTargets(w.Context(), &codedeploy.BatchGetDeploymentTargetsInput{DeploymentId: id, TargetIds: targets}))
}

func listTargets(w *world, id *string, filters map[string][]string, token *string) error {
	return failed(w.api.ListDeploymentTargets(w.Context(), &codedeploy.ListDeploymentTargetsInput{
		DeploymentId: id, TargetFilters: filters, NextToken: token,
	}))
}

func getInstance(w *world, id, instance *string) error {
	//lint:ignore SA1019 clients still call it
	return failed(w.api.GetDeploymentInstance(w.Context(), &codedeploy.GetDeploymentInstanceInput{DeploymentId: id, InstanceId: instance}))
}

func getInstances(w *world, id *string, instances ...string) error {
	//lint:ignore SA1019 clients still call it
	return failed(w.api.BatchGetDeploymentInstances(w.Context(), &codedeploy.BatchGetDeploymentInstancesInput{DeploymentId: id, InstanceIds: instances}))
}

func listInstances(w *world, in *codedeploy.ListDeploymentInstancesInput) error {
	//lint:ignore SA1019 clients still call it
	return failed(w.api.ListDeploymentInstances(w.Context(), in))
}

var targetCases = map[string]cases{
	"GetDeploymentTarget": all(
		ofDeployment(func(w *world, id *string) error { return getTarget(w, id, new("host")) }),
		cases{
			"DeploymentNotStarted": func(w *world) error {
				return getTarget(w, new(w.deployment(types.ComputePlatformServer)), new("host"))
			},
			"DeploymentTargetIdRequired": func(w *world) error {
				id := w.working(types.ComputePlatformServer)
				return same(w, getTarget(w, id, nil), getTarget(w, id, new("")))
			},
			"InvalidDeploymentTargetId": func(w *world) error {
				id := w.working(types.ComputePlatformEcs)
				return same(w, getTarget(w, id, new("web")), getTarget(w, id, new("cluster:")), getTarget(w, id, new(":web")))
			},
			"DeploymentTargetDoesNotExist": func(w *world) error {
				ecs := getTarget(w, w.working(types.ComputePlatformEcs), new("cluster:other"))
				w = w.world(w.TB)
				id := w.working(types.ComputePlatformServer)
				return same(w, ecs, getTarget(w, id, new("host")), getTarget(w, id, new("i-0123456789abcdef0")))
			},
			"InvalidInstanceName": func(w *world) error {
				return getTarget(w, w.working(types.ComputePlatformServer), new(malformed))
			},
		}),

	"BatchGetDeploymentTargets": all(
		ofDeployment(func(w *world, id *string) error { return getTargets(w, id, "host") }),
		cases{
			"DeploymentNotStarted": func(w *world) error {
				return getTargets(w, new(w.deployment(types.ComputePlatformServer)), "host")
			},
			"DeploymentTargetIdRequired": func(w *world) error {
				id := w.working(types.ComputePlatformServer)
				return same(w, getTargets(w, id), getTargets(w, id, []string{}...), getTargets(w, id, "host", ""))
			},
			"InvalidDeploymentTargetId": func(w *world) error {
				ecs := getTargets(w, w.working(types.ComputePlatformEcs), "web")
				w = w.world(w.TB)
				return same(w, ecs, getTargets(w, w.working(types.ComputePlatformServer), malformed))
			},
			"DeploymentTargetDoesNotExist": func(w *world) error {
				return getTargets(w, w.working(types.ComputePlatformServer), "host")
			},
			"DeploymentTargetListSizeExceeded": func(w *world) error {
				server := getTargets(w, w.working(types.ComputePlatformServer), numbered(26, "host-")...)
				w = w.world(w.TB)
				return same(w, server, getTargets(w, w.working(types.ComputePlatformEcs), "cluster:web", "cluster:mail"))
			},
		}),

	"ListDeploymentTargets": all(
		ofDeployment(func(w *world, id *string) error { return listTargets(w, id, nil, nil) }),
		ofToken(func(w *world, token *string) error {
			w = w.world(w.TB)
			return listTargets(w, w.working(types.ComputePlatformServer), nil, token)
		}),
		cases{
			"DeploymentNotStarted": func(w *world) error {
				return listTargets(w, new(w.deployment(types.ComputePlatformServer)), nil, nil)
			},
			"InvalidTargetFilterName": func(w *world) error {
				return listTargets(w, w.working(types.ComputePlatformServer), map[string][]string{"Colour": {"Blue"}}, nil)
			},
			"InvalidInstanceStatus": func(w *world) error {
				return listTargets(w, w.working(types.ComputePlatformServer), map[string][]string{"TargetStatus": {"Failed", "Tired"}}, nil)
			},
			"InvalidInstanceType": func(w *world) error {
				return listTargets(w, w.working(types.ComputePlatformServer), map[string][]string{"ServerInstanceLabel": {"BLUE"}}, nil)
			},
			"InvalidDeploymentInstanceType": func(w *world) error {
				return listTargets(w, w.working(types.ComputePlatformServer), map[string][]string{"ServerInstanceLabel": {"Blue"}}, nil)
			},
		}),

	"GetDeploymentInstance": all(
		ofDeployment(func(w *world, id *string) error { return getInstance(w, id, new("host")) }),
		cases{
			"InstanceIdRequired": func(w *world) error {
				id := w.working(types.ComputePlatformServer)
				return same(w, getInstance(w, id, nil), getInstance(w, id, new("")))
			},
			"InvalidInstanceName": func(w *world) error {
				return getInstance(w, w.working(types.ComputePlatformServer), new(malformed))
			},
			"InstanceDoesNotExist": func(w *world) error {
				id := w.working(types.ComputePlatformServer)
				return same(w, getInstance(w, id, new("host")), getInstance(w, id, new("i-0123456789abcdef0")),
					getInstance(w, id, new("arn:aws:ec2:"+w.ns.Region+":"+account+":instance/i-0123456789abcdef0")))
			},
			"InvalidComputePlatform": func(w *world) error {
				return getInstance(w, w.working(types.ComputePlatformEcs), new("host"))
			},
		}),

	"BatchGetDeploymentInstances": all(
		ofDeployment(func(w *world, id *string) error { return getInstances(w, id, "host") }),
		cases{
			"InstanceIdRequired": func(w *world) error {
				id := w.working(types.ComputePlatformServer)
				return same(w, getInstances(w, id), getInstances(w, id, []string{}...))
			},
			"InvalidInstanceName": func(w *world) error {
				return getInstances(w, w.working(types.ComputePlatformServer), "host", malformed)
			},
			"BatchLimitExceeded": func(w *world) error {
				id := w.working(types.ComputePlatformServer)
				w.must(getInstances(w, id, slices.Repeat([]string{"host"}, 25)...))
				return getInstances(w, id, slices.Repeat([]string{"host"}, 26)...)
			},
			"InvalidComputePlatform": func(w *world) error {
				return getInstances(w, w.working(types.ComputePlatformEcs), "host")
			},
		}),

	"ListDeploymentInstances": all(
		ofDeployment(func(w *world, id *string) error {
			return listInstances(w, &codedeploy.ListDeploymentInstancesInput{DeploymentId: id})
		}),
		ofToken(func(w *world, token *string) error {
			w = w.world(w.TB)
			return listInstances(w, &codedeploy.ListDeploymentInstancesInput{DeploymentId: w.working(types.ComputePlatformServer), NextToken: token})
		}),
		cases{
			"DeploymentNotStarted": func(w *world) error {
				return listInstances(w, &codedeploy.ListDeploymentInstancesInput{DeploymentId: new(w.deployment(types.ComputePlatformServer))})
			},
			"InvalidInstanceStatus": func(w *world) error {
				return listInstances(w, &codedeploy.ListDeploymentInstancesInput{
					DeploymentId: w.working(types.ComputePlatformServer), InstanceStatusFilter: []types.InstanceStatus{"Tired"},
				})
			},
			"InvalidInstanceType": func(w *world) error {
				return listInstances(w, &codedeploy.ListDeploymentInstancesInput{
					DeploymentId: w.working(types.ComputePlatformServer), InstanceTypeFilter: []types.InstanceType{"BLUE"},
				})
			},
			"InvalidDeploymentInstanceType": func(w *world) error {
				return listInstances(w, &codedeploy.ListDeploymentInstancesInput{
					DeploymentId: w.working(types.ComputePlatformServer), InstanceTypeFilter: []types.InstanceType{types.InstanceTypeBlue},
				})
			},
			"InvalidComputePlatform": func(w *world) error {
				return listInstances(w, &codedeploy.ListDeploymentInstancesInput{DeploymentId: w.working(types.ComputePlatformEcs)})
			},
		}),
}
