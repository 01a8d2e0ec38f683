package test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// function is a Lambda function, by its environment: it writes the event to
// NOTE_FILE, sleeps for TAKES, and answers ANSWER or its version.
func function() {
	api := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/"
	takes, _ := time.ParseDuration(os.Getenv("TAKES"))
	answer := os.Getenv("ANSWER")
	if answer == "" {
		answer = strconv.Quote(os.Getenv("AWS_LAMBDA_FUNCTION_VERSION"))
	}
	for {
		res, err := http.Get(api + "next")
		if err != nil {
			os.Exit(1)
		}
		event, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if path := os.Getenv("NOTE_FILE"); path != "" {
			file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
			if err == nil {
				_, err = fmt.Fprintf(file, "%s\n", event)
			}
			if err = errors.Join(err, file.Close()); err != nil {
				os.Exit(1)
			}
		}
		time.Sleep(takes)
		done, err := http.Post(api+res.Header.Get("Lambda-Runtime-Aws-Request-Id")+"/response", "application/json", strings.NewReader(answer))
		if err != nil {
			os.Exit(1)
		}
		done.Body.Close()
	}
}

// functions are a server that runs functions, and its client.
type functions struct {
	*server
	*lambda.Client
	t *testing.T
}

// startFunctions starts a server whose minutes take a second, with the
// function orders: its alias live serves version 1, and there is a version 2.
func startFunctions(t *testing.T) functions {
	t.Helper()
	s := startServer(t, "--provider", "function=local:", "--traffic-minute", "1s")
	f := functions{s, lambda.NewFromConfig(s.aws), t}
	f.create("orders", nil)
	_, err := f.UpdateFunctionCode(t.Context(), &lambda.UpdateFunctionCodeInput{
		FunctionName: aws.String("orders"), ZipFile: f.code("2"), Publish: true,
	})
	check(t, err)
	_, err = f.CreateAlias(t.Context(), &lambda.CreateAliasInput{
		FunctionName: aws.String("orders"), Name: aws.String("live"), FunctionVersion: aws.String("1"),
	})
	check(t, err)
	return f
}

func (f functions) code(note string) []byte {
	f.t.Helper()
	program, err := os.Executable()
	check(f.t, err)
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for name, text := range map[string]string{"bootstrap": "#!/bin/sh\nexec " + program + "\n", "note": note} {
		w, err := z.Create(name)
		check(f.t, err)
		_, err = io.WriteString(w, text)
		check(f.t, err)
	}
	check(f.t, z.Close())
	return out.Bytes()
}

func (f functions) create(name string, env map[string]string) {
	f.t.Helper()
	_, err := f.CreateFunction(f.t.Context(), &lambda.CreateFunctionInput{
		FunctionName: &name, Runtime: lambdatypes.RuntimeProvidedal2023, Role: aws.String("arn:aws:iam::000000000000:role/function"),
		Code: &lambdatypes.FunctionCode{ZipFile: f.code("1")}, Publish: true, Timeout: aws.Int32(60),
		Environment: &lambdatypes.Environment{Variables: env},
	})
	check(f.t, err)
}

// deploy deploys version 2 of orders, a fifth of the traffic at a time.
func (f functions) deploy(hooks string) (id string) {
	f.t.Helper()
	ctx := f.t.Context()
	_, err := f.server.deploy.CreateApplication(ctx, &codedeploy.CreateApplicationInput{
		ApplicationName: aws.String(application), ComputePlatform: types.ComputePlatformLambda,
	})
	check(f.t, err)
	_, err = f.server.deploy.CreateDeploymentConfig(ctx, &codedeploy.CreateDeploymentConfigInput{
		DeploymentConfigName: aws.String("fifths"), ComputePlatform: types.ComputePlatformLambda,
		TrafficRoutingConfig: &types.TrafficRoutingConfig{
			Type: types.TrafficRoutingTypeTimeBasedLinear, TimeBasedLinear: &types.TimeBasedLinear{LinearPercentage: 20, LinearInterval: 1},
		},
	})
	check(f.t, err)
	_, err = f.server.deploy.CreateDeploymentGroup(ctx, &codedeploy.CreateDeploymentGroupInput{
		ApplicationName: aws.String(application), DeploymentGroupName: aws.String("live"), DeploymentConfigName: aws.String("fifths"),
		ServiceRoleArn: aws.String("arn:aws:iam::000000000000:role/slipway"),
		DeploymentStyle: &types.DeploymentStyle{
			DeploymentType: types.DeploymentTypeBlueGreen, DeploymentOption: types.DeploymentOptionWithTrafficControl,
		},
		AutoRollbackConfiguration: &types.AutoRollbackConfiguration{
			Enabled: true, Events: []types.AutoRollbackEvent{types.AutoRollbackEventDeploymentFailure},
		},
	})
	check(f.t, err)
	spec := "version: 0.0\nResources:\n  - orders:\n      Type: AWS::Lambda::Function\n" +
		"      Properties: {Name: orders, Alias: live, CurrentVersion: \"1\", TargetVersion: \"2\"}\n" + hooks
	out, err := f.server.deploy.CreateDeployment(ctx, &codedeploy.CreateDeploymentInput{
		ApplicationName: aws.String(application), DeploymentGroupName: aws.String("live"), Revision: &types.RevisionLocation{
			RevisionType: types.RevisionLocationTypeAppSpecContent, AppSpecContent: &types.AppSpecContent{Content: &spec},
		},
	})
	check(f.t, err)
	return aws.ToString(out.DeploymentId)
}

