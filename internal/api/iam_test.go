package api_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/slipwayhq/slipway/internal/sigv4"
)

func (e *edge) iam(c sigv4.Credentials) *iam.Client {
	return iam.New(iam.Options{
		Region:       region,
		BaseEndpoint: aws.String(e.URL),
		Credentials:  credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.SecretAccessKey, ""),
		Retryer:      aws.NopRetryer{},
	})
}

func (e *edge) sts(c sigv4.Credentials) *sts.Client {
	return sts.New(sts.Options{
		Region:       region,
		BaseEndpoint: aws.String(e.URL),
		Credentials:  credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.SecretAccessKey, ""),
		Retryer:      aws.NopRetryer{},
	})
}

func TestGetCallerIdentity(t *testing.T) {
	e := newEdge(t)
	ann := e.addUser(t, "ann", "")
	for arn, c := range map[string]sigv4.Credentials{
		"arn:aws:iam::000000000000:root":     root,
		"arn:aws:iam::000000000000:user/ann": ann,
	} {
		out, err := e.sts(c).GetCallerIdentity(context.Background(), &sts.GetCallerIdentityInput{})
		if err != nil {
			t.Fatal(err)
		}
		if aws.ToString(out.Arn) != arn || aws.ToString(out.Account) != account || aws.ToString(out.UserId) == "" {
			t.Errorf("%s %s %s", *out.Arn, *out.Account, *out.UserId)
		}
	}
}

func TestQueryFaults(t *testing.T) {
	e := newEdge(t)
	ctx := context.Background()
	who := func(c sigv4.Credentials) error {
		_, err := e.sts(c).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		return err
	}
	wantFault(t, who(sigv4.Credentials{AccessKeyID: rootID, SecretAccessKey: "x"}), 403, "SignatureDoesNotMatch", "does not match")
	wantFault(t, who(sigv4.Credentials{AccessKeyID: "AKIAX", SecretAccessKey: "x"}), 403, "InvalidClientTokenId", "security token")
	_, err := e.sts(root).GetSessionToken(ctx, &sts.GetSessionTokenInput{})
	wantFault(t, err, 400, "InvalidAction", "GetSessionToken")
	_, err = e.iam(e.addUser(t, "ann", "")).CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("x")})
	wantFault(t, err, 403, "AccessDenied", "User: arn:aws:iam::000000000000:user/ann is not authorized to perform: iam:CreateUser on resource: arn:aws:iam::000000000000:user/x")

	r, _ := http.NewRequest(http.MethodPost, e.URL, strings.NewReader("Action=GetCallerIdentity"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	got := send(t, r)
	if got.status != 403 || !strings.Contains(got.body, "<ErrorResponse><Error><Type>Sender</Type><Code>MissingAuthenticationToken</Code>") ||
		!strings.HasPrefix(got.header.Get("Content-Type"), "text/xml") {
		t.Error(got)
	}
}

// TestRegisterAndDeregister makes the calls of "aws deploy register" and then
// those of "aws deploy deregister".
func TestRegisterAndDeregister(t *testing.T) {
	e := newEdge(t)
	c, ctx, name := e.iam(root), context.Background(), aws.String("host-1")
	made, err := c.CreateUser(ctx, &iam.CreateUserInput{Path: aws.String("/AWS/CodeDeploy/"), UserName: name})
	if err != nil {
		t.Fatal(err)
	}
	if got := aws.ToString(made.User.Arn); got != "arn:aws:iam::000000000000:user/AWS/CodeDeploy/host-1" {
		t.Error(got)
	}
	if age := time.Since(aws.ToTime(made.User.CreateDate)); age < 0 || age > time.Minute {
		t.Error(made.User.CreateDate)
	}
	key, err := c.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: name})
	if err != nil || key.AccessKey.Status != types.StatusTypeActive {
		t.Fatal(err, key)
	}
	document := "{\n    \"Version\": \"2012-10-17\",\n    \"Statement\": [ {\n        \"Action\": [ \"s3:Get*\", \"s3:List*\" ],\n" +
		"        \"Effect\": \"Allow\",\n        \"Resource\": \"*\"\n    } ]\n}"
	policy := aws.String("codedeploy-agent")
	if _, err := c.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: name, PolicyName: policy, PolicyDocument: &document}); err != nil {
		t.Fatal(err)
	}
	got, err := c.GetUserPolicy(ctx, &iam.GetUserPolicyInput{UserName: name, PolicyName: policy})
	if err != nil {
		t.Fatal(err)
	}
	if text, err := url.PathUnescape(*got.PolicyDocument); err != nil || text != document {
		t.Errorf("%v %q", err, text)
	}
	host := sigv4.Credentials{AccessKeyID: *key.AccessKey.AccessKeyId, SecretAccessKey: *key.AccessKey.SecretAccessKey}
	if out, err := e.sts(host).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}); err != nil || *out.Arn != *made.User.Arn {
		t.Error(err)
	}

	policies, err := c.ListUserPolicies(ctx, &iam.ListUserPoliciesInput{UserName: name})
	if err != nil || len(policies.PolicyNames) != 1 || policies.PolicyNames[0] != *policy {
		t.Fatal(err, policies)
	}
	_, err = c.DeleteUser(ctx, &iam.DeleteUserInput{UserName: name})
	wantFault(t, err, 409, "DeleteConflict", "must delete policies")
	keys, err := c.ListAccessKeys(ctx, &iam.ListAccessKeysInput{UserName: name})
	if err != nil || len(keys.AccessKeyMetadata) != 1 || *keys.AccessKeyMetadata[0].AccessKeyId != host.AccessKeyID {
		t.Fatal(err, keys)
	}
	_, e1 := c.DeleteUserPolicy(ctx, &iam.DeleteUserPolicyInput{UserName: name, PolicyName: policy})
	_, e2 := c.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: name, AccessKeyId: &host.AccessKeyID})
	_, e3 := c.DeleteUser(ctx, &iam.DeleteUserInput{UserName: name})
	if err := errors.Join(e1, e2, e3); err != nil {
		t.Fatal(err)
	}
	_, err = e.sts(host).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	wantFault(t, err, 403, "InvalidClientTokenId", "")
	if strings.Contains(e.log.String(), host.SecretAccessKey) {
		t.Error("the log holds the host's secret")
	}
}

