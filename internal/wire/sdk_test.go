package wire_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/google/go-cmp/cmp"

	"github.com/slipwayhq/slipway/internal/wire"
)

// exchange is a transport that keeps what the SDK sends and answers with one
// of our structures, so both directions are held against the SDK's own idea of
// the wire.
type exchange struct {
	answer any
	target string
	body   []byte
}

func (x *exchange) RoundTrip(r *http.Request) (*http.Response, error) {
	x.target = r.Header.Get("X-Amz-Target")
	x.body, _ = io.ReadAll(r.Body)
	answer, err := wire.Encode(x.answer)
	return &http.Response{
		StatusCode: http.StatusOK,
		Header:     http.Header{"Content-Type": {wire.ContentType}},
		Body:       io.NopCloser(bytes.NewReader(answer)),
		Request:    r,
	}, err
}

func (x *exchange) client() *codedeploy.Client {
	return codedeploy.New(codedeploy.Options{
		Region:      "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		HTTPClient:  &http.Client{Transport: x},
	})
}

// received decodes what the SDK sent.
func received[T any](t *testing.T, x *exchange) *T {
	t.Helper()
	name, _ := strings.CutPrefix(x.target, wire.TargetPrefix+".")
	op, ok := wire.Lookup(name)
	if !ok {
		t.Fatalf("no operation for %s", x.target)
	}
	in := op.NewInput()
	if err := wire.Decode(x.body, in); err != nil {
		t.Fatal(err)
	}
	return in.(*T)
}

func compare(t *testing.T, want, got any, options ...cmp.Option) {
	t.Helper()
	if diff := cmp.Diff(want, got, options...); diff != "" {
		t.Error(diff)
	}
}

func TestSDKCreateDeployment(t *testing.T) {
	x := &exchange{answer: &wire.CreateDeploymentOutput{DeploymentID: new("d-ABCDEFGHI")}}
	out, err := x.client().CreateDeployment(context.Background(), &codedeploy.CreateDeploymentInput{
		ApplicationName: aws.String("shop"),
		Revision: &types.RevisionLocation{
			RevisionType: types.RevisionLocationTypeS3,
			S3Location:   &types.S3Location{Bucket: aws.String("b"), ETag: aws.String("e"), BundleType: types.BundleTypeZip},
		},
		TargetInstances: &types.TargetInstances{
			Ec2TagSet: &types.EC2TagSet{Ec2TagSetList: [][]types.EC2TagFilter{{{Key: aws.String("k"), Type: types.EC2TagFilterTypeKeyOnly}}}},
		},
		UpdateOutdatedInstancesOnly: true,
	})
	if err != nil || aws.ToString(out.DeploymentId) != "d-ABCDEFGHI" {
		t.Fatal(out, err)
	}
	compare(t, &wire.CreateDeploymentInput{
		ApplicationName: new("shop"),
		Revision: &wire.RevisionLocation{
			RevisionType: new(wire.RevisionLocationTypeS3),
			S3Location:   &wire.S3Location{Bucket: new("b"), ETag: new("e"), BundleType: new(wire.BundleTypeZip)},
		},
		TargetInstances: &wire.TargetInstances{
			EC2TagSet: &wire.EC2TagSet{EC2TagSetList: [][]wire.EC2TagFilter{{{Key: new("k"), Type: new(wire.EC2TagFilterTypeKeyOnly)}}}},
		},
		UpdateOutdatedInstancesOnly: new(true),
	}, received[wire.CreateDeploymentInput](t, x), cmp.FilterPath(func(p cmp.Path) bool {
		// The SDK sends false for booleans that its caller left out.
		return p.Last().String() == ".IgnoreApplicationStopFailures"
	}, cmp.Ignore()))
}

func TestSDKListDeployments(t *testing.T) {
	start := time.UnixMilli(1700000000123).UTC()
	x := &exchange{answer: &wire.ListDeploymentsOutput{Deployments: []string{"d-1", "d-2"}, NextToken: new("more")}}
	out, err := x.client().ListDeployments(context.Background(), &codedeploy.ListDeploymentsInput{
		CreateTimeRange:     &types.TimeRange{Start: &start},
		IncludeOnlyStatuses: []types.DeploymentStatus{types.DeploymentStatusFailed},
	})
	if err != nil {
		t.Fatal(err)
	}
	compare(t, []string{"d-1", "d-2"}, out.Deployments)
	compare(t, aws.String("more"), out.NextToken)
	compare(t, &wire.ListDeploymentsInput{
		CreateTimeRange:     &wire.TimeRange{Start: wire.At(start)},
		IncludeOnlyStatuses: []wire.DeploymentStatus{wire.DeploymentStatusFailed},
	}, received[wire.ListDeploymentsInput](t, x))
}

func TestSDKTagResource(t *testing.T) {
	x := &exchange{answer: &wire.TagResourceOutput{}}
	_, err := x.client().TagResource(context.Background(), &codedeploy.TagResourceInput{
		ResourceArn: aws.String("arn:aws:codedeploy:us-east-1:000000000000:application:shop"),
		Tags:        []types.Tag{{Key: aws.String("team"), Value: aws.String("")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	compare(t, &wire.TagResourceInput{
		ResourceARN: new("arn:aws:codedeploy:us-east-1:000000000000:application:shop"),
		Tags:        []wire.Tag{{Key: new("team"), Value: new("")}},
	}, received[wire.TagResourceInput](t, x))
}

func TestSDKGetDeploymentTarget(t *testing.T) {
	updated := time.UnixMilli(1700000000500).UTC()
	x := &exchange{answer: &wire.GetDeploymentTargetOutput{DeploymentTarget: &wire.DeploymentTarget{
		DeploymentTargetType: new(wire.DeploymentTargetTypeECSTarget),
		ECSTarget: &wire.ECSTarget{
			LastUpdatedAt: wire.At(updated),
			TaskSetsInfo: []wire.ECSTaskSet{{
				Identifier: new("ecs-svc/1"), DesiredCount: new(int64(3)), TrafficWeight: new(12.5), TaskSetLabel: new(wire.TargetLabelGreen),
			}},
		},
	}}}
	out, err := x.client().GetDeploymentTarget(context.Background(), &codedeploy.GetDeploymentTargetInput{
		DeploymentId: aws.String("d-1"), TargetId: aws.String("t"),
	})
	if err != nil {
		t.Fatal(err)
	}
	target := out.DeploymentTarget.EcsTarget
	set := target.TaskSetsInfo[0]
	if !target.LastUpdatedAt.Equal(updated) || aws.ToString(set.Identifer) != "ecs-svc/1" ||
		set.DesiredCount != 3 || set.TrafficWeight != 12.5 || set.TaskSetLabel != types.TargetLabelGreen {
		t.Errorf("%+v %+v", target, set)
	}
	compare(t, &wire.GetDeploymentTargetInput{DeploymentID: new("d-1"), TargetID: new("t")}, received[wire.GetDeploymentTargetInput](t, x))
}
