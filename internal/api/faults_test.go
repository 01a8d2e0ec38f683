package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/slipwayhq/slipway/internal/iam"
	"github.com/slipwayhq/slipway/internal/sigv4"
)

// wantFault holds an error of the SDK against what the server should have said.
func wantFault(t *testing.T, err error, status int, code, message string) {
	t.Helper()
	var fault smithy.APIError
	var res *smithyhttp.ResponseError
	if !errors.As(err, &fault) || !errors.As(err, &res) {
		t.Errorf("%v is no API error, want %s", err, code)
		return
	}
	if fault.ErrorCode() != code || !strings.Contains(fault.ErrorMessage(), message) || res.HTTPStatusCode() != status {
		t.Errorf("%d %s %q, want %d %s %q", res.HTTPStatusCode(), fault.ErrorCode(), fault.ErrorMessage(), status, code, message)
	}
}

// unsigned takes away the signature, without which the SDK sends nothing.
type unsigned struct{}

func (unsigned) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header.Del("Authorization")
	return http.DefaultTransport.RoundTrip(r)
}

func get(c *codedeploy.Client, name string, options ...func(*codedeploy.Options)) error {
	_, err := c.GetApplication(context.Background(), &codedeploy.GetApplicationInput{ApplicationName: &name}, options...)
	return err
}

func TestSDKSucceeds(t *testing.T) {
	e := newEdge(t)
	out, err := e.sdk(root).GetApplication(context.Background(), &codedeploy.GetApplicationInput{ApplicationName: aws.String("shop")})
	if err != nil {
		t.Fatal(err)
	}
	want := "000000000000 us-east-1 arn:aws:iam::000000000000:root"
	if got := aws.ToString(out.Application.ApplicationId); got != want {
		t.Errorf("handler saw %q, want %q", got, want)
	}
	if _, err := e.sdk(root).DeleteApplication(context.Background(), &codedeploy.DeleteApplicationInput{ApplicationName: aws.String("x")}); err != nil {
		t.Error(err)
	}
}

