package compat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/slipwayhq/slipway/internal/api"
	"github.com/slipwayhq/slipway/internal/audit"
	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/iam"
	"github.com/slipwayhq/slipway/internal/seal"
	"github.com/slipwayhq/slipway/internal/store"
)

const account = "123456789012"

var rootKey = iam.AccessKey{ID: "AKIAROOTROOTROOTROOT", Secret: "the-secret-of-the-root", AccountID: account}

// server is the control plane without an engine: nothing moves by itself, so
// that a test can ask about a deployment in any state for as long as it wants.
type server struct {
	store   *store.Store
	handler http.Handler
	url     string // of the handler
	slow    string // of one that lets a caller write once, then never again
	strict  string // of one that wants service roles to exist
	regions atomic.Int64
}

func newServer(t testing.TB) *server {
	t.Helper()
	box := seal.NewBox(seal.NewKey())
	db, err := store.OpenSQLite(context.Background(), filepath.Join(t.TempDir(), "slipway.db"), box)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	s := &server{store: db}
	identity := control.NewIdentity(db)
	pager := api.NewPager(bytes.Repeat([]byte("k"), 32))
	handler := func(options control.Options, limits api.Limits) http.Handler {
		return api.New(api.Config{
			Access:   &api.Access{Root: rootKey, Identity: identity, Sessions: box.For("session tokens")},
			Pager:    pager,
			Services: []api.Service{api.CodeDeploy(control.New(db, options), pager)},
			Audit: func(ctx context.Context, r audit.Record) error {
				return db.Update(ctx, func(tx *store.Tx) error { return tx.InsertAudit(r) })
			},
			Limits: limits,
			Log:    slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError})),
		})
	}
	s.handler = handler(control.Options{}, api.Limits{})
	s.url = serve(t, s.handler)
	s.slow = serve(t, handler(control.Options{}, api.Limits{Writes: api.Rate{PerSecond: 1e-9, Burst: 1}}))
	s.strict = serve(t, handler(control.Options{ServiceRole: identity.TrustsCodeDeploy}, api.Limits{}))
	return s
}

func serve(t testing.TB, h http.Handler) string {
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// world is what one case works in: a region of its own, so that what the
// others do is not there.
type world struct {
	testing.TB
	*server
	api *codedeploy.Client // of the root
	ns  deploy.Namespace
}

func (s *server) world(t testing.TB) *world {
	ns := deploy.Namespace{Account: account, Region: fmt.Sprintf("test-%d", s.regions.Add(1))}
	return &world{TB: t, server: s, ns: ns, api: client(s.url, ns.Region)}
}

// client returns the SDK's client, with two changes: it sends what its caller
// says even where it knows better, so that the server's own checks are reached,
// and it never tries again, so that the first answer counts.
func client(url, region string) *codedeploy.Client {
	return codedeploy.New(codedeploy.Options{
		Region:       region,
		BaseEndpoint: &url,
		Credentials:  credentials.NewStaticCredentialsProvider(rootKey.ID, string(rootKey.Secret), ""),
		Retryer:      aws.NopRetryer{},
		APIOptions: []func(*middleware.Stack) error{func(stack *middleware.Stack) error {
			// An operation that takes nothing has nothing to check: no error.
			_, _ = stack.Initialize.Remove("OperationInputValidation")
			return nil
		}},
	})
}

// withBody makes one call send a body that the SDK could not write, signed as
// if it could.
func withBody(body string) func(*codedeploy.Options) {
	replace := func(ctx context.Context, in middleware.SerializeInput, next middleware.SerializeHandler) (
		middleware.SerializeOutput, middleware.Metadata, error,
	) {
		request, ok := in.Request.(*smithyhttp.Request)
		if !ok {
			return middleware.SerializeOutput{}, middleware.Metadata{}, fmt.Errorf("cannot change the body of a %T", in.Request)
		}
		var err error
		if in.Request, err = request.SetStream(bytes.NewReader([]byte(body))); err != nil {
			return middleware.SerializeOutput{}, middleware.Metadata{}, err
		}
		return next.HandleSerialize(ctx, in)
	}
	return func(o *codedeploy.Options) {
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
			return stack.Serialize.Add(middleware.SerializeMiddlewareFunc("withBody", replace), middleware.After)
		})
	}
}

