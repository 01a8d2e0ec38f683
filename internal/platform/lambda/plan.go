package lambda

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/slipwayhq/slipway/internal/appspec"
	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/platform"
)

// Plan reads the AppSpec file. A rollback has none: it puts back what its
// deployment moved.
func (p Platform) Plan(d deploy.Deployment, f platform.Fleet, now time.Time) ([]deploy.Target, *deploy.ErrorInfo) {
	if d.Undo != nil {
		return []deploy.Target{target(d, undo(*d.Undo.Function), now)}, nil
	}
	if strings.TrimSpace(d.AppSpec) == "" {
		return nil, &deploy.ErrorInfo{
			Code: deploy.InvalidRevision, Message: "An AppSpec file is required, but could not be found in the revision",
		}
	}
	spec, err := appspec.ParseLambda([]byte(d.AppSpec))
	if err != nil {
		return nil, invalidSpec(err)
	}
	ft := deploy.FunctionTarget{
		Function: spec.Function, Alias: spec.Alias, Current: spec.CurrentVersion, Target: spec.TargetVersion,
		Role: f.Group.ServiceRoleARN,
	}
	for _, h := range spec.Hooks {
		if ft.Hooks == nil {
			ft.Hooks = map[string]string{}
		}
		ft.Hooks[h.Event] = h.Function
	}
	return []deploy.Target{target(d, ft, now)}, nil
}

// invalidSpec tells a file that is none from one that says something wrong,
// in CodeDeploy's words, and adds ours.
func invalidSpec(err error) *deploy.ErrorInfo {
	var problems *appspec.Error
	if errors.As(err, &problems) && problems.Unreadable {
		return &deploy.ErrorInfo{
			Code: deploy.InvalidRevision, Message: fmt.Sprintf("The AppSpec file cannot be read: %s.", err),
		}
	}
	return &deploy.ErrorInfo{
		Code: deploy.InvalidFunctionConfig, Message: fmt.Sprintf("The deployment failed because the AppSpec file that specifies "+
			"the AWS Lambda deployment configuration is missing or has an invalid configuration. (%s.)", err),
	}
}

// undo is the target of a rollback: the same alias, the other way.
func undo(of deploy.FunctionTarget) deploy.FunctionTarget {
	return deploy.FunctionTarget{
		Function: of.Function, Alias: of.Alias, Current: of.Target, Target: of.Current, Role: of.Role,
		Checked: true, // the alias may be in any state that the deployment left it in
	}
}

func target(d deploy.Deployment, f deploy.FunctionTarget, now time.Time) deploy.Target {
	t := deploy.Target{
		DeploymentID: d.ID, ID: name(f.Function) + ":" + f.Alias, ARN: arn(d.Namespace, f),
		Status: deploy.TargetPending, UpdatedAt: now, Function: &f,
	}
	for _, e := range events {
		t.Events = append(t.Events, deploy.LifecycleEvent{Name: e, Status: deploy.EventPending})
	}
	return t
}

// name is the function's name, which the AppSpec may give as an ARN.
func name(function string) string {
	if i := strings.LastIndex(function, ":function:"); i >= 0 {
		return function[i+len(":function:"):]
	}
	return function
}

func arn(ns deploy.Namespace, f deploy.FunctionTarget) string {
	if strings.HasPrefix(f.Function, "arn:") {
		return f.Function + ":" + f.Alias
	}
	return fmt.Sprintf("arn:aws:lambda:%s:%s:function:%s:%s", ns.Region, ns.Account, f.Function, f.Alias)
}
