package test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/slipwayhq/slipway/internal/agent/backoff"
)

// TestRestartMode: a deployment in the mode RESTART runs all events again from
// the archives that the hosts have, and one without downloads what it needs.
// (The SDK's model here has no deploymentMode, so the request is made by hand.)
func TestRestartMode(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.define(t, "fleet", "CodeDeployDefault.AllAtOnce")
	dirs := map[string]string{}
	for _, name := range []string{"with", "without"} {
		dirs[name] = s.startAgentHere(t, name, "fleet", backoff.Policy{})
	}
	s.put(t, "site.tgz", folder{
		"appspec.yml": "version: 0.0\nos: linux\nhooks:\n  ApplicationStop: [{location: note.sh}]\n  ApplicationStart: [{location: note.sh}]\n",
		"note.sh":     "#!/bin/sh\necho $LIFECYCLE_EVENT >>\"$HOME/noted\"\n",
	}.pack(t))
	first := s.create(t, "fleet", "site.tgz")
	s.succeed(t, first, patience)

	archives, err := filepath.Glob(filepath.Join(dirs["without"], "deployment-root", "*", first))
	if err != nil || len(archives) != 1 {
		t.Fatalf("the archives are %v (%v)", archives, err)
	}
	for _, name := range []string{"bundle.tar", "bundle.json"} { // but not what ApplicationStop runs
		if err := os.Remove(filepath.Join(archives[0], name)); err != nil {
			t.Fatal(err)
		}
	}
	var created struct{ DeploymentID string }
	err = newRawClient(s.url, s.key).call(t.Context(), deployTarget+"CreateDeployment", map[string]string{
		"applicationName": application, "deploymentGroupName": "fleet", "deploymentMode": "RESTART",
	}, &created)
	if err != nil {
		t.Fatal(err)
	}
	s.succeed(t, created.DeploymentID, patience)

	for name, dir := range dirs {
		if got := read(t, filepath.Join(dir, "noted")); got != "ApplicationStart\nApplicationStop\nApplicationStart\n" {
			t.Errorf("on the host %s ran\n%s", name, got)
		}
	}
	want := map[string]string{
		"with":    "The archive of the deployment " + first + " is used again; nothing was downloaded.",
		"without": "The archive of the deployment " + first + " was to be used again, but is not on this host. The revision is fetched instead.",
	}
	for _, target := range s.targets(t, created.DeploymentID) {
		name := aws.ToString(target.TargetId)
		name = name[strings.LastIndex(name, "/")+1:]
		if d := event(t, target, "DownloadBundle").Diagnostics; d == nil || aws.ToString(d.LogTail) != want[name] {
			t.Errorf("%s says %+v, want %s", name, d, want[name])
		}
	}
	got, err := s.deploy.GetDeployment(t.Context(), &codedeploy.GetDeploymentInput{DeploymentId: &created.DeploymentID})
	if err != nil {
		t.Fatal(err)
	}
	if r := got.DeploymentInfo.Revision; r.RevisionType != types.RevisionLocationTypeS3 || aws.ToString(r.S3Location.Key) != "site.tgz" {
		t.Errorf("the revision is %+v", r)
	}
}
