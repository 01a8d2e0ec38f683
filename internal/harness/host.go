package harness

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/slipwayhq/slipway/internal/agent"
	"github.com/slipwayhq/slipway/internal/sigv4"
)

// Host is a registered instance with its own folder and agent.
type Host struct {
	Name string
	Dir  string // what destinations are relative to, and its scripts' HOME
	ARN  string // its IAM user

	config agent.Config
	cancel context.CancelFunc
	ended  chan error
}

// AddHost registers a host as `aws deploy register` does: an IAM user with a
// key of its own, the instance, its tags. Its agent is not started yet.
func (h *Harness) AddHost(ctx context.Context, name string, tags map[string]string) (*Host, error) {
	dir, err := h.makeDir(name)
	if err != nil {
		return nil, err
	}
	user, err := h.iam.CreateUser(ctx, &iam.CreateUserInput{UserName: &name, Path: aws.String("/AWS/CodeDeploy/")})
	if err != nil {
		return nil, err
	}
	key, err := h.iam.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &name})
	if err != nil {
		return nil, err
	}
	_, err = h.iam.PutUserPolicy(ctx, &iam.PutUserPolicyInput{
		UserName: &name, PolicyName: aws.String("codedeploy-agent"),
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:Get*","s3:List*"],"Resource":"*"}]}`),
	})
	if err != nil {
		return nil, err
	}
	host := &Host{Name: name, Dir: dir, ARN: aws.ToString(user.User.Arn)}
	if err := h.register(ctx, host, tags); err != nil {
		return nil, err
	}
	host.config = agent.Config{
		HostIdentifier: host.ARN, Region: h.AWS.Region, Endpoint: h.Daemon.URL,
		Credentials: agent.StaticCredentials(sigv4.Credentials{
			AccessKeyID: aws.ToString(key.AccessKey.AccessKeyId), SecretAccessKey: aws.ToString(key.AccessKey.SecretAccessKey),
		}),
		Root: filepath.Join(dir, "deployment-root"), Dir: dir,
		Environ: []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir},
		Log:     h.log,
	}
	h.hosts = append(h.hosts, host)
	return host, nil
}

func (h *Harness) register(ctx context.Context, host *Host, tags map[string]string) error {
	_, err := h.Deploy.RegisterOnPremisesInstance(ctx, &codedeploy.RegisterOnPremisesInstanceInput{
		InstanceName: &host.Name, IamUserArn: &host.ARN,
	})
	if err != nil || len(tags) == 0 {
		return err
	}
	var list []types.Tag
	for k, v := range tags {
		list = append(list, types.Tag{Key: aws.String(k), Value: aws.String(v)})
	}
	_, err = h.Deploy.AddTagsToOnPremisesInstances(ctx, &codedeploy.AddTagsToOnPremisesInstancesInput{
		InstanceNames: []string{host.Name}, Tags: list,
	})
	return err
}

// StartAgent starts the host's agent in this process.
func (host *Host) StartAgent() error {
	a, err := agent.New(host.config)
	if err != nil {
		return fmt.Errorf("the agent of %s: %w", host.Name, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	host.cancel = sync.OnceFunc(cancel)
	host.ended = ended
	return nil
}

// StopAgent stops the host's agent; it ends when its running event has.
func (host *Host) StopAgent() error {
	if host.cancel == nil {
		return nil
	}
	host.cancel()
	host.cancel = nil
	return <-host.ended
}
