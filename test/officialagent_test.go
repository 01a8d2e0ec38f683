package test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"
	"github.com/smallstep/pkcs7"

	"github.com/slipwayhq/slipway/internal/daemon"
	"github.com/slipwayhq/slipway/internal/protocol"
	"github.com/slipwayhq/slipway/internal/sigv4"
)

// TestOfficialAgents replays whole sessions of the official agents, request by
// request as those send them, and looks at every answer as they do. What the
// two generations send differently is in the table.
func TestOfficialAgents(t *testing.T) {
	t.Parallel()
	s := startTLSServer(t)
	for _, kind := range []officialAgent{
		{
			name: "ruby", version: "OFFICIAL_1.8.1-1_rpm", sendsHash: true, knowsNoops: true, reportsTwice: true,
			prefix: "CodeDeployCommandService_v20141006", signingName: "codedeploy-commands", identity: asUser,
		},
		{
			name: "ruby-auth-policy", version: "OFFICIAL_1.8.1-1_deb", sendsHash: true, knowsNoops: true, reportsTwice: true,
			prefix: "CodeDeployCommandService", signingName: "codedeploy-commands-secure", identity: asUser,
		},
		{
			name: "rust", version: "OFFICIAL_2.1.0-1_rpm",
			prefix: "CodeDeployCommandService_v20141006", signingName: "codedeploy-commands", identity: asSession,
		},
		{
			name: "rust-on-ec2", version: "OFFICIAL_2.1.0-1_rpm",
			prefix: "CodeDeployCommandService_v20141006", signingName: "codedeploy-commands", identity: asInstance,
		},
		{
			name: "of-2015", sendsHash: true,
			prefix: "CodeDeployCommandService_v20141006", signingName: "codedeploy-commands", identity: asUser,
		},
	} {
		t.Run(kind.name, func(t *testing.T) {
			a := kind
			a.join(t, s)
			a.session(t)
		})
	}
}

// TestPollIsReleasedByAStop: a poll that waits when the server stops is
// answered with an empty object, the only thing that both agents take for
// "nothing".
func TestPollIsReleasedByAStop(t *testing.T) {
	t.Parallel()
	s := startTLSServer(t)
	a := officialAgent{name: "ruby", prefix: protocol.TargetPrefix, signingName: protocol.SigningName, identity: asUser}
	a.join(t, s)
	body := []byte(`{"HostIdentifier":"` + a.host + `"}`)
	got := make(chan answer, 1)
	go func() {
		reply, err := do(s.http, a.request("PollHostCommand", body))
		if err != nil {
			t.Error(err)
		}
		got <- reply
	}()
	eventually(t, patience, "the poll waits", func() bool { return s.waiting(t) == 1 })
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	if reply := <-got; reply.Response == nil || reply.StatusCode != http.StatusOK || string(reply.body) != "{}" {
		t.Errorf("a released poll is answered with %s", reply.body)
	}
}

// tlsServer is a server in this process with a certificate of its own, which
// is how hosts in a private network meet it.
type tlsServer struct {
	data   string
	daemon *daemon.Daemon
	stop   func() error
	http   *http.Client // trusts the certificate
	deploy *codedeploy.Client
	iam    *iam.Client
	sts    *sts.Client
	s3     *s3.Client
}

func startTLSServer(t *testing.T) *tlsServer {
	t.Helper()
	data := t.TempDir()
	s := &tlsServer{data: data}
	s.startOn(t, "127.0.0.1:0")
	d := s.daemon
	ca, err := os.ReadFile(s.authority())
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig:    &tls.Config{RootCAs: pool},
		DisableCompression: true, // it would replace the empty Accept-Encoding that 1.x signs
	}}
	t.Cleanup(client.CloseIdleConnections)
	config := aws.Config{
		Region: "us-east-1", BaseEndpoint: &d.URL, HTTPClient: client,
		Credentials: credentials.NewStaticCredentialsProvider(d.Root.ID, string(d.Root.Secret), ""),
	}
	s.http, s.deploy, s.iam, s.sts = client, codedeploy.NewFromConfig(config), iam.NewFromConfig(config), sts.NewFromConfig(config)
	s.s3 = s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = true })
	done(t)(s.deploy.CreateApplication(t.Context(), &codedeploy.CreateApplicationInput{ApplicationName: aws.String(application)}))
	done(t)(s.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String(bucket)}))
	done(t)(s.s3.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: aws.String(bucket), Key: aws.String("site.tgz"), Body: strings.NewReader("a bundle that nobody unpacks"),
	}))
	return s
}

