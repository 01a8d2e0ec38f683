package daemon

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	cdtypes "github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/provider/function/local"
)

// TestMain lets the test program be the bootstrap of functions.
func TestMain(m *testing.M) {
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") != "" {
		bootstrap()
		return
	}
	os.Exit(m.Run())
}

// bootstrap is a function without a library. Its name says what it does: a
// hook that calls back, one that answers, or one that tells its version.
func bootstrap() {
	api := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/"
	for {
		res, err := http.Get(api + "next")
		if err != nil {
			os.Exit(1)
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		what, answer := "/response", `"`+os.Getenv("AWS_LAMBDA_FUNCTION_VERSION")+`"`
		switch name := os.Getenv("AWS_LAMBDA_FUNCTION_NAME"); name {
		case "refuses":
			answer = `{"Status":"Failed","Message":"the schema is old"}`
		case "agrees":
			answer = `{"Status":"Succeeded"}`
		case "breaks":
			what, answer = "/error", `{"errorType":"Broken","errorMessage":"no database"}`
		case "calls-back", "calls-back-failed":
			status := cdtypes.LifecycleEventStatusSucceeded
			if name == "calls-back-failed" {
				status = cdtypes.LifecycleEventStatusFailed
			}
			if err := callBack(body, status); err != nil {
				what, answer = "/error", fmt.Sprintf(`{"errorMessage":%q}`, err)
			}
		}
		done, err := http.Post(api+res.Header.Get("Lambda-Runtime-Aws-Request-Id")+what, "application/json", strings.NewReader(answer))
		if err != nil {
			os.Exit(1)
		}
		done.Body.Close()
	}
}

// callBack answers as hooks of CodeDeploy do, with nothing but what the
// function's environment has. Its key is good for nothing else.
func callBack(event []byte, status cdtypes.LifecycleEventStatus) error {
	var in struct{ DeploymentId, LifecycleEventHookExecutionId string } //nolint:revive // as they are called
	if err := json.Unmarshal(event, &in); err != nil {
		return err
	}
	c, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		return err
	}
	client := codedeploy.NewFromConfig(c)
	_, err = client.ListApplications(context.Background(), &codedeploy.ListApplicationsInput{})
	var refused smithy.APIError
	if !errors.As(err, &refused) || refused.ErrorCode() != "AccessDeniedException" {
		return fmt.Errorf("a function may list applications: %w", err)
	}
	_, err = client.PutLifecycleEventHookExecutionStatus(context.Background(), &codedeploy.PutLifecycleEventHookExecutionStatusInput{
		DeploymentId: &in.DeploymentId, LifecycleEventHookExecutionId: &in.LifecycleEventHookExecutionId, Status: status,
	})
	return err
}

// lambdaWorld is a daemon that runs functions, with one called orders: its
// alias live serves version 1, and there is a version 2.
type lambdaWorld struct {
	*testing.T
	d       *Daemon
	aws     aws.Config
	lambda  *lambda.Client
	deploys *codedeploy.Client
}

const functionRole = "arn:aws:iam::000000000000:role/function"

func newLambdaWorld(t *testing.T, c Config) *lambdaWorld {
	t.Helper()
	c.Data, c.Local = t.TempDir(), &local.Options{Concurrency: 20}
	d := start(t, c)
	t.Cleanup(func() { stop(t, d) })
	w := &lambdaWorld{T: t, d: d, aws: awsConfig(d, d.Root.ID, string(d.Root.Secret))}
	w.lambda, w.deploys = lambda.NewFromConfig(w.aws), codedeploy.NewFromConfig(w.aws)
	w.create("orders", "1")
	_, err := w.lambda.UpdateFunctionCode(t.Context(), &lambda.UpdateFunctionCodeInput{
		FunctionName: aws.String("orders"), ZipFile: functionZip(t, "2"), Publish: true,
	})
	w.check(err)
	_, err = w.lambda.CreateAlias(t.Context(), &lambda.CreateAliasInput{
		FunctionName: aws.String("orders"), Name: aws.String("live"), FunctionVersion: aws.String("1"),
	})
	w.check(err)
	return w
}

