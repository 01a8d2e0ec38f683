package api_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/slipwayhq/slipway/internal/sigv4"
)

func (e *edge) role(t *testing.T, name, trust, policy string) string {
	t.Helper()
	made, err := e.iam(root).CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: &trust})
	if err != nil {
		t.Fatal(err)
	}
	if policy != "" {
		if _, err := e.iam(root).PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: &name, PolicyName: aws.String("p"), PolicyDocument: &policy}); err != nil {
			t.Fatal(err)
		}
	}
	return *made.Role.Arn
}

func (e *edge) assume(t *testing.T, c sigv4.Credentials, in sts.AssumeRoleInput) (sigv4.Credentials, error) {
	t.Helper()
	if in.RoleSessionName == nil {
		in.RoleSessionName = aws.String("build-7")
	}
	out, err := e.sts(c).AssumeRole(t.Context(), &in)
	if err != nil {
		return sigv4.Credentials{}, err
	}
	return sigv4.Credentials{
		AccessKeyID: *out.Credentials.AccessKeyId, SecretAccessKey: *out.Credentials.SecretAccessKey, SessionToken: *out.Credentials.SessionToken,
	}, nil
}

func (e *edge) whoIs(t *testing.T, c sigv4.Credentials) (string, error) {
	t.Helper()
	out, err := sts.New(sts.Options{
		Region: region, BaseEndpoint: &e.URL, Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.SecretAccessKey, c.SessionToken),
	}).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", err
	}
	return *out.Arn, nil
}

