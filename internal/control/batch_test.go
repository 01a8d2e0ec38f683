package control_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
)

func TestBatchGetApplications(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.threeApplications()
	apps := must(w.BatchGetApplications(t.Context(), ns, []string{"shop", "boxes", "shop"}))(t)
	if len(apps) != 2 || apps[0].Name != "shop" || apps[1].Platform != deploy.ECS {
		t.Errorf("got %+v", apps)
	}
	for _, c := range []struct {
		names []string
		code  string
	}{
		{nil, "ApplicationNameRequired"},
		{[]string{"a b", ""}, "ApplicationNameRequired"},
		{[]string{"shop", "a b"}, "InvalidApplicationName"},
		{slices.Repeat([]string{"shop"}, 101), "BatchLimitExceeded"},
		{[]string{"shop", "unknown"}, "ApplicationDoesNotExist"},
	} {
		_, err := w.BatchGetApplications(t.Context(), ns, c.names)
		refused(t, "BatchGetApplications", err, c.code, "")
	}
}

func TestBatchGetDeploymentGroups(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.shop()
	id := w.deploy(deployment())
	found, missing, err := w.BatchGetDeploymentGroups(t.Context(), ns, "shop", []string{"x", "prod", "y", "prod", "x"})
	if err != nil || len(found) != 1 || found[0].LastAttempted.ID != id || missing != "Not found: deployment groups x, y" {
		t.Errorf("found %+v, missing %q, %v", found, missing, err)
	}
	if _, missing, _ := w.BatchGetDeploymentGroups(t.Context(), ns, "shop", []string{"prod"}); missing != "" {
		t.Errorf("missing %q", missing)
	}
	applicationNameFaults(t, "BatchGetDeploymentGroups", func(ctx context.Context, name string) error {
		_, _, err := w.BatchGetDeploymentGroups(ctx, ns, name, []string{"prod"})
		return err
	})
	for _, c := range []struct {
		names []string
		code  string
	}{
		{nil, "DeploymentGroupNameRequired"},
		{[]string{"prod", ""}, "DeploymentGroupNameRequired"},
		{[]string{long}, "InvalidDeploymentGroupName"},
		{slices.Repeat([]string{"prod"}, 101), "BatchLimitExceeded"},
	} {
		_, _, err := w.BatchGetDeploymentGroups(t.Context(), ns, "shop", c.names)
		refused(t, "BatchGetDeploymentGroups", err, c.code, "")
	}
}

func TestBatchGetDeployments(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.shop()
	first := w.deploy(deployment())
	w.end(first, deploy.Failed)
	second := w.deploy(deployment())
	found := must(w.BatchGetDeployments(t.Context(), ns, []string{second, "d-UNKNOWN01", first, second}))(t)
	if len(found) != 2 || found[0].ID != second || found[1].ID != first {
		t.Errorf("found %+v", found)
	}
	for _, c := range []struct {
		ids  []string
		code string
	}{
		{nil, "DeploymentIdRequired"},
		{[]string{first, ""}, "DeploymentIdRequired"},
		{[]string{"d-x"}, "InvalidDeploymentId"},
		{slices.Repeat([]string{first}, 26), "BatchLimitExceeded"},
	} {
		_, err := w.BatchGetDeployments(t.Context(), ns, c.ids)
		refused(t, "BatchGetDeployments", err, c.code, "")
	}
}

func TestBatchGetOnPremisesInstances(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.host("a")
	w.host("b")
	if err := w.DeregisterOnPremisesInstance(t.Context(), ns, "b"); err != nil {
		t.Fatal(err)
	}
	found := must(w.BatchGetOnPremisesInstances(t.Context(), ns, []string{"b", "x", "a", "b"}))(t)
	if len(found) != 2 || found[0].Name != "b" || found[0].Registered() || found[1].Name != "a" {
		t.Errorf("found %+v", found)
	}
	for _, c := range []struct {
		names []string
		code  string
	}{
		{nil, "InstanceNameRequired"},
		{[]string{"i-1", ""}, "InstanceNameRequired"},
		{[]string{"i-1"}, "InvalidInstanceName"},
		{slices.Repeat([]string{"a"}, 26), "BatchLimitExceeded"},
	} {
		_, err := w.BatchGetOnPremisesInstances(t.Context(), ns, c.names)
		refused(t, "BatchGetOnPremisesInstances", err, c.code, "")
	}
}

func TestBatchGetApplicationRevisions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.shop()
	id := w.deploy(deployment())
	w.end(id, deploy.Succeeded)
	in := []control.Revision{*bundle("unknown.zip"), *bundle("shop-7.zip"), *bundle("shop-7.zip")}
	found, missing, err := w.BatchGetApplicationRevisions(t.Context(), ns, "shop", in)
	if err != nil || len(found) != 1 || !slices.Equal(found[0].Groups, []string{"prod"}) || !strings.Contains(missing, "s3://b/unknown.zip") {
		t.Errorf("found %+v, missing %q, %v", found, missing, err)
	}
	applicationNameFaults(t, "BatchGetApplicationRevisions", func(ctx context.Context, name string) error {
		_, _, err := w.BatchGetApplicationRevisions(ctx, ns, name, in)
		return err
	})
	for _, c := range []struct {
		revisions []control.Revision
		code      string
	}{
		{nil, "RevisionRequired"},
		{[]control.Revision{*bundle("k"), {}}, "InvalidRevision"},
		{slices.Repeat([]control.Revision{*bundle("k")}, 26), "BatchLimitExceeded"},
	} {
		_, _, err := w.BatchGetApplicationRevisions(t.Context(), ns, "shop", c.revisions)
		refused(t, "BatchGetApplicationRevisions", err, c.code, "")
	}
}
