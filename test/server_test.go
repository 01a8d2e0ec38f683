package test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/slipwayhq/slipway/internal/sigv4"
)

// server is a `slipway server` process, and its clients with the root's key.
type server struct {
	*process
	url    string
	data   string
	flags  []string
	aws    aws.Config
	key    sigv4.Credentials // the root's
	deploy *codedeploy.Client
	s3     *s3.Client
}

var readyLine = regexp.MustCompile(`^ready (http://(127\.0\.0\.1:[1-9][0-9]*))$`)

// startServer starts a server on a port and a data folder of its own, and
// waits until it is ready.
func startServer(t testing.TB, flags ...string) *server {
	t.Helper()
	s := &server{data: filepath.Join(t.TempDir(), "data"), flags: flags}
	s.startOn(t, "127.0.0.1:0")
	s.connect(t)
	return s
}

// connect makes the clients, with the root's key.
func (s *server) connect(t testing.TB) {
	t.Helper()
	var err error
	// The file is read as AWS clients read it.
	if s.aws, err = config.LoadDefaultConfig(t.Context(),
		config.WithSharedCredentialsFiles([]string{filepath.Join(s.data, "root-credentials")}),
		config.WithSharedConfigFiles(nil), config.WithSharedConfigProfile("slipway"),
		config.WithRegion("us-east-1"), config.WithBaseEndpoint(s.url)); err != nil {
		t.Fatal(err)
	}
	key, err := s.aws.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.key = sigv4.Credentials{AccessKeyID: key.AccessKeyID, SecretAccessKey: key.SecretAccessKey}
	s.deploy = codedeploy.NewFromConfig(s.aws)
	s.s3 = s3.NewFromConfig(s.aws, func(o *s3.Options) { o.UsePathStyle = true })
}

func (s *server) startOn(t testing.TB, address string) {
	t.Helper()
	s.process = start(t, serverCommand(s.data, address, s.flags...))
	line := s.line(t)
	m := readyLine.FindStringSubmatch(line)
	if m == nil {
		t.Fatalf("the server's first line is %q, want %s", line, readyLine)
	}
	s.url = m[1]
}

// restart starts a killed server again, on the same data and port.
func (s *server) restart(t testing.TB) {
	t.Helper()
	s.startOn(t, strings.TrimPrefix(s.url, "http://"))
}

func serverCommand(data, address string, flags ...string) *exec.Cmd {
	cmd := exec.Command(slipway, append([]string{"server", "--data", data, "--listen", address}, flags...)...)
	cmd.Env = cleanEnvironment()
	return cmd
}

// cleanEnvironment is ours without what would configure the programs.
func cleanEnvironment() []string {
	return slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "AWS_") || strings.HasPrefix(v, "SLIPWAY_")
	})
}

// What a test's things are called.
const (
	application = "shop"
	bucket      = "releases"
)

// define makes the application, the bucket for its bundles and a group of all
// hosts with the tag stage=GROUP.
func (s *server) define(t testing.TB, group, configName string) {
	t.Helper()
	s.defineApplication(t)
	s.defineGroup(t, group, configName)
}

// defineAll is define for groups that are deployed to all at once.
func (s *server) defineAll(t testing.TB, groups ...string) {
	t.Helper()
	s.defineApplication(t)
	for _, group := range groups {
		s.defineGroup(t, group, "CodeDeployDefault.AllAtOnce")
	}
}

func (s *server) defineApplication(t testing.TB) {
	t.Helper()
	ctx := t.Context()
	_, err := s.deploy.CreateApplication(ctx, &codedeploy.CreateApplicationInput{ApplicationName: aws.String(application)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.s3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(bucket)}); err != nil {
		t.Fatal(err)
	}
}

