package control_test

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
)

func userARN(name string) *string { return new("arn:aws:iam::123456789012:user/hosts/" + name) }

func (w *world) host(name string, tags ...deploy.Tag) {
	w.t.Helper()
	err := w.RegisterOnPremisesInstance(w.t.Context(), ns, control.RegisterOnPremisesInstance{Name: name, IAMUserARN: userARN(name)})
	if err == nil && len(tags) > 0 {
		err = w.AddTagsToOnPremisesInstances(w.t.Context(), ns, []string{name}, tags)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

func TestRegisterOnPremisesInstance(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.host("web-1", deploy.Tag{Key: "k", Value: "v"})
	i := must(w.GetOnPremisesInstance(t.Context(), ns, "web-1"))(t)
	if !regexp.MustCompile(`^arn:aws:codedeploy:eu-west-1:123456789012:instance/web-1_[A-Za-z0-9]{10}$`).MatchString(i.ARN) {
		t.Errorf("ARN %s", i.ARN)
	}
	if i.IAMUserARN != *userARN("web-1") || i.IAMSessionARN != "" || !i.Registered() || i.RegisteredAt.IsZero() {
		t.Errorf("registered %+v", i)
	}

	// Deregistered, it is still shown with its tags; registered again it
	// starts afresh.
	if err := w.DeregisterOnPremisesInstance(t.Context(), ns, "web-1"); err != nil {
		t.Fatal(err)
	}
	gone := must(w.GetOnPremisesInstance(t.Context(), ns, "web-1"))(t)
	if gone.Registered() || len(gone.Tags) != 1 {
		t.Errorf("deregistered %+v", gone)
	}
	w.host("web-1")
	again := must(w.GetOnPremisesInstance(t.Context(), ns, "web-1"))(t)
	if !again.Registered() || len(again.Tags) != 0 || again.ARN == i.ARN {
		t.Errorf("registered again %+v", again)
	}
}

func TestRegisterOnPremisesInstanceFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.host("web-1")
	session := "arn:aws:sts::123456789012:assumed-role/Hosts/web-2"
	err := w.RegisterOnPremisesInstance(t.Context(), ns, control.RegisterOnPremisesInstance{Name: "web-2", IAMSessionARN: &session})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name          string
		user, session *string
		code          string
	}{
		{"", userARN("x"), nil, "InstanceNameRequired"},
		{"i-1", userARN("x"), nil, "InvalidInstanceName"},
		{long, userARN("x"), nil, "InvalidInstanceName"},
		{"x", nil, nil, "IamArnRequired"},
		{"x", nil, new(""), "IamArnRequired"},
		{"x", new(""), nil, "IamUserArnRequired"},
		{"x", userARN("x"), &session, "MultipleIamArnsProvided"},
		{"x", new(role), nil, "InvalidIamUserArn"},
		{"x", nil, userARN("x"), "InvalidIamSessionArn"},
		{"web-1", userARN("x"), nil, "InstanceNameAlreadyRegistered"},
		{"x", userARN("web-1"), nil, "IamUserArnAlreadyRegistered"},
		{"x", nil, &session, "IamSessionArnAlreadyRegistered"},
	} {
		err := w.RegisterOnPremisesInstance(t.Context(), ns, control.RegisterOnPremisesInstance{
			Name: c.name, IAMUserARN: c.user, IAMSessionARN: c.session,
		})
		refused(t, "RegisterOnPremisesInstance", err, c.code, "")
	}
}