func TestSessions(t *testing.T) {
	e := newEdge(t)
	const onShop = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"codedeploy:GetApplication","Resource":"*:application:sho*"}}`
	arn := e.role(t, "Deployer", trustAccount, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"codedeploy:*","Resource":"arn:aws:codedeploy:*:application:sho*"}}`)
	ann := e.addUser(t, "ann", `{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"`+arn+`"}`)
	session, err := e.assume(t, ann, sts.AssumeRoleInput{RoleArn: &arn})
	if err != nil {
		t.Fatal(err)
	}
	if who, err := e.whoIs(t, session); err != nil || who != "arn:aws:sts::000000000000:assumed-role/Deployer/build-7" {
		t.Error(who, err)
	}
	if err := get(e.sdk(session), "shop"); err != nil {
		t.Error(err)
	}
	wantFault(t, get(e.sdk(session), "bank"), 400, "AccessDeniedException", "User: arn:aws:sts::000000000000:assumed-role/Deployer/build-7 is not authorized")

	limited, err := e.assume(t, ann, sts.AssumeRoleInput{RoleArn: &arn, Policy: aws.String(
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"codedeploy:GetApplication","Resource":"arn:aws:codedeploy:*:application:shop"}}`)})
	if err != nil {
		t.Fatal(err)
	}
	if err := get(e.sdk(limited), "shop"); err != nil {
		t.Error("limited:", err)
	}
	wantFault(t, get(e.sdk(limited), "shop2"), 400, "AccessDeniedException", "")
	_, err = e.assume(t, ann, sts.AssumeRoleInput{RoleArn: &arn, Policy: aws.String(onShop)})
	wantFault(t, err, 400, "MalformedPolicyDocument", "")

	e.skew.Store(int64(61 * time.Minute))
	late := e.post(t, "GetApplication", `{"applicationName":"shop"}`)
	sigv4.Sign(late, sigv4.HashPayload([]byte(`{"applicationName":"shop"}`)), session, region, "codedeploy", time.Now().Add(61*time.Minute))
	if got := send(t, late); got.status != 400 || !strings.Contains(got.body, "ExpiredTokenException") {
		t.Error(got)
	}
	e.skew.Store(0)
	if strings.Contains(e.log.String(), session.SecretAccessKey) || strings.Contains(e.log.String(), session.SessionToken) {
		t.Error("the log holds a session's secrets")
	}
}

func TestForgedSessions(t *testing.T) {
	e := newEdge(t)
	arn := e.role(t, "Deployer", trustAccount, allowAll)
	one, err := e.assume(t, root, sts.AssumeRoleInput{RoleArn: &arn})
	if err != nil {
		t.Fatal("the root:", err)
	}
	two, err := e.assume(t, root, sts.AssumeRoleInput{RoleArn: &arn, RoleSessionName: aws.String("other")})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]sigv4.Credentials{
		"no token":         {AccessKeyID: one.AccessKeyID, SecretAccessKey: one.SecretAccessKey},
		"another's token":  {AccessKeyID: one.AccessKeyID, SecretAccessKey: one.SecretAccessKey, SessionToken: two.SessionToken},
		"a changed token":  {AccessKeyID: one.AccessKeyID, SecretAccessKey: one.SecretAccessKey, SessionToken: one.SessionToken[:len(one.SessionToken)-2] + "AA"},
		"a made-up token":  {AccessKeyID: one.AccessKeyID, SecretAccessKey: one.SecretAccessKey, SessionToken: "v1.e30"},
		"the root's token": {AccessKeyID: rootID, SecretAccessKey: rootSecret, SessionToken: one.SessionToken},
	} {
		if _, err := e.whoIs(t, c); err == nil {
			t.Errorf("%s is accepted", name)
		} else {
			wantFault(t, err, 403, "InvalidClientTokenId", "")
		}
	}
	_, err = e.whoIs(t, sigv4.Credentials{AccessKeyID: one.AccessKeyID, SecretAccessKey: two.SecretAccessKey, SessionToken: one.SessionToken})
	wantFault(t, err, 403, "SignatureDoesNotMatch", "")

	c, ctx, name := e.iam(root), t.Context(), aws.String("Deployer")
	if _, err := c.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: name, PolicyName: aws.String("p")}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: name}); err != nil {
		t.Fatal(err)
	}
	e.role(t, "Deployer", trustAccount, allowAll)
	_, err = e.whoIs(t, one)
	wantFault(t, err, 403, "InvalidClientTokenId", "")
}

func TestWhoMayAssume(t *testing.T) {
	e := newEdge(t)
	named := `{"Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"arn:aws:iam::000000000000:user/ann"},"Condition":{"StringEquals":{"sts:ExternalId":"x"}}}}`
	arn, service := e.role(t, "Named", named, ""), e.role(t, "Service", trustCodeDeploy, "")
	account := e.role(t, "Account", trustAccount, "")
	ann, bob := e.addUser(t, "ann", ""), e.addUser(t, "bob", `{"Effect":"Allow","Action":"*","Resource":"*"}`)
	eve := e.addUser(t, "eve", `[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"sts:*","Resource":"*"}]`)
	for _, tt := range []struct {
		name string
		who  sigv4.Credentials
		in   sts.AssumeRoleInput
		code string
	}{
		{"named", ann, sts.AssumeRoleInput{RoleArn: &arn, ExternalId: aws.String("x")}, ""},
		{"named, without what it takes", ann, sts.AssumeRoleInput{RoleArn: &arn}, "AccessDenied"},
		{"not named", bob, sts.AssumeRoleInput{RoleArn: &arn, ExternalId: aws.String("x")}, "AccessDenied"},
		{"of the account, without a policy", ann, sts.AssumeRoleInput{RoleArn: &account}, "AccessDenied"},
		{"of the account, with a policy", bob, sts.AssumeRoleInput{RoleArn: &account}, ""},
		{"denied", eve, sts.AssumeRoleInput{RoleArn: &account}, "AccessDenied"},
		{"for a service only", bob, sts.AssumeRoleInput{RoleArn: &service}, "AccessDenied"},
		{"no such role", bob, sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::000000000000:role/none")}, "AccessDenied"},
		{"root of another trust", root, sts.AssumeRoleInput{RoleArn: &service}, "AccessDenied"},
		{"no role", bob, sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::000000000000:user/ann")}, "ValidationError"},
		{"too short", bob, sts.AssumeRoleInput{RoleArn: &account, DurationSeconds: aws.Int32(899)}, "ValidationError"},
		{"too long", bob, sts.AssumeRoleInput{RoleArn: &account, DurationSeconds: aws.Int32(43201)}, "ValidationError"},
		{"longer than the role's", bob, sts.AssumeRoleInput{RoleArn: &account, DurationSeconds: aws.Int32(7200)}, "ValidationError"},
		{"session name", bob, sts.AssumeRoleInput{RoleArn: &account, RoleSessionName: aws.String("a/b")}, "ValidationError"},
	} {
		_, err := e.assume(t, tt.who, tt.in)
		switch {
		case tt.code == "" && err != nil:
			t.Errorf("%s: %v", tt.name, err)
		case tt.code != "" && (err == nil || !strings.Contains(err.Error(), tt.code)):
			t.Errorf("%s: %v, want %s", tt.name, err, tt.code)
		}
	}
}
