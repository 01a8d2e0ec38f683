package control_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
)

// helloHash is the SHA-256 of "hello".
const helloHash = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

func appSpec(text, hash string) *control.Revision {
	return &control.Revision{Type: deploy.AppSpecRevision, AppSpec: &deploy.Content{Text: text, SHA256: hash}}
}

func s3(bucket, key, bundleType string) *control.Revision {
	return &control.Revision{Type: deploy.S3Revision, S3: &deploy.S3Location{Bucket: bucket, Key: key, BundleType: bundleType}}
}

func gitHub(repository, commit string) *control.Revision {
	return &control.Revision{Type: deploy.GitHubRevision, GitHub: &deploy.GitHubLocation{Repository: repository, CommitID: commit}}
}

func TestRegisterApplicationRevision(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.shop()
	register := func(description *string) {
		t.Helper()
		err := w.RegisterApplicationRevision(t.Context(), ns, control.RegisterApplicationRevision{
			Application: "shop", Revision: bundle("x.zip"), Description: description,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	register(new("first"))
	first := must(w.GetApplicationRevision(t.Context(), ns, "shop", bundle("x.zip")))(t)
	if first.Description != "first" || first.FirstUsedAt != nil || len(first.Groups) != 0 || first.Revision.S3.Key != "x.zip" {
		t.Errorf("registered %+v", first)
	}
	register(new("second"))
	register(nil)
	second := must(w.GetApplicationRevision(t.Context(), ns, "shop", bundle("x.zip")))(t)
	if second.Description != "second" || !second.RegisteredAt.Equal(first.RegisteredAt) {
		t.Errorf("registered again %+v, before %+v", second, first)
	}
}

func TestRegisterContentByHash(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.application("pay", deploy.Lambda)
	register := func(r *control.Revision) error {
		return w.RegisterApplicationRevision(t.Context(), ns, control.RegisterApplicationRevision{Application: "pay", Revision: r})
	}
	refused(t, "RegisterApplicationRevision", register(appSpec("", helloHash)), "InvalidRevision", "not known")
	if err := register(appSpec("hello", strings.ToUpper(helloHash))); err != nil {
		t.Fatal(err)
	}
	if err := register(appSpec("", helloHash)); err != nil {
		t.Error(err)
	}
	info := must(w.GetApplicationRevision(t.Context(), ns, "pay", appSpec("", helloHash)))(t)
	if info.Revision.Content.Text != "hello" || info.Revision.Content.SHA256 != helloHash {
		t.Errorf("got %+v", info.Revision.Content)
	}
}

func TestRevisionForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.threeApplications()
	commit := strings.Repeat("a", 40)
	two := bundle("x")
	two.GitHub = gitHub("o/r", commit).GitHub
	text := &control.Revision{Type: deploy.StringRevision, String: &deploy.Content{Text: "hello"}}
	for _, c := range []struct {
		application string
		revision    *control.Revision
		code, text  string // no code: fine
	}{
		{"shop", nil, "RevisionRequired", "RevisionLocation must be specified"},
		{"shop", &control.Revision{}, "InvalidRevision", "Valid values"},
		{"shop", &control.Revision{Type: "Git"}, "InvalidRevision", `"Git"`},
		{"shop", &control.Revision{Type: deploy.S3Revision}, "InvalidRevision", "no member"},
		{"shop", two, "InvalidRevision", "only one"},
		{"shop", s3("", "k", "zip"), "InvalidRevision", "bucket"},
		{"shop", s3("b", "", "zip"), "InvalidRevision", "key"},
		{"shop", s3("b", "k", ""), "InvalidRevision", "bundleType"},
		{"shop", s3("b", "k", "YAML"), "InvalidRevision", "SERVER"},
		{"shop", s3("b", "k", "tgz"), "", ""},
		{"shop", gitHub("repo", commit), "InvalidRevision", "owner/name"},
		{"shop", gitHub("o/r", "main"), "InvalidRevision", "40"},
		{"shop", gitHub("o/r", commit), "", ""},
		{"shop", appSpec("hello", ""), "InvalidRevision", "AppSpecContent is not supported under compute platform: SERVER"},
		{"pay", gitHub("o/r", commit), "InvalidRevision", "Revision type: GitHub is not supported under compute platform: LAMBDA"},
		{"pay", s3("b", "k", "zip"), "InvalidRevision", "LAMBDA"},
		{"pay", s3("b", "k", "YAML"), "", ""},
		{"pay", text, "", ""},
		{"pay", appSpec("", ""), "InvalidRevision", "no content"},
		{"pay", appSpec("hello", "abc"), "InvalidRevision", "SHA-256"},
		{"pay", appSpec("other", helloHash), "InvalidRevision", "not that of the content"},
		{"pay", appSpec("hello", helloHash), "", ""},
		{"boxes", text, "InvalidRevision", "ECS"},
		{"boxes", appSpec("hello", ""), "", ""},
	} {
		err := w.RegisterApplicationRevision(t.Context(), ns, control.RegisterApplicationRevision{
			Application: c.application, Revision: c.revision,
		})
		if c.code != "" {
			refused(t, "RegisterApplicationRevision", err, c.code, c.text)
		} else if err != nil {
			t.Errorf("%s: %+v: %v", c.application, c.revision, err)
		}
	}
}

func TestRevisionFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.shop()
	register := func(ctx context.Context, application string, description *string) error {
		return w.RegisterApplicationRevision(ctx, ns, control.RegisterApplicationRevision{
			Application: application, Revision: bundle("x"), Description: description,
		})
	}
	applicationNameFaults(t, "RegisterApplicationRevision", func(ctx context.Context, name string) error {
		return register(ctx, name, nil)
	})
	refused(t, "RegisterApplicationRevision", register(t.Context(), "shop", new(strings.Repeat("é", 513))), "DescriptionTooLong", "513")
	if err := register(t.Context(), "shop", new(strings.Repeat("é", 256))); err != nil {
		t.Error(err)
	}
	get := func(ctx context.Context, application string, r *control.Revision) error {
		_, err := w.GetApplicationRevision(ctx, ns, application, r)
		return err
	}
	applicationNameFaults(t, "GetApplicationRevision", func(ctx context.Context, name string) error { return get(ctx, name, bundle("x")) })
	refused(t, "GetApplicationRevision", get(t.Context(), "shop", nil), "RevisionRequired", "")
	refused(t, "GetApplicationRevision", get(t.Context(), "shop", s3("", "", "")), "InvalidRevision", "")
	refused(t, "GetApplicationRevision", get(t.Context(), "shop", bundle("never")), "RevisionDoesNotExist", "s3://b/never")
}

func TestRevisionFollowsDeployments(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.shop()
	other := prod()
	other.Name = "a-test"
	w.group(other)
	id := w.deploy(deployment())
	info := must(w.GetApplicationRevision(t.Context(), ns, "shop", bundle("shop-7.zip")))(t)
	if want := "Application revision registered by Deployment ID: " + id; info.Description != want {
		t.Errorf("description %q, want %q", info.Description, want)
	}
	if info.FirstUsedAt == nil || info.LastUsedAt == nil || !info.FirstUsedAt.Equal(*info.LastUsedAt) || len(info.Groups) != 0 {
		t.Errorf("while it is deployed: %+v", info)
	}
	w.end(id, deploy.Succeeded)
	in := deployment()
	in.Group = "a-test"
	w.end(w.deploy(in), deploy.Succeeded)
	info = must(w.GetApplicationRevision(t.Context(), ns, "shop", bundle("shop-7.zip")))(t)
	if !slices.Equal(info.Groups, []string{"a-test", "prod"}) || !info.LastUsedAt.After(*info.FirstUsedAt) {
		t.Errorf("after it was deployed: %+v", info)
	}
	in = deployment()
	in.Revision = bundle("shop-8.zip")
	w.end(w.deploy(in), deploy.Succeeded)
	info = must(w.GetApplicationRevision(t.Context(), ns, "shop", bundle("shop-7.zip")))(t)
	if !slices.Equal(info.Groups, []string{"a-test"}) {
		t.Errorf("after another was deployed: %v", info.Groups)
	}
}

func TestKnowsRevision(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.shop()
	w.deploy(deployment())
	for _, c := range []struct {
		application string
		revision    *control.Revision
		want        bool
	}{
		{"shop", bundle("shop-7.zip"), true},
		{"shop", bundle("shop-8.zip"), false},
		{"bank", bundle("shop-7.zip"), false},
		{"shop", nil, false},
	} {
		if got := must(w.KnowsRevision(t.Context(), ns, c.application, c.revision))(t); got != c.want {
			t.Errorf("%s %+v: %v", c.application, c.revision, got)
		}
	}
}
