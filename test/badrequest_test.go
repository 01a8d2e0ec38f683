package test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/slipwayhq/slipway/internal/sigv4"
)

// fault is what a refused request is answered with.
type fault struct {
	status  int
	code    string
	message string // part of it; "-": it must be empty
}

var requestID = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// checkJSON compares an answer with a fault in the exact form of AWS JSON 1.1.
func (f fault) checkJSON(t *testing.T, got answer) {
	t.Helper()
	if got.StatusCode != f.status {
		t.Errorf("status %d, want %d", got.StatusCode, f.status)
	}
	if kind := got.Header.Get("Content-Type"); kind != "application/x-amz-json-1.1" {
		t.Errorf("Content-Type %q", kind)
	}
	if id := got.Header.Get("x-amzn-RequestId"); !requestID.MatchString(id) {
		t.Errorf("x-amzn-RequestId %q is no UUID", id)
	}
	if got.ContentLength != int64(len(got.body)) {
		t.Errorf("Content-Length %d of a body of %d bytes", got.ContentLength, len(got.body))
	}
	members := map[string]string{}
	if err := json.Unmarshal(got.body, &members); err != nil {
		t.Fatalf("the body %s: %v", got.body, err)
	}
	message, ok := members["message"]
	if members["__type"] != f.code || !ok || len(members) != 2 {
		t.Errorf("the body is %s, want __type %s, message and no more", got.body, f.code)
	}
	f.checkMessage(t, message)
}

// checkXML compares an answer with a fault in the form of S3.
func (f fault) checkXML(t *testing.T, got answer) {
	t.Helper()
	var body struct {
		XMLName                  xml.Name `xml:"Error"`
		Code, Message, RequestId string   //nolint:revive,staticcheck // as S3 spells it
	}
	if err := xml.Unmarshal(got.body, &body); err != nil {
		t.Fatalf("the body %s: %v", got.body, err)
	}
	if got.StatusCode != f.status || body.Code != f.code {
		t.Errorf("%d %s, want %d %s", got.StatusCode, body.Code, f.status, f.code)
	}
	if kind := got.Header.Get("Content-Type"); kind != "application/xml" {
		t.Errorf("Content-Type %q", kind)
	}
	if id := got.Header.Get("x-amz-request-id"); id == "" || id != body.RequestId {
		t.Errorf("x-amz-request-id is %q, RequestId %q", id, body.RequestId)
	}
	f.checkMessage(t, body.Message)
}

func (f fault) checkMessage(t *testing.T, message string) {
	t.Helper()
	if f.message == "-" {
		if message != "" {
			t.Errorf("message %q, want none", message)
		}
	} else if !strings.Contains(message, f.message) {
		t.Errorf("message %q, want %q in it", message, f.message)
	}
}

// badRequest is one request that must be refused.
type badRequest struct {
	name   string
	target string // default GetApplication
	body   string // default of an application that is there
	change func(*http.Request)
	want   fault
}