// failed drops the answer of a call that should have none.
func failed[T any](_ T, err error) error { return err }

// must ends the test when something that only prepares it fails.
func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// What is called the same in every world.
const (
	shop      = "shop" // the application
	prod      = "prod" // its group
	absent    = "nobody-has-this-name"
	malformed = "not a name!"
	absentID  = "d-000000000"
	role      = "arn:aws:iam::" + account + ":role/codedeploy"
)

var long = string(bytes.Repeat([]byte("x"), 101))

func (w *world) application(platform types.ComputePlatform) {
	w.Helper()
	w.must(failed(w.api.CreateApplication(w.Context(), &codedeploy.CreateApplicationInput{
		ApplicationName: new(shop), ComputePlatform: platform,
	})))
}

// groupInput is a whole and good group of a platform.
func groupInput(platform types.ComputePlatform) *codedeploy.CreateDeploymentGroupInput {
	in := &codedeploy.CreateDeploymentGroupInput{
		ApplicationName: new(shop), DeploymentGroupName: new(prod), ServiceRoleArn: new(role),
	}
	trafficControl := &types.DeploymentStyle{
		DeploymentType: types.DeploymentTypeBlueGreen, DeploymentOption: types.DeploymentOptionWithTrafficControl,
	}
	switch platform {
	case types.ComputePlatformServer:
	case types.ComputePlatformLambda:
		in.DeploymentConfigName = new("CodeDeployDefault.LambdaAllAtOnce")
		in.DeploymentStyle = trafficControl
	case types.ComputePlatformEcs:
		in.DeploymentConfigName = new("CodeDeployDefault.ECSAllAtOnce")
		in.DeploymentStyle = trafficControl
		in.BlueGreenDeploymentConfiguration = blueGreen()
		in.EcsServices = []types.ECSService{{ClusterName: new("cluster"), ServiceName: new("web")}}
		in.LoadBalancerInfo = pair([]string{"blue", "green"}, listener("prod"))
	}
	return in
}

// blueGreen waits for nobody and ends the blue side.
func blueGreen() *types.BlueGreenDeploymentConfiguration {
	return &types.BlueGreenDeploymentConfiguration{
		DeploymentReadyOption: &types.DeploymentReadyOption{ActionOnTimeout: types.DeploymentReadyActionContinueDeployment},
		TerminateBlueInstancesOnDeploymentSuccess: &types.BlueInstanceTerminationOption{
			Action: types.InstanceActionTerminate, TerminationWaitTimeInMinutes: 5,
		},
	}
}

func listener(name string) string {
	return "arn:aws:elasticloadbalancing:us-east-1:" + account + ":listener/app/" + name + "/1/2"
}

func pair(groups []string, prodListeners ...string) *types.LoadBalancerInfo {
	p := types.TargetGroupPairInfo{ProdTrafficRoute: &types.TrafficRoute{ListenerArns: prodListeners}}
	for _, g := range groups {
		p.TargetGroups = append(p.TargetGroups, types.TargetGroupInfo{Name: new(g)})
	}
	return &types.LoadBalancerInfo{TargetGroupPairInfoList: []types.TargetGroupPairInfo{p}}
}

// group makes the application and its group.
func (w *world) group(platform types.ComputePlatform, changes ...func(*codedeploy.CreateDeploymentGroupInput)) {
	w.Helper()
	w.application(platform)
	in := groupInput(platform)
	for _, change := range changes {
		change(in)
	}
	w.must(failed(w.api.CreateDeploymentGroup(w.Context(), in)))
}

