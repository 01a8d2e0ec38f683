package agent_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/md5"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/smallstep/pkcs7"

	"github.com/slipwayhq/slipway/internal/protocol"
	"github.com/slipwayhq/slipway/internal/sigv4"
)

const (
	hostARN   = "arn:aws:iam::000000000000:user/AWS/CodeDeploy/web-1"
	keyID     = "AKIDHOST"
	keySecret = "host secret"
	region    = "us-test-9"
)

// fakeServer speaks the command service and S3 over real HTTP, so that what is
// tested is what is sent. It judges as the real server does: signatures,
// states, tokens.
type fakeServer struct {
	*httptest.Server
	t      *testing.T
	signer *signer

	mu       sync.Mutex
	commands []*command // handed out in this order, one at a time
	specs    map[string]protocol.Specification
	objects  map[string][]byte
	etags    map[string]string // in place of the MD5
	calls    []string
	// downloads counts the objects that were sent.
	downloads int
	updates   chan protocol.Diagnostics
	done      chan struct{} // closed when the last command is over
	// interfere may spoil a call: it returns what happens to the reply.
	interfere func(operation string) spoiling
	foreign   string // host identifier in place of the right one
	// sideBySide hands out commands while others are running.
	sideBySide bool
}

// spoiling is what happens to a reply.
type spoiling int

const (
	untouched spoiling = iota
	lost               // the server acts, the reply does not arrive
	error500           // the server does nothing
)

// command is a host command as the server knows it.
type command struct {
	protocol.HostCommand
	tokens  []string
	acked   bool
	noop    bool
	reports []protocol.PutHostCommandCompleteInput
	over    bool
	result  protocol.Diagnostics
	status  protocol.CommandStatus
}

func newFakeServer(t *testing.T) *fakeServer {
	t.Helper()
	s := &fakeServer{
		t: t, signer: newSigner(t),
		specs: map[string]protocol.Specification{}, objects: map[string][]byte{}, etags: map[string]string{},
		updates: make(chan protocol.Diagnostics, 1000), done: make(chan struct{}),
		interfere: func(string) spoiling { return untouched },
	}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

// add plans the events of a deployment.
func (s *fakeServer) add(spec protocol.Specification, events ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	execution := "CodeDeploy/" + region + "/prod/000000000000:" + spec.DeploymentID
	s.specs[execution] = spec
	for _, name := range events {
		s.commands = append(s.commands, &command{HostCommand: protocol.HostCommand{
			HostCommandIdentifier: spec.DeploymentID + "." + name, HostIdentifier: hostARN,
			DeploymentExecutionID: execution, CommandName: name, Nonce: 1,
		}})
	}
}

// get returns what became of a command.
func (s *fakeServer) get(deployment, event string) *command {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.commands {
		if c.HostCommandIdentifier == deployment+"."+event {
			return c
		}
	}
	s.t.Fatalf("there is no command %s of %s", event, deployment)
	return nil
}

func (s *fakeServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		s.serveObject(w, r)
		return
	}
	body, _ := io.ReadAll(r.Body)
	auth, err := sigv4.Parse(r)
	if err == nil {
		err = auth.VerifyHash(r, keySecret, sigv4.HashPayload(body), time.Now())
	}
	if err != nil {
		refuse(w, http.StatusForbidden, "InvalidSignatureException", err.Error())
		return
	}
	prefix, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	if prefix != protocol.TargetPrefix || auth.Service != protocol.SigningName || auth.Region != region {
		refuse(w, http.StatusBadRequest, "UnknownOperationException", prefix)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, operation)
	spoil := s.interfere(operation)
	if spoil == error500 {
		refuse(w, http.StatusInternalServerError, "ServerException", "on purpose")
		return
	}
	reply, err := s.answer(operation, body)
	switch {
	case spoil == lost:
		panic(http.ErrAbortHandler)
	case err != nil:
		refuse(w, http.StatusBadRequest, "ClientException", err.Error())
	default:
		_ = json.NewEncoder(w).Encode(reply)
	}
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": code, "message": message})
}

func (s *fakeServer) answer(operation string, body []byte) (any, error) {
	switch operation {
	case "PollHostCommand":
		return s.poll()
	case "GetDeploymentSpecification":
		return call(body, s.specification)
	case "PutHostCommandAcknowledgement":
		return call(body, s.acknowledge)
	case "PutHostCommandComplete":
		return call(body, s.complete)
	case "PostHostCommandUpdate":
		return call(body, s.update)
	}
	return nil, fmt.Errorf("unknown operation %s", operation)
}

func call[In, Out any](body []byte, f func(In) (Out, error)) (any, error) {
	var in In
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, err
	}
	return f(in)
}

// poll hands out the first command that is not over, again and again until it
// is acknowledged: what a lease does, without the waiting.
func (s *fakeServer) poll() (any, error) {
	for _, c := range s.commands {
		if c.over {
			continue
		}
		if c.acked && s.sideBySide {
			continue
		}
		if c.acked {
			break
		}
		handed := c.HostCommand
		if s.foreign != "" {
			handed.HostIdentifier = s.foreign
		}
		return protocol.PollHostCommandOutput{HostCommand: &handed}, nil
	}
	return struct{}{}, nil
}

