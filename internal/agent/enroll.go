package agent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// Enrolment makes an on-premises instance of a host, as `aws deploy register`
// does: with a user, keys and a policy of its own, and with tags.
type Enrolment struct {
	Name        string
	Tags        map[string]string
	Endpoint    string // of IAM and CodeDeploy
	Region      string
	Credentials CredentialSource // of somebody who may do that
	Transport   http.RoundTripper
}

// The names that `aws deploy register` gives.
const (
	userPath   = "/AWS/CodeDeploy/"
	policyName = "codedeploy-agent"
	policy     = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:Get*","s3:List*"],"Resource":"*"}]}`
)

const enrolTimeout = 30 * time.Second

// Enroll registers the host. Repeating it after a failure is harmless, but
// every success makes a new key.
func Enroll(ctx context.Context, e Enrolment) (*OnPremises, error) {
	client := &http.Client{Transport: e.Transport}
	iam := &queryClient{endpoint: e.Endpoint, credentials: e.Credentials, http: client, timeout: enrolTimeout}
	deploy := &jsonClient{
		endpoint: e.Endpoint, region: e.Region, credentials: e.Credentials, http: client, timeout: enrolTimeout,
		signingName: "codedeploy", prefix: "CodeDeploy_20141006",
	}
	arn, err := e.user(ctx, iam)
	if err != nil {
		return nil, fmt.Errorf("cannot enrol %s: %w", e.Name, err)
	}
	if err := e.register(ctx, deploy, arn); err != nil {
		return nil, fmt.Errorf("cannot enrol %s: %w", e.Name, err)
	}
	// The key comes last: it is the one thing that a repetition would make
	// anew, and a user may have only two.
	var key struct {
		ID     string `xml:"CreateAccessKeyResult>AccessKey>AccessKeyId"`
		Secret string `xml:"CreateAccessKeyResult>AccessKey>SecretAccessKey"`
	}
	if err := iam.call(ctx, "CreateAccessKey", map[string]string{"UserName": e.Name}, &key); err != nil {
		if refusedWith(err, "LimitExceeded", "LimitExceededException") {
			err = fmt.Errorf("%w; the user has as many keys as it may, made by earlier enrolments: delete one with `aws iam delete-access-key`", err)
		}
		return nil, fmt.Errorf("cannot enrol %s: %w", e.Name, err)
	}
	return &OnPremises{Region: e.Region, IAMUserARN: arn, AccessKeyID: key.ID, SecretAccessKey: key.Secret}, nil
}

// user makes the host's user with its policy, unless it exists, and returns
// its ARN.
func (e Enrolment) user(ctx context.Context, iam *queryClient) (string, error) {
	var reply struct {
		Created string `xml:"CreateUserResult>User>Arn"`
		Found   string `xml:"GetUserResult>User>Arn"`
	}
	err := iam.call(ctx, "CreateUser", map[string]string{"UserName": e.Name, "Path": userPath}, &reply)
	if refusedWith(err, "EntityAlreadyExists", "EntityAlreadyExistsException") {
		err = iam.call(ctx, "GetUser", map[string]string{"UserName": e.Name}, &reply)
	}
	if err != nil {
		return "", err
	}
	arn := cmp.Or(reply.Created, reply.Found)
	if arn == "" {
		return "", errors.New("the server's reply to CreateUser has no ARN")
	}
	return arn, iam.call(ctx, "PutUserPolicy", map[string]string{
		"UserName": e.Name, "PolicyName": policyName, "PolicyDocument": policy,
	}, &reply)
}

// register makes an instance of the user, unless it is one.
func (e Enrolment) register(ctx context.Context, deploy *jsonClient, arn string) error {
	var none struct{}
	err := deploy.call(ctx, "RegisterOnPremisesInstance", map[string]string{"instanceName": e.Name, "iamUserArn": arn}, &none)
	if err != nil && !refusedWith(err, "InstanceNameAlreadyRegisteredException", "IamUserArnAlreadyRegisteredException") {
		return err
	}
	if len(e.Tags) == 0 {
		return nil
	}
	type tag struct{ Key, Value string }
	var tags []tag
	for key, value := range e.Tags {
		tags = append(tags, tag{key, value})
	}
	slices.SortFunc(tags, func(a, b tag) int { return cmp.Compare(a.Key, b.Key) })
	return deploy.call(ctx, "AddTagsToOnPremisesInstances", map[string]any{"instanceNames": []string{e.Name}, "tags": tags}, &none)
}

func refusedWith(err error, codes ...string) bool {
	var fault *Fault
	return errors.As(err, &fault) && slices.Contains(codes, fault.Code)
}
