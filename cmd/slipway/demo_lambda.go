package main

import (
	"archive/zip"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/slipwayhq/slipway/internal/daemon"
	"github.com/slipwayhq/slipway/internal/harness"
	"github.com/slipwayhq/slipway/internal/provider/function/local"
)

// demoMinute is how long a minute of a traffic shift takes in the demo.
const demoMinute = 2 * time.Second

// lambdaDemo is one run of the demo of functions.
type lambdaDemo struct {
	keep  bool
	out   io.Writer
	style style

	dir       string
	h         *harness.Harness
	functions *lambda.Client
	traffic   *traffic
}

func (d *lambdaDemo) say(format string, args ...any) { line(d.out, format, args...) }

func (d *lambdaDemo) run(ctx context.Context) (err error) {
	if d.dir, err = os.MkdirTemp("", "slipway-demo-"); err != nil {
		return err
	}
	c := daemon.Config{Local: &local.Options{}, TrafficMinute: demoMinute}
	c.Engine.AlarmPeriod = 500 * time.Millisecond
	if d.h, err = harness.Start(ctx, harness.Config{Dir: d.dir, Daemon: c}); err != nil {
		return err
	}
	defer func() {
		if stopped := d.h.Stop(); err == nil {
			err = stopped
		}
	}()
	d.functions = lambda.NewFromConfig(d.h.AWS)
	d.say("A server on %s that runs functions itself, with everything it knows in %s", d.h.Daemon.URL, d.dir)
	if err := d.define(ctx); err != nil {
		return err
	}
	calling, stop := context.WithCancel(ctx)
	d.traffic = &traffic{client: d.functions, answers: map[string]int{}}
	var caller sync.WaitGroup
	caller.Go(func() { d.traffic.run(calling) })
	defer caller.Wait()
	defer stop()
	for _, step := range []func(context.Context) error{d.goodDeployment, d.refusedDeployment, d.alarmedDeployment} {
		if err := cmp.Or(step(ctx), d.traffic.failed()); err != nil {
			return err
		}
	}
	d.sayWhere()
	if d.keep {
		d.sayTry()
		<-ctx.Done()
	}
	return nil
}

// define makes a function in three versions, a hook, and what deploys them.
func (d *lambdaDemo) define(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if err := d.publish(ctx, self, "shop", "", 3); err != nil {
		return err
	}
	if err := d.publish(ctx, self, "check", `{"Status":"Failed","Message":"the schema of the orders is too old for version 3"}`, 1); err != nil {
		return err
	}
	if _, err := d.functions.CreateAlias(ctx, &lambda.CreateAliasInput{
		FunctionName: aws.String("shop"), Name: aws.String("live"), FunctionVersion: aws.String("1"),
	}); err != nil {
		return err
	}
	d.say("The function shop in versions 1, 2 and 3, and its alias live, which serves version 1")
	_, err = d.h.Deploy.CreateApplication(ctx, &codedeploy.CreateApplicationInput{
		ApplicationName: aws.String(demoApplication), ComputePlatform: types.ComputePlatformLambda,
	})
	if err != nil {
		return err
	}
	const shifting = "Linear25PercentEvery1Minute"
	if _, err = d.h.Deploy.CreateDeploymentConfig(ctx, &codedeploy.CreateDeploymentConfigInput{
		DeploymentConfigName: aws.String(shifting), ComputePlatform: types.ComputePlatformLambda,
		TrafficRoutingConfig: &types.TrafficRoutingConfig{
			Type: types.TrafficRoutingTypeTimeBasedLinear, TimeBasedLinear: &types.TimeBasedLinear{LinearPercentage: 25, LinearInterval: 1},
		},
	}); err != nil {
		return err
	}
	if err = d.setAlarm(ctx, cwtypes.StateValueOk, "all is well"); err != nil {
		return err
	}
	_, err = d.h.Deploy.CreateDeploymentGroup(ctx, &codedeploy.CreateDeploymentGroupInput{
		ApplicationName: aws.String(demoApplication), DeploymentGroupName: aws.String(demoGroup), DeploymentConfigName: aws.String(shifting),
		ServiceRoleArn: aws.String("arn:aws:iam::000000000000:role/slipway"),
		DeploymentStyle: &types.DeploymentStyle{
			DeploymentType: types.DeploymentTypeBlueGreen, DeploymentOption: types.DeploymentOptionWithTrafficControl,
		},
		AutoRollbackConfiguration: &types.AutoRollbackConfiguration{Enabled: true, Events: []types.AutoRollbackEvent{
			types.AutoRollbackEventDeploymentFailure, types.AutoRollbackEventDeploymentStopOnAlarm,
		}},
		AlarmConfiguration: &types.AlarmConfiguration{Enabled: true, Alarms: []types.Alarm{{Name: aws.String(demoAlarm)}}},
	})
	return err
}