func (s *server) defineGroup(t testing.TB, group, configName string) {
	t.Helper()
	_, err := s.deploy.CreateDeploymentGroup(t.Context(), &codedeploy.CreateDeploymentGroupInput{
		ApplicationName: aws.String(application), DeploymentGroupName: &group,
		DeploymentConfigName: &configName, ServiceRoleArn: aws.String("arn:aws:iam::000000000000:role/slipway"),
		OnPremisesInstanceTagFilters: []types.TagFilter{{
			Key: aws.String("stage"), Value: &group, Type: types.TagFilterTypeKeyAndValue,
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// put uploads a bundle.
func (s *server) put(t testing.TB, key, file string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // it is only read
	if _, err := s.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(bucket), Key: &key, Body: f}); err != nil {
		t.Fatal(err)
	}
}

// create creates a deployment of a bundle to a group.
func (s *server) create(t testing.TB, group, key string) (id string) {
	t.Helper()
	created, err := s.deploy.CreateDeployment(t.Context(), &codedeploy.CreateDeploymentInput{
		ApplicationName: aws.String(application), DeploymentGroupName: &group,
		Revision: &types.RevisionLocation{RevisionType: types.RevisionLocationTypeS3, S3Location: &types.S3Location{
			Bucket: aws.String(bucket), Key: &key, BundleType: types.BundleType(strings.TrimPrefix(filepath.Ext(key), ".")),
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return aws.ToString(created.DeploymentId)
}

// finish waits for the end of a deployment.
func (s *server) finish(t testing.TB, id string, limit time.Duration) *types.DeploymentInfo {
	t.Helper()
	var info *types.DeploymentInfo
	eventually(t, limit, "deployment "+id+" has ended", func() bool {
		got, err := s.deploy.GetDeployment(t.Context(), &codedeploy.GetDeploymentInput{DeploymentId: &id})
		if err != nil {
			t.Fatal(err)
		}
		info = got.DeploymentInfo
		return info.CompleteTime != nil
	})
	return info
}

// succeed waits for the good end of a deployment.
func (s *server) succeed(t testing.TB, id string, limit time.Duration) {
	t.Helper()
	info := s.finish(t, id, limit)
	if info.Status == types.DeploymentStatusSucceeded {
		return
	}
	for _, target := range s.targets(t, id) {
		for _, e := range target.LifecycleEvents {
			t.Logf("%s %s: %s %s", aws.ToString(target.TargetId), aws.ToString(e.LifecycleEventName), e.Status, message(e))
		}
	}
	t.Fatalf("deployment %s ended as %s: %+v", id, info.Status, info.ErrorInformation)
}

// targets returns the targets of a deployment.
func (s *server) targets(t testing.TB, id string) []*types.InstanceTarget {
	t.Helper()
	list, err := s.deploy.ListDeploymentTargets(t.Context(), &codedeploy.ListDeploymentTargetsInput{DeploymentId: &id})
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.deploy.BatchGetDeploymentTargets(t.Context(), &codedeploy.BatchGetDeploymentTargetsInput{
		DeploymentId: &id, TargetIds: list.TargetIds,
	})
	if err != nil {
		t.Fatal(err)
	}
	var targets []*types.InstanceTarget
	for _, target := range got.DeploymentTargets {
		targets = append(targets, target.InstanceTarget)
	}
	return targets
}

// event returns one event of a target.
func event(t testing.TB, target *types.InstanceTarget, name string) types.LifecycleEvent {
	t.Helper()
	i := slices.IndexFunc(target.LifecycleEvents, func(e types.LifecycleEvent) bool { return aws.ToString(e.LifecycleEventName) == name })
	if i < 0 {
		t.Fatalf("%s has no event %s", aws.ToString(target.TargetId), name)
	}
	return target.LifecycleEvents[i]
}

// message is what the host said of an event.
func message(e types.LifecycleEvent) string {
	if e.Diagnostics == nil {
		return ""
	}
	return aws.ToString(e.Diagnostics.Message)
}

// healthy fails the test unless the server answers.
func (s *server) healthy(t testing.TB) {
	t.Helper()
	select {
	case <-s.ended:
		t.Fatalf("the server has ended: %v", s.err)
	default:
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if _, err := s.deploy.ListApplications(ctx, &codedeploy.ListApplicationsInput{}); err != nil {
		t.Fatal("the server does not answer:", err)
	}
}