func TestIAMFaults(t *testing.T) {
	e := newEdge(t)
	c, ctx := e.iam(root), context.Background()
	e.addUser(t, "ann", "")
	ann, none, policy := aws.String("ann"), aws.String("none"), aws.String("p")

	_, err := c.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("ANN")})
	wantFault(t, err, 409, "EntityAlreadyExists", "User with name ANN already exists")
	_, err = c.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("a b")})
	wantFault(t, err, 400, "ValidationError", "userName")
	_, err = c.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("bob"), Path: aws.String("x")})
	wantFault(t, err, 400, "ValidationError", "path")
	_, err = c.GetUser(ctx, &iam.GetUserInput{UserName: none})
	wantFault(t, err, 404, "NoSuchEntity", "The user with name none cannot be found.")
	_, err = c.DeleteUser(ctx, &iam.DeleteUserInput{UserName: none})
	wantFault(t, err, 404, "NoSuchEntity", "none")
	_, err = c.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: none})
	wantFault(t, err, 404, "NoSuchEntity", "none")
	_, err = c.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{})
	wantFault(t, err, 400, "ValidationError", "Must specify userName")
	if _, err = c.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: ann}); err != nil {
		t.Error(err)
	}
	_, err = c.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: ann})
	wantFault(t, err, 409, "LimitExceeded", "AccessKeysPerUser: 2")
	_, err = c.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: ann, AccessKeyId: aws.String("AKIAAAAAAAAAAAAAAAAA")})
	wantFault(t, err, 404, "NoSuchEntity", "AKIAAAAAAAAAAAAAAAAA")
	_, err = c.GetUserPolicy(ctx, &iam.GetUserPolicyInput{UserName: ann, PolicyName: policy})
	wantFault(t, err, 404, "NoSuchEntity", "policy with name p")
	_, err = c.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: ann, PolicyName: policy, PolicyDocument: aws.String(`{"Statement":[]}`)})
	wantFault(t, err, 400, "MalformedPolicyDocument", "Statement must not be empty")
	large := `{"Statement":[` + strings.TrimSuffix(strings.Repeat(`{"Effect":"Allow","Action":"*","Resource":"*"},`, 50), ",") + `]}`
	_, err = c.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: ann, PolicyName: policy, PolicyDocument: &large})
	wantFault(t, err, 409, "LimitExceeded", "Maximum policy size of 2048 bytes exceeded for user ann")
}

func TestListUsersPages(t *testing.T) {
	e := newEdge(t)
	for i := range 5 {
		e.addUser(t, fmt.Sprintf("user-%d", i), "")
	}
	pages := iam.NewListUsersPaginator(e.iam(root), &iam.ListUsersInput{MaxItems: aws.Int32(2)})
	var sizes []int
	for pages.HasMorePages() {
		page, err := pages.NextPage(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, len(page.Users))
	}
	if fmt.Sprint(sizes) != "[2 2 1]" {
		t.Error(sizes)
	}
	_, err := e.iam(root).ListUsers(context.Background(), &iam.ListUsersInput{Marker: aws.String("bm90b3Vycw")})
	wantFault(t, err, 400, "ValidationError", "Marker")
}

func TestUserPathDecidesWhatAPolicyMatches(t *testing.T) {
	e := newEdge(t)
	ctx := context.Background()
	_, err := e.iam(root).CreateUser(ctx, &iam.CreateUserInput{Path: aws.String("/hosts/"), UserName: aws.String("h1")})
	if err != nil {
		t.Fatal(err)
	}
	clerk := e.iam(e.addUser(t, "clerk", `{"Effect":"Allow","Action":"iam:GetUser","Resource":"arn:aws:iam::*:user/hosts/*"}`))
	if _, err := clerk.GetUser(ctx, &iam.GetUserInput{UserName: aws.String("h1")}); err != nil {
		t.Error(err)
	}
	_, err = clerk.GetUser(ctx, &iam.GetUserInput{})
	wantFault(t, err, 403, "AccessDenied", "user/clerk")
	if out, err := e.iam(root).GetUser(ctx, &iam.GetUserInput{}); err != nil || *out.User.Arn != "arn:aws:iam::000000000000:root" {
		t.Error(err)
	}
}
