package objectstore_test

import (
	"context"
	"os"
	"os/exec"
	"testing"

	"github.com/slipwayhq/slipway/internal/objectstore"
)

func TestBoto(t *testing.T) {
	t.Parallel()
	if err := exec.CommandContext(t.Context(), "python3", "-c", "import boto3").Run(); err != nil {
		t.Skip("python3 with boto3 is not installed")
	}
	_, server := serve(t, objectstore.Options{})
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), "python3", "testdata/boto.py")
	cmd.Env = append(os.Environ(), "ENDPOINT="+server.URL, "AWS_ACCESS_KEY_ID="+rootKey, "AWS_SECRET_ACCESS_KEY="+rootSecret,
		"AWS_DEFAULT_REGION=us-east-1", "AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
