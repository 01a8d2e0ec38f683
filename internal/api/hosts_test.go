package api_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/slipwayhq/slipway/internal/api"
	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/protocol"
	"github.com/slipwayhq/slipway/internal/seal"
	"github.com/slipwayhq/slipway/internal/sigv4"
	"github.com/slipwayhq/slipway/internal/store"
)

// hostsEdge is an edge with CodeDeploy and the hosts' service.
func hostsEdge(t *testing.T) (*edge, *control.Control) {
	t.Helper()
	s, err := store.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "slipway.db"), seal.NewBox(seal.Key{}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	c := control.New(s, control.Options{PollHold: time.Millisecond})
	return newEdge(t, func(config *api.Config) {
		config.Services = []api.Service{api.CodeDeploy(c, api.NewPager(bytes.Repeat([]byte("k"), 32))), api.HostCommands(c), api.Slipway(c)}
	}), c
}

func (e *edge) poll(t *testing.T, c sigv4.Credentials, host, service string) reply {
	t.Helper()
	body := `{"HostIdentifier":"` + host + `"}`
	r := e.post(t, "PollHostCommand", body)
	r.Header.Set("X-Amz-Target", protocol.TargetPrefix+".PollHostCommand")
	sigv4.Sign(r, sigv4.HashPayload([]byte(body)), c, region, service, time.Now())
	return send(t, r)
}

func TestHostsMayOnlyPollForThemselves(t *testing.T) {
	e, c := hostsEdge(t)
	host := e.addUser(t, "host-1", `{"Effect":"Allow","Action":["s3:Get*","s3:List*"],"Resource":"*"}`)
	const own, other = "arn:aws:iam::000000000000:user/host-1", "arn:aws:iam::000000000000:user/host-2"
	for name, arn := range map[string]string{"one": own, "two": other} {
		if err := c.RegisterOnPremisesInstance(t.Context(), namespace, control.RegisterOnPremisesInstance{Name: name, IAMUserARN: aws.String(arn)}); err != nil {
			t.Fatal(err)
		}
	}
	if got := e.poll(t, host, own, protocol.SigningName); got.status != http.StatusOK {
		t.Error(got)
	}
	for what, got := range map[string]reply{
		"for another host":         e.poll(t, host, other, protocol.SigningName),
		"as somebody, for a host":  e.poll(t, root, own, protocol.SigningName),
		"secure, without a policy": e.poll(t, host, own, protocol.SecureSigningName),
	} {
		if got.status != 400 || !strings.Contains(got.body, "AccessDeniedException") {
			t.Errorf("%s: %v", what, got)
		}
	}
	wantFault(t, get(e.sdk(host), "shop"), 400, "AccessDeniedException", own+" is not authorized to perform: codedeploy:GetApplication on resource: "+namespace.ApplicationARN("shop"))

	secure := e.addUser(t, "host-2", `{"Effect":"Allow","Action":"codedeploy-commands-secure:PollHostCommand","Resource":"*"}`)
	if got := e.poll(t, secure, other, protocol.SecureSigningName); got.status != http.StatusOK {
		t.Error("secure, with a policy:", got)
	}
	if got := e.poll(t, secure, own, protocol.SecureSigningName); got.status != 400 {
		t.Error("secure, for another host:", got)
	}
}

func TestSessionsAreHosts(t *testing.T) {
	e, c := hostsEdge(t)
	arn := e.role(t, "Hosts", trustAccount, "")
	const own = "arn:aws:sts::000000000000:assumed-role/Hosts/web-1"
	if err := c.RegisterOnPremisesInstance(t.Context(), namespace, control.RegisterOnPremisesInstance{Name: "web-1", IAMSessionARN: aws.String(own)}); err != nil {
		t.Fatal(err)
	}
	one, err := e.assume(t, root, sts.AssumeRoleInput{RoleArn: &arn, RoleSessionName: aws.String("web-1")})
	if err != nil {
		t.Fatal(err)
	}
	two, err := e.assume(t, root, sts.AssumeRoleInput{RoleArn: &arn, RoleSessionName: aws.String("web-2")})
	if err != nil {
		t.Fatal(err)
	}
	if got := e.poll(t, one, own, protocol.SigningName); got.status != http.StatusOK {
		t.Error(got)
	}
	if got := e.poll(t, two, own, protocol.SigningName); got.status != 400 || !strings.Contains(got.body, "AccessDeniedException") {
		t.Error("another session of the role:", got)
	}
	wantFault(t, get(e.sdk(one), "shop"), 400, "AccessDeniedException", own)
}

