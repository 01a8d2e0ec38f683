package control_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
)

func TestResourceTags(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.shop()
	for _, arn := range []string{ns.ApplicationARN("shop"), ns.GroupARN("shop", "prod")} {
		want := func(tags ...deploy.Tag) {
			t.Helper()
			if got := must(w.ListTagsForResource(t.Context(), ns, arn))(t); !slices.Equal(got, tags) {
				t.Errorf("%s has %v, want %v", arn, got, tags)
			}
		}
		want()
		a, b := deploy.Tag{Key: "a", Value: "1"}, deploy.Tag{Key: "b"}
		err := w.TagResource(t.Context(), ns, arn, []deploy.Tag{a, b})
		want(a, b)
		a.Value = "2"
		c := deploy.Tag{Key: "c", Value: "3"}
		if err == nil {
			err = w.TagResource(t.Context(), ns, arn, []deploy.Tag{a, c})
		}
		want(a, b, c)
		if err == nil {
			err = w.UntagResource(t.Context(), ns, arn, []string{"b", "never"})
		}
		want(a, c)
		if err != nil {
			t.Fatal(err)
		}
	}
	if tags := must(w.ListTagsForResource(t.Context(), ns, ns.ApplicationARN("none")))(t); len(tags) != 0 {
		t.Errorf("of nothing: %v", tags)
	}
}

func TestResourceTagFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.shop()
	w.config(serverConfig("mine"))
	one := []deploy.Tag{{Key: "k", Value: "v"}}
	operations := map[string]func(arn string) error{
		"TagResource":   func(arn string) error { return w.TagResource(t.Context(), ns, arn, one) },
		"UntagResource": func(arn string) error { return w.UntagResource(t.Context(), ns, arn, []string{"k"}) },
		"ListTagsForResource": func(arn string) error {
			_, err := w.ListTagsForResource(t.Context(), ns, arn)
			return err
		},
	}
	elsewhere := deploy.Namespace{Account: ns.Account, Region: "us-east-1"}
	theirs := deploy.Namespace{Account: "999999999999", Region: ns.Region}
	for _, c := range []struct{ arn, code string }{
		{"", "ResourceArnRequired"},
		{"shop", "InvalidArn"},
		{ns.ARN(""), "InvalidArn"},
		{ns.ApplicationARN(strings.Repeat("x", 1000)), "InvalidArn"},
		{ns.ApplicationARN(""), "InvalidArn"},
		{ns.ApplicationARN("a b"), "InvalidArn"},
		{ns.ARN("deploymentgroup:shop"), "InvalidArn"},
		{ns.GroupARN("shop", "a/b"), "InvalidArn"},
		{elsewhere.ApplicationARN("shop"), "InvalidArn"},
		{theirs.ApplicationARN("shop"), "InvalidArn"},
		{strings.Replace(ns.ApplicationARN("shop"), "codedeploy", "s3", 1), "InvalidArn"},
		{strings.Replace(ns.ApplicationARN("shop"), "arn:aws:", "arn:aws-cn:", 1), "InvalidArn"},
		{ns.InstanceARN("web-1"), "ArnNotSupported"},
		{ns.ARN("deployment:d-AAAAAAAAA"), "ArnNotSupported"},
		{ns.ConfigARN("mine"), "ArnNotSupported"},
		{ns.ConfigARN(deploy.DefaultConfigName), "ArnNotSupported"},
		{ns.ApplicationARN("none"), "ApplicationDoesNotExist"},
		{ns.GroupARN("none", "prod"), "ApplicationDoesNotExist"},
		{ns.GroupARN("shop", "none"), "DeploymentGroupDoesNotExist"},
		{ns.ConfigARN("none"), "DeploymentConfigDoesNotExist"},
	} {
		for operation, call := range operations {
			err := call(c.arn)
			if operation == "ListTagsForResource" && strings.HasSuffix(c.code, "DoesNotExist") {
				if err != nil {
					t.Errorf("%s %s: %v", operation, c.arn, err)
				}
				continue
			}
			refused(t, operation, err, c.code, "")
		}
	}

	// What is wrong with the tags comes after the form of the ARN and before
	// there being no such resource.
	var many []deploy.Tag
	for i := range 50 {
		many = append(many, deploy.Tag{Key: fmt.Sprint("k", i)})
	}
	none := ns.ApplicationARN("none")
	for _, c := range []struct {
		tags []deploy.Tag
		code string
	}{
		{nil, "TagRequired"},
		{[]deploy.Tag{{Value: "v"}}, "InvalidTagsToAdd"},
		{[]deploy.Tag{{Key: "aws:x"}}, "InvalidTagsToAdd"},
		{[]deploy.Tag{{Key: "k"}, {Key: "k"}}, "InvalidTagsToAdd"},
		{[]deploy.Tag{{Key: strings.Repeat("k", 129)}}, "InvalidTagsToAdd"},
		{[]deploy.Tag{{Key: "k", Value: strings.Repeat("v", 257)}}, "InvalidTagsToAdd"},
		{append(many, deploy.Tag{Key: "more"}), "InvalidTagsToAdd"},
		{[]deploy.Tag{{Key: deploy.SilentTimeoutTag, Value: "5 minutes"}}, "InvalidTagsToAdd"},
	} {
		refused(t, "TagResource", w.TagResource(t.Context(), ns, none, c.tags), c.code, "")
	}
	for _, c := range []struct {
		keys []string
		code string
	}{{nil, "TagRequired"}, {[]string{""}, "InvalidTagsToAdd"}, {[]string{strings.Repeat("k", 129)}, "InvalidTagsToAdd"}} {
		refused(t, "UntagResource", w.UntagResource(t.Context(), ns, none, c.keys), c.code, "")
	}

	// The limit is for what a resource has in the end.
	shop := ns.ApplicationARN("shop")
	if err := w.TagResource(t.Context(), ns, shop, many); err != nil {
		t.Fatal(err)
	}
	refused(t, "TagResource", w.TagResource(t.Context(), ns, shop, one), "InvalidTagsToAdd", "51")
	if err := w.TagResource(t.Context(), ns, shop, many[:1]); err != nil {
		t.Errorf("replacing at the limit: %v", err)
	}
}

func TestGitHubTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{GitHubTokens: 2})
	w.shop()
	put := func(name, token, application string) error {
		return w.PutGitHubAccountToken(t.Context(), ns, control.PutGitHubAccountToken{Name: name, Token: token, Application: application})
	}
	remove := func(name string) error { return w.DeleteGitHubAccountToken(t.Context(), ns, name) }
	for _, token := range []string{"ghp_1", "ghp_2"} {
		if err := put("acme", token, ""); err != nil {
			t.Fatal(err)
		}
	}
	if err := put("beta", "ghp_3", "shop"); err != nil {
		t.Fatal(err)
	}
	page := must(w.ListGitHubAccountTokenNames(t.Context(), ns, "", 1))(t)
	next := must(w.ListGitHubAccountTokenNames(t.Context(), ns, page.Next, 1))(t)
	if !slices.Equal(page.Items, []string{"acme"}) || !slices.Equal(next.Items, []string{"beta"}) || next.Next != "" {
		t.Errorf("listed %+v, %+v", page, next)
	}
	if app := must(w.GetApplication(t.Context(), ns, "shop"))(t); app.GitHubAccountName != "beta" {
		t.Errorf("the application uses %q", app.GitHubAccountName)
	}
	for _, c := range []struct{ name, token, application, code string }{
		{"", "t", "", "GitHubAccountTokenNameRequired"},
		{"a b", "t", "", "InvalidGitHubAccountTokenName"},
		{"acme", "", "", "InvalidInput"},
		{"acme", "two words", "", "InvalidInput"},
		{"acme", "t", "a b", "InvalidApplicationName"},
		{"acme", "t", "none", "ApplicationDoesNotExist"},
		{"third", "t", "", "InvalidInput"},
	} {
		if err := put(c.name, c.token, c.application); deploy.CodeOf(err) != c.code+"Exception" {
			t.Errorf("%+v: %v", c, err)
		}
	}
	refused(t, "DeleteGitHubAccountToken", remove(""), "GitHubAccountTokenNameRequired", "")
	refused(t, "DeleteGitHubAccountToken", remove("a b"), "InvalidGitHubAccountTokenName", "")
	refused(t, "DeleteGitHubAccountToken", remove("none"), "GitHubAccountTokenDoesNotExist", "none")
	if err := remove("beta"); err != nil {
		t.Fatal(err)
	}
	refused(t, "DeleteGitHubAccountToken", remove("beta"), "GitHubAccountTokenDoesNotExist", "")
	if app := must(w.GetApplication(t.Context(), ns, "shop"))(t); app.GitHubAccountName != "" {
		t.Errorf("the application still uses %q", app.GitHubAccountName)
	}
}
