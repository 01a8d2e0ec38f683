package daemon

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// TestSessionsReadObjects uses a role's session with the object store, in
// headers and in a presigned URL, as far as its policies go.
func TestSessionsReadObjects(t *testing.T) {
	d, err := Start(t.Context(), Config{Listen: "127.0.0.1:0", Data: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Stop(t.Context()); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
	})
	config := aws.Config{
		Region: "us-east-1", BaseEndpoint: &d.URL,
		Credentials: credentials.NewStaticCredentialsProvider(d.Root.ID, string(d.Root.Secret), ""),
	}
	pathStyle := func(o *s3.Options) { o.UsePathStyle = true }
	rootS3, rootIAM := s3.NewFromConfig(config, pathStyle), iam.NewFromConfig(config)
	role, err := rootIAM.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String("reader"), AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"000000000000"}}}`)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rootIAM.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{
		RoleName: aws.String("reader"), PolicyName: aws.String("p"), PolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::bundles/shop/*",` +
				`"Condition":{"IpAddress":{"aws:SourceIp":"127.0.0.0/8"}}}}`),
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := rootS3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("bundles")}); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"shop/1.zip", "bank/1.zip"} {
		if _, err := rootS3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("bundles"), Key: &key, Body: strings.NewReader("bundle")}); err != nil {
			t.Fatal(err)
		}
	}
	session, err := sts.NewFromConfig(config).AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: role.Role.Arn, RoleSessionName: aws.String("web-1")})
	if err != nil {
		t.Fatal(err)
	}
	config.Credentials = credentials.NewStaticCredentialsProvider(
		*session.Credentials.AccessKeyId, *session.Credentials.SecretAccessKey, *session.Credentials.SessionToken)
	client := s3.NewFromConfig(config, pathStyle)
	get := func(key string) error {
		_, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("bundles"), Key: &key})
		return err
	}
	if err := get("shop/1.zip"); err != nil {
		t.Error(err)
	}
	if err := get("bank/1.zip"); err == nil || !strings.Contains(err.Error(), "assumed-role/reader/web-1 is not authorized to perform: s3:GetObject") {
		t.Error(err)
	}
	for key, want := range map[string]int{"shop/1.zip": http.StatusOK, "bank/1.zip": http.StatusForbidden} {
		url, err := s3.NewPresignClient(client).PresignGetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("bundles"), Key: &key}, s3.WithPresignExpires(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.Get(url.URL)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%s: %d %s", key, res.StatusCode, body)
		}
		if strings.Contains(string(body), *session.Credentials.SessionToken) {
			t.Error("an answer shows the token")
		}
	}
}