func (w *lambdaWorld) check(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func functionZip(t *testing.T, note string) []byte {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for name, text := range map[string]string{"bootstrap": "#!/bin/sh\nexec " + program + "\n", "note": note} {
		f, err := z.Create(name)
		if err == nil {
			_, err = io.WriteString(f, text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func (w *lambdaWorld) create(name, note string) {
	w.Helper()
	_, err := w.lambda.CreateFunction(w.Context(), &lambda.CreateFunctionInput{
		FunctionName: &name, Runtime: types.RuntimeProvidedal2023, Role: aws.String(functionRole), Timeout: aws.Int32(30),
		Code: &types.FunctionCode{ZipFile: functionZip(w.T, note)}, Publish: true,
	})
	w.check(err)
}

// group makes an application with a group that shifts so many per cent at a
// time, each minute.
func (w *lambdaWorld) group(kind cdtypes.TrafficRoutingType, percent int32) {
	w.Helper()
	ctx := w.Context()
	_, err := w.deploys.CreateApplication(ctx, &codedeploy.CreateApplicationInput{
		ApplicationName: aws.String("shop"), ComputePlatform: cdtypes.ComputePlatformLambda,
	})
	w.check(err)
	routing := &cdtypes.TrafficRoutingConfig{Type: kind}
	if kind == cdtypes.TrafficRoutingTypeTimeBasedCanary {
		routing.TimeBasedCanary = &cdtypes.TimeBasedCanary{CanaryPercentage: percent, CanaryInterval: 1}
	} else {
		routing.TimeBasedLinear = &cdtypes.TimeBasedLinear{LinearPercentage: percent, LinearInterval: 1}
	}
	_, err = w.deploys.CreateDeploymentConfig(ctx, &codedeploy.CreateDeploymentConfigInput{
		DeploymentConfigName: aws.String("shift"), ComputePlatform: cdtypes.ComputePlatformLambda, TrafficRoutingConfig: routing,
	})
	w.check(err)
	_, err = w.deploys.CreateDeploymentGroup(ctx, &codedeploy.CreateDeploymentGroupInput{
		ApplicationName: aws.String("shop"), DeploymentGroupName: aws.String("live"), DeploymentConfigName: aws.String("shift"),
		ServiceRoleArn:  aws.String("arn:aws:iam::000000000000:role/codedeploy"),
		DeploymentStyle: &cdtypes.DeploymentStyle{DeploymentType: cdtypes.DeploymentTypeBlueGreen, DeploymentOption: cdtypes.DeploymentOptionWithTrafficControl},
		AutoRollbackConfiguration: &cdtypes.AutoRollbackConfiguration{Enabled: true, Events: []cdtypes.AutoRollbackEvent{
			cdtypes.AutoRollbackEventDeploymentFailure, cdtypes.AutoRollbackEventDeploymentStopOnRequest,
		}},
	})
	w.check(err)
}

// deploy deploys version 2 of orders, with hooks.
func (w *lambdaWorld) deploy(hooks ...string) (id string) {
	w.Helper()
	spec := "version: 0.0\nResources:\n  - orders:\n      Type: AWS::Lambda::Function\n" +
		"      Properties: {Name: orders, Alias: live, CurrentVersion: \"1\", TargetVersion: \"2\"}\n"
	if len(hooks) > 0 {
		spec += "Hooks:\n  - " + strings.Join(hooks, "\n  - ") + "\n"
	}
	out, err := w.deploys.CreateDeployment(w.Context(), &codedeploy.CreateDeploymentInput{
		ApplicationName: aws.String("shop"), DeploymentGroupName: aws.String("live"), Revision: &cdtypes.RevisionLocation{
			RevisionType: cdtypes.RevisionLocationTypeAppSpecContent, AppSpecContent: &cdtypes.AppSpecContent{Content: &spec},
		},
	})
	w.check(err)
	return aws.ToString(out.DeploymentId)
}

func (w *lambdaWorld) end(id string) *cdtypes.DeploymentInfo {
	w.Helper()
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		got, err := w.deploys.GetDeployment(w.Context(), &codedeploy.GetDeploymentInput{DeploymentId: &id})
		w.check(err)
		if got.DeploymentInfo.CompleteTime != nil {
			return got.DeploymentInfo
		}
	}
	w.Fatal("the deployment does not end: ", id)
	return nil
}

// alias describes where live routes to.
func (w *lambdaWorld) alias() string {
	w.Helper()
	out, err := w.lambda.GetAlias(w.Context(), &lambda.GetAliasInput{FunctionName: aws.String("orders"), Name: aws.String("live")})
	w.check(err)
	text := aws.ToString(out.FunctionVersion)
	if out.RoutingConfig != nil {
		text += fmt.Sprint(" ", out.RoutingConfig.AdditionalVersionWeights)
	}
	return text
}

// TestCanaryShare: real invocations all through a canary deployment. In each
// step at least 10,000 are made, the share of the new version is what the
// step says, and none fails.
func TestCanaryShare(t *testing.T) {
	t.Parallel()
	if testing.Short() || raceEnabled {
		t.Skip("it makes 30,000 invocations, which takes too long with the race detector")
	}
	const enough = 10_000
	w := newLambdaWorld(t, Config{TrafficMinute: 15 * time.Second})
	w.group(cdtypes.TrafficRoutingTypeTimeBasedCanary, 20)
	type count struct{ all, second int }
	var mu sync.Mutex
	steps := map[string]*count{} // by what the alias was before and after
	ns := deploy.Namespace{Account: "000000000000", Region: w.aws.Region}
	state := func() string {
		a, err := w.d.functions.GetAlias(ns, "orders", "live")
		if err != nil {
			t.Error(err)
		}
		return a.String()
	}
	done := func(step string) bool {
		mu.Lock()
		defer mu.Unlock()
		return steps[step] != nil && steps[step].all >= enough
	}
	caller := func() {
		for !done("version 2") && !t.Failed() {
			before := state()
			out, err := w.d.functions.Call(t.Context(), local.Request{Namespace: ns, Function: "orders", Qualifier: "live"})
			if err != nil || out.Failed || string(out.Payload) != `"`+out.Version+`"` {
				t.Errorf("an invocation failed: %v %+v", err, out)
			}
			if after := state(); after != before {
				continue
			}
			mu.Lock()
			c := steps[before]
			if c == nil {
				c = &count{}
				steps[before] = c
			}
			c.all++
			if out.Version == "2" {
				c.second++
			}
			mu.Unlock()
		}
	}
	var callers sync.WaitGroup
	for range 4 {
		callers.Go(caller)
	}
	for end := time.Now().Add(2 * time.Minute); !done("version 1") && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	id := w.deploy()
	info := w.end(id)
	callers.Wait()
	if info.Status != cdtypes.DeploymentStatusSucceeded {
		t.Errorf("the deployment ended as %s: %+v", info.Status, info.ErrorInformation)
	}
	want := map[string]float64{"version 1": 0, "version 1 with 20 % on version 2": 20, "version 2": 100}
	for _, step := range slices.Sorted(maps.Keys(steps)) {
		c := steps[step]
		share := 100 * float64(c.second) / float64(c.all)
		t.Logf("%-34s %6d invocations, %5.2f %% on version 2", step, c.all, share)
		if _, known := want[step]; !known || c.all < enough || share < want[step]-2 || share > want[step]+2 {
			t.Errorf("%s: %d invocations, %.2f %%, want at least %d with %g %%", step, c.all, share, enough, want[step])
		}
	}
	if len(steps) != len(want) {
		t.Errorf("there were %d steps, want %d", len(steps), len(want))
	}
}

// TestHooksOfLocalFunctions: how hooks answer, and where the traffic is in the
// end.
func TestHooksOfLocalFunctions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		hook   string
		status cdtypes.DeploymentStatus
		says   string // in the error's message
	}{
		"calls back":                    {"calls-back", cdtypes.DeploymentStatusSucceeded, ""},
		"calls back that it failed":     {"calls-back-failed", cdtypes.DeploymentStatusFailed, "answered Failed"},
		"returns that it succeeded":     {"agrees", cdtypes.DeploymentStatusSucceeded, ""},
		"returns that it failed":        {"refuses", cdtypes.DeploymentStatusFailed, "the schema is old"},
		"fails":                         {"breaks", cdtypes.DeploymentStatusFailed, "Broken: no database"},
		"is named by version and alias": {"calls-back:1", cdtypes.DeploymentStatusSucceeded, ""},
	} {
		for _, event := range []string{"BeforeAllowTraffic", "AfterAllowTraffic"} {
			t.Run(name+" "+event, func(t *testing.T) {
				t.Parallel()
				w := newLambdaWorld(t, Config{TrafficMinute: 100 * time.Millisecond})
				w.group(cdtypes.TrafficRoutingTypeTimeBasedCanary, 20)
				w.create(strings.TrimSuffix(c.hook, ":1"), "hook")
				info := w.end(w.deploy(event + ": " + c.hook))
				message := ""
				if info.ErrorInformation != nil {
					message = aws.ToString(info.ErrorInformation.Message)
				}
				if info.Status != c.status || !strings.Contains(message, c.says) {
					t.Fatalf("%s %s, want %s %s", info.Status, message, c.status, c.says)
				}
				want := "2"
				if c.status == cdtypes.DeploymentStatusFailed {
					want = "1"
					if child := w.end(aws.ToString(info.RollbackInfo.RollbackDeploymentId)); child.Status != cdtypes.DeploymentStatusSucceeded {
						t.Errorf("the rollback ended as %s", child.Status)
					}
				}
				if got := w.alias(); got != want {
					t.Errorf("the alias is at %s, want %s", got, want)
				}
			})
		}
	}
}

// TestStopInTheMiddle: a stop in a linear shift puts all traffic back.
func TestStopInTheMiddle(t *testing.T) {
	t.Parallel()
	w := newLambdaWorld(t, Config{TrafficMinute: 150 * time.Millisecond})
	w.group(cdtypes.TrafficRoutingTypeTimeBasedLinear, 5)
	id := w.deploy()
	for end := time.Now().Add(time.Minute); !strings.Contains(w.alias(), "2:0.1"); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("no traffic is shifted: the alias is at ", w.alias())
		}
	}
	_, err := w.deploys.StopDeployment(t.Context(), &codedeploy.StopDeploymentInput{DeploymentId: &id})
	w.check(err)
	info := w.end(id)
	if info.Status != cdtypes.DeploymentStatusStopped || info.RollbackInfo == nil {
		t.Fatalf("%s, %+v", info.Status, info.RollbackInfo)
	}
	w.end(aws.ToString(info.RollbackInfo.RollbackDeploymentId))
	if got := w.alias(); got != "1" {
		t.Errorf("the alias is at %s, want 1", got)
	}
	for range 100 {
		out, err := w.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("orders"), Qualifier: aws.String("live")})
		w.check(err)
		if string(out.Payload) != `"1"` || aws.ToString(out.ExecutedVersion) != "1" {
			t.Fatalf("%s answers from version %s", out.Payload, aws.ToString(out.ExecutedVersion))
		}
	}
}

