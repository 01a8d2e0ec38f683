package objectstore_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/slipwayhq/slipway/internal/objectstore"
)

const (
	rootKey, rootSecret = "AKIDROOT", "root-secret"
	hostKey, hostSecret = "AKIDHOST", "host-secret"
)

// callers is an Access with a root, who may do all, and a host, who may only
// get objects below bundles/.
type callers struct{}

func (callers) Credential(_ context.Context, id, token string) (string, any, error) {
	switch {
	case token == "expired":
		return "", nil, objectstore.ErrExpiredToken
	case token != "":
		return "", nil, objectstore.ErrInvalidToken
	case id == rootKey:
		return rootSecret, "root", nil
	case id == hostKey:
		return hostSecret, "host", nil
	}
	return "", nil, objectstore.ErrUnknownKey
}

func (callers) Allow(_ context.Context, principal any, action, resource string) error {
	if principal == "root" || action == "s3:GetObject" && strings.HasPrefix(resource, "arn:aws:s3:::shop/bundles/") {
		return nil
	}
	return errors.New("User: " + principal.(string) + " is not authorized to perform: " + action + " on resource: " + resource)
}

func openStore(t testing.TB, dir string, opts objectstore.Options) *objectstore.Store {
	t.Helper()
	store, err := objectstore.Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store
}

// serve starts a store on a loopback port.
func serve(t testing.TB, opts objectstore.Options) (*objectstore.Store, *httptest.Server) {
	t.Helper()
	store := openStore(t, t.TempDir(), opts)
	return store, serveStore(t, store)
}

func serveStore(t testing.TB, store *objectstore.Store) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(store.Handler(callers{}, []string{"s3.example.internal"}))
	t.Cleanup(server.Close)
	return server
}

func staticKeys(id, secret, token string) aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: id, SecretAccessKey: secret, SessionToken: token}, nil
	})
}

func clientAs(server *httptest.Server, id, secret, token string) *s3.Client {
	return s3.New(s3.Options{
		BaseEndpoint: aws.String(server.URL), UsePathStyle: true, Region: "us-east-1",
		Credentials: staticKeys(id, secret, token), HTTPClient: server.Client(),
		RetryMaxAttempts: 1,
		// As the SDK's own configuration has it.
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenSupported,
	})
}

func rootClient(server *httptest.Server) *s3.Client {
	return clientAs(server, rootKey, rootSecret, "")
}

// shop is a store with a bucket, and its client.
func shop(t testing.TB) *s3.Client {
	t.Helper()
	store, server := serve(t, objectstore.Options{})
	if err := store.CreateBucket(t.Context(), "shop"); err != nil {
		t.Fatal(err)
	}
	return rootClient(server)
}

func versioned(t testing.TB) *s3.Client {
	t.Helper()
	store, server := serve(t, objectstore.Options{})
	must(t, store.CreateBucket(t.Context(), "shop"))
	must(t, store.SetVersioning(t.Context(), "shop", objectstore.VersioningEnabled))
	return rootClient(server)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func got[T any](v T, err error) func(t testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		must(t, err)
		return v
	}
}

func put(t testing.TB, c *s3.Client, key, content string) *s3.PutObjectOutput {
	t.Helper()
	return got(c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("shop"), Key: &key, Body: strings.NewReader(content)}))(t)
}

func get(t testing.TB, c *s3.Client, in *s3.GetObjectInput) (string, *s3.GetObjectOutput) {
	t.Helper()
	in.Bucket = aws.String("shop")
	out := got(c.GetObject(t.Context(), in))(t)
	defer out.Body.Close()
	return string(got(io.ReadAll(out.Body))(t)), out
}

// wantCode checks the S3 code, or for a HEAD the status, of an error.
func wantCode(t testing.TB, err error, code string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code {
		t.Errorf("got error %v, want %s", err, code)
	}
}

func equal[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func do(t testing.TB, r *http.Request) (*http.Response, string) {
	t.Helper()
	resp := got(http.DefaultClient.Do(r))(t)
	defer resp.Body.Close()
	return resp, string(got(io.ReadAll(resp.Body))(t))
}

// pattern is content that has no repetition to hide behind.
func pattern(n int) []byte {
	b := make([]byte, n)
	x := uint32(2463534242)
	for i := range b {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		b[i] = byte(x)
	}
	return b
}

func sameBytes(t testing.TB, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Errorf("content differs: got %d bytes, want %d", len(got), len(want))
	}
}
