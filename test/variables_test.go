package test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/slipwayhq/slipway/internal/agent/backoff"
)

// TestVariablesOfScripts: scripts know their place among the targets, what the
// group had before, and the variables that its tags set.
func TestVariablesOfScripts(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.define(t, "fleet", "CodeDeployDefault.AllAtOnce")
	_, err := s.deploy.TagResource(t.Context(), &codedeploy.TagResourceInput{
		ResourceArn: aws.String("arn:aws:codedeploy:us-east-1:000000000000:deploymentgroup:" + application + "/fleet"),
		Tags: []types.Tag{
			{Key: aws.String("slipway:env:COLOUR"), Value: aws.String("light blue")},
			{Key: aws.String("slipway:env:DEPLOYMENT_ID"), Value: aws.String("d-FORGED")},
			{Key: aws.String("slipway:env:PATH"), Value: aws.String("/nowhere")},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	dirs := []string{s.startAgentHere(t, "host-1", "fleet", backoff.Policy{}), s.startAgentHere(t, "host-2", "fleet", backoff.Policy{})}
	s.put(t, "site.tgz", folder{
		"appspec.yml": "version: 0.0\nos: linux\nhooks:\n  AfterInstall:\n    - location: env.sh\n",
		"env.sh":      "#!/bin/sh\nenv | grep -E '^(SLIPWAY_(TARGET|PREVIOUS)|COLOUR|DEPLOYMENT_ID)' | sort >\"$HOME/env.$DEPLOYMENT_ID\"\n",
	}.pack(t))
	first := s.create(t, "fleet", "site.tgz")
	s.succeed(t, first, patience)
	second := s.create(t, "fleet", "site.tgz")
	s.succeed(t, second, patience)

	var places []string
	for _, dir := range dirs {
		before := strings.Split(read(t, filepath.Join(dir, "env."+first)), "\n")
		want := []string{"COLOUR=light blue", "DEPLOYMENT_ID=" + first, "SLIPWAY_TARGET_COUNT=2", before[len(before)-2], ""}
		if !slices.Equal(before, want) {
			t.Errorf("the first deployment's variables are %q, want %q", before, want)
		}
		after := strings.Split(read(t, filepath.Join(dir, "env."+second)), "\n")
		want = []string{
			"COLOUR=light blue", "DEPLOYMENT_ID=" + second,
			"SLIPWAY_PREVIOUS_BUNDLE_BUCKET=" + bucket, "SLIPWAY_PREVIOUS_BUNDLE_KEY=site.tgz", "SLIPWAY_PREVIOUS_DEPLOYMENT_ID=" + first,
			"SLIPWAY_TARGET_COUNT=2", after[len(after)-2], "",
		}
		if !slices.Equal(after, want) {
			t.Errorf("the second deployment's variables are %q, want %q", after, want)
		}
		places = append(places, after[len(after)-2])
	}
	slices.Sort(places)
	if !slices.Equal(places, []string{"SLIPWAY_TARGET_INDEX=0", "SLIPWAY_TARGET_INDEX=1"}) {
		t.Errorf("the hosts' places are %q", places)
	}
}
