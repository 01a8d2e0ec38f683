package control_test

import (
	"slices"
	"testing"
	"time"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
)

func TestListDeployments(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.shop()
	other := prod()
	other.Name = "test"
	w.group(other)
	var ids []string // oldest first
	var times []time.Time
	for i := range 5 {
		in := deployment()
		if i == 3 {
			in.Group = "test"
		}
		id := w.deploy(in)
		ids = append(ids, id)
		times = append(times, must(w.GetDeployment(t.Context(), ns, id))(t).CreatedAt)
		w.end(id, []deploy.Status{deploy.Succeeded, deploy.Failed}[i%2])
	}
	pick := func(places ...int) []string {
		var out []string
		for _, i := range places {
			out = append(out, ids[i])
		}
		return out
	}
	for _, c := range []struct {
		name string
		in   control.ListDeployments
		want []string
	}{
		{"all", control.ListDeployments{}, pick(4, 3, 2, 1, 0)},
		{"group", control.ListDeployments{Application: "shop", Group: "test"}, pick(3)},
		{"status", control.ListDeployments{Statuses: []deploy.Status{deploy.Failed, deploy.Created}}, pick(3, 1)},
		{"from", control.ListDeployments{From: times[3]}, pick(4, 3)},
		{"to", control.ListDeployments{To: times[1]}, pick(1, 0)},
		{"range", control.ListDeployments{From: times[2], To: times[2]}, pick(2)},
		{"external id", control.ListDeployments{ExternalID: new("stack")}, nil},
	} {
		var got []string
		for c.in.Limit = 2; ; {
			page := must(w.ListDeployments(t.Context(), ns, c.in))(t)
			got = append(got, page.Items...)
			if c.in.After = page.Next; c.in.After == "" {
				break
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestListDeploymentsFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.shop()
	for _, c := range []struct {
		in   control.ListDeployments
		code string
	}{
		{control.ListDeployments{Group: "prod"}, "ApplicationNameRequired"},
		{control.ListDeployments{Application: "shop"}, "DeploymentGroupNameRequired"},
		{control.ListDeployments{Application: "?", Group: "prod"}, "InvalidApplicationName"},
		{control.ListDeployments{Application: "x", Group: "prod"}, "ApplicationDoesNotExist"},
		{control.ListDeployments{Application: "shop", Group: "?"}, "InvalidDeploymentGroupName"},
		{control.ListDeployments{Application: "shop", Group: "x"}, "DeploymentGroupDoesNotExist"},
		{control.ListDeployments{From: start.Add(1), To: start}, "InvalidTimeRange"},
		{control.ListDeployments{Statuses: []deploy.Status{"In Progress"}}, "InvalidDeploymentStatus"},
		{control.ListDeployments{ExternalID: new("")}, "InvalidExternalId"},
		{control.ListDeployments{After: "x"}, "InvalidNextToken"},
		{control.ListDeployments{Application: "shop", Group: "prod", ExternalID: new("x")}, "InvalidInput"},
	} {
		_, err := w.ListDeployments(t.Context(), ns, c.in)
		refused(t, "ListDeployments", err, c.code, "")
	}
}