// TestBadRequests sends what no client should, each a request of its own.
func TestBadRequests(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.define(t, "fleet", "CodeDeployDefault.AllAtOnce")
	client := newRawClient(s.url, s.key)
	resign := func(change func(*sigv4.Credentials), service string, at time.Duration) func(*http.Request) {
		return func(r *http.Request) {
			key := s.key
			if change != nil {
				change(&key)
			}
			body, _ := r.GetBody() // of a bytes.Reader, never fails
			text, _ := io.ReadAll(body)
			sigv4.Sign(r, sigv4.HashPayload(text), key, "us-east-1", service, time.Now().Add(at))
		}
	}
	stranger := s.addUser(t, "stranger")

	for _, c := range []badRequest{
		// Signatures.
		{
			name: "unsigned", change: func(r *http.Request) { r.Header.Del("Authorization") },
			want: fault{400, "MissingAuthenticationTokenException", "Missing Authentication Token"},
		},
		{
			name: "another scheme", change: func(r *http.Request) { r.SetBasicAuth("root", "secret") },
			want: fault{400, "IncompleteSignatureException", "not supported"},
		},
		{name: "half a signature", change: func(r *http.Request) {
			r.Header.Set("Authorization", strings.Split(r.Header.Get("Authorization"), ", Signature=")[0])
		}, want: fault{400, "IncompleteSignatureException", "Signature"}},
		{
			name: "wrong secret", change: resign(func(k *sigv4.Credentials) { k.SecretAccessKey += "x" }, "codedeploy", 0),
			want: fault{400, "InvalidSignatureException", "signature we calculated does not match"},
		},
		{
			name: "unknown key", change: resign(func(k *sigv4.Credentials) { k.AccessKeyID = "AKIAIOSFODNN7EXAMPLE" }, "codedeploy", 0),
			want: fault{400, "UnrecognizedClientException", "security token included in the request is invalid"},
		},
		{
			name: "unknown session", change: resign(func(k *sigv4.Credentials) { k.SessionToken = "token" }, "codedeploy", 0),
			want: fault{400, "UnrecognizedClientException", "security token included in the request is invalid"},
		},
		{name: "another body", change: func(r *http.Request) {
			r.Body = io.NopCloser(strings.NewReader(`{"applicationName":"shoq"}`))
		}, want: fault{400, "InvalidSignatureException", "does not match what was computed"}},
		{
			name: "another operation", change: func(r *http.Request) { r.Header.Set("X-Amz-Target", deployTarget+"DeleteApplication") },
			want: fault{400, "InvalidSignatureException", "signature we calculated does not match"},
		},
		{
			name: "replayed after six minutes", change: resign(nil, "codedeploy", -6*time.Minute),
			want: fault{400, "InvalidSignatureException", "Signature expired"},
		},
		{
			name: "from the future", change: resign(nil, "codedeploy", 6*time.Minute),
			want: fault{400, "InvalidSignatureException", "Signature not yet current"},
		},
		{
			name: "for another service", change: resign(nil, "sqs", 0),
			want: fault{400, "InvalidSignatureException", "scoped to"},
		},
		{
			name: "not allowed", change: resign(func(k *sigv4.Credentials) { *k = stranger }, "codedeploy", 0),
			want: fault{400, "AccessDeniedException", "user/stranger is not authorized to perform: codedeploy:GetApplication on resource: arn:aws:codedeploy:us-east-1:000000000000:application:shop"},
		},

		// Operations.
		{name: "unknown operation", target: deployTarget + "DestroyEverything", want: fault{400, "UnknownOperationException", "-"}},
		{name: "unknown service", target: "DynamoDB_20120810.GetItem", want: fault{400, "UnknownOperationException", "-"}},
		{name: "no operation", target: deployTarget, want: fault{400, "UnknownOperationException", "-"}},
		{name: "no target", target: " ", want: fault{400, "UnknownOperationException", "-"}},

		// Bodies.
		{name: "half a document", body: `{"applicationName":`, want: fault{400, "SerializationException", ""}},
		{name: "no JSON", body: `<xml/>`, want: fault{400, "SerializationException", ""}},
		{name: "no object", body: `["shop"]`, want: fault{400, "SerializationException", ""}},
		{name: "more than one object", body: `{"applicationName":"shop"}{}`, want: fault{400, "SerializationException", ""}},
		{name: "deep nesting", body: `{"x":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`, want: fault{400, "SerializationException", ""}},
		{name: "number for a string", body: `{"applicationName":5}`, want: fault{400, "SerializationException", ""}},
		{
			name: "string for a list", target: deployTarget + "BatchGetDeploymentTargets",
			body: `{"deploymentId":"d-ABCDEFGHI","targetIds":"a"}`, want: fault{400, "SerializationException", ""},
		},
		{
			name: "list for a structure", target: deployTarget + "CreateDeployment",
			body: `{"applicationName":"shop","revision":[]}`, want: fault{400, "SerializationException", ""},
		},
		{
			name: "string for a boolean", target: deployTarget + "CreateDeployment",
			body: `{"applicationName":"shop","ignoreApplicationStopFailures":"yes"}`, want: fault{400, "SerializationException", ""},
		},
		{
			name: "10 MB", body: `{"applicationName":"` + strings.Repeat("x", 10<<20) + `"}`,
			want: fault{413, "RequestEntityTooLargeException", ""},
		},
		{
			name: "10 MB of unknown length", body: `{"applicationName":"` + strings.Repeat("x", 10<<20) + `"}`,
			change: func(r *http.Request) { r.ContentLength = -1 }, want: fault{413, "RequestEntityTooLargeException", ""},
		},

		// Names.
		{name: "no name", body: `{}`, want: fault{400, "ApplicationNameRequiredException", ""}},
		{name: "empty body", body: "-", want: fault{400, "ApplicationNameRequiredException", ""}},
		{name: "bad name", body: `{"applicationName":"a b"}`, want: fault{400, "InvalidApplicationNameException", ""}},
		{name: "long name", body: `{"applicationName":"` + strings.Repeat("x", 101) + `"}`, want: fault{400, "InvalidApplicationNameException", ""}},
		{
			name: "unknown application", body: `{"applicationName":"nobody"}`,
			want: fault{400, "ApplicationDoesNotExistException", "No application found for name: nobody"},
		},
		{
			name: "unknown group", target: deployTarget + "GetDeploymentGroup", body: `{"applicationName":"shop","deploymentGroupName":"nobody"}`,
			want: fault{400, "DeploymentGroupDoesNotExistException", "No Deployment Group found for name: nobody"},
		},
		{
			name: "unknown configuration", target: deployTarget + "GetDeploymentConfig", body: `{"deploymentConfigName":"nobody"}`,
			want: fault{400, "DeploymentConfigDoesNotExistException", "No deployment configuration found for name: nobody"},
		},
		{
			name: "bad deployment", target: deployTarget + "GetDeployment", body: `{"deploymentId":"1"}`,
			want: fault{400, "InvalidDeploymentIdException", ""},
		},
		{
			name: "unknown deployment", target: deployTarget + "GetDeployment", body: `{"deploymentId":"d-ABCDEFGHI"}`,
			want: fault{400, "DeploymentDoesNotExistException", ""},
		},
		{
			name: "unknown deployment to stop", target: deployTarget + "StopDeployment", body: `{"deploymentId":"d-ABCDEFGHI"}`,
			want: fault{400, "DeploymentDoesNotExistException", ""},
		},
		{
			name: "unknown instance", target: deployTarget + "GetOnPremisesInstance", body: `{"instanceName":"nobody"}`,
			want: fault{400, "InstanceNotRegisteredException", ""},
		},
		{
			name: "no revision", target: deployTarget + "CreateDeployment", body: `{"applicationName":"shop","deploymentGroupName":"fleet"}`,
			want: fault{400, "RevisionRequiredException", "RevisionLocation must be specified"},
		},
		{
			name: "poll of another host", target: commandTarget + "PollHostCommand", body: `{"HostIdentifier":"arn:aws:iam::000000000000:user/nobody"}`,
			want: fault{400, "AccessDeniedException", "not authorized"},
		},
		{
			name: "report of nothing", target: commandTarget + "PutHostCommandComplete", body: `{"HostCommandIdentifier":"x","CommandStatus":"Succeeded"}`,
			want: fault{400, "ClientException", ""},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			target, body := c.target, c.body
			if target == "" {
				target = deployTarget + "GetApplication"
			}
			switch body {
			case "":
				body = `{"applicationName":"shop"}`
			case "-":
				body = ""
			}
			r := client.request(t.Context(), strings.TrimSpace(target), []byte(body))
			if c.change != nil {
				c.change(r)
			}
			got, err := do(client.http, r)
			if err != nil {
				t.Fatal(err)
			}
			c.want.checkJSON(t, got)
		})
	}
	s.healthy(t)
	if err := client.call(t.Context(), deployTarget+"GetApplication", map[string]string{"applicationName": application}, nil); err != nil {
		t.Error("the request that the bad ones were made of:", err)
	}
}