func (s *fakeServer) specification(in protocol.GetDeploymentSpecificationInput) (any, error) {
	spec, ok := s.specs[in.DeploymentExecutionID]
	if !ok || in.HostIdentifier != hostARN {
		return nil, fmt.Errorf("no deployment %s for %s", in.DeploymentExecutionID, in.HostIdentifier)
	}
	return protocol.GetDeploymentSpecificationOutput{
		DeploymentSystem: protocol.DeploymentSystem,
		DeploymentSpecification: &protocol.DeploymentSpecification{
			GenericEnvelope: &protocol.Envelope{Format: protocol.FormatPKCS7JSON, Payload: s.signer.sign(s.t, spec)},
		},
	}, nil
}

func (s *fakeServer) acknowledge(in protocol.PutHostCommandAcknowledgementInput) (any, error) {
	c, err := s.find(in.HostCommandIdentifier)
	if err != nil {
		return nil, err
	}
	again := len(c.tokens) > 0 && c.tokens[0] == in.AttemptToken
	c.tokens = append(c.tokens, in.AttemptToken)
	var d protocol.AcknowledgementDiagnostics
	_ = json.Unmarshal([]byte(in.Diagnostics.Payload), &d)
	reply := protocol.PutHostCommandAcknowledgementOutput{CommandStatus: protocol.StatusInProgress}
	switch {
	case c.noop || (d.IsCommandNoop && !c.over):
		c.acked, c.noop, c.status = true, true, protocol.StatusSucceeded
		s.end(c)
		reply.CommandStatus = protocol.StatusSucceeded
	case c.over, c.acked && !again:
		reply.CommandStatus = protocol.StatusFailed
	}
	c.acked = true
	return reply, nil
}

func (s *fakeServer) complete(in protocol.PutHostCommandCompleteInput) (any, error) {
	c, err := s.find(in.HostCommandIdentifier)
	if err != nil {
		return nil, err
	}
	c.reports = append(c.reports, in)
	if !c.over {
		c.status, c.result = in.CommandStatus, protocol.ParseDiagnostics(in.Diagnostics, in.CommandStatus)
		s.end(c)
	}
	return struct{}{}, nil
}

// end ends a command; a failed one ends its deployment.
func (s *fakeServer) end(c *command) {
	c.over = true
	open := false
	for _, other := range s.commands {
		if c.status == protocol.StatusFailed && other.DeploymentExecutionID == c.DeploymentExecutionID {
			other.over = true
		}
		open = open || !other.over
	}
	select {
	case <-s.done:
	default:
		if !open {
			close(s.done)
		}
	}
}

func (s *fakeServer) update(in protocol.PostHostCommandUpdateInput) (any, error) {
	if _, err := s.find(in.HostCommandIdentifier); err != nil {
		return nil, err
	}
	s.updates <- protocol.ParseDiagnostics(in.Diagnostics, protocol.StatusInProgress)
	return protocol.PostHostCommandUpdateOutput{CommandStatus: protocol.StatusInProgress}, nil
}

func (s *fakeServer) find(id string) (*command, error) {
	for _, c := range s.commands {
		if c.HostCommandIdentifier == id {
			return c, nil
		}
	}
	return nil, fmt.Errorf("no command %q", id)
}

func (s *fakeServer) serveObject(w http.ResponseWriter, r *http.Request) {
	auth, err := sigv4.Parse(r)
	if err == nil {
		err = auth.Verify(r, keySecret, time.Now())
	}
	if err != nil || auth.Service != "s3" {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	s.mu.Lock()
	body, ok := s.objects[r.URL.Path]
	etag := s.etags[r.URL.Path]
	s.mu.Unlock()
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>`)
		return
	}
	if etag == "" {
		sum := md5.Sum(body)
		etag = hex.EncodeToString(sum[:])
	}
	w.Header().Set("ETag", `"`+etag+`"`)
	if r.Header.Get("If-None-Match") == `"`+etag+`"` {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	s.mu.Lock()
	s.downloads++
	s.mu.Unlock()
	_, _ = w.Write(body)
}

// signer signs specifications as the server does.
type signer struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newSigner(t *testing.T) *signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "signer"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &signer{key, cert}
}

func (s *signer) sign(t *testing.T, spec protocol.Specification) string {
	t.Helper()
	text, err := json.Marshal(spec)
	if err != nil {
		t.Error(err)
	}
	data, err := pkcs7.NewSignedData(text)
	if err != nil {
		t.Error(err)
		return ""
	}
	data.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
	if err := data.AddSigner(s.cert, s.key, pkcs7.SignerInfoConfig{}); err != nil {
		t.Error(err)
	}
	der, err := data.Finish()
	if err != nil {
		t.Error(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PKCS7", Bytes: der}))
}
