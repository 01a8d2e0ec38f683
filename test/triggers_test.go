//go:build scripts

package test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// hookSecret is what the webhook of these tests is signed with.
const hookSecret = "0123456789abcdefghijklmnopqrstuv"

// hookReceiver is somebody's webhook: it verifies what it is posted, and
// drops what it has seen.
type hookReceiver struct {
	t   *testing.T
	url string

	mu      sync.Mutex
	away    bool
	refused int
	seen    map[string]bool
	told    []string
}

func newHookReceiver(t *testing.T) *hookReceiver {
	r := &hookReceiver{t: t, seen: map[string]bool{}}
	s := httptest.NewServer(r)
	t.Cleanup(s.Close)
	r.url = s.URL + "/deployments"
	return r
}

// goAway makes the receiver refuse everything, or take it again.
func (r *hookReceiver) goAway(away bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.away = away
}

func (r *hookReceiver) refusals() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.refused
}

// messages returns what was told so far, each message once.
func (r *hookReceiver) messages() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.told)
}

func (r *hookReceiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return // the server was killed
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.away {
		r.refused++
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	id := request.Header.Get("webhook-id")
	mac := hmac.New(sha256.New, []byte(hookSecret))
	fmt.Fprintf(mac, "%s.%s.%s", id, request.Header.Get("webhook-timestamp"), body)
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	if got := request.Header.Get("webhook-signature"); got != want {
		r.t.Errorf("the signature of %s is %q, want %q", id, got, want)
	}
	if !r.seen[id] {
		r.seen[id] = true
		r.told = append(r.told, r.inShort(body))
	}
}

// inShort is a message in one line.
func (r *hookReceiver) inShort(body []byte) string {
	var envelope struct{ TopicArn, Subject, Message string }
	var m struct {
		EventTriggerName, DeploymentID, Status, InstanceStatus, InstanceID string
		RollbackInformation                                                string
	}
	if err := json.Unmarshal(body, &envelope); err != nil {
		r.t.Errorf("%s: %v", body, err)
	}
	if err := json.Unmarshal([]byte(envelope.Message), &m); err != nil {
		r.t.Errorf("%s: %v", envelope.Message, err)
	}
	if m.EventTriggerName != "all" || envelope.TopicArn != topic {
		r.t.Errorf("the trigger is %q to %q", m.EventTriggerName, envelope.TopicArn)
	}
	var rollback struct{ RollbackTriggeringDeploymentID string }
	if m.RollbackInformation != "" {
		if err := json.Unmarshal([]byte(m.RollbackInformation), &rollback); err != nil {
			r.t.Errorf("%s: %v", m.RollbackInformation, err)
		}
	}
	what := m.Status + " " + m.DeploymentID
	if m.InstanceID != "" {
		_, instance, _ := strings.Cut(m.InstanceID, "instance/")
		what = m.InstanceStatus + " " + m.DeploymentID + " " + instance[:len("host-1")]
	}
	if rollback.RollbackTriggeringDeploymentID != "" {
		what += " for " + rollback.RollbackTriggeringDeploymentID
	}
	return what
}

const topic = "arn:aws:sns:us-east-1:000000000000:releases"

// allEvents are what a trigger can ask for.
const allEvents = "DeploymentStart,DeploymentSuccess,DeploymentFailure,DeploymentStop,DeploymentRollback,DeploymentReady," +
	"InstanceStart,InstanceSuccess,InstanceFailure,InstanceReady"

// aws runs the aws command with the root's key and returns what it prints.
func (s *server) awsCommand(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "aws", append(args, "--output", "text")...)
	cmd.Env = append(cleanEnvironment(), "AWS_ENDPOINT_URL="+s.url, "AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1",
		"AWS_ACCESS_KEY_ID="+s.key.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+s.key.SecretAccessKey)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("aws %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// startTriggers starts a server that posts to the receiver, and makes a group
// with a trigger, with nothing but the aws command.
func startTriggers(t *testing.T, r *hookReceiver, flags ...string) *server {
	t.Helper()
	if _, err := exec.LookPath("aws"); err != nil {
		if os.Getenv("SLIPWAY_REQUIRE_AWS") == "1" {
			t.Fatal("SLIPWAY_REQUIRE_AWS=1, and there is no aws command: ", err)
		}
		t.Skip("triggers are set with the aws command line (1.29 or 2.13, or newer): ", err)
	}
	secret := filepath.Join(t.TempDir(), "secret")
	write(t, secret, "whsec_"+base64.StdEncoding.EncodeToString([]byte(hookSecret))+"\n")
	s := startServer(t, append(flags, "--provider", "notification="+r.url+"?secret-file="+secret)...)
	s.awsCommand(t, "deploy", "create-application", "--application-name", application)
	s.awsCommand(t, "s3", "mb", "s3://"+bucket)
	s.awsCommand(t, "deploy", "create-deployment-group", "--application-name", application, "--deployment-group-name", "fleet",
		"--service-role-arn", "arn:aws:iam::000000000000:role/slipway",
		"--on-premises-instance-tag-filters", "Key=stage,Value=fleet,Type=KEY_AND_VALUE",
		"--auto-rollback-configuration", "enabled=true,events=DEPLOYMENT_FAILURE",
		"--trigger-configurations", "triggerName=all,triggerTargetArn="+topic+",triggerEvents="+allEvents)
	return s
}

// release deploys a bundle.
func (s *server) release(t *testing.T, key string, f folder) (id string) {
	t.Helper()
	s.put(t, key, f.pack(t))
	return s.awsCommand(t, "deploy", "create-deployment", "--application-name", application, "--deployment-group-name", "fleet",
		"--s3-location", "bucket="+bucket+",key="+key+",bundleType=tgz", "--query", "deploymentId")
}

// wantTold waits until as much is told as is wanted, and compares.
func (r *hookReceiver) wantTold(t *testing.T, want ...string) {
	t.Helper()
	eventually(t, 2*patience, fmt.Sprintf("%d messages are told", len(want)), func() bool { return len(r.messages()) >= len(want) })
	if diff := cmp.Diff(want, r.messages()); diff != "" {
		t.Errorf("told (-want +got)\n%s", diff)
	}
}

// TestTriggers: a webhook is told every step of a good deployment, and of one
// that fails with its rollback, in order; a file gets their events.
func TestTriggers(t *testing.T) {
	t.Parallel()
	r := newHookReceiver(t)
	events := filepath.Join(t.TempDir(), "events.jsonl")
	s := startTriggers(t, r, "--provider", "event=log://"+events)
	s.startQuickAgent(t, "host-1", "fleet")

	good := s.release(t, "good.tgz", logged("AfterInstall"))
	s.awsCommand(t, "deploy", "wait", "deployment-successful", "--deployment-id", good)
	bad := logged("AfterInstall")
	bad["hook.sh"] = "#!/bin/sh\nexit 1\n"
	failed := s.release(t, "bad.tgz", bad)
	s.finish(t, failed, patience)
	rollback := s.awsCommand(t, "deploy", "get-deployment", "--deployment-id", failed,
		"--query", "deploymentInfo.rollbackInfo.rollbackDeploymentId")
	s.awsCommand(t, "deploy", "wait", "deployment-successful", "--deployment-id", rollback)

	r.wantTold(t, "TEST ",
		"CREATED "+good, "IN_PROGRESS "+good+" host-1", "SUCCEEDED "+good+" host-1", "SUCCEEDED "+good,
		"CREATED "+failed, "IN_PROGRESS "+failed+" host-1", "FAILED "+failed+" host-1", "FAILED "+failed,
		"CREATED "+rollback+" for "+failed, "IN_PROGRESS "+rollback+" for "+failed,
		"IN_PROGRESS "+rollback+" host-1", "SUCCEEDED "+rollback+" host-1", "SUCCEEDED "+rollback+" for "+failed)

	var states []string
	eventually(t, patience, "all events are in the file", func() bool {
		states = nil
		for line := range strings.Lines(read(t, events)) {
			var e struct {
				Detail struct{ State, DeploymentID, InstanceID string }
			}
			check(t, json.Unmarshal([]byte(line), &e))
			states = append(states, strings.TrimSpace(e.Detail.State+" "+e.Detail.DeploymentID+" "+e.Detail.InstanceID))
		}
		return len(states) >= 12
	})
	var want []string
	for _, d := range []struct{ id, end string }{{good, "SUCCESS"}, {failed, "FAILURE"}, {rollback, "SUCCESS"}} {
		want = append(want, "START "+d.id, "START "+d.id+" host-1", d.end+" "+d.id+" host-1", d.end+" "+d.id)
	}
	if diff := cmp.Diff(want, states); diff != "" {
		t.Errorf("events (-want +got)\n%s", diff)
	}
}

// TestTriggersSurvive: the receiver is away while a deployment runs, and the
// server is killed in the middle of it and once more when it tries again.
// Nothing is lost, and the order is kept.
func TestTriggersSurvive(t *testing.T) {
	t.Parallel()
	r := newHookReceiver(t)
	s := startTriggers(t, r)
	s.startQuickAgent(t, "host-1", "fleet")
	r.wantTold(t, "TEST ")

	r.goAway(true)
	id := s.release(t, "good.tgz", logged("BeforeInstall", "AfterInstall", "ApplicationStart", "ValidateService"))
	eventually(t, patience, "the receiver refuses a message", func() bool { return r.refusals() > 0 })
	s.kill()
	s.restart(t)
	s.succeed(t, id, patience)
	before := r.refusals()
	eventually(t, 2*patience, "the receiver refuses messages again", func() bool { return r.refusals() > before })
	s.kill()
	if got := r.messages(); len(got) != 1 {
		t.Errorf("while the receiver was away it was told %q", got)
	}
	r.goAway(false)
	s.restart(t)
	r.wantTold(t, "TEST ", "CREATED "+id, "IN_PROGRESS "+id+" host-1", "SUCCEEDED "+id+" host-1", "SUCCEEDED "+id)
}
