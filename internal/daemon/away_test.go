package daemon

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/slipwayhq/slipway/internal/store/pgtest"
)

// TestDatabaseAway: while the database is away, calls fail in a way that
// clients try again, the daemon says that it is not ready, and it goes on when
// the database is back.
func TestDatabaseAway(t *testing.T) {
	t.Parallel()
	cluster := pgtest.Start(t, "fsync=off")
	d := start(t, Config{Data: t.TempDir(), Database: cluster.Database(t)})
	defer stop(t, d)
	config := awsConfig(d, d.Root.ID, string(d.Root.Secret))
	deploys := codedeploy.NewFromConfig(config, func(o *codedeploy.Options) { o.RetryMaxAttempts = 1 })
	objects := s3.NewFromConfig(config, func(o *s3.Options) { o.RetryMaxAttempts, o.UsePathStyle = 1, true })
	calls := map[string]func() error{
		"CreateApplication": func() error {
			_, err := deploys.CreateApplication(t.Context(), &codedeploy.CreateApplicationInput{ApplicationName: aws.String("shop")})
			return err
		},
		"HeadBucket": func() error {
			_, err := objects.HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: aws.String("shop")})
			return err
		},
		"ListBuckets": func() error {
			_, err := objects.ListBuckets(t.Context(), &s3.ListBucketsInput{})
			return err
		},
	}
	ready := func() int {
		t.Helper()
		resp, err := http.Get(d.URL + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close() //nolint:errcheck // its status is all
		return resp.StatusCode
	}
	if got := ready(); got != http.StatusOK {
		t.Errorf("ready: %d", got)
	}

	cluster.Down(t)
	for name, call := range calls {
		err := call()
		var answered smithy.APIError
		if !errors.As(err, &answered) || !retry.NewStandard().IsErrorRetryable(err) {
			t.Errorf("%s without a database: %v, which clients do not try again", name, err)
		}
	}
	if got := ready(); got != http.StatusServiceUnavailable {
		t.Errorf("ready without a database: %d", got)
	}

	cluster.Up(t)
	for name, call := range calls {
		for deadline := time.Now().Add(30 * time.Second); ; {
			err := call()
			var answered smithy.APIError
			if err == nil || errors.As(err, &answered) && answered.ErrorFault() == smithy.FaultClient {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s with the database back: %v", name, err)
			}
		}
	}
	if got := ready(); got != http.StatusOK {
		t.Errorf("ready with the database back: %d", got)
	}
}