// TestHostsAreKnownByTheirIdentifiers: an agent on an EC2 instance calls itself
// by the instance, and signs as the session that is named after it.
func TestHostsAreKnownByTheirIdentifiers(t *testing.T) {
	e, c := hostsEdge(t)
	role := e.role(t, "Hosts", trustAccount, "")
	const id = "i-0abc"
	if err := c.RegisterOnPremisesInstance(t.Context(), namespace, control.RegisterOnPremisesInstance{
		Name: "web-1", IAMSessionARN: aws.String("arn:aws:sts::000000000000:assumed-role/Hosts/" + id),
	}); err != nil {
		t.Fatal(err)
	}
	one, err := e.assume(t, root, sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: aws.String(id)})
	if err != nil {
		t.Fatal(err)
	}
	for identifier, want := range map[string]int{
		"arn:aws:sts::000000000000:assumed-role/Hosts/i-0abc":  http.StatusOK,
		"arn:aws:ec2:us-east-1:000000000000:instance/i-0abc":   http.StatusOK,
		"arn:aws-x:ec2:us-east-1:000000000000:instance/i-0abc": http.StatusOK,
		"arn:aws:ec2:us-east-1:000000000000:instance/i-0abd":   http.StatusBadRequest,
		"arn:aws:ec2:eu-west-1:000000000000:instance/i-0abc":   http.StatusBadRequest,
		"arn:aws:ec2:us-east-1:111111111111:instance/i-0abc":   http.StatusBadRequest,
		"arn:aws:ecs:us-east-1:000000000000:instance/i-0abc":   http.StatusBadRequest,
		"arn:aws:ec2:us-east-1:000000000000:i-0abc":            http.StatusBadRequest,
		"i-0abc": http.StatusBadRequest,
		"":       http.StatusBadRequest,
	} {
		if got := e.poll(t, one, identifier, protocol.SigningName); got.status != want {
			t.Errorf("%q: %v, want %d", identifier, got, want)
		}
	}
}

// TestAgentsAreThrottledWhenTheServerIsInTrouble: the official agent 2.x
// repeats a report after throttling and after nothing else.
func TestAgentsAreThrottledWhenTheServerIsInTrouble(t *testing.T) {
	trouble := func(context.Context, *api.Call, *struct{}) (*struct{}, error) {
		return nil, errors.New("the disk is full")
	}
	agents := api.HostCommands(nil)
	agents.Operations = api.Table{"PollHostCommand": api.Answers(nil, trouble)}
	e := newEdge(t, func(config *api.Config) { config.Services = []api.Service{agents, testService()} })
	got := e.poll(t, root, "arn:aws:iam::000000000000:root", protocol.SigningName)
	if got.status != http.StatusBadRequest || !strings.Contains(got.body, `"ThrottlingException"`) || strings.Contains(got.body, "disk") {
		t.Error(got)
	}
	if !strings.Contains(e.log.String(), "the disk is full") {
		t.Error("the cause must be in the log")
	}
}

// TestHostLogsAreRoots: what scripts print is for the root alone.
func TestHostLogsAreRoots(t *testing.T) {
	e, _ := hostsEdge(t)
	ann := e.addUser(t, "ann", `{"Effect":"Allow","Action":"*","Resource":"*"}`)
	for _, operation := range []string{"ListHostLogs", "GetHostLog"} {
		for who, want := range map[string]struct {
			key  sigv4.Credentials
			code string
		}{
			"an administrator": {ann, "AccessDeniedException"},
			"the root":         {root, "DeploymentDoesNotExistException"},
		} {
			const body = `{"deploymentId":"d-A1B2C3D4E"}`
			r := e.post(t, operation, body)
			r.Header.Set("X-Amz-Target", "Slipway_20261101."+operation)
			sigv4.Sign(r, sigv4.HashPayload([]byte(body)), want.key, region, "codedeploy", time.Now())
			if got := send(t, r); got.status != http.StatusBadRequest || !strings.Contains(got.body, want.code) {
				t.Errorf("%s by %s: %v, want %s", operation, who, got, want.code)
			}
		}
	}
}