func (s *tlsServer) startOn(t *testing.T, address string) {
	t.Helper()
	d, err := daemon.Start(t.Context(), daemon.Config{Listen: address, Data: s.data, TLS: daemon.TLS{SelfSigned: true}})
	if err != nil {
		t.Fatal(err)
	}
	s.daemon = d
	s.stop = sync.OnceValue(func() error { return d.Stop(context.Background()) })
	t.Cleanup(func() { _ = s.stop() })
}

// authority is the file with the certificate that clients are to trust.
func (s *tlsServer) authority() string { return filepath.Join(s.data, "tls-ca.pem") }

// restart starts a stopped server again, on the same data and port.
func (s *tlsServer) restart(t *testing.T) {
	t.Helper()
	s.startOn(t, strings.TrimPrefix(s.daemon.URL, "https://"))
}

// done fails the test for an error beside a value that nobody needs.
func done(t *testing.T) func(any, error) {
	return func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
}

// waiting returns how many polls the server holds, from its metrics.
func (s *tlsServer) waiting(t *testing.T) int {
	t.Helper()
	resp, err := s.http.Get(s.daemon.URL + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // it is only read
	var text bytes.Buffer
	done(t)(text.ReadFrom(resp.Body))
	n := -1
	for line := range strings.Lines(text.String()) {
		_, _ = fmt.Sscanf(line, "slipway_polls_waiting %d", &n)
	}
	return n
}

// officialAgent is one host with an agent that is not ours.
type officialAgent struct {
	name, version       string
	prefix, signingName string
	identity            func(*testing.T, *tlsServer, *officialAgent)
	sendsHash           bool // in X-Amz-Content-Sha256
	knowsNoops          bool // before it has acknowledged
	reportsTwice        bool // each failure
	server              *tlsServer
	key                 aws.Credentials
	host                string // identifier
}

// The kinds of host: each makes its identity, registers it and says what the
// agent calls itself.

func asUser(t *testing.T, s *tlsServer, a *officialAgent) {
	user, err := s.iam.CreateUser(t.Context(), &iam.CreateUserInput{UserName: &a.name, Path: aws.String("/AWS/CodeDeploy/")})
	if err != nil {
		t.Fatal(err)
	}
	done(t)(s.iam.PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{
		UserName: &a.name, PolicyName: aws.String("agent"),
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["codedeploy-commands-secure:*","s3:Get*"],"Resource":"*"}]}`),
	}))
	key, err := s.iam.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: &a.name})
	if err != nil {
		t.Fatal(err)
	}
	a.key = aws.Credentials{AccessKeyID: *key.AccessKey.AccessKeyId, SecretAccessKey: *key.AccessKey.SecretAccessKey}
	a.host = aws.ToString(user.User.Arn)
	done(t)(s.deploy.RegisterOnPremisesInstance(t.Context(), &codedeploy.RegisterOnPremisesInstanceInput{
		InstanceName: &a.name, IamUserArn: &a.host,
	}))
}

func asSession(t *testing.T, s *tlsServer, a *officialAgent) { asSessionCalled(t, s, a, a.name) }

func asSessionCalled(t *testing.T, s *tlsServer, a *officialAgent, name string) {
	t.Helper()
	role := "role-of-" + a.name
	made, err := s.iam.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &role, AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}`)})
	if err != nil {
		t.Fatal(err)
	}
	session, err := s.sts.AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: made.Role.Arn, RoleSessionName: &name})
	if err != nil {
		t.Fatal(err)
	}
	a.key = aws.Credentials{
		AccessKeyID: *session.Credentials.AccessKeyId, SecretAccessKey: *session.Credentials.SecretAccessKey,
		SessionToken: *session.Credentials.SessionToken,
	}
	a.host = aws.ToString(session.AssumedRoleUser.Arn)
	done(t)(s.deploy.RegisterOnPremisesInstance(t.Context(), &codedeploy.RegisterOnPremisesInstanceInput{
		InstanceName: &a.name, IamSessionArn: &a.host,
	}))
}

