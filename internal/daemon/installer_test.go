package daemon

import (
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

// TestInstallerIsPublished: where `aws deploy install` looks for it, in every
// region, until somebody puts another there.
func TestInstallerIsPublished(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" || (runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64") {
		t.Skip("no packages are made for " + runtime.GOOS + "/" + runtime.GOARCH)
	}
	binaries := t.TempDir()
	d := start(t, Config{Data: t.TempDir(), AgentBinaries: binaries})
	defer stop(t, d)
	client := s3.NewFromConfig(awsConfig(d, d.Root.ID, string(d.Root.Secret)), func(o *s3.Options) { o.UsePathStyle = true })
	get := func(bucket, key string) (string, error) {
		out, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key})
		if err != nil {
			return "", err
		}
		defer out.Body.Close()
		text, err := io.ReadAll(out.Body)
		check(t, err)
		return string(text), nil
	}
	refused := func(err error, code, says string) {
		t.Helper()
		var refusal smithy.APIError
		if !errors.As(err, &refusal) || refusal.ErrorCode() != code || !strings.Contains(refusal.ErrorMessage(), says) {
			t.Errorf("error is %v, want %s with %q", err, code, says)
		}
	}
	_, err := get("aws-codedeploy-eu-west-1", "latest/install")
	refused(err, "NoSuchKey", "put slipway-agent-linux-amd64 or slipway-agent-linux-arm64 into "+binaries)

	self, err := os.Executable() // as good a program of Go as any
	check(t, err)
	check(t, os.Symlink(self, filepath.Join(binaries, "slipway-agent")))
	for _, bucket := range []string{"aws-codedeploy-eu-west-1", "aws-codedeploy-mars-north-1"} {
		text, err := get(bucket, "latest/install")
		check(t, err)
		if !strings.HasPrefix(text, "#!/bin/sh\n") || !strings.Contains(text, "known='"+d.URL+"'\n") {
			t.Errorf("the installer begins with %.100q", text)
		}
		head, err := client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &bucket, Key: aws.String("latest/install")})
		check(t, err)
		if *head.ContentLength != int64(len(text)) {
			t.Errorf("HEAD says %d bytes, GET gives %d", *head.ContentLength, len(text))
		}
	}
	_, err = get("aws-codedeploy-eu-west-1", "latest/other")
	refused(err, "NoSuchBucket", "")
	_, err = get("codedeploy-eu-west-1", "latest/install")
	refused(err, "NoSuchBucket", "")

	resp, err := http.Get(d.URL + "/install")
	check(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	check(t, err)
	if resp.StatusCode != http.StatusOK || !strings.HasPrefix(string(text), "#!/bin/sh\nfetched_from='"+d.URL+"'\n") {
		t.Errorf("GET /install: %s %.100q", resp.Status, text)
	}

	own := aws.String("aws-codedeploy-eu-west-1")
	_, err = client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: own})
	check(t, err)
	_, err = client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: own, Key: aws.String("latest/install"), Body: strings.NewReader("mine")})
	check(t, err)
	if text, err := get(*own, "latest/install"); err != nil || text != "mine" {
		t.Errorf("the user's own installer is %.20q, %v", text, err)
	}
}
