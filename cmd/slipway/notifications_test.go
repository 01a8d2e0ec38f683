package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/slipwayhq/slipway/internal/daemon"
	"github.com/slipwayhq/slipway/internal/notification"
	"github.com/slipwayhq/slipway/internal/provider/notification/mem"
	"github.com/slipwayhq/slipway/internal/provider/notification/outbox"
)

// TestNotifications: a notification that nobody takes can be seen and sent
// again, by the root alone.
func TestNotifications(t *testing.T) {
	var hook mem.Sender
	hook.Fail(func(notification.Message) error {
		return errors.Join(errors.New("moved away"), notification.ErrPermanent)
	})
	d, err := daemon.Start(t.Context(), daemon.Config{
		Listen: "127.0.0.1:0", Data: t.TempDir(),
		Notifications: []outbox.Destination{{Route: notification.Route{Name: "hook"}, Sender: &hook}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Stop(t.Context())
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": d.URL, "AWS_DEFAULT_REGION": "us-east-1", "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_ACCESS_KEY_ID": d.Root.ID, "AWS_SECRET_ACCESS_KEY": string(d.Root.Secret), "AWS_SESSION_TOKEN": "",
		"AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent", "AWS_PROFILE": "",
	} {
		t.Setenv(name, value)
	}
	saveTrigger(t)

	dead := eventuallyPrints(t, "given up", "notifications", "--dead")
	for _, want := range []string{"TEST: AWS CodeDeploy trigger in us-east-1", "to hook", "after 1 tries moved away"} {
		if !strings.Contains(dead, want) {
			t.Errorf("%q is not in\n%s", want, dead)
		}
	}
	var n struct{ ID, Trigger, Body, LastError string }
	if err := json.Unmarshal([]byte(run(t, "notifications", "--json")), &n); err != nil || n.Trigger != "t1" || !strings.Contains(n.Body, `"status":"TEST"`) {
		t.Errorf("as JSON it is %+v, error %v", n, err)
	}

	hook.Fail(nil)
	if out := run(t, "notifications", "retry", n.ID); !strings.Contains(out, ": 1\n") {
		t.Errorf("retry says %q", out)
	}
	for deadline := time.Now().Add(time.Minute); len(hook.Received()) == 0 && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	if got := hook.Received(); len(got) != 1 || got[0].ID != n.ID {
		t.Errorf("received %v", got)
	}
	for _, args := range [][]string{{"notifications"}, {"notifications", "--dead"}} {
		if out := run(t, args...); out != "" {
			t.Errorf("%v, when all was delivered, prints %q", args, out)
		}
	}
	if out := run(t, "notifications", "retry", "--all"); !strings.Contains(out, ": 0\n") {
		t.Errorf("retry --all says %q", out)
	}
	fails(t, "either the id", "notifications", "retry")
	fails(t, "either the id", "notifications", "retry", n.ID, "--all")
	fails(t, "There is no notification "+n.ID, "notifications", "retry", n.ID)

	becomeUser(t)
	fails(t, "not authorized to perform: slipway:ListNotifications", "notifications")
	fails(t, "not authorized to perform: slipway:RetryNotifications", "notifications", "retry", "--all")
}

// saveTrigger makes a group with a trigger, which is a change that is told.
func saveTrigger(t *testing.T) {
	t.Helper()
	c, err := config.LoadDefaultConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	client := codedeploy.NewFromConfig(c)
	if _, err := client.CreateApplication(t.Context(), &codedeploy.CreateApplicationInput{ApplicationName: aws.String("shop")}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.CreateDeploymentGroup(t.Context(), &codedeploy.CreateDeploymentGroupInput{
		ApplicationName: aws.String("shop"), DeploymentGroupName: aws.String("web"),
		ServiceRoleArn: aws.String("arn:aws:iam::000000000000:role/slipway"),
		TriggerConfigurations: []types.TriggerConfig{{
			TriggerName: aws.String("t1"), TriggerTargetArn: aws.String("arn:aws:sns:us-east-1:000000000000:releases"),
			TriggerEvents: []types.TriggerEventType{types.TriggerEventTypeDeploymentStart},
		}},
	}); err != nil {
		t.Fatal(err)
	}
}

// becomeUser goes on with the key of a user who may do everything that a
// policy can allow.
func becomeUser(t *testing.T) {
	t.Helper()
	c, err := config.LoadDefaultConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	client := iam.NewFromConfig(c)
	name := aws.String("alice")
	if _, err := client.CreateUser(t.Context(), &iam.CreateUserInput{UserName: name}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{
		UserName: name, PolicyName: aws.String("all"),
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`),
	}); err != nil {
		t.Fatal(err)
	}
	key, err := client.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: name})
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", *key.AccessKey.AccessKeyId)
	t.Setenv("AWS_SECRET_ACCESS_KEY", *key.AccessKey.SecretAccessKey)
}

// run runs a command that must succeed, and returns what it prints.
func run(t *testing.T, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	cmd := root()
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		t.Fatalf("%v: %v", args, err)
	}
	return out.String()
}

// fails runs a command that must fail, and say so.
func fails(t *testing.T, want string, args ...string) {
	t.Helper()
	cmd := root()
	cmd.SetArgs(args)
	if err := cmd.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v: got %v, want %q", args, err, want)
	}
}

// eventuallyPrints runs a command until it prints what is wanted.
func eventuallyPrints(t *testing.T, want string, args ...string) string {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if out := run(t, args...); strings.Contains(out, want) {
			return out
		} else if time.Now().After(deadline) {
			t.Fatalf("%v does not print %q but %q", args, want, out)
		}
	}
}
