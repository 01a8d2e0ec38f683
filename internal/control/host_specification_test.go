package control

import (
	"encoding/json"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/smallstep/pkcs7"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/protocol"
	"github.com/slipwayhq/slipway/internal/seal"
	"github.com/slipwayhq/slipway/internal/store"
)

// TestSpecification: a target gets a document that is really signed, holds
// what the agents need and carries the token of a private repository; nobody
// else gets it.
func TestSpecification(t *testing.T) {
	t.Parallel()
	s, err := store.OpenSQLite(t.Context(), t.TempDir()+"/s.db", seal.NewBox(seal.Key{}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	c := New(s, Options{})
	n := deploy.Namespace{Account: "000000000000", Region: "us-east-1"}
	now := time.Now().UTC().Truncate(time.Millisecond)
	const host, stranger = "arn:aws:iam::000000000000:user/web-1", "arn:aws:iam::000000000000:user/web-2"
	d := deploy.Deployment{
		Namespace: n, ID: "d-A1B2C3D4E", ApplicationID: "a", ApplicationName: "shop", GroupID: "g", GroupName: "prod",
		Platform: deploy.Server, Creator: deploy.CreatorUser, CreatedAt: now, Status: deploy.Created,
		Style: deploy.Style{Type: deploy.InPlace}, FileExistsBehavior: "OVERWRITE",
		Revision: deploy.Revision{Type: deploy.GitHubRevision, GitHub: &deploy.GitHubLocation{Repository: "acme/shop", CommitID: "c0ffee"}},
	}
	err = s.Update(t.Context(), func(tx *store.Tx) error {
		errs := []error{
			tx.InsertApplication(deploy.Application{Namespace: n, ID: "a", Name: "shop", GitHubAccountName: "acme"}),
			tx.InsertDeployment(d),
			tx.PutTarget(deploy.Target{DeploymentID: d.ID, ID: "web-1"}),
			tx.PutGitHubToken(deploy.GitHubToken{Namespace: n, Name: "acme", Token: "ghp_secret"}),
		}
		for name, arn := range map[string]string{"web-1": host, "web-2": stranger} {
			errs = append(errs, tx.PutInstance(deploy.Instance{Namespace: n, Name: name, IAMUserARN: arn, RegisteredAt: now}))
		}
		return errors.Join(errs...)
	})
	if err != nil {
		t.Fatal(err)
	}
	signed, _, err := c.DeploymentSpecification(t.Context(), n, host, ExecutionID(n, d.ID))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode([]byte(signed))
	if block == nil || block.Type != "PKCS7" {
		t.Fatalf("not PEM with the label PKCS7: %.60s", signed)
	}
	message, err := pkcs7.Parse(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if err := message.Verify(); err != nil {
		t.Error(err)
	}
	var got protocol.Specification
	if err := json.Unmarshal(message.Content, &got); err != nil {
		t.Fatal(err)
	}
	want := protocol.Specification{
		DeploymentID: d.ID, DeploymentGroupID: "g", DeploymentGroupName: "prod", ApplicationName: "shop",
		DeploymentCreator: "user", DeploymentType: "IN_PLACE", AppSpecFilename: "appspec.yml",
		AgentActionOverrides: &protocol.AgentActionOverrides{AgentOverrides: protocol.AgentOverrides{FileExistsBehavior: "OVERWRITE"}},
		Revision: &protocol.Revision{RevisionType: "GitHub", GitHubRevision: &protocol.GitHubRevision{
			Account: "acme", Repository: "shop", CommitID: "c0ffee",
		}},
		GitHubAccessToken: "ghp_secret", TargetCount: 1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if strings.Contains(string(message.Content), "AllPossibleLifecycleEvents") || strings.Contains(string(message.Content), "null") {
		t.Errorf("the official agent 1.x fails on this: %s", message.Content)
	}
	for _, bad := range []struct {
		ns        deploy.Namespace
		host, id  string
		situation string
	}{
		{n, stranger, ExecutionID(n, d.ID), "a host that is no target"},
		{deploy.Namespace{Account: n.Account, Region: "eu-west-1"}, host, ExecutionID(n, d.ID), "another region"},
		{n, host, ExecutionID(n, "d-XXXXXXXXX"), "an unknown deployment"},
		{n, host, "", "no deployment"},
	} {
		if _, _, err := c.DeploymentSpecification(t.Context(), bad.ns, bad.host, bad.id); deploy.CodeOf(err) != clientError {
			t.Errorf("%s: %v", bad.situation, err)
		}
	}
}

// TestSpecificationOfARestart: each host is told of the archive that it has,
// as far as the group remembers it; other deployments reuse nothing.
func TestSpecificationOfARestart(t *testing.T) {
	t.Parallel()
	s, err := store.OpenSQLite(t.Context(), t.TempDir()+"/s.db", seal.NewBox(seal.Key{}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	c := New(s, Options{})
	n := deploy.Namespace{Account: "000000000000", Region: "us-east-1"}
	now := time.Now().UTC().Truncate(time.Millisecond)
	revision := func(key string) deploy.Revision {
		return deploy.Revision{Type: deploy.S3Revision, S3: &deploy.S3Location{Bucket: "b", Key: key, BundleType: "zip"}}
	}
	restart := deploy.Deployment{
		Namespace: n, ID: "d-RESTART00", ApplicationID: "a", ApplicationName: "shop", GroupID: "g", GroupName: "prod",
		Platform: deploy.Server, Creator: deploy.CreatorUser, CreatedAt: now, Status: deploy.Created,
		Style: deploy.Style{Type: deploy.InPlace}, FileExistsBehavior: "DISALLOW", Revision: revision("2"), RestartOf: "d-FOLLOWUP0",
	}
	standard := restart
	standard.ID, standard.GroupID, standard.RestartOf = "d-STANDARD0", "other", ""
	hosts := map[string]struct {
		known *deploy.GroupHost
		want  string
	}{
		"root":     {&deploy.GroupHost{Healthy: true, Installed: new(revision("2")), DeploymentID: "d-ROOT00000"}, "d-ROOT00000"},
		"followup": {&deploy.GroupHost{Healthy: true, Installed: new(revision("2")), DeploymentID: "d-FOLLOWUP0"}, "d-FOLLOWUP0"},
		"failed":   {&deploy.GroupHost{Installed: new(revision("2")), DeploymentID: "d-FAILED000"}, "d-FOLLOWUP0"},
		"behind":   {&deploy.GroupHost{Healthy: true, Installed: new(revision("1")), DeploymentID: "d-OLD000000"}, "d-FOLLOWUP0"},
		"unknown":  {&deploy.GroupHost{Healthy: true, DeploymentID: "d-OLD000000"}, "d-FOLLOWUP0"},
		"new":      {nil, "d-FOLLOWUP0"},
	}
	err = s.Update(t.Context(), func(tx *store.Tx) error {
		group := deploy.Group{Namespace: n, ApplicationID: "a", ID: "g", Name: "prod"}
		errs := []error{
			tx.InsertApplication(deploy.Application{Namespace: n, ID: "a", Name: "shop"}), tx.InsertGroup(group),
			tx.InsertDeployment(restart), tx.InsertDeployment(standard),
		}
		for name, host := range hosts {
			errs = append(errs,
				tx.PutTarget(deploy.Target{DeploymentID: restart.ID, ID: name}), tx.PutTarget(deploy.Target{DeploymentID: standard.ID, ID: name}),
				tx.PutInstance(deploy.Instance{Namespace: n, Name: name, IAMUserARN: "arn:" + name, RegisteredAt: now}))
			if host.known != nil {
				host.known.GroupID, host.known.Host = group.ID, name
				errs = append(errs, tx.PutGroupHost(*host.known))
			}
		}
		return errors.Join(errs...)
	})
	if err != nil {
		t.Fatal(err)
	}
	reused := func(host, id string) string {
		t.Helper()
		signed, _, err := c.DeploymentSpecification(t.Context(), n, "arn:"+host, ExecutionID(n, id))
		if err != nil {
			t.Fatal(err)
		}
		block, _ := pem.Decode([]byte(signed))
		message, err := pkcs7.Parse(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		var got protocol.Specification
		if err := json.Unmarshal(message.Content, &got); err != nil {
			t.Fatal(err)
		}
		if got.DeploymentID != id {
			t.Errorf("%s gets the document of %s, want %s", host, got.DeploymentID, id)
		}
		return got.ReuseArchiveFromDeploymentID
	}
	for name, host := range hosts {
		if got := reused(name, restart.ID); got != host.want {
			t.Errorf("%s reuses %q, want %q", name, got, host.want)
		}
		if got := reused(name, standard.ID); got != "" {
			t.Errorf("%s reuses %q in a deployment that is no restart", name, got)
		}
	}
}