func TestDeregisterFreesTheIdentity(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.host("web-1")
	for range 2 {
		if err := w.DeregisterOnPremisesInstance(t.Context(), ns, "web-1"); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.DeregisterOnPremisesInstance(t.Context(), ns, "never"); err != nil {
		t.Error(err)
	}
	err := w.RegisterOnPremisesInstance(t.Context(), ns, control.RegisterOnPremisesInstance{Name: "web-9", IAMUserARN: userARN("web-1")})
	if err != nil {
		t.Error(err)
	}
	refused(t, "DeregisterOnPremisesInstance", w.DeregisterOnPremisesInstance(t.Context(), ns, ""), "InstanceNameRequired", "")
	refused(t, "DeregisterOnPremisesInstance", w.DeregisterOnPremisesInstance(t.Context(), ns, "i-1"), "InvalidInstanceName", "")
	for name, code := range map[string]string{"": "InstanceNameRequired", "a b": "InvalidInstanceName", "x": "InstanceNotRegistered"} {
		_, err := w.GetOnPremisesInstance(t.Context(), ns, name)
		refused(t, "GetOnPremisesInstance", err, code, "")
	}
}

func TestInstanceTags(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.host("a", deploy.Tag{Key: "stage", Value: "test"}, deploy.Tag{Key: "zone", Value: "1"})
	w.host("b")
	tags := []deploy.Tag{{Key: "stage", Value: "prod"}, {Key: "role", Value: "web"}}
	if err := w.AddTagsToOnPremisesInstances(t.Context(), ns, []string{"a", "b"}, tags); err != nil {
		t.Fatal(err)
	}
	wantTags := func(name string, want ...deploy.Tag) {
		t.Helper()
		i := must(w.GetOnPremisesInstance(t.Context(), ns, name))(t)
		if !slices.Equal(i.Tags, want) {
			t.Errorf("%s has %v, want %v", name, i.Tags, want)
		}
	}
	wantTags("a", deploy.Tag{Key: "zone", Value: "1"}, tags[0], tags[1])
	wantTags("b", tags...)
	// Only tags that are the same are removed.
	remove := []deploy.Tag{{Key: "stage", Value: "other"}, tags[1], {Key: "never", Value: "x"}}
	if err := w.RemoveTagsFromOnPremisesInstances(t.Context(), ns, []string{"b"}, remove); err != nil {
		t.Fatal(err)
	}
	wantTags("b", tags[0])
}

func TestInstanceTagFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.host("a")
	w.host("old")
	if err := w.DeregisterOnPremisesInstance(t.Context(), ns, "old"); err != nil {
		t.Fatal(err)
	}
	one := []deploy.Tag{{Key: "k", Value: "v"}}
	var eleven []deploy.Tag
	for i := range 11 {
		eleven = append(eleven, deploy.Tag{Key: fmt.Sprint("k", i), Value: "v"})
	}
	many := slices.Repeat([]string{"a"}, 101)
	type change func(context.Context, deploy.Namespace, []string, []deploy.Tag) error
	for operation, call := range map[string]change{
		"AddTagsToOnPremisesInstances":      w.AddTagsToOnPremisesInstances,
		"RemoveTagsFromOnPremisesInstances": w.RemoveTagsFromOnPremisesInstances,
	} {
		for _, c := range []struct {
			names []string
			tags  []deploy.Tag
			code  string
		}{
			{nil, one, "InstanceNameRequired"},
			{[]string{"?", ""}, one, "InstanceNameRequired"},
			{[]string{"a", "i-1"}, one, "InvalidInstanceName"},
			{[]string{"a"}, nil, "TagRequired"},
			{[]string{"a"}, []deploy.Tag{{Value: "v"}}, "InvalidTag"},
			{many, one, "InstanceLimitExceeded"},
			{[]string{"a", "never"}, one, "InstanceNotRegistered"},
			{[]string{"a", "old"}, one, "InstanceNotRegistered"},
			{[]string{"a"}, eleven, "TagLimitExceeded"},
		} {
			refused(t, operation, call(t.Context(), ns, c.names, c.tags), c.code, "")
		}
	}
	for _, tags := range [][]deploy.Tag{
		{{Key: "k"}},
		{{Key: "k", Value: "1"}, {Key: "k", Value: "2"}},
		{{Key: strings.Repeat("k", 129), Value: "v"}},
		{{Key: "k", Value: strings.Repeat("v", 257)}},
	} {
		err := w.AddTagsToOnPremisesInstances(t.Context(), ns, []string{"a"}, tags)
		refused(t, "AddTagsToOnPremisesInstances", err, "InvalidTag", "")
	}
	if i := must(w.GetOnPremisesInstance(t.Context(), ns, "a"))(t); len(i.Tags) != 0 {
		t.Errorf("a call that failed left %v", i.Tags)
	}
}

func TestListOnPremisesInstances(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	for i := range 5 {
		w.host(fmt.Sprint("web-", i), deploy.Tag{Key: "n", Value: fmt.Sprint(i % 2)})
	}
	if err := w.DeregisterOnPremisesInstance(t.Context(), ns, "web-4"); err != nil {
		t.Fatal(err)
	}
	list := func(in control.ListOnPremisesInstances) []string {
		t.Helper()
		var all []string
		in.Limit = 2
		for {
			page := must(w.ListOnPremisesInstances(t.Context(), ns, in))(t)
			all = append(all, page.Items...)
			if in.After = page.Next; in.After == "" {
				return all
			}
		}
	}
	even := []deploy.TagFilter{{Key: "n", Value: "0"}}
	for _, c := range []struct {
		in   control.ListOnPremisesInstances
		want string
	}{
		{control.ListOnPremisesInstances{}, "web-0 web-1 web-2 web-3 web-4"},
		{control.ListOnPremisesInstances{Status: new("Registered")}, "web-0 web-1 web-2 web-3"},
		{control.ListOnPremisesInstances{Status: new("Deregistered")}, "web-4"},
		{control.ListOnPremisesInstances{TagFilters: even}, "web-0 web-2 web-4"},
		{control.ListOnPremisesInstances{TagFilters: even, Status: new("Registered")}, "web-0 web-2"},
		{control.ListOnPremisesInstances{TagFilters: []deploy.TagFilter{{Type: deploy.KeyOnly, Key: "x"}}}, ""},
	} {
		if got := strings.Join(list(c.in), " "); got != c.want {
			t.Errorf("%+v: %q, want %q", c.in, got, c.want)
		}
	}
	// Only groups have wildcards: here a star is a star.
	w.host("star", deploy.Tag{Key: "n", Value: "*"})
	stars := []deploy.TagFilter{{Key: "n", Value: "*"}, {Type: deploy.ValueOnly, Value: "?"}}
	if got := list(control.ListOnPremisesInstances{TagFilters: stars}); !slices.Equal(got, []string{"star"}) {
		t.Errorf("a star matches %v", got)
	}
	_, err := w.ListOnPremisesInstances(t.Context(), ns, control.ListOnPremisesInstances{Status: new("registered")})
	refused(t, "ListOnPremisesInstances", err, "InvalidRegistrationStatus", "")
	_, err = w.ListOnPremisesInstances(t.Context(), ns, control.ListOnPremisesInstances{TagFilters: []deploy.TagFilter{{Type: "X"}}})
	refused(t, "ListOnPremisesInstances", err, "InvalidTagFilter", "")
}
