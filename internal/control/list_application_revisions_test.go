package control_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// list walks over all pages and returns what the revisions are called.
func (w *world) revisions(in control.ListApplicationRevisions) string {
	w.t.Helper()
	in.Application, in.Limit = "shop", 2
	var all []string
	for {
		page := must(w.ListApplicationRevisions(w.t.Context(), ns, in))(w.t)
		for _, r := range page.Revisions {
			name := "github"
			if r.S3 != nil {
				name = r.S3.Key
			}
			all = append(all, name)
		}
		if in.After = page.Next; in.After == "" {
			return strings.Join(all, " ")
		}
	}
}

func TestListApplicationRevisions(t *testing.T) {
	t.Parallel()
	type L = control.ListApplicationRevisions
	w := newWorld(t, control.Quotas{})
	w.shop()
	register := func(r *control.Revision) {
		t.Helper()
		err := w.RegisterApplicationRevision(t.Context(), ns, control.RegisterApplicationRevision{Application: "shop", Revision: r})
		if err != nil {
			t.Fatal(err)
		}
	}
	in := func(bucket, key string) *control.Revision {
		r := bundle(key)
		r.S3.Bucket = bucket
		return r
	}
	// Registered in this order; used in the order c, a, c; the last good is a.
	register(in("apps", "web/b"))
	register(in("apps", "web/a"))
	register(in("other", "c"))
	register(&control.Revision{Type: deploy.GitHubRevision, GitHub: &deploy.GitHubLocation{Repository: "o/r", CommitID: strings.Repeat("a", 40)}})
	for _, use := range []struct {
		revision *control.Revision
		end      deploy.Status
	}{{in("other", "c"), deploy.Failed}, {in("apps", "web/a"), deploy.Succeeded}, {in("other", "c"), deploy.Failed}} {
		d := deployment()
		d.Revision = use.revision
		w.end(w.deploy(d), use.end)
	}
	for _, c := range []struct {
		in   L
		want string
	}{
		{L{}, "web/b web/a c github"},
		{L{SortBy: new("registerTime"), SortOrder: new("descending")}, "github c web/a web/b"},
		{L{SortBy: new("firstUsedTime")}, "github web/b c web/a"},
		{L{SortBy: new("firstUsedTime"), SortOrder: new("descending")}, "web/a c web/b github"},
		{L{SortBy: new("lastUsedTime"), SortOrder: new("ascending")}, "github web/b web/a c"},
		{L{Bucket: new("apps")}, "web/b web/a"},
		{L{Bucket: new("none")}, ""},
		{L{Bucket: new("apps"), KeyPrefix: new("web/a")}, "web/a"},
		{L{Deployed: new("include")}, "web/a"},
		{L{Deployed: new("exclude")}, "web/b c github"},
		{L{Deployed: new("ignore")}, "web/b web/a c github"},
		{L{Deployed: new("exclude"), Bucket: new("apps")}, "web/b"},
	} {
		if got := w.revisions(c.in); got != c.want {
			t.Errorf("%+v: %q, want %q", c.in, got, c.want)
		}
	}
}

// TestListApplicationRevisionsOfOneTime: the key decides where times are the
// same, and what is added in the walk does not move what was there.
func TestListApplicationRevisionsOfOneTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.shop()
	put := func(names ...string) {
		t.Helper()
		app := must(w.GetApplication(t.Context(), ns, "shop"))(t)
		err := w.store.Update(t.Context(), func(tx *store.Tx) error {
			for _, name := range names {
				r := deploy.Revision{Type: deploy.S3Revision, S3: &deploy.S3Location{Bucket: "b", Key: name, BundleType: "zip"}}
				if err := tx.PutRevision(deploy.RegisteredRevision{Namespace: ns, ApplicationID: app.ID, Revision: r, RegisteredAt: start}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	put("b", "d", "f", "h")
	in := control.ListApplicationRevisions{Application: "shop", Limit: 2}
	first := must(w.ListApplicationRevisions(t.Context(), ns, in))(t)
	put("a", "e", "g")
	in.After, in.Limit = first.Next, 100
	var rest []string
	for _, r := range must(w.ListApplicationRevisions(t.Context(), ns, in))(t).Revisions {
		rest = append(rest, r.S3.Key)
	}
	if got := fmt.Sprint(rest); got != "[e f g h]" {
		t.Errorf("behind b and d come %s", got)
	}
	in.After = "x"
	_, err := w.ListApplicationRevisions(t.Context(), ns, in)
	refused(t, "ListApplicationRevisions", err, "InvalidNextToken", "")
}

func TestListApplicationRevisionsFaults(t *testing.T) {
	t.Parallel()
	type L = control.ListApplicationRevisions
	w := newWorld(t, control.Quotas{})
	w.shop()
	for _, c := range []struct {
		code string
		in   L
	}{
		{"InvalidSortBy", L{SortBy: new("time")}},
		{"InvalidSortBy", L{SortOrder: new("ascending")}},
		{"InvalidSortOrder", L{SortBy: new("registerTime"), SortOrder: new("up")}},
		{"InvalidBucketNameFilter", L{Bucket: new("")}},
		{"InvalidBucketNameFilter", L{Bucket: new("A_B")}},
		{"InvalidKeyPrefixFilter", L{Bucket: new("apps"), KeyPrefix: new("")}},
		{"InvalidKeyPrefixFilter", L{Bucket: new("apps"), KeyPrefix: new(strings.Repeat("k", 1025))}},
		{"BucketNameFilterRequired", L{KeyPrefix: new("k")}},
		{"InvalidDeployedStateFilter", L{Deployed: new("yes")}},
	} {
		c.in.Application, c.in.Limit = "shop", 1
		_, err := w.ListApplicationRevisions(t.Context(), ns, c.in)
		refused(t, "ListApplicationRevisions", err, c.code, "")
	}
	applicationNameFaults(t, "ListApplicationRevisions", func(ctx context.Context, name string) error {
		_, err := w.ListApplicationRevisions(ctx, ns, L{Application: name, Limit: 1})
		return err
	})
}

// BenchmarkListApplicationRevisions is a page of an application with as many
// revisions as years of deploying make.
func BenchmarkListApplicationRevisions(b *testing.B) {
	s := openStore(b)
	w := control.New(s, control.Options{})
	id, err := w.CreateApplication(b.Context(), ns, control.CreateApplication{Name: "shop"})
	if err != nil {
		b.Fatal(err)
	}
	err = s.Update(b.Context(), func(tx *store.Tx) error {
		for i := range 10_000 {
			r := deploy.Revision{Type: deploy.S3Revision, S3: &deploy.S3Location{Bucket: "apps", Key: fmt.Sprint(i), BundleType: "zip"}}
			at := start.Add(time.Duration(i) * time.Second)
			if err := tx.PutRevision(deploy.RegisteredRevision{Namespace: ns, ApplicationID: id, Revision: r, RegisteredAt: at}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := w.ListApplicationRevisions(b.Context(), ns, control.ListApplicationRevisions{Application: "shop", Limit: 100}); err != nil {
			b.Fatal(err)
		}
	}
}
