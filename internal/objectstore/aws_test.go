package objectstore_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/slipwayhq/slipway/internal/objectstore"
)

// awsCommand returns a function that runs the aws command in dir, as a user
// would against our endpoint.
func awsCommand(t *testing.T, dir string, env ...string) func(args ...string) string {
	t.Helper()
	if _, err := exec.LookPath("aws"); err != nil {
		t.Skip("the aws command is not installed")
	}
	if testing.Short() {
		t.Skip("the aws command takes a second for each call")
	}
	ours := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "AWS_") })
	env = append(append(ours, "AWS_ACCESS_KEY_ID="+rootKey, "AWS_SECRET_ACCESS_KEY="+rootSecret, "AWS_SESSION_TOKEN=",
		"AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1",
		"AWS_CONFIG_FILE="+filepath.Join(dir, "config"), "AWS_SHARED_CREDENTIALS_FILE="+filepath.Join(dir, "none")), env...)
	return func(args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(context.WithoutCancel(t.Context()), "aws", args...)
		cmd.Dir, cmd.Env = dir, env
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("aws %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
}

// TestAWSCommand runs the aws command as a user would.
func TestAWSCommand(t *testing.T) {
	t.Parallel()
	store, server := serve(t, objectstore.Options{})
	dir := t.TempDir()
	aws := awsCommand(t, dir, "AWS_ENDPOINT_URL="+server.URL)
	small, large := pattern(1000), pattern(17<<20) // above 8 MB the command uploads in parts
	must(t, os.WriteFile(filepath.Join(dir, "small file+ü"), small, 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "large"), large, 0o600))

	aws("s3", "mb", "s3://shop")
	must(t, store.SetVersioning(t.Context(), "shop", objectstore.VersioningEnabled))
	aws("s3", "cp", "small file+ü", "s3://shop/a b/")
	aws("s3", "cp", "large", "s3://shop/large")
	aws("s3", "cp", "s3://shop/large", "s3://shop/copy")
	o, f, err := store.Get(t.Context(), "shop", "large", "")
	must(t, err)
	defer f.Close()
	equal(t, "parts", len(o.Parts), 3)
	if out := aws("s3", "ls", "--recursive", "s3://shop"); !strings.Contains(out, "a b/small file+ü") || strings.Count(out, "\n") != 3 {
		t.Errorf("ls: %s", out)
	}
	if out := aws("s3", "ls", "s3://shop/"); !strings.Contains(out, "PRE a b/") {
		t.Errorf("ls: %s", out)
	}
	aws("s3", "cp", "s3://shop/copy", "back")
	back, err := os.ReadFile(filepath.Join(dir, "back"))
	must(t, err)
	sameBytes(t, back, large)

	// Without a setting the command signs URLs in the old way.
	for _, config := range []string{"", "[default]\ns3 =\n  signature_version = s3v4\n"} {
		must(t, os.WriteFile(filepath.Join(dir, "config"), []byte(config), 0o600))
		url := strings.TrimSpace(aws("s3", "presign", "s3://shop/a b/small file+ü"))
		equal(t, "newer signature", strings.Contains(url, "X-Amz-Signature"), config != "")
		resp, body := do(t, got(http.NewRequest("GET", url, nil))(t))
		equal(t, "presigned", resp.StatusCode, 200)
		sameBytes(t, []byte(body), small)
		resp, _ = do(t, got(http.NewRequest("GET", strings.Replace(url, "small", "large", 1), nil))(t))
		equal(t, "presigned for another key", resp.StatusCode, 403)
		resp, _ = do(t, got(http.NewRequest("DELETE", url, nil))(t))
		equal(t, "presigned for another method", resp.StatusCode, 403)
	}
	aws("s3", "rm", "--recursive", "s3://shop")
	if out := aws("s3", "ls", "--recursive", "s3://shop", "--summarize"); !strings.Contains(out, "Total Objects: 0") {
		t.Errorf("ls: %s", out)
	}
}

// TestAWSDeployPush pushes a bundle, which above 6 MB goes up in parts.
func TestAWSDeployPush(t *testing.T) {
	t.Parallel()
	store, server := serve(t, objectstore.Options{})
	codedeploy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "{}") // it only registers the revision
	}))
	t.Cleanup(codedeploy.Close)
	must(t, store.CreateBucket(t.Context(), "shop"))
	must(t, store.SetVersioning(t.Context(), "shop", objectstore.VersioningEnabled))
	dir := t.TempDir()
	aws := awsCommand(t, dir, "AWS_ENDPOINT_URL_S3="+server.URL, "AWS_ENDPOINT_URL_CODEDEPLOY="+codedeploy.URL)
	bundle := filepath.Join(dir, "bundle")
	must(t, os.Mkdir(bundle, 0o700))
	must(t, os.WriteFile(filepath.Join(bundle, "appspec.yml"), []byte("version: 0.0\nos: linux\n"), 0o600))
	must(t, os.WriteFile(filepath.Join(bundle, "noise"), pattern(13<<20), 0o600))
	out := aws("deploy", "push", "--application-name", "web", "--s3-location", "s3://shop/bundles/web.zip", "--source", bundle)
	o := got(store.Head(t.Context(), "shop", "bundles/web.zip", ""))(t)
	equal(t, "parts", len(o.Parts), 3)
	if !strings.Contains(out, "eTag="+o.ETag) || !strings.Contains(out, "version="+o.VersionID) {
		t.Errorf("push said: %s", out)
	}
}
