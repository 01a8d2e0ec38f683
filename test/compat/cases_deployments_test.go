package compat

import (
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// ofDeployment are the errors of a deployment's id.
func ofDeployment(call func(w *world, id *string) error) cases {
	return named("DeploymentIdRequired", "InvalidDeploymentId", "DeploymentDoesNotExist",
		[]string{"x", "d-123", "d-abcdefghi", "D-ABCDEFGHI"}, absentID, call)
}

// create makes a deployment from a good one that was changed.
func (w *world) create(platform types.ComputePlatform, change func(*codedeploy.CreateDeploymentInput)) error {
	in := deploymentInput(platform)
	change(in)
	return failed(w.api.CreateDeployment(w.Context(), in))
}

// restart asks for a deployment in a mode, which this SDK's model has no
// member for.
func restart(w *world, platform types.ComputePlatform, mode string, changes ...func(*codedeploy.CreateDeploymentGroupInput)) error {
	w.Helper()
	w.group(platform, changes...)
	return failed(w.api.CreateDeployment(w.Context(), nil,
		withBody(`{"applicationName": "shop", "deploymentGroupName": "prod", "deploymentMode": "`+mode+`"}`)))
}

func stop(w *world, id *string) error {
	return failed(w.api.StopDeployment(w.Context(), &codedeploy.StopDeploymentInput{DeploymentId: id}))
}

func resume(w *world, id *string, wait types.DeploymentWaitType) error {
	return failed(w.api.ContinueDeployment(w.Context(), &codedeploy.ContinueDeploymentInput{DeploymentId: id, DeploymentWaitType: wait}))
}

func skipWait(w *world, id *string) error {
	//lint:ignore SA1019 clients still call it
	return failed(w.api.SkipWaitTimeForInstanceTermination(w.Context(), &codedeploy.SkipWaitTimeForInstanceTerminationInput{DeploymentId: id}))
}

func reportHook(w *world, id, execution *string, status types.LifecycleEventStatus) error {
	return failed(w.api.PutLifecycleEventHookExecutionStatus(w.Context(), &codedeploy.PutLifecycleEventHookExecutionStatusInput{
		DeploymentId: id, LifecycleEventHookExecutionId: execution, Status: status,
	}))
}

// execution has the form of what a hook function is invoked with.
const execution = "AbCdEfGhIjKlMnOpQrStUvWxYz012345"

func listDeployments(w *world, change func(*codedeploy.ListDeploymentsInput)) error {
	in := &codedeploy.ListDeploymentsInput{}
	change(in)
	return failed(w.api.ListDeployments(w.Context(), in))
}

func getDeployments(w *world, ids ...string) error {
	return failed(w.api.BatchGetDeployments(w.Context(), &codedeploy.BatchGetDeploymentsInput{DeploymentIds: ids}))
}

// changeGroup stores a group as no request could leave it.
func (w *world) changeGroup(f func(*deploy.Group)) {
	w.Helper()
	w.must(w.store.Update(w.Context(), func(tx *store.Tx) error {
		app, err := tx.Application(w.ns, shop)
		if err != nil {
			return err
		}
		group, err := tx.Group(app.ID, prod)
		if err != nil {
			return err
		}
		if err := tx.DeleteGroup(group.ID); err != nil {
			return err
		}
		f(&group)
		return tx.InsertGroup(group)
	}))
}

var deploymentCases = map[string]cases{
	"CreateDeployment": all(
		ofApplication(func(w *world, name *string) error {
			return w.create(types.ComputePlatformServer, func(in *codedeploy.CreateDeploymentInput) { in.ApplicationName = name })
		}),
		ofGroup(func(w *world, name *string) error {
			return w.create(types.ComputePlatformServer, func(in *codedeploy.CreateDeploymentInput) { in.DeploymentGroupName = name })
		}),
		cases{
			"RevisionRequired": func(w *world) error {
				w.group(types.ComputePlatformServer)
				return w.create(types.ComputePlatformServer, func(in *codedeploy.CreateDeploymentInput) { in.Revision = nil })
			},
			"RevisionDoesNotExist": func(w *world) error {
				w.group(types.ComputePlatformLambda)
				return w.create(types.ComputePlatformLambda, func(in *codedeploy.CreateDeploymentInput) {
					in.Revision.AppSpecContent = &types.AppSpecContent{Sha256: new(strings.Repeat("0", 64))}
				})
			},
			"InvalidRevision": func(w *world) error {
				w.group(types.ComputePlatformServer)
				return same(w,
					badRevisions(w, func(r *types.RevisionLocation) error {
						return w.create(types.ComputePlatformServer, func(in *codedeploy.CreateDeploymentInput) { in.Revision = r })
					}),
					// Good, but not for servers.
					w.create(types.ComputePlatformLambda, func(*codedeploy.CreateDeploymentInput) {}),
					w.create(types.ComputePlatformServer, func(in *codedeploy.CreateDeploymentInput) {
						in.Revision.S3Location.BundleType = types.BundleTypeYaml
					}))
			},
			"InvalidDeploymentConfigName": func(w *world) error {
				w.group(types.ComputePlatformServer)
				config := func(name string) error {
					return w.create(types.ComputePlatformServer, func(in *codedeploy.CreateDeploymentInput) { in.DeploymentConfigName = &name })
				}
				return same(w, config(malformed), config(long), config("CodeDeployDefault.ECSAllAtOnce"))
			},
			"DeploymentConfigDoesNotExist": func(w *world) error {
				w.group(types.ComputePlatformServer)
				return w.create(types.ComputePlatformServer, func(in *codedeploy.CreateDeploymentInput) { in.DeploymentConfigName = new(absent) })
			},
			"DescriptionTooLong": func(w *world) error {
				w.group(types.ComputePlatformServer)
				return w.create(types.ComputePlatformServer, func(in *codedeploy.CreateDeploymentInput) { in.Description = new(strings.Repeat("ü", 513)) })
			},
			"DeploymentLimitExceeded": func(w *world) error {
				id := w.deployment(types.ComputePlatformServer)
				again := func() error { return w.create(types.ComputePlatformServer, func(*codedeploy.CreateDeploymentInput) {}) }
				err := again()
				// CI actions cut the id out of this text.
				if want := "The Deployment Group 'prod' already has an active Deployment '" + id + "'"; err == nil || !strings.Contains(err.Error(), want) {
					w.Errorf("answered by %v, want %s", err, want)
				}
				w.change(id, started)
				err = same(w, err, again())
				w.change(id, completed)
				w.must(again())
				return err
			},
			"InvalidTargetInstances": func(w *world) error {
				w.group(types.ComputePlatformServer)
				inPlace := w.create(types.ComputePlatformServer, func(in *codedeploy.CreateDeploymentInput) { in.TargetInstances = replacements() })
				w = w.world(w.TB)
				w.group(types.ComputePlatformServer, blueGreenServers)
				with := func(t *types.TargetInstances) error {
					return w.create(types.ComputePlatformServer, func(in *codedeploy.CreateDeploymentInput) { in.TargetInstances = t })
				}
				return same(w, inPlace,
					with(&types.TargetInstances{TagFilters: replacements().TagFilters, Ec2TagSet: ec2Set(1)}),
					with(&types.TargetInstances{TagFilters: slices.Repeat(replacements().TagFilters, 11)}),
					with(&types.TargetInstances{TagFilters: []types.EC2TagFilter{ec2Filter("SOME", "k", "v")}}))
			},
			"InvalidAlarmConfig": func(w *world) error {
				w.group(types.ComputePlatformServer)
				with := func(c *types.AlarmConfiguration) error {
					return w.create(types.ComputePlatformServer, func(in *codedeploy.CreateDeploymentInput) { in.OverrideAlarmConfiguration = c })
				}
				null := failed(w.api.CreateDeployment(w.Context(), nil, withBody(`{
					"applicationName": "shop", "deploymentGroupName": "prod",
					"revision": {"revisionType": "S3", "s3Location": {"bucket": "b", "key": "k", "bundleType": "zip"}},
					"overrideAlarmConfiguration": {"enabled": true, "alarms": [null]}
				}`)))
				return same(w, null, with(alarmConfig(true)), with(alarmConfig(true, "")), with(alarmConfig(true, strings.Repeat("a", 256))),
					with(alarmConfig(true, "same", "same")))
			},
			"AlarmsLimitExceeded": func(w *world) error {
				w.group(types.ComputePlatformServer)
				return w.create(types.ComputePlatformServer, func(in *codedeploy.CreateDeploymentInput) {
					in.OverrideAlarmConfiguration = alarmConfig(true, numbered(11, "alarm-")...)
				})
			},
			"InvalidAutoRollbackConfig": func(w *world) error {
				w.group(types.ComputePlatformServer)
				with := func(events ...types.AutoRollbackEvent) error {
					return w.create(types.ComputePlatformServer, func(in *codedeploy.CreateDeploymentInput) {
						in.AutoRollbackConfiguration = &types.AutoRollbackConfiguration{Enabled: true, Events: events}
					})
				}
				return same(w, with(), with("DEPLOYMENT_BORED"))
			},
			// No request leaves a group like this; a store that was filled by
			// other means may hold one.
			"InvalidLoadBalancerInfo": func(w *world) error {
				w.group(types.ComputePlatformServer)
				w.changeGroup(func(g *deploy.Group) { g.Style.Option = deploy.WithTrafficControl })
				return w.create(types.ComputePlatformServer, func(*codedeploy.CreateDeploymentInput) {})
			},
			// The role of the group is gone, or never was, when the server begins
			// to care.
			"InvalidRole": func(w *world) error {
				w.group(types.ComputePlatformServer)
				return failed(client(w.strict, w.ns.Region).CreateDeployment(w.Context(), deploymentInput(types.ComputePlatformServer)))
			},
			"InvalidFileExistsBehavior": func(w *world) error {
				w.group(types.ComputePlatformServer)
				unknown := w.create(types.ComputePlatformServer, func(in *codedeploy.CreateDeploymentInput) { in.FileExistsBehavior = "PANIC" })
				w = w.world(w.TB)
				w.group(types.ComputePlatformEcs)
				return same(w, unknown, w.create(types.ComputePlatformEcs, func(in *codedeploy.CreateDeploymentInput) {
					in.FileExistsBehavior = types.FileExistsBehaviorOverwrite
				}))
			},
			"InvalidAutoScalingGroup": func(w *world) error {
				w.group(types.ComputePlatformServer, blueGreenServers)
				return w.create(types.ComputePlatformServer, func(in *codedeploy.CreateDeploymentInput) {
					in.TargetInstances = &types.TargetInstances{AutoScalingGroups: []string{""}}
				})
			},
			"InvalidUpdateOutdatedInstancesOnlyValue": func(w *world) error {
				w.group(types.ComputePlatformLambda)
				return w.create(types.ComputePlatformLambda, func(in *codedeploy.CreateDeploymentInput) { in.UpdateOutdatedInstancesOnly = true })
			},
			"InvalidIgnoreApplicationStopFailuresValue": func(w *world) error {
				w.group(types.ComputePlatformEcs)
				return w.create(types.ComputePlatformEcs, func(in *codedeploy.CreateDeploymentInput) { in.IgnoreApplicationStopFailures = true })
			},
			"InvalidComputePlatform": func(w *world) error {
				lambda := restart(w, types.ComputePlatformLambda, "RESTART")
				return same(w, lambda, restart(w.world(w.TB), types.ComputePlatformEcs, "RESTART"))
			},
			"InvalidInput": func(w *world) error {
				unknown := restart(w, types.ComputePlatformServer, "PAUSE")
				return same(w, unknown, restart(w.world(w.TB), types.ComputePlatformServer, "RESTART", blueGreenServers))
			},
			"Throttling": func(w *world) error {
				return throttled(w, func(c *codedeploy.Client) error {
					return failed(c.CreateDeployment(w.Context(), deploymentInput(types.ComputePlatformServer)))
				})
			},
		}),

	"GetDeployment": ofDeployment(func(w *world, id *string) error {
		return failed(w.api.GetDeployment(w.Context(), &codedeploy.GetDeploymentInput{DeploymentId: id}))
	}),

	"BatchGetDeployments": {
		"DeploymentIdRequired": func(w *world) error {
			return same(w, getDeployments(w), getDeployments(w, []string{}...), getDeployments(w, absentID, ""))
		},
		"InvalidDeploymentId": func(w *world) error { return getDeployments(w, absentID, "x") },
		"BatchLimitExceeded": func(w *world) error {
			id := w.deployment(types.ComputePlatformServer)
			w.must(getDeployments(w, slices.Repeat([]string{id}, 25)...))
			return getDeployments(w, slices.Repeat([]string{id}, 26)...)
		},
	},

	"ListDeployments": all(
		ofApplication(func(w *world, name *string) error {
			return listDeployments(w, func(in *codedeploy.ListDeploymentsInput) {
				in.ApplicationName, in.DeploymentGroupName = name, new(prod)
			})
		}),
		ofGroup(func(w *world, name *string) error {
			return listDeployments(w, func(in *codedeploy.ListDeploymentsInput) {
				in.ApplicationName, in.DeploymentGroupName = new(shop), name
			})
		}),
		ofToken(func(w *world, token *string) error {
			return listDeployments(w, func(in *codedeploy.ListDeploymentsInput) { in.NextToken = token })
		}),
		cases{
			"InvalidTimeRange": func(w *world) error {
				start := time.Unix(1_700_000_000, 0)
				return listDeployments(w, func(in *codedeploy.ListDeploymentsInput) {
					in.CreateTimeRange = &types.TimeRange{Start: &start, End: new(start.Add(-time.Second))}
				})
			},
			"InvalidDeploymentStatus": func(w *world) error {
				return listDeployments(w, func(in *codedeploy.ListDeploymentsInput) {
					in.IncludeOnlyStatuses = []types.DeploymentStatus{types.DeploymentStatusFailed, "In Progress"}
				})
			},
			"InvalidExternalId": func(w *world) error {
				return listDeployments(w, func(in *codedeploy.ListDeploymentsInput) { in.ExternalId = new("") })
			},
			"InvalidInput": func(w *world) error {
				w.group(types.ComputePlatformServer)
				return listDeployments(w, func(in *codedeploy.ListDeploymentsInput) {
					in.ApplicationName, in.DeploymentGroupName, in.ExternalId = new(shop), new(prod), new("stack-1")
				})
			},
		}),

	"StopDeployment": all(ofDeployment(stop), cases{
		"DeploymentGroupDoesNotExist": func(w *world) error {
			id := w.deployment(types.ComputePlatformServer)
			w.must(failed(w.api.DeleteDeploymentGroup(w.Context(), &codedeploy.DeleteDeploymentGroupInput{
				ApplicationName: new(shop), DeploymentGroupName: new(prod),
			})))
			return failed(w.api.StopDeployment(w.Context(), &codedeploy.StopDeploymentInput{DeploymentId: &id, AutoRollbackEnabled: new(true)}))
		},
		"DeploymentAlreadyCompleted": func(w *world) error {
			id := w.change(w.deployment(types.ComputePlatformServer), completed)
			err := stop(w, &id)
			for _, status := range []deploy.Status{deploy.Failed, deploy.Stopped} { // by an alarm, not by a request
				w.change(id, func(d *deploy.Deployment) { d.Status = status })
				err = same(w, err, stop(w, &id))
			}
			return err
		},
		"UnsupportedActionForDeploymentType": func(w *world) error {
			id := w.deployment(types.ComputePlatformServer)
			return stop(w, new(w.change(id, func(d *deploy.Deployment) { d.Creator = deploy.CreatorTermination })))
		},
	}),

	"ContinueDeployment": all(
		ofDeployment(func(w *world, id *string) error { return resume(w, id, types.DeploymentWaitTypeReadyWait) }),
		cases{
			"DeploymentAlreadyCompleted": func(w *world) error {
				id := w.change(w.deployment(types.ComputePlatformServer, blueGreenServers), completed)
				return same(w, resume(w, &id, ""), resume(w, &id, types.DeploymentWaitTypeTerminationWait))
			},
			"DeploymentIsNotInReadyState": func(w *world) error {
				id := w.deployment(types.ComputePlatformServer, blueGreenServers)
				return same(w, resume(w, &id, ""), resume(w, new(w.change(id, started)), types.DeploymentWaitTypeReadyWait))
			},
			"UnsupportedActionForDeploymentType": func(w *world) error {
				inPlace := resume(w, new(w.deployment(types.ComputePlatformServer)), "")
				w = w.world(w.TB)
				return same(w, inPlace, resume(w, new(w.deployment(types.ComputePlatformLambda)), ""))
			},
			"InvalidDeploymentWaitType": func(w *world) error {
				id := w.deployment(types.ComputePlatformServer, keepsBlue)
				return same(w, resume(w, &id, "LONG_WAIT"), resume(w, new(w.change(id, started)), types.DeploymentWaitTypeTerminationWait))
			},
			"InvalidDeploymentStatus": func(w *world) error {
				id := w.deployment(types.ComputePlatformServer, blueGreenServers)
				return same(w, resume(w, &id, types.DeploymentWaitTypeTerminationWait),
					resume(w, new(w.change(id, started)), types.DeploymentWaitTypeTerminationWait))
			},
		}),

	"SkipWaitTimeForInstanceTermination": all(ofDeployment(skipWait), cases{
		"DeploymentAlreadyCompleted": func(w *world) error {
			return skipWait(w, new(w.change(w.deployment(types.ComputePlatformServer, blueGreenServers), completed)))
		},
		"DeploymentNotStarted": func(w *world) error {
			id := w.deployment(types.ComputePlatformServer, blueGreenServers)
			return same(w, skipWait(w, &id), skipWait(w, new(w.change(id, started))))
		},
		"UnsupportedActionForDeploymentType": func(w *world) error {
			inPlace := skipWait(w, new(w.deployment(types.ComputePlatformServer)))
			w = w.world(w.TB)
			return same(w, inPlace, skipWait(w, new(w.deployment(types.ComputePlatformServer, keepsBlue))))
		},
	}),

	"PutLifecycleEventHookExecutionStatus": all(
		ofDeployment(func(w *world, id *string) error {
			return reportHook(w, id, new(execution), types.LifecycleEventStatusSucceeded)
		}),
		cases{
			"InvalidLifecycleEventHookExecutionStatus": func(w *world) error {
				id := new(w.deployment(types.ComputePlatformLambda))
				return same(w, reportHook(w, id, new(execution), ""), reportHook(w, id, new(execution), "Perhaps"),
					reportHook(w, id, new(execution), types.LifecycleEventStatusInProgress))
			},
			"InvalidLifecycleEventHookExecutionId": func(w *world) error {
				id := new(w.deployment(types.ComputePlatformLambda))
				return same(w, reportHook(w, id, nil, types.LifecycleEventStatusSucceeded),
					reportHook(w, id, new(""), types.LifecycleEventStatusFailed),
					reportHook(w, id, new("nonsense"), types.LifecycleEventStatusSucceeded),
					reportHook(w, id, new(execution), types.LifecycleEventStatusSucceeded))
			},
			"LifecycleEventAlreadyCompleted": func(w *world) error {
				id := new(w.invoke(w.deployment(types.ComputePlatformLambda)))
				w.must(reportHook(w, id, new(execution), types.LifecycleEventStatusSucceeded))
				return same(w, reportHook(w, id, new(execution), types.LifecycleEventStatusSucceeded),
					reportHook(w, id, new(execution), types.LifecycleEventStatusFailed))
			},
			"UnsupportedActionForDeploymentType": func(w *world) error {
				id := new(w.deployment(types.ComputePlatformServer))
				return reportHook(w, id, new(execution), types.LifecycleEventStatusSucceeded)
			},
		}),
}