// blueGreenServers makes a group replace its instances.
func blueGreenServers(in *codedeploy.CreateDeploymentGroupInput) {
	in.DeploymentStyle = &types.DeploymentStyle{
		DeploymentType: types.DeploymentTypeBlueGreen, DeploymentOption: types.DeploymentOptionWithTrafficControl,
	}
	in.BlueGreenDeploymentConfiguration = blueGreen()
	in.LoadBalancerInfo = &types.LoadBalancerInfo{ElbInfoList: []types.ELBInfo{{Name: new("balancer")}}}
}

// keepsBlue makes a group keep the instances that it replaces.
func keepsBlue(in *codedeploy.CreateDeploymentGroupInput) {
	blueGreenServers(in)
	in.BlueGreenDeploymentConfiguration.TerminateBlueInstancesOnDeploymentSuccess.Action = types.InstanceActionKeepAlive
}

func revision(platform types.ComputePlatform) *types.RevisionLocation {
	if platform != types.ComputePlatformServer {
		return &types.RevisionLocation{
			RevisionType: types.RevisionLocationTypeAppSpecContent, AppSpecContent: &types.AppSpecContent{Content: new("version: 0.0")},
		}
	}
	return &types.RevisionLocation{RevisionType: types.RevisionLocationTypeS3, S3Location: &types.S3Location{
		Bucket: new("releases"), Key: new("shop-7.zip"), BundleType: types.BundleTypeZip,
	}}
}

func deploymentInput(platform types.ComputePlatform) *codedeploy.CreateDeploymentInput {
	return &codedeploy.CreateDeploymentInput{
		ApplicationName: new(shop), DeploymentGroupName: new(prod), Revision: revision(platform),
	}
}

// replacements names the green side of a blue/green deployment to servers.
func replacements() *types.TargetInstances {
	return &types.TargetInstances{TagFilters: []types.EC2TagFilter{{
		Key: new("fleet"), Value: new("green"), Type: types.EC2TagFilterTypeKeyAndValue,
	}}}
}

// deployment makes an application, a group and a deployment, which stays
// Created.
func (w *world) deployment(platform types.ComputePlatform, changes ...func(*codedeploy.CreateDeploymentGroupInput)) (id string) {
	w.Helper()
	w.group(platform, changes...)
	in := deploymentInput(platform)
	if len(changes) > 0 {
		in.TargetInstances = replacements()
	}
	out, err := w.api.CreateDeployment(w.Context(), in)
	w.must(err)
	return aws.ToString(out.DeploymentId)
}

// change does to a deployment what the engine would have done.
func (w *world) change(id string, f func(*deploy.Deployment)) string {
	w.Helper()
	w.must(w.store.Update(w.Context(), func(tx *store.Tx) error {
		row, err := tx.DeploymentRow(id)
		if err != nil {
			return err
		}
		f(&row.Deployment)
		return tx.SaveDeployment(row, time.Time{})
	}))
	return id
}

// invoke stores of a deployment that it waits for a hook's answer.
func (w *world) invoke(id string) string {
	w.Helper()
	in, err := json.Marshal(deploy.HookInput{Function: "check", Event: deploy.BeforeAllowTraffic, ExecutionID: execution})
	w.must(err)
	w.must(w.store.Update(w.Context(), func(tx *store.Tx) error {
		return tx.InsertAction(deploy.Action{
			ID: deploy.ActionID(id, deploy.BeforeAllowTraffic), DeploymentID: id, Kind: deploy.InvokeHook, Input: in,
		})
	}))
	return id
}

// started is the state of a deployment that works on its targets.
func started(d *deploy.Deployment) {
	now := time.Now().UTC()
	d.Status, d.StartedAt, d.Overview = deploy.InProgress, &now, &deploy.Overview{}
}

// completed is the state of one that is over.
func completed(d *deploy.Deployment) {
	started(d)
	d.Status, d.CompletedAt = deploy.Succeeded, d.StartedAt
}

// codes returns the code of an answer, for messages and comparisons.
func codeOf(err error) string {
	var fault interface{ ErrorCode() string }
	switch {
	case err == nil:
		return "success"
	case errors.As(err, &fault):
		return fault.ErrorCode()
	}
	return err.Error()
}