// asInstance is a session of the instance's role, whose agent calls itself by
// the ARN of the instance.
func asInstance(t *testing.T, s *tlsServer, a *officialAgent) {
	const id = "i-0123456789abcdef0"
	asSessionCalled(t, s, a, id)
	a.host = "arn:aws:ec2:us-east-1:000000000000:instance/" + id
}

// join registers the host and makes a group of it alone.
func (a *officialAgent) join(t *testing.T, s *tlsServer) {
	t.Helper()
	a.server = s
	a.identity(t, s, a)
	done(t)(s.deploy.AddTagsToOnPremisesInstances(t.Context(), &codedeploy.AddTagsToOnPremisesInstancesInput{
		InstanceNames: []string{a.name}, Tags: []types.Tag{{Key: aws.String("stage"), Value: &a.name}},
	}))
	done(t)(s.deploy.CreateDeploymentGroup(t.Context(), &codedeploy.CreateDeploymentGroupInput{
		ApplicationName: aws.String(application), DeploymentGroupName: &a.name,
		ServiceRoleArn: aws.String("arn:aws:iam::000000000000:role/slipway"),
		OnPremisesInstanceTagFilters: []types.TagFilter{{
			Key: aws.String("stage"), Value: &a.name, Type: types.TagFilterTypeKeyAndValue,
		}},
	}))
}

