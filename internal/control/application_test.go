package control_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

func TestCreateApplication(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	id := must(w.CreateApplication(t.Context(), ns, control.CreateApplication{
		Name: "shop", Tags: []deploy.Tag{{Key: "team", Value: "web"}, {Key: "empty"}},
	}))(t)
	app := must(w.GetApplication(t.Context(), ns, "shop"))(t)
	if app.ID != id || app.Platform != deploy.Server || app.Name != "shop" || len(app.Tags) != 2 || app.CreatedAt.IsZero() {
		t.Errorf("stored %+v", app)
	}
	other := deploy.Namespace{Account: ns.Account, Region: "us-east-1"}
	if _, err := w.CreateApplication(t.Context(), other, control.CreateApplication{Name: "shop"}); err != nil {
		t.Errorf("the same name in another region: %v", err)
	}
}

func TestCreateApplicationFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{Applications: 2})
	w.application("shop", deploy.Server)
	tags := func(tags ...deploy.Tag) control.CreateApplication {
		return control.CreateApplication{Name: "new", Tags: tags}
	}
	for _, c := range []struct {
		in         control.CreateApplication
		code, text string
	}{
		{control.CreateApplication{}, "ApplicationNameRequired", ""},
		{control.CreateApplication{Name: long}, "InvalidApplicationName", long},
		{control.CreateApplication{Name: "a/b"}, "InvalidApplicationName", "a/b"},
		{control.CreateApplication{Name: "new", Platform: new(deploy.ComputePlatform("server"))}, "InvalidComputePlatform", `"server" is not a compute platform. Valid values: Server, Lambda, ECS`},
		{control.CreateApplication{Name: "new", Platform: new(deploy.ComputePlatform(""))}, "InvalidComputePlatform", ""},
		{tags(deploy.Tag{Value: "v"}), "InvalidTagsToAdd", "no key"},
		{tags(deploy.Tag{Key: "AWS:x"}), "InvalidTagsToAdd", "reserved"},
		{tags(deploy.Tag{Key: "k"}, deploy.Tag{Key: "k"}), "InvalidTagsToAdd", "twice"},
		{tags(deploy.Tag{Key: strings.Repeat("k", 129)}), "InvalidTagsToAdd", "129"},
		{tags(deploy.Tag{Key: "k", Value: strings.Repeat("v", 257)}), "InvalidTagsToAdd", "257"},
		{tags(make([]deploy.Tag, 51)...), "InvalidTagsToAdd", "51 tags, 50"},
		{control.CreateApplication{Name: "shop"}, "ApplicationAlreadyExists", "shop"},
	} {
		_, err := w.CreateApplication(t.Context(), ns, c.in)
		refused(t, "CreateApplication", err, c.code, c.text)
	}
	w.application("second", deploy.ECS)
	_, err := w.CreateApplication(t.Context(), ns, control.CreateApplication{Name: "third"})
	refused(t, "CreateApplication", err, "ApplicationLimitExceeded", "2")
}

func TestGetApplicationFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	applicationNameFaults(t, "GetApplication", func(ctx context.Context, name string) error {
		_, err := w.GetApplication(ctx, ns, name)
		return err
	})
}

func TestListApplications(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	if page := must(w.ListApplications(t.Context(), ns, "", 2))(t); len(page.Items) != 0 || page.Next != "" {
		t.Errorf("of nothing: %+v", page)
	}
	for _, name := range []string{"c", "a", "b"} {
		w.application(name, deploy.Lambda)
	}
	first := must(w.ListApplications(t.Context(), ns, "", 2))(t)
	if !slices.Equal(first.Items, []string{"a", "b"}) || first.Next != "b" {
		t.Fatalf("first page %+v", first)
	}
	second := must(w.ListApplications(t.Context(), ns, first.Next, 2))(t)
	if !slices.Equal(second.Items, []string{"c"}) || second.Next != "" {
		t.Errorf("second page %+v", second)
	}
}

func TestDeleteApplication(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.shop()
	id := w.deploy(deployment())
	w.change(id, func(d *deploy.Deployment) { d.Move(deploy.InProgress, w.tick()) }) // and sleeps
	if err := w.DeleteApplication(t.Context(), ns, "shop"); err != nil {
		t.Fatal(err)
	}
	_, err := w.GetApplication(t.Context(), ns, "shop")
	refused(t, "GetApplication", err, "ApplicationDoesNotExist", "")
	w.wantDue(id)
	if d := must(w.GetDeployment(t.Context(), ns, id))(t); d.ApplicationName != "shop" {
		t.Errorf("history lost: %+v", d)
	}
	if err := w.DeleteApplication(t.Context(), ns, "shop"); err != nil {
		t.Errorf("again: %v", err)
	}
	refused(t, "DeleteApplication", w.DeleteApplication(t.Context(), ns, ""), "ApplicationNameRequired", "")
	refused(t, "DeleteApplication", w.DeleteApplication(t.Context(), ns, "a b"), "InvalidApplicationName", "")
}

// wantDue checks that the engine is asked to look at a deployment.
func (w *world) wantDue(id string) {
	w.t.Helper()
	err := w.store.View(w.t.Context(), func(tx *store.Tx) error {
		due, err := tx.DueDeployments(store.Leaseholder{}, w.tick(), 10)
		if !slices.Contains(due.IDs, id) {
			w.t.Errorf("due are %v, want %s", due.IDs, id)
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}
