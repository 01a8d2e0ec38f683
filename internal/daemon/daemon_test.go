package daemon

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/slipwayhq/slipway/internal/audit"
	"github.com/slipwayhq/slipway/internal/deploy"
	iamroot "github.com/slipwayhq/slipway/internal/iam"
	"github.com/slipwayhq/slipway/internal/provider/alarm"
	"github.com/slipwayhq/slipway/internal/store"
)

func start(t *testing.T, c Config) *Daemon {
	t.Helper()
	if c.Listen == "" {
		c.Listen = "127.0.0.1:0"
	}
	d, err := Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func stop(t *testing.T, d *Daemon) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := d.Stop(ctx); err != nil {
		t.Error(err)
	}
}

func awsConfig(d *Daemon, id, secret string) aws.Config {
	return aws.Config{
		Region: "eu-west-1", BaseEndpoint: &d.URL,
		Credentials: credentials.NewStaticCredentialsProvider(id, secret, ""),
	}
}

func TestStartStopStart(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	d := start(t, Config{Data: data})
	client := codedeploy.NewFromConfig(awsConfig(d, d.Root.ID, string(d.Root.Secret)))
	if _, err := client.CreateApplication(t.Context(), &codedeploy.CreateApplicationInput{ApplicationName: aws.String("shop")}); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(t.Context(), Config{Data: data, Listen: "127.0.0.1:0"}); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("a second server on the same data: %v", err)
	}
	for _, path := range []string{"/healthz", "/readyz", "/"} {
		resp, err := http.Get(d.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("GET %s: %s", path, resp.Status)
		}
	}
	stop(t, d)
	again := start(t, Config{Data: data})
	defer stop(t, again)
	if again.Root.ID != d.Root.ID || again.Root.Secret != d.Root.Secret {
		t.Error("the root key is another one after a restart")
	}
	client = codedeploy.NewFromConfig(awsConfig(again, again.Root.ID, string(again.Root.Secret)))
	list, err := client.ListApplications(t.Context(), &codedeploy.ListApplicationsInput{})
	if err != nil || len(list.Applications) != 1 {
		t.Errorf("applications after a restart: %v, %v", list, err)
	}
}

func TestRootCredentials(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	d := start(t, Config{Data: data, Region: "eu-west-1"})
	defer stop(t, d)
	info, err := os.Stat(filepath.Join(data, "root-credentials"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info, err)
	}
	text, err := os.ReadFile(filepath.Join(data, "root-credentials"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"[slipway]\n", "aws_access_key_id = " + d.Root.ID, "region = eu-west-1"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in the credentials file", want)
		}
	}
}