func TestSDKFaults(t *testing.T) {
	e := newEdge(t)
	ctx := context.Background()

	var missing *types.ApplicationDoesNotExistException
	if err := get(e.sdk(root), "none"); !errors.As(err, &missing) {
		t.Errorf("domain error: %v", err)
	}
	wantFault(t, get(e.sdk(root), "none"), 400, "ApplicationDoesNotExistException", "No application found for name: none")

	anonymous := func(o *codedeploy.Options) { o.HTTPClient = &http.Client{Transport: unsigned{}} }
	wantFault(t, get(e.sdk(root), "a", anonymous), 400, "MissingAuthenticationTokenException", "Missing Authentication Token")

	wrong := sigv4.Credentials{AccessKeyID: rootID, SecretAccessKey: "wrong"}
	wantFault(t, get(e.sdk(wrong), "a"), 400, "InvalidSignatureException", "does not match")

	unknown := sigv4.Credentials{AccessKeyID: "AKIAUNKNOWNUNKNOWN00", SecretAccessKey: rootSecret}
	wantFault(t, get(e.sdk(unknown), "a"), 400, "UnrecognizedClientException", "security token")

	temporary := sigv4.Credentials{AccessKeyID: rootID, SecretAccessKey: rootSecret, SessionToken: "token"}
	wantFault(t, get(e.sdk(temporary), "a"), 400, "UnrecognizedClientException", "security token")

	_, err := e.sdk(root).GetDeployment(ctx, &codedeploy.GetDeploymentInput{DeploymentId: aws.String("d-1")})
	wantFault(t, err, 400, "UnknownOperationException", "")

	_, err = e.sdk(root).ListApplications(ctx, &codedeploy.ListApplicationsInput{})
	wantFault(t, err, 500, "InternalFailure", "unknown error")

	_, err = e.sdk(root).StopDeployment(ctx, &codedeploy.StopDeploymentInput{DeploymentId: aws.String("d-1")})
	wantFault(t, err, 500, "InternalFailure", "unknown error")

	for _, secret := range []string{rootSecret, "rootrootroot", "No application found"} {
		if strings.Contains(e.log.String(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
	for _, cause := range []string{"/secret/path", "out of order", "request_id=", "operation=StopDeployment"} {
		if !strings.Contains(e.log.String(), cause) {
			t.Errorf("the log does not hold %q", cause)
		}
	}
}

func TestSDKClock(t *testing.T) {
	e := newEdge(t)
	for skew, ok := range map[time.Duration]bool{
		4 * time.Minute: true, -4 * time.Minute: true, 6 * time.Minute: false, -6 * time.Minute: false,
	} {
		e.skew.Store(int64(skew))
		err := get(e.sdk(root), "a")
		if ok && err != nil {
			t.Errorf("clock off by %v: %v", skew, err)
		}
		if !ok {
			wantFault(t, err, 400, "InvalidSignatureException", "Signature")
		}
	}
}

func TestReplay(t *testing.T) {
	e := newEdge(t)
	const body = `{"applicationName":"shop"}`
	signed := sign(e.post(t, "GetApplication", body), body, root)
	again := e.post(t, "GetApplication", body)
	again.Header = signed.Header.Clone()
	if got := send(t, signed); got.status != 200 {
		t.Fatal(got)
	}
	e.skew.Store(int64(5*time.Minute + 2*time.Second))
	if got := send(t, again); got.status != 400 || !strings.Contains(got.body, "InvalidSignatureException") {
		t.Error(got)
	}
}

// TestWireForm compares whole answers to requests that no SDK would send.
func TestWireForm(t *testing.T) {
	e := newEdge(t)
	tests := []struct {
		name, operation, signed, body string
		change                        func(*http.Request)
		status                        int
		want                          string
	}{
		{"output", "GetApplication", `{}`, `{}`, nil, 200, `{"application":{"applicationId":"000000000000 us-east-1 arn:aws:iam::000000000000:root"}}`},
		{"no output", "DeleteApplication", ``, ``, nil, 200, ``},
		{
			"domain error", "GetApplication", `{"applicationName":"none"}`, `{"applicationName":"none"}`, nil, 400,
			`{"__type":"ApplicationDoesNotExistException","message":"No application found for name: none"}`,
		},
		{"malformed", "GetApplication", `{`, `{`, nil, 400, `{"__type":"SerializationException","message":"the body is not valid JSON"}`},
		{
			"wrong type", "GetApplication", `{"applicationName":[]}`, `{"applicationName":[]}`, nil, 400,
			`{"__type":"SerializationException","message":"applicationName: expected a string"}`,
		},
		{"unknown operation", "Frobnicate", `{}`, `{}`, nil, 400, `{"__type":"UnknownOperationException","message":""}`},
		{
			"tampered body", "GetApplication", `{}`, `{"applicationName":"x"}`, nil, 400,
			`{"__type":"InvalidSignatureException","message":"The provided 'x-amz-content-sha256' header does not match what was computed."}`,
		},
		{
			"tampered body without a claim", "GetApplication", `{}`, `{"applicationName":"x"}`,
			func(r *http.Request) { r.Header.Del("X-Amz-Content-Sha256") }, 400, "InvalidSignatureException",
		},
		{
			"tampered target", "GetApplication", `{}`, `{}`,
			func(r *http.Request) { r.Header.Set("X-Amz-Target", "CodeDeploy_20141006.DeleteApplication") }, 400, "InvalidSignatureException",
		},
		{
			"wrong prefix", "GetApplication", `{}`, `{}`,
			func(r *http.Request) {
				r.Header.Set("X-Amz-Target", "CodeDeploy_2014.GetApplication")
				sign(r, `{}`, root)
			}, 400, "UnknownOperationException",
		},
		{
			"no target", "GetApplication", `{}`, `{}`,
			func(r *http.Request) { r.Header.Del("X-Amz-Target"); sign(r, `{}`, root) }, 400, "UnknownOperationException",
		},
		{
			"malformed authorization", "GetApplication", `{}`, `{}`,
			func(r *http.Request) { r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=x") }, 400, "IncompleteSignatureException",
		},
		{
			"other service", "GetApplication", `{}`, `{}`,
			func(r *http.Request) { sigv4.Sign(r, sigv4.HashPayload([]byte(`{}`)), root, region, "sts", time.Now()) }, 400, "InvalidSignatureException",
		},
		{
			"strange region", "GetApplication", `{}`, `{}`,
			func(r *http.Request) {
				sigv4.Sign(r, sigv4.HashPayload([]byte(`{}`)), root, "a:b", "codedeploy", time.Now())
			}, 400, "InvalidSignatureException",
		},
	}
	for _, tt := range tests {
		r := sign(e.post(t, tt.operation, tt.body), tt.signed, root)
		if tt.change != nil {
			tt.change(r)
		}
		got := send(t, r)
		if got.status != tt.status || (got.body != tt.want && (!strings.HasSuffix(tt.want, "Exception") || !strings.Contains(got.body, tt.want))) {
			t.Errorf("%s: %d %s, want %d %s", tt.name, got.status, got.body, tt.status, tt.want)
		}
		if got.header.Get("Content-Type") != "application/x-amz-json-1.1" ||
			got.header.Get("Content-Length") != strconv.Itoa(len(got.body)) || len(got.header.Get("X-Amzn-Requestid")) != 36 {
			t.Errorf("%s: %v", tt.name, got.header)
		}
	}
}

func TestLargeBody(t *testing.T) {
	e := newEdge(t)
	body := `{"applicationName":"` + strings.Repeat("x", 10<<20) + `"}`
	r := sign(e.post(t, "GetApplication", body), body, root)
	// Only the head is sent: the length alone must be enough.
	conn, err := net.Dial("tcp", e.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	r.Header.Set("Content-Length", strconv.Itoa(len(body)))
	fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: %s\r\n", r.Host)
	_ = r.Header.Write(conn)
	fmt.Fprint(conn, "\r\n")
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	answer := make([]byte, 4096)
	n, err := conn.Read(answer)
	if err != nil || !strings.HasPrefix(string(answer[:n]), "HTTP/1.1 413 ") || !strings.Contains(string(answer[:n]), "Connection: close") {
		t.Errorf("%v %s", err, answer[:n])
	}
}

func TestLargeBodyOfUnknownLength(t *testing.T) {
	e := newEdge(t)
	body := `{"applicationName":"` + strings.Repeat("x", 10<<20) + `"}`
	r := sign(e.post(t, "GetApplication", body), body, root)
	r.ContentLength = -1
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Skip("the connection was closed while the body was sent:", err)
	}
	defer res.Body.Close()
	var fault struct {
		Type string `json:"__type"`
	}
	if err := json.NewDecoder(res.Body).Decode(&fault); err != nil || res.StatusCode != 413 || fault.Type != "RequestEntityTooLargeException" {
		t.Error(res.Status, fault, err)
	}
}

func TestAuthorization(t *testing.T) {
	e := newEdge(t)
	ann := e.addUser(t, "ann", `{"Effect":"Allow","Action":"codedeploy:Get*","Resource":"arn:aws:codedeploy:us-east-1:000000000000:application:shop"}`)
	if err := get(e.sdk(ann), "shop"); err != nil {
		t.Error(err)
	}
	wantFault(t, get(e.sdk(ann), "bank"), 400, "AccessDeniedException", "User: arn:aws:iam::000000000000:user/ann is not authorized "+
		"to perform: codedeploy:GetApplication on resource: arn:aws:codedeploy:us-east-1:000000000000:application:bank")
	// What may not be seen is not told apart from what is not there.
	wantFault(t, get(e.sdk(ann), "none"), 400, "AccessDeniedException", "application:none")
	_, err := e.sdk(ann).DeleteApplication(context.Background(), &codedeploy.DeleteApplicationInput{ApplicationName: aws.String("shop")})
	wantFault(t, err, 400, "AccessDeniedException", "codedeploy:DeleteApplication on resource: *")

	bob := e.addUser(t, "bob", "")
	const body = `{"applicationName":"bank"}`
	r := e.post(t, "GetApplication", body)
	sigv4.Sign(r, sigv4.HashPayload([]byte(body)), bob, region, "codedeploy-open", time.Now())
	if got := send(t, r); got.status != 200 {
		t.Errorf("a scope without policies: %v", got)
	}
}

func TestUnreadablePolicyStopsItsUser(t *testing.T) {
	e := newEdge(t)
	eve := e.addUser(t, "eve", `{"Effect":"Allow","Action":"*","Resource":"*"}`)
	broken := iam.InlinePolicy{Name: "broken", Document: "{"}
	if err := e.users.PutPolicy(context.Background(), iam.Owner{Kind: iam.UserOwner, Account: account, Name: "eve"}, broken, 10_000); err != nil {
		t.Fatal(err)
	}
	wantFault(t, get(e.sdk(eve), "shop"), 500, "InternalFailure", "")
}