// addUser makes a user with a key and no policies.
func (s *server) addUser(t *testing.T, name string) sigv4.Credentials {
	t.Helper()
	client := iam.NewFromConfig(s.aws)
	if _, err := client.CreateUser(t.Context(), &iam.CreateUserInput{UserName: &name}); err != nil {
		t.Fatal(err)
	}
	made, err := client.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: &name})
	if err != nil {
		t.Fatal(err)
	}
	return sigv4.Credentials{
		AccessKeyID:     aws.ToString(made.AccessKey.AccessKeyId),
		SecretAccessKey: aws.ToString(made.AccessKey.SecretAccessKey),
	}
}

// TestBadObjectRequests does the same with the object store.
func TestBadObjectRequests(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.define(t, "fleet", "CodeDeployDefault.AllAtOnce")
	stranger := s.addUser(t, "stranger")
	client := &http.Client{Timeout: patience}
	key := s.key
	wrong := sigv4.Credentials{AccessKeyID: key.AccessKeyID, SecretAccessKey: "wrong"}
	unknown := sigv4.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: key.SecretAccessKey}
	signed := func(k sigv4.Credentials, at time.Duration) func(*http.Request) {
		return func(r *http.Request) {
			sigv4.Sign(r, sigv4.EmptyHash, k, "us-east-1", "s3", time.Now().Add(at))
		}
	}
	presigned := func(at time.Duration, change func(string) string) func(*http.Request) {
		return func(r *http.Request) {
			r.URL = sigv4.Presign(r, key, "us-east-1", "s3", time.Now().Add(at), time.Minute)
			r.URL.RawQuery = change(r.URL.RawQuery)
		}
	}
	same := func(query string) string { return query }

	for _, c := range []struct {
		name, path, body string
		change           func(*http.Request)
		want             fault
	}{
		{"unsigned", "/releases/x", "", func(*http.Request) {}, fault{403, "AccessDenied", "Access Denied"}},
		{"unsigned upload", "/releases/x", "hello", func(*http.Request) {}, fault{403, "AccessDenied", "Access Denied"}},
		{"wrong secret", "/releases/x", "", signed(wrong, 0), fault{403, "SignatureDoesNotMatch", "signature we calculated does not match"}},
		{"unknown key", "/releases/x", "", signed(unknown, 0), fault{403, "InvalidAccessKeyId", "does not exist in our records"}},
		{"not allowed", "/releases/x", "", signed(stranger, 0), fault{403, "AccessDenied", "user/stranger is not authorized to perform: s3:GetObject on resource: arn:aws:s3:::releases/x"}},
		{"replayed", "/releases/x", "", signed(key, -time.Hour), fault{403, "RequestTimeTooSkewed", ""}},
		{
			"malformed", "/releases/x", "", func(r *http.Request) { r.Header.Set("Authorization", "AWS4-HMAC-SHA256 nonsense") },
			fault{400, "AuthorizationHeaderMalformed", ""},
		},
		{
			"another path", "/releases/x", "", func(r *http.Request) { signed(key, 0)(r); r.URL.Path = "/releases/y" },
			fault{403, "SignatureDoesNotMatch", ""},
		},
		{"another body", "/releases/x", "hello", signed(key, 0), fault{400, "XAmzContentSHA256Mismatch", ""}},
		{"expired link", "/releases/x", "", presigned(-2*time.Minute, same), fault{403, "AccessDenied", "Request has expired"}},
		{
			"forged link", "/releases/x", "", presigned(0, func(q string) string { return q + "&versionId=1" }),
			fault{403, "SignatureDoesNotMatch", ""},
		},
		{"unknown bucket", "/nobody/x", "", signed(key, 0), fault{404, "NoSuchBucket", ""}},
		{"unknown object", "/releases/x", "", signed(key, 0), fault{404, "NoSuchKey", ""}},
		{"out of the bucket", "/releases/../../etc/passwd", "", signed(key, 0), fault{404, "NoSuchKey", ""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			method := http.MethodGet
			if c.body != "" {
				method = http.MethodPut
			}
			r, err := http.NewRequestWithContext(t.Context(), method, s.url+c.path, bytes.NewReader([]byte(c.body)))
			if err != nil {
				t.Fatal(err)
			}
			c.change(r)
			got, err := do(client, r)
			if err != nil {
				t.Fatal(err)
			}
			c.want.checkXML(t, got)
		})
	}
	// None of the refused uploads left anything.
	list, err := s.s3.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String(bucket)})
	if err != nil || len(list.Contents) != 0 {
		t.Errorf("the bucket holds %v, %v", list, err)
	}
	s.healthy(t)
}