// share is how much of the traffic version 2 has.
func (f functions) share() float64 {
	f.t.Helper()
	a, err := f.GetAlias(f.t.Context(), &lambda.GetAliasInput{FunctionName: aws.String("orders"), Name: aws.String("live")})
	check(f.t, err)
	switch {
	case aws.ToString(a.FunctionVersion) == "2":
		return 1
	case a.RoutingConfig != nil:
		return a.RoutingConfig.AdditionalVersionWeights["2"]
	}
	return 0
}

// processes are those of the server's functions.
func (f functions) processes() (pids []int) {
	f.t.Helper()
	dir, err := filepath.Abs(filepath.Join(f.data, "lambda"))
	check(f.t, err)
	environments, err := filepath.Glob("/proc/[0-9]*/environ")
	check(f.t, err)
	for _, path := range environments {
		text, err := os.ReadFile(path)
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err == nil && bytes.Contains(text, []byte("SLIPWAY_FUNCTIONS="+dir+"\x00")) && alive(pid) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// killAndRestart kills the server. None of its functions outlives it.
func (f functions) killAndRestart() {
	f.t.Helper()
	f.kill()
	eventually(f.t, patience, "the functions are gone with their server", func() bool { return len(f.processes()) == 0 })
	f.restart(f.t)
}

// TestLambdaServerKilled kills the server in every step of a deployment: while
// a hook runs, after each shift, and in the hook after the last.
func TestLambdaServerKilled(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		after  string // what the last hook answers
		status types.DeploymentStatus
		share  float64 // in the end
	}{
		"succeeds":       {`{"Status":"Succeeded"}`, types.DeploymentStatusSucceeded, 1},
		"is rolled back": {`{"Status":"Failed"}`, types.DeploymentStatusFailed, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := startFunctions(t)
			notes := t.TempDir()
			before, after := filepath.Join(notes, "before"), filepath.Join(notes, "after")
			f.create("before", map[string]string{"NOTE_FILE": before, "TAKES": "1s", "ANSWER": `{"Status":"Succeeded"}`})
			f.create("after", map[string]string{"NOTE_FILE": after, "TAKES": "1s", "ANSWER": c.after})
			id := f.deploy("Hooks:\n  - BeforeAllowTraffic: before\n  - AfterAllowTraffic: after\n")
			eventually(t, patience, "the first hook runs", func() bool { return read(t, before) != "" })
			if f.share() != 0 {
				t.Errorf("traffic was shifted before the hook has answered: %v", f.share())
			}
			f.killAndRestart()
			for _, step := range []float64{0.2, 0.4, 0.6, 0.8} {
				var got float64
				eventually(t, patience, fmt.Sprintf("version 2 has a share of %v", step), func() bool {
					got = f.share()
					return got >= step
				})
				if got > step {
					t.Logf("it went on to %v before the server could be killed at %v", got, step)
					continue
				}
				f.killAndRestart()
			}
			eventually(t, patience, "the last hook runs", func() bool { return read(t, after) != "" })
			f.killAndRestart()
			info := f.finish(t, id, patience)
			if info.Status != c.status {
				t.Errorf("the deployment ended as %s: %+v", info.Status, info.ErrorInformation)
			}
			if info.RollbackInfo != nil && info.RollbackInfo.RollbackDeploymentId != nil {
				f.killAndRestart()
				f.succeed(t, *info.RollbackInfo.RollbackDeploymentId, patience)
			}
			if got := f.share(); got != c.share {
				t.Errorf("version 2 has a share of %v in the end, want %v", got, c.share)
			}
			for hook, file := range map[string]string{"first": before, "last": after} {
				if runs := strings.Count(read(t, file), "\n"); runs < 2 {
					t.Errorf("the %s hook ran %d times; it was killed in the middle of the first", hook, runs)
				}
			}
		})
	}
}

// TestEventsOfKilledServer: an event that was accepted is delivered, whatever
// becomes of the server.
func TestEventsOfKilledServer(t *testing.T) {
	t.Parallel()
	f := startFunctions(t)
	file := filepath.Join(t.TempDir(), "notes")
	f.create("notes", map[string]string{"NOTE_FILE": file, "TAKES": "20ms"})
	const n = 60
	for i := range n {
		out, err := f.Invoke(t.Context(), &lambda.InvokeInput{
			FunctionName: aws.String("notes"), InvocationType: lambdatypes.InvocationTypeEvent, Payload: fmt.Appendf(nil, `{"n":%d}`, i),
		})
		check(t, err)
		if out.StatusCode != http.StatusAccepted {
			t.Fatalf("the event was answered with status %d", out.StatusCode)
		}
		if i%20 == 19 {
			f.killAndRestart()
		}
	}
	eventually(t, patience, "all events are delivered", func() bool {
		seen := map[int]bool{}
		for line := range strings.Lines(read(t, file)) {
			var event struct{ N int }
			check(t, json.Unmarshal([]byte(line), &event))
			seen[event.N] = true
		}
		return len(seen) == n
	})
}
