package main

import (
	"os"
	"strings"
	"testing"
)

func TestGeneratedFileIsCurrent(t *testing.T) {
	text, err := os.ReadFile("../" + modelFile)
	if err != nil {
		t.Fatal(err)
	}
	want, err := generate(string(text))
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../" + goFile)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Error("codedeploy_gen.go does not fit model.txt: run go generate ./internal/wire")
	}
}

func TestExported(t *testing.T) {
	for name, want := range map[string]string{
		"applicationName":  "ApplicationName",
		"deploymentIds":    "DeploymentIDs",
		"iamUserArn":       "IAMUserARN",
		"ec2TagSet":        "EC2TagSet",
		"eTag":             "ETag",
		"gitHubLocation":   "GitHubLocation",
		"s3Location":       "S3Location",
		"sha256":           "SHA256",
		"ResourceArn":      "ResourceARN",
		"NO_EC2_INSTANCES": "NoEC2Instances",
		"tgz":              "Tgz",
		"YAML":             "YAML",
		"InProgress":       "InProgress",
	} {
		if got := exported(name); got != want {
			t.Errorf("exported(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestModelFaults(t *testing.T) {
	for text, want := range map[string]string{
		"  name string":                    "line 1: \"name\" belongs to no block",
		"structure":                        "line 1: structure has no name",
		"union A":                          "line 1: unknown heading \"union\"",
		"structure A\n  b":                 "line 2: member b has no type",
		"structure A\n  b string optional": "line 2: member b: unknown flag \"optional\"",
		"structure A\n  b []map[string]C":  "A.b: no type \"C\"",
		"structure A\nenum A\n  x":         "A is defined twice",
		"operation A\n  b string":          "line 2: \"b\" belongs to no block",
	} {
		_, err := generate(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("generate(%q): %v, want %s", text, err, want)
		}
	}
}