// request makes a request as the agent does, signed by AWS's own code.
func (a *officialAgent) request(operation string, body []byte) *http.Request {
	r, err := http.NewRequest(http.MethodPost, a.server.daemon.URL+"/", bytes.NewReader(body))
	if err != nil {
		panic(err) // of a URL that was good before
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", a.prefix+"."+operation)
	r.Header.Set("Accept-Encoding", "")
	r.Header.Set("Accept", "*/*")
	if a.version != "" { // those of the first years had none
		r.Header.Set("X-Amz-Codedeploy-Agent-Version", a.version)
	}
	hash := sigv4.HashPayload(body)
	if a.sendsHash {
		r.Header.Set("X-Amz-Content-Sha256", hash)
	}
	if err := v4.NewSigner().SignHTTP(context.Background(), a.key, r, hash, a.signingName, "us-east-1", time.Now()); err != nil {
		panic(err) // of a request that was good before
	}
	return r
}

// object is a JSON object whose members are looked at one by one.
type object map[string]any

// ask sends a request and returns the answer, which must be a success and have
// these members, no more.
func (a *officialAgent) ask(t *testing.T, operation string, in object, members ...string) object {
	t.Helper()
	in["MemberOfALaterVersion"] = map[string]any{"Of": []any{1, nil, "x"}}
	body, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	got, err := do(a.server.http, a.request(operation, body))
	if err != nil {
		t.Fatal(err)
	}
	out := object{}
	if err := json.Unmarshal(got.body, &out); err != nil || got.StatusCode != http.StatusOK {
		t.Fatalf("%s is answered with %s: %s", operation, got.Status, got.body)
	}
	if kind := got.Header.Get("Content-Type"); kind != "application/x-amz-json-1.1" {
		t.Errorf("%s is answered with Content-Type %q", operation, kind)
	}
	out.check(t, operation, members...)
	return out
}

func (o object) check(t *testing.T, what string, members ...string) {
	t.Helper()
	slices.Sort(members)
	if got := slices.Sorted(maps.Keys(o)); !slices.Equal(got, members) {
		t.Errorf("%s has the members %q, want %q", what, got, members)
	}
}

// refused sends a request that must be refused.
func (a *officialAgent) refused(t *testing.T, operation string, in object, want fault) {
	t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	got, err := do(a.server.http, a.request(operation, body))
	if err != nil {
		t.Fatal(err)
	}
	want.checkJSON(t, got)
}

var executionID = regexp.MustCompile(`^[^/\n]+/[^/\n]+/[^/\n]+/[^\n]{1,100}$`)

// poll waits for the next command and returns its id.
func (a *officialAgent) poll(t *testing.T, event string) (id, execution string) {
	t.Helper()
	command, ok := a.ask(t, "PollHostCommand", object{"HostIdentifier": a.host}, "HostCommand")["HostCommand"].(map[string]any)
	if !ok {
		t.Fatalf("the poll brought no command where %s was expected", event)
	}
	object(command).check(t, "HostCommand", "HostCommandIdentifier", "HostIdentifier", "DeploymentExecutionId", "CommandName", "Nonce")
	if command["CommandName"] != event || command["HostIdentifier"] != a.host {
		t.Errorf("the command is %v, want %s for %s", command, event, a.host)
	}
	if nonce, ok := command["Nonce"].(float64); !ok || nonce != float64(int64(nonce)) {
		t.Errorf("Nonce is %v, want a whole number", command["Nonce"])
	}
	id, _ = command["HostCommandIdentifier"].(string)
	if id == "" || len(id) > 1024 || strings.ContainsAny(id, "\n\r") {
		t.Errorf("the command's id %q does not fit the tracking file", id)
	}
	execution, _ = command["DeploymentExecutionId"].(string)
	if !executionID.MatchString(execution) {
		t.Errorf("DeploymentExecutionId is %q, want %s", execution, executionID)
	}
	return id, execution
}

// acknowledge takes a command. Without a payload no diagnostics are sent.
func (a *officialAgent) acknowledge(t *testing.T, id, payload, want string) {
	t.Helper()
	in := object{"HostCommandIdentifier": id}
	if payload != "" {
		in["Diagnostics"] = object{"Format": "JSON", "Payload": payload}
	}
	if got := a.ask(t, "PutHostCommandAcknowledgement", in, "CommandStatus"); got["CommandStatus"] != want {
		t.Errorf("the acknowledgement %s of %s is answered with %v, want %s", payload, id, got["CommandStatus"], want)
	}
}

func (a *officialAgent) complete(t *testing.T, id, status, payload string) {
	t.Helper()
	in := object{"HostCommandIdentifier": id, "CommandStatus": status}
	if payload != "" {
		in["Diagnostics"] = object{"Format": "JSON", "Payload": payload}
	}
	a.ask(t, "PutHostCommandComplete", in)
}

const (
	noop     = `{"IsCommandNoop":true}`
	noNoop   = `{"IsCommandNoop":false}`
	ok       = `{"error_code":0,"script_name":"","message":"Succeeded: ","log":""}`
	again    = `{"error_code":5,"script_name":"","message":"Script at specified location: hook.sh failed","log":""}`
	notUTF8  = `{"error_code":"Unknown","script_name":"hook.sh","message":"Attempting minimal diagnostics: invalid byte sequence","log":"Exception"}`
	restarts = `{"error_code":7,"script_name":"","message":"Failing in-progress lifecycle event","log":""}`
)

// session is two deployments: one that fails in a hook, one that its restarted
// agent fails.
func (a *officialAgent) session(t *testing.T) {
	// Before everything else 1.x sees whether it can speak TLS. Any status is
	// good, without a signature.
	resp, err := a.server.http.Get(a.server.daemon.URL + "/")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close() //nolint:errcheck,gosec // its status is all that counts

	deployment := a.deploy(t)
	id, execution := a.poll(t, "ApplicationStop")
	a.checkSpecification(t, deployment, execution)
	if a.knowsNoops {
		a.acknowledge(t, id, noop, "Succeeded")
		a.acknowledge(t, id, noop, "Succeeded") // the first answer was lost
	} else {
		a.acknowledge(t, id, noNoop, "InProgress")
		a.complete(t, id, "Succeeded", `{"error_code":0,"script_name":"","message":"Succeeded","log":""}`)
	}

	id, execution = a.poll(t, "DownloadBundle")
	a.checkSpecification(t, deployment, execution)
	a.acknowledge(t, id, noNoop, "InProgress")
	a.acknowledge(t, id, noNoop, "Failed") // its second copy must not run
	a.complete(t, id, "Succeeded", ok)
	a.complete(t, id, "Failed", again) // a late one changes nothing

	id, _ = a.poll(t, "BeforeInstall")
	a.acknowledge(t, id, "", "InProgress")
	got := a.ask(t, "PostHostCommandUpdate", object{
		"HostCommandIdentifier": id, "EstimatedCompletionTime": 1.7e9,
		"Diagnostics": object{"Format": "JSON", "Payload": ok},
	}, "CommandStatus")
	if got["CommandStatus"] != "InProgress" {
		t.Errorf("an update is answered with %v", got)
	}
	a.complete(t, id, "Succeeded", "")

	id, _ = a.poll(t, "Install")
	a.complete(t, id, "Succeeded", ok) // never acknowledged
	a.acknowledge(t, id, noNoop, "Succeeded")

	failed, _ := a.poll(t, "AfterInstall")
	a.acknowledge(t, failed, noNoop, "InProgress")
	a.complete(t, failed, "Failed", notUTF8)
	if a.reportsTwice {
		a.complete(t, failed, "Failed", again)
	}
	a.acknowledge(t, failed, noNoop, "Failed")

	a.refused(t, "PutHostCommandComplete", object{"HostCommandIdentifier": "none", "CommandStatus": "Succeeded"},
		fault{400, "ClientException", "none"})
	a.refused(t, "PutHostCommandAcknowledgement", object{"HostCommandIdentifier": "none"}, fault{400, "ClientException", "none"})
	a.refused(t, "PollHostCommand", object{"HostIdentifier": a.host + "x"}, fault{400, "AccessDeniedException", a.host + "x"})
	a.refused(t, "GetDeploymentSpecification", object{"HostIdentifier": a.host + "x", "DeploymentExecutionId": execution},
		fault{400, "AccessDeniedException", a.host + "x"})
	a.refused(t, "StartCommand", object{}, fault{400, "UnknownOperationException", "-"})

	a.checkEvents(t, deployment, map[string]string{
		"ApplicationStop": "Succeeded Success", "DownloadBundle": "Succeeded Success", "BeforeInstall": "Succeeded Success",
		"Install": "Succeeded Success", "AfterInstall": "Failed UnknownError hook.sh Attempting minimal diagnostics: invalid byte sequence",
		"ApplicationStart": "Skipped", "ValidateService": "Skipped",
	})

	// The agent dies in the next deployment's first event, and says so when it
	// is back.
	deployment = a.deploy(t)
	id, _ = a.poll(t, "ApplicationStop")
	a.acknowledge(t, id, noNoop, "InProgress")
	a.complete(t, id, "Failed", restarts)
	a.checkEvents(t, deployment, map[string]string{
		"ApplicationStop": "Failed UnknownError  Failing in-progress lifecycle event",
		"DownloadBundle":  "Skipped", "BeforeInstall": "Skipped", "Install": "Skipped", "AfterInstall": "Skipped",
		"ApplicationStart": "Skipped", "ValidateService": "Skipped",
	})
}

func (a *officialAgent) deploy(t *testing.T) (id string) {
	t.Helper()
	created, err := a.server.deploy.CreateDeployment(t.Context(), &codedeploy.CreateDeploymentInput{
		ApplicationName: aws.String(application), DeploymentGroupName: &a.name, FileExistsBehavior: types.FileExistsBehaviorOverwrite,
		Revision: &types.RevisionLocation{RevisionType: types.RevisionLocationTypeS3, S3Location: &types.S3Location{
			Bucket: aws.String(bucket), Key: aws.String("site.tgz"), BundleType: types.BundleTypeTarGZip, ETag: aws.String(`"e7a6"`),
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return aws.ToString(created.DeploymentId)
}

var groupID = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// checkSpecification fetches the document of a deployment and reads it as both
// agents do.
func (a *officialAgent) checkSpecification(t *testing.T, deployment, execution string) {
	t.Helper()
	got := a.ask(t, "GetDeploymentSpecification", object{"DeploymentExecutionId": execution, "HostIdentifier": a.host},
		"DeploymentSystem", "DeploymentSpecification")
	if got["DeploymentSystem"] != "CodeDeploy" {
		t.Errorf("DeploymentSystem is %v", got["DeploymentSystem"])
	}
	specification, _ := got["DeploymentSpecification"].(map[string]any)
	object(specification).check(t, "DeploymentSpecification", "GenericEnvelope")
	envelope, _ := specification["GenericEnvelope"].(map[string]any)
	object(envelope).check(t, "GenericEnvelope", "Format", "Payload")
	payload, _ := envelope["Payload"].(string)
	if envelope["Format"] != "PKCS7/JSON" || !strings.HasPrefix(payload, "-----BEGIN PKCS7-----\n") {
		t.Fatalf("the envelope is %v", envelope)
	}
	text := verified(t, payload)
	document := object{}
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	if !groupID.MatchString(fmt.Sprint(document["DeploymentGroupId"])) {
		t.Errorf("DeploymentGroupId %v is no UUID", document["DeploymentGroupId"])
	}
	delete(document, "DeploymentGroupId")
	want := object{
		"DeploymentId": deployment, "DeploymentGroupName": a.name, "ApplicationName": application,
		"DeploymentCreator": "user", "DeploymentType": "IN_PLACE", "AppSpecFilename": "appspec.yml", "TargetCount": 1.0, // the last is ours, and ignored
		"AgentActionOverrides": map[string]any{"AgentOverrides": map[string]any{"FileExistsBehavior": "OVERWRITE"}},
		"Revision": map[string]any{"RevisionType": "S3", "S3Revision": map[string]any{
			"Bucket": bucket, "Key": "site.tgz", "BundleType": "tgz", "ETag": "e7a6",
		}},
	}
	if diff := cmp.Diff(want, document); diff != "" {
		t.Errorf("the specification (-want +got):\n%s", diff)
	}
}

// verified returns the content of a signed document, whose signature it
// checks: as our agent does, and with the code that the official agents rely
// on, if it is there.
func verified(t *testing.T, payload string) []byte {
	t.Helper()
	block, _ := pem.Decode([]byte(payload))
	if block == nil {
		t.Fatalf("no PEM: %s", payload)
	}
	message, err := pkcs7.Parse(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if err := message.Verify(); err != nil {
		t.Error(err)
	}
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Log("openssl is not there: the signature is checked by our own code only")
		return message.Content
	}
	file := filepath.Join(t.TempDir(), "specification.pem")
	write(t, file, payload)
	for _, args := range [][]string{
		{"smime", "-verify", "-noverify", "-inform", "PEM", "-in", file},
		{"cms", "-verify", "-noverify", "-inform", "PEM", "-in", file},
	} {
		cmd := exec.Command("openssl", args...)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if got, err := cmd.Output(); err != nil || !bytes.Equal(got, message.Content) {
			t.Errorf("openssl %s: %v: %q\n%s", args[0], err, got, &stderr)
		}
	}
	return message.Content
}

// checkEvents waits for the end of a deployment and compares its events:
// status, and of those that ran error code, script and message.
func (a *officialAgent) checkEvents(t *testing.T, deployment string, want map[string]string) {
	t.Helper()
	s := server{deploy: a.server.deploy}
	s.finish(t, deployment, patience)
	got := map[string]string{}
	for _, e := range s.targets(t, deployment)[0].LifecycleEvents {
		text := string(e.Status)
		if d := e.Diagnostics; d != nil && e.Status != types.LifecycleEventStatusSkipped {
			text += " " + string(d.ErrorCode)
			if e.Status == types.LifecycleEventStatusFailed {
				text += " " + aws.ToString(d.ScriptName) + " " + aws.ToString(d.Message)
			}
		}
		got[aws.ToString(e.LifecycleEventName)] = text
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the events of %s (-want +got):\n%s", deployment, diff)
	}
}