// publish makes a function in so many versions. Its bootstrap is this program.
func (d *lambdaDemo) publish(ctx context.Context, self, name, answer string, versions int) error {
	for v := 1; v <= versions; v++ {
		code, err := demoCode(self, answer, v)
		if err != nil {
			return err
		}
		if v == 1 {
			_, err = d.functions.CreateFunction(ctx, &lambda.CreateFunctionInput{
				FunctionName: &name, Runtime: lambdatypes.RuntimeProvidedal2023, Role: aws.String("arn:aws:iam::000000000000:role/function"),
				Code: &lambdatypes.FunctionCode{ZipFile: code}, Publish: true,
			})
		} else {
			_, err = d.functions.UpdateFunctionCode(ctx, &lambda.UpdateFunctionCodeInput{FunctionName: &name, ZipFile: code, Publish: true})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func demoCode(self, answer string, version int) ([]byte, error) {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	bootstrap, err := z.Create("bootstrap")
	if err != nil {
		return nil, err
	}
	_, err = fmt.Fprintf(bootstrap, "#!/bin/sh\n# Version %d.\nexec %s example-function --answer %s\n", version, quoted(self), quoted(answer))
	err = errors.Join(err, z.Close())
	return out.Bytes(), err
}

// quoted is a word of a shell.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

func (d *lambdaDemo) goodDeployment(ctx context.Context) error {
	d.say("\nVersion 2 takes over, a quarter of the traffic at a time, every minute; a minute takes %.0f s here.\n"+
		"Each line is a second of real invocations of the alias, by which version answered them.\n", demoMinute.Seconds())
	_, err := d.deploy(ctx, "1", "2", "", nil, types.DeploymentStatusSucceeded)
	return err
}

func (d *lambdaDemo) refusedDeployment(ctx context.Context) error {
	d.say("\nVersion 3 has a BeforeAllowTraffic hook, the function check, which refuses it:\n")
	info, err := d.deploy(ctx, "2", "3", "Hooks:\n  - BeforeAllowTraffic: check\n", nil, types.DeploymentStatusFailed)
	if err != nil {
		return err
	}
	return d.rolledBack(ctx, info)
}

func (d *lambdaDemo) alarmedDeployment(ctx context.Context) error {
	d.say("\nVersion 3 without that hook; an alarm of the group goes off when it has half of the traffic:\n")
	alarmed := false
	info, err := d.deploy(ctx, "2", "3", "", func(weight float64) error {
		if alarmed || weight < 0.5 {
			return nil
		}
		alarmed = true
		d.say("  slipway alarm set %s ALARM", demoAlarm)
		return d.setAlarm(ctx, cwtypes.StateValueAlarm, "too many errors in the shop")
	}, types.DeploymentStatusStopped)
	if err != nil {
		return err
	}
	return d.rolledBack(ctx, info)
}

// demoAlarm is an alarm that the demo sets by hand.
const demoAlarm = "shop-errors"

func (d *lambdaDemo) setAlarm(ctx context.Context, state cwtypes.StateValue, why string) error {
	return setAlarm(ctx, cloudwatch.NewFromConfig(d.h.AWS), demoAlarm, state, why)
}

// deploy deploys a version and draws the traffic until the deployment has
// ended, which must be as want. each is called with every line.
func (d *lambdaDemo) deploy(
	ctx context.Context, from, to, hooks string, each func(weight float64) error, want types.DeploymentStatus,
) (*types.DeploymentInfo, error) {
	spec := fmt.Sprintf("version: 0.0\nResources:\n  - shop:\n      Type: AWS::Lambda::Function\n"+
		"      Properties: {Name: shop, Alias: live, CurrentVersion: %q, TargetVersion: %q}\n%s", from, to, hooks)
	d.row(from, to, "")
	created, err := d.h.Deploy.CreateDeployment(ctx, &codedeploy.CreateDeploymentInput{
		ApplicationName: aws.String(demoApplication), DeploymentGroupName: aws.String(demoGroup),
		Revision: &types.RevisionLocation{
			RevisionType: types.RevisionLocationTypeAppSpecContent, AppSpecContent: &types.AppSpecContent{Content: &spec},
		},
	})
	if err != nil {
		return nil, err
	}
	id := aws.ToString(created.DeploymentId)
	for {
		if err := pause(ctx, time.Second); err != nil {
			return nil, err
		}
		info, at, weight, err := d.look(ctx, id)
		if err != nil {
			return nil, err
		}
		d.row(from, to, fmt.Sprintf("%s  %s  %s", id, d.style.status(string(info.Status), string(info.Status)), at))
		if info.CompleteTime != nil {
			for _, l := range explain(situation{info: info}, d.style) {
				d.say("  %s", l)
			}
			if info.Status != want {
				return nil, fmt.Errorf("the deployment %s ended as %s; %s was expected", id, info.Status, want)
			}
			if want == types.DeploymentStatusSucceeded {
				err = d.expect(ctx, from, to, to)
			}
			return info, err
		}
		if each != nil {
			if err := each(weight); err != nil {
				return nil, err
			}
		}
	}
}

// expect shows another second of traffic, and checks that one version answers all.
func (d *lambdaDemo) expect(ctx context.Context, from, to, version string) error {
	// An invocation may have been under way when the traffic moved.
	if err := pause(ctx, 200*time.Millisecond); err != nil {
		return err
	}
	d.traffic.take()
	if err := pause(ctx, time.Second); err != nil {
		return err
	}
	answers := d.row(from, to, "")
	for v, n := range answers {
		if v != version && n > 0 {
			return fmt.Errorf("version %s answered %d invocations; version %s should answer all", v, n, version)
		}
	}
	if answers[version] == 0 {
		return fmt.Errorf("version %s answered no invocation", version)
	}
	return nil
}

// rolledBack waits for the rollback of a deployment, and checks where the
// traffic is.
func (d *lambdaDemo) rolledBack(ctx context.Context, of *types.DeploymentInfo) error {
	if of.RollbackInfo == nil || of.RollbackInfo.RollbackDeploymentId == nil {
		return fmt.Errorf("the deployment %s was not rolled back", aws.ToString(of.DeploymentId))
	}
	id := *of.RollbackInfo.RollbackDeploymentId
	for {
		info, _, _, err := d.look(ctx, id)
		if err != nil {
			return err
		}
		if info.CompleteTime != nil {
			d.say("  %s  rollback  %s after %s", id, d.style.status(string(info.Status), string(info.Status)),
				took(aws.ToTime(info.CreateTime), *info.CompleteTime))
			return d.expect(ctx, "2", "3", "2")
		}
		if err := pause(ctx, watchEvery); err != nil {
			return err
		}
	}
}

// look asks for a deployment, the event that it is at, and the new version's
// weight.
func (d *lambdaDemo) look(ctx context.Context, id string) (info *types.DeploymentInfo, at string, weight float64, err error) {
	got, err := d.h.Deploy.GetDeployment(ctx, &codedeploy.GetDeploymentInput{DeploymentId: &id})
	if err != nil {
		return nil, "", 0, err
	}
	w := watcher{client: d.h.Deploy}
	ids, err := w.targetIDs(ctx, id)
	if err != nil || len(ids) == 0 {
		return got.DeploymentInfo, "", 0, err
	}
	targets, err := d.h.Deploy.BatchGetDeploymentTargets(ctx, &codedeploy.BatchGetDeploymentTargetsInput{DeploymentId: &id, TargetIds: ids})
	if err != nil || len(targets.DeploymentTargets) == 0 || targets.DeploymentTargets[0].LambdaTarget == nil {
		return got.DeploymentInfo, "", 0, err
	}
	t := targets.DeploymentTargets[0].LambdaTarget
	for _, e := range t.LifecycleEvents {
		at += d.style.status(string(e.Status), marks[e.Status])
	}
	if t.LambdaFunctionInfo != nil {
		weight = t.LambdaFunctionInfo.TargetVersionWeight
	}
	return got.DeploymentInfo, at, weight, nil
}

// barWidth is how wide the traffic of a second is drawn.
const barWidth = 32

// row draws who has answered since the last row.
func (d *lambdaDemo) row(from, to, text string) map[string]int {
	answers := d.traffic.take()
	all := answers[from] + answers[to]
	if all == 0 {
		return answers
	}
	share := float64(answers[to]) / float64(all)
	wide := int(math.Round(share * barWidth))
	d.say("%s", strings.TrimRight(fmt.Sprintf("  v%s %s%s v%s  %3.0f %% of %4d answers from v%s  %s", from,
		d.style.paint("2", strings.Repeat("░", barWidth-wide)), d.style.paint("32", strings.Repeat("█", wide)), to,
		100*share, all, to, text), " "))
	return answers
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return errors.New("interrupted")
	case <-time.After(d):
		return nil
	}
}

func (d *lambdaDemo) sayWhere() {
	d.say("\nNo invocation has failed. Where everything lies:\n")
	d.say("  %-58s what the functions printed, by version", filepath.Join(d.dir, "server", "lambda", "logs"))
	d.say("  %-58s the server's data and root key", filepath.Join(d.dir, "server"))
	d.say("\nRemove it all with: rm -r %s", d.dir)
}

func (d *lambdaDemo) sayTry() {
	d.say("\nThe server goes on until you press Ctrl-C. To try it from another shell:\n")
	d.say("  export AWS_ENDPOINT_URL=%s AWS_DEFAULT_REGION=us-east-1", d.h.Daemon.URL)
	d.say("  export AWS_SHARED_CREDENTIALS_FILE=%s AWS_PROFILE=slipway", filepath.Join(d.dir, "server", "root-credentials"))
	d.say("  aws lambda list-versions-by-function --function-name shop")
	d.say("  aws lambda get-alias --function-name shop --name live")
	d.say("  aws lambda invoke --function-name shop:live /dev/stdout")
}

// traffic invokes the alias all the time, and counts who answers.
type traffic struct {
	client *lambda.Client

	mu      sync.Mutex
	answers map[string]int // by version, since they were taken
	err     error
}

// trafficEvery is the pause between two invocations.
const trafficEvery = 4 * time.Millisecond

func (t *traffic) run(ctx context.Context) {
	for ctx.Err() == nil {
		out, err := t.client.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String("shop"), Qualifier: aws.String("live")})
		if ctx.Err() != nil {
			return
		}
		if err == nil && out.FunctionError != nil {
			err = fmt.Errorf("%s: %s", *out.FunctionError, out.Payload)
		}
		t.mu.Lock()
		if err != nil {
			t.err = fmt.Errorf("an invocation failed: %w", err)
		} else {
			t.answers[aws.ToString(out.ExecutedVersion)]++
		}
		t.mu.Unlock()
		_ = pause(ctx, trafficEvery) // the loop looks
	}
}

// take returns the answers, and begins to count again.
func (t *traffic) take() map[string]int {
	t.mu.Lock()
	defer t.mu.Unlock()
	taken := t.answers
	t.answers = map[string]int{}
	return taken
}

// failed is the last invocation that failed, if one has.
func (t *traffic) failed() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.err
}