// TestAudit: calls that change something are recorded, refused ones too, and
// those that only read are not.
func TestAudit(t *testing.T) {
	t.Parallel()
	d := start(t, Config{Data: t.TempDir()})
	defer stop(t, d)
	ctx := t.Context()
	root := awsConfig(d, d.Root.ID, string(d.Root.Secret))
	users := iam.NewFromConfig(root)
	if _, err := users.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("eve")}); err != nil {
		t.Fatal(err)
	}
	key, err := users.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("eve")})
	if err != nil {
		t.Fatal(err)
	}
	eve := codedeploy.NewFromConfig(awsConfig(d, *key.AccessKey.AccessKeyId, *key.AccessKey.SecretAccessKey))
	if _, err := eve.DeleteApplication(ctx, &codedeploy.DeleteApplicationInput{ApplicationName: aws.String("shop")}); err == nil {
		t.Fatal("eve may delete applications")
	}
	admin := codedeploy.NewFromConfig(root)
	for range 2 {
		_, _ = admin.CreateApplication(ctx, &codedeploy.CreateApplicationInput{ApplicationName: aws.String("shop")})
	}
	if _, err := admin.ListApplications(ctx, &codedeploy.ListApplicationsInput{}); err != nil {
		t.Fatal(err)
	}
	var records []audit.Record
	err = d.store.View(ctx, func(tx *store.Tx) (err error) {
		records, err = tx.Audit(d.Root.AccountID, 0, 100)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range records {
		got = append(got, r.Principal[strings.LastIndex(r.Principal, ":")+1:]+" "+r.Action+" "+r.Outcome)
		if r.SourceIP != "127.0.0.1" || r.RequestID == "" || r.Region != "eu-west-1" && !strings.HasPrefix(r.Action, "iam") {
			t.Errorf("%+v", r)
		}
	}
	want := []string{
		"root iam:CreateUser Success", "root iam:CreateAccessKey Success",
		"user/eve codedeploy:DeleteApplication AccessDeniedException",
		"root codedeploy:CreateApplication Success",
		"root codedeploy:CreateApplication ApplicationAlreadyExistsException",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestSelfSignedTLS(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	d := start(t, Config{Data: data, TLS: TLS{SelfSigned: true}})
	defer stop(t, d)
	ca, err := os.ReadFile(filepath.Join(data, "tls-ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	defer client.CloseIdleConnections()
	resp, err := client.Get(d.URL + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if !strings.HasPrefix(d.URL, "https://") || resp.StatusCode != http.StatusOK {
		t.Errorf("%s: %s", d.URL, resp.Status)
	}
}

func TestBadStarts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]Config{
		"cannot listen":  {Listen: "256.0.0.1:0"},
		"both --tls":     {TLS: TLS{Cert: "x"}},
		"cannot load":    {TLS: TLS{Cert: "none", Key: "none"}},
		"needs both":     {Root: iamroot.AccessKey{ID: "AKIA"}},
		"cannot make th": {Data: "/dev/null/x"},
	} {
		if c.Data == "" {
			c.Data = t.TempDir()
		}
		if c.Listen == "" {
			c.Listen = "127.0.0.1:0"
		}
		d, err := Start(t.Context(), c)
		if err == nil {
			stop(t, d)
		}
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// silentAlarms is a source of alarms that never answers.
type silentAlarms struct{}

func (silentAlarms) States(ctx context.Context, _ deploy.Namespace, _ []string) (map[string]deploy.AlarmState, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// TestQueueSettings: what a deployment meets when its group or its account has
// no room. The first ones wait for their alarms to be read.
func TestQueueSettings(t *testing.T) {
	t.Parallel()
	d := start(t, Config{
		Data: t.TempDir(), Queue: true, MaxDeployments: 2,
		Alarms: []alarm.Source{silentAlarms{}},
	})
	defer stop(t, d)
	client := codedeploy.NewFromConfig(awsConfig(d, d.Root.ID, string(d.Root.Secret)))
	shop := aws.String("shop")
	if _, err := client.CreateApplication(t.Context(), &codedeploy.CreateApplicationInput{ApplicationName: shop}); err != nil {
		t.Fatal(err)
	}
	create := func(group string) string {
		t.Helper()
		out, err := client.CreateDeployment(t.Context(), &codedeploy.CreateDeploymentInput{
			ApplicationName: shop, DeploymentGroupName: &group,
			Revision: &types.RevisionLocation{
				RevisionType: types.RevisionLocationTypeS3,
				S3Location:   &types.S3Location{Bucket: aws.String("b"), Key: aws.String("k"), BundleType: types.BundleTypeZip},
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		info, err := client.GetDeployment(t.Context(), &codedeploy.GetDeploymentInput{DeploymentId: out.DeploymentId})
		if err != nil {
			t.Fatal(err)
		}
		return string(info.DeploymentInfo.Status)
	}
	for _, name := range []string{"a", "b", "c"} {
		if _, err := client.CreateDeploymentGroup(t.Context(), &codedeploy.CreateDeploymentGroupInput{
			ApplicationName: shop, DeploymentGroupName: &name, ServiceRoleArn: aws.String("arn:aws:iam::000000000000:role/cd"),
			AlarmConfiguration: &types.AlarmConfiguration{Enabled: true, Alarms: []types.Alarm{{Name: aws.String("errors")}}},
		}); err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range []string{"a Created", "a Queued", "b Created", "c Queued"} {
		group, status, _ := strings.Cut(want, " ")
		if got := create(group); got != status {
			t.Errorf("deployment %d, to the group %s, is %s, want %s", i, group, got, status)
		}
	}
}
