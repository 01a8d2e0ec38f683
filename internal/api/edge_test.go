package api_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"

	"github.com/slipwayhq/slipway/internal/api"
	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/iam"
	"github.com/slipwayhq/slipway/internal/seal"
	"github.com/slipwayhq/slipway/internal/sigv4"
	"github.com/slipwayhq/slipway/internal/store"
	"github.com/slipwayhq/slipway/internal/wire"
)

const (
	account    = "000000000000"
	region     = "us-east-1"
	rootID     = "AKIAROOTROOTROOTROOT"
	rootSecret = "rootrootrootrootrootrootrootrootrootroot"
)

var root = sigv4.Credentials{AccessKeyID: rootID, SecretAccessKey: rootSecret}

// edge is a server under test on a port of its own.
type edge struct {
	*httptest.Server
	api   *api.Server
	users *control.Identity
	log   *syncBuffer
	skew  atomic.Int64 // of the server's clock, in nanoseconds
}

func newEdge(t testing.TB, change ...func(*api.Config)) *edge {
	t.Helper()
	db, err := store.OpenSQLite(context.Background(), filepath.Join(t.TempDir(), "identity.db"), seal.NewBox(seal.Key{}))
	if err != nil {
		t.Fatal(err)
	}
	e := &edge{users: control.NewIdentity(db), log: &syncBuffer{}}
	config := api.Config{
		Access: &api.Access{
			Root:     iam.AccessKey{AccountID: account, ID: rootID, Secret: rootSecret},
			Identity: e.users,
			Sessions: seal.NewBox(seal.Key{}).For("sessions"),
		},
		Services: []api.Service{testService()},
		Pager:    api.NewPager(bytes.Repeat([]byte("k"), 32)),
		Log:      slog.New(slog.NewTextHandler(e.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Now:      func() time.Time { return time.Now().Add(time.Duration(e.skew.Load())) },
	}
	for _, f := range change {
		f(&config)
	}
	e.api = api.New(config)
	e.Server = httptest.NewServer(e.api)
	t.Cleanup(func() {
		e.Close()
		db.Close()
	})
	return e
}

// testService has one operation for each thing that can happen to one.
func testService() api.Service {
	application := func(c *api.Call, in *wire.GetApplicationInput) string {
		return c.Namespace.ApplicationARN(wire.Value(in.ApplicationName))
	}
	return api.Service{
		Prefixes: []string{wire.TargetPrefix},
		Scopes:   map[string]string{"codedeploy": "codedeploy", "codedeploy-open": ""},
		Operations: api.Table{
			"GetApplication":    api.Answers(api.On(application), getApplication),
			"DeleteApplication": api.Acts(nil, deleteApplication),
			"ListApplications":  api.Answers(nil, listApplications),
			"StopDeployment":    api.Answers(nil, stopDeployment),
		},
	}
}

func getApplication(_ context.Context, c *api.Call, in *wire.GetApplicationInput) (*wire.GetApplicationOutput, error) {
	if wire.Value(in.ApplicationName) == "none" {
		return nil, deploy.Errorf("ApplicationDoesNotExistException", "No application found for name: none")
	}
	return &wire.GetApplicationOutput{Application: &wire.ApplicationInfo{
		ApplicationName: in.ApplicationName,
		ApplicationID:   new(c.Namespace.Account + " " + c.Namespace.Region + " " + c.Principal.ARN),
	}}, nil
}

func deleteApplication(context.Context, *api.Call, *wire.DeleteApplicationInput) error { return nil }

func listApplications(context.Context, *api.Call, *wire.ListApplicationsInput) (*wire.ListApplicationsOutput, error) {
	return nil, errors.New("the disk at /secret/path is full")
}

func stopDeployment(context.Context, *api.Call, *wire.StopDeploymentInput) (*wire.StopDeploymentOutput, error) {
	panic("out of order")
}

// sdk returns the real client.
func (e *edge) sdk(c sigv4.Credentials) *codedeploy.Client {
	return codedeploy.New(codedeploy.Options{
		Region:       region,
		BaseEndpoint: aws.String(e.URL),
		Credentials:  credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.SecretAccessKey, c.SessionToken),
		Retryer:      aws.NopRetryer{},
	})
}

// addUser makes a user with a key and, unless it is "", one policy.
func (e *edge) addUser(t testing.TB, name, statement string) sigv4.Credentials {
	t.Helper()
	ctx := context.Background()
	k := iam.AccessKey{AccountID: account, UserName: name, ID: iam.NewAccessKeyID(), Secret: iam.Secret(iam.NewSecretAccessKey())}
	err := errors.Join(
		e.users.CreateUser(ctx, iam.User{AccountID: account, ID: iam.NewUserID(), Path: "/", Name: name}),
		e.users.CreateAccessKey(ctx, k))
	if statement != "" {
		err = errors.Join(err, e.users.PutPolicy(ctx, iam.Owner{Kind: iam.UserOwner, Account: account, Name: name},
			iam.InlinePolicy{Name: "p", Document: `{"Version":"2012-10-17","Statement":` + statement + `}`}, 10_000))
	}
	if err != nil {
		t.Fatal(err)
	}
	return sigv4.Credentials{AccessKeyID: k.ID, SecretAccessKey: string(k.Secret)}
}

// post makes a request for an operation, not yet signed.
func (e *edge) post(t testing.TB, operation, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, e.URL+"/", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", wire.ContentType)
	r.Header.Set("X-Amz-Target", wire.TargetPrefix+"."+operation)
	return r
}

func sign(r *http.Request, body string, c sigv4.Credentials) *http.Request {
	sigv4.Sign(r, sigv4.HashPayload([]byte(body)), c, region, "codedeploy", time.Now())
	return r
}

type reply struct {
	status int
	header http.Header
	body   string
}

func send(t testing.TB, r *http.Request) reply {
	t.Helper()
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{res.StatusCode, res.Header, string(body)}
}

// syncBuffer is a log that the server and a test share.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
