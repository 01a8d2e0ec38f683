package control_test

import (
	"context"
	"slices"
	"testing"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
)

const (
	topic    = "arn:aws:sns:eu-west-1:123456789012:alerts"
	listener = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/web/1/2"
)

func both() deploy.Style {
	return deploy.Style{Type: deploy.BlueGreenType, Option: deploy.WithTrafficControl}
}

func timed(action string, wait int) *control.TimedAction {
	return &control.TimedAction{Action: &action, Wait: &wait}
}

// ecsGroup is the least that a group on ECS takes.
func ecsGroup() control.CreateDeploymentGroup {
	return control.CreateDeploymentGroup{
		Application: "boxes", Name: "web", ServiceRoleARN: role, ConfigName: "CodeDeployDefault.ECSAllAtOnce",
		ECSServices: []deploy.ECSService{{Service: "web", Cluster: "c1"}},
		Style:       new(both()),
		BlueGreen:   &control.BlueGreen{Ready: timed("CONTINUE_DEPLOYMENT", 0), Terminate: timed("TERMINATE", 5)},
		LoadBalancer: &deploy.LoadBalancerInfo{TargetGroupPairs: []deploy.TargetGroupPair{{
			TargetGroups: []string{"blue", "green"}, ProdListeners: []string{listener},
		}}},
	}
}

// lambdaGroup is the least that a group on Lambda takes.
func lambdaGroup() control.CreateDeploymentGroup {
	return control.CreateDeploymentGroup{
		Application: "pay", Name: "live", ServiceRoleARN: role,
		ConfigName: "CodeDeployDefault.LambdaAllAtOnce", Style: new(both()),
	}
}

func (w *world) threeApplications() {
	w.t.Helper()
	w.application("shop", deploy.Server)
	w.application("pay", deploy.Lambda)
	w.application("boxes", deploy.ECS)
}

func TestGetDeploymentGroupFollowsDeployments(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.shop()
	good := w.deploy(deployment())
	w.end(good, deploy.Succeeded)
	in := deployment()
	in.Revision = bundle("shop-8.zip")
	bad := w.deploy(in)
	w.end(bad, deploy.Failed)
	info := must(w.GetDeploymentGroup(t.Context(), ns, "shop", "prod"))(t)
	if info.LastSuccessful == nil || info.LastSuccessful.ID != good || info.LastAttempted == nil || info.LastAttempted.ID != bad {
		t.Errorf("last successful %+v, attempted %+v", info.LastSuccessful, info.LastAttempted)
	}
}

func TestGroupNameFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.shop()
	get := func(ctx context.Context, application, group string) error {
		_, err := w.GetDeploymentGroup(ctx, ns, application, group)
		return err
	}
	applicationNameFaults(t, "GetDeploymentGroup", func(ctx context.Context, name string) error { return get(ctx, name, "prod") })
	refused(t, "GetDeploymentGroup", get(t.Context(), "shop", ""), "DeploymentGroupNameRequired", "Deployment Group name is missing")
	refused(t, "GetDeploymentGroup", get(t.Context(), "shop", "a b"), "InvalidDeploymentGroupName", "a b")
	refused(t, "GetDeploymentGroup", get(t.Context(), "shop", "x"), "DeploymentGroupDoesNotExist", "No Deployment Group found for name: x")
	applicationNameFaults(t, "ListDeploymentGroups", func(ctx context.Context, name string) error {
		_, err := w.ListDeploymentGroups(ctx, ns, name, "", 10)
		return err
	})
}

func TestListDeploymentGroups(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.application("shop", deploy.Server)
	for _, name := range []string{"b", "a", "c"} {
		in := prod()
		in.Name = name
		w.group(in)
	}
	first := must(w.ListDeploymentGroups(t.Context(), ns, "shop", "", 2))(t)
	second := must(w.ListDeploymentGroups(t.Context(), ns, "shop", first.Next, 2))(t)
	if got := append(first.Items, second.Items...); !slices.Equal(got, []string{"a", "b", "c"}) || second.Next != "" {
		t.Errorf("got %v, next %q", got, second.Next)
	}
}

func TestDeleteDeploymentGroup(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.shop()
	id := w.deploy(deployment())
	w.change(id, func(d *deploy.Deployment) { d.Move(deploy.InProgress, w.tick()) })
	if err := w.DeleteDeploymentGroup(t.Context(), ns, "shop", "prod"); err != nil {
		t.Fatal(err)
	}
	w.wantDue(id)
	_, err := w.GetDeploymentGroup(t.Context(), ns, "shop", "prod")
	refused(t, "GetDeploymentGroup", err, "DeploymentGroupDoesNotExist", "")
	for _, application := range []string{"shop", "unknown"} {
		if err := w.DeleteDeploymentGroup(t.Context(), ns, application, "prod"); err != nil {
			t.Errorf("of %s: %v", application, err)
		}
	}
	refused(t, "DeleteDeploymentGroup", w.DeleteDeploymentGroup(t.Context(), ns, "", "x"), "ApplicationNameRequired", "")
	refused(t, "DeleteDeploymentGroup", w.DeleteDeploymentGroup(t.Context(), ns, "?", "x"), "InvalidApplicationName", "")
	refused(t, "DeleteDeploymentGroup", w.DeleteDeploymentGroup(t.Context(), ns, "shop", ""), "DeploymentGroupNameRequired", "")
	refused(t, "DeleteDeploymentGroup", w.DeleteDeploymentGroup(t.Context(), ns, "shop", "?"), "InvalidDeploymentGroupName", "")
}