// TestLambdaCodeFromBucket: code that lies in a bucket, for those who may read
// it.
func TestLambdaCodeFromBucket(t *testing.T) {
	t.Parallel()
	w := newLambdaWorld(t, Config{})
	ctx := t.Context()
	store := s3.NewFromConfig(w.aws, func(o *s3.Options) { o.UsePathStyle = true })
	_, err := store.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("code")})
	w.check(err)
	_, err = store.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("code"), Key: aws.String("f.zip"), Body: bytes.NewReader(functionZip(t, "s3"))})
	w.check(err)
	create := func(client *lambda.Client, name, key string) error {
		_, err := client.CreateFunction(ctx, &lambda.CreateFunctionInput{
			FunctionName: &name, Runtime: types.RuntimeProvidedal2023, Role: aws.String(functionRole),
			Code: &types.FunctionCode{S3Bucket: aws.String("code"), S3Key: &key},
		})
		return err
	}
	w.check(create(w.lambda, "stored", "f.zip"))
	var invalid *types.InvalidParameterValueException
	if err := create(w.lambda, "none", "none.zip"); !errors.As(err, &invalid) || !strings.Contains(err.Error(), "NoSuchKey") {
		t.Errorf("an object that is not there: %v", err)
	}

	users := iam.NewFromConfig(w.aws)
	_, err = users.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("dev")})
	w.check(err)
	_, err = users.PutUserPolicy(ctx, &iam.PutUserPolicyInput{
		UserName: aws.String("dev"), PolicyName: aws.String("p"), PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[
			{"Effect":"Allow","Action":["lambda:CreateFunction","lambda:InvokeFunction"],"Resource":"arn:aws:lambda:*:*:function:dev-*"}]}`),
	})
	w.check(err)
	key, err := users.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("dev")})
	w.check(err)
	dev := lambda.NewFromConfig(awsConfig(w.d, *key.AccessKey.AccessKeyId, *key.AccessKey.SecretAccessKey))
	denied := func(what string, err error) {
		t.Helper()
		var refused smithy.APIError
		if !errors.As(err, &refused) || refused.ErrorCode() != "AccessDeniedException" {
			t.Errorf("%s: %v", what, err)
		}
	}
	denied("code of a bucket that the caller may not read", create(dev, "dev-1", "f.zip"))
	denied("another name", create(dev, "prod-1", "f.zip"))
	_, err = dev.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String("stored")})
	denied("another function", err)
	_, err = dev.CreateFunction(ctx, &lambda.CreateFunctionInput{
		FunctionName: aws.String("dev-1"), Runtime: types.RuntimeProvidedal2023, Role: aws.String(functionRole),
		Code: &types.FunctionCode{ZipFile: functionZip(t, "dev")},
	})
	w.check(err)
	out, err := dev.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String("dev-1")})
	w.check(err)
	if string(out.Payload) != `"$LATEST"` {
		t.Errorf("it answers %s", out.Payload)
	}
}

// TestNoFunctionsUnlessAsked: a server that was not told to run functions says
// so.
func TestNoFunctionsUnlessAsked(t *testing.T) {
	t.Parallel()
	d := start(t, Config{Data: t.TempDir()})
	t.Cleanup(func() { stop(t, d) })
	client := lambda.NewFromConfig(awsConfig(d, d.Root.ID, string(d.Root.Secret)))
	_, err := client.ListFunctions(t.Context(), &lambda.ListFunctionsInput{})
	if err == nil || !strings.Contains(err.Error(), "--provider function=local:") {
		t.Errorf("it says %v", err)
	}
}
