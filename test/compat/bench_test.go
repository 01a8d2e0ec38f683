package compat

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/sigv4"
	"github.com/slipwayhq/slipway/internal/store"
	"github.com/slipwayhq/slipway/internal/wire"
)

// BenchmarkRequests counts what one server answers to users whose signature and
// policy are checked, over HTTP. The clients run in the same process and sign:
// they take a part of the time.
func BenchmarkRequests(b *testing.B) {
	const stored = 10_000
	s := newServer(b)
	w := s.world(b)
	key := s.user(b, w.ns.Region)
	w.group(types.ComputePlatformServer)
	id := w.fillDeployments(stored)

	b.Run("GetDeployment", func(b *testing.B) {
		requests(b, s.url, w.ns.Region, key, "GetDeployment", func(int) any { return &wire.GetDeploymentInput{DeploymentID: &id} })
	})
	b.Run("ListDeployments", func(b *testing.B) {
		requests(b, s.url, w.ns.Region, key, "ListDeployments", func(int) any { return &wire.ListDeploymentsInput{} })
	})
	b.Run("CreateDeployment", func(b *testing.B) {
		// A group has one active deployment at most: each gets its own.
		w := s.world(b)
		w.application(types.ComputePlatformServer)
		w.fillGroups(b.N)
		location := &wire.S3Location{Bucket: new("releases"), Key: new("shop-7.zip"), BundleType: new(wire.BundleTypeZip)}
		requests(b, s.url, w.ns.Region, key, "CreateDeployment", func(i int) any {
			return &wire.CreateDeploymentInput{
				ApplicationName: new(shop), DeploymentGroupName: new(fmt.Sprint("group-", i)),
				Revision: &wire.RevisionLocation{RevisionType: new(wire.RevisionLocationTypeS3), S3Location: location},
			}
		})
	})
}

// user makes a user who may do everything with CodeDeploy, by a policy.
func (s *server) user(b *testing.B, region string) sigv4.Credentials {
	b.Helper()
	c := iam.New(iam.Options{
		Region: region, BaseEndpoint: &s.url,
		Credentials: credentials.NewStaticCredentialsProvider(rootKey.ID, string(rootKey.Secret), ""),
	})
	name := new("deployer")
	_, err := c.CreateUser(b.Context(), &iam.CreateUserInput{UserName: name})
	if err == nil {
		_, err = c.PutUserPolicy(b.Context(), &iam.PutUserPolicyInput{UserName: name, PolicyName: new("deploy"), PolicyDocument: new(`{
			"Version": "2012-10-17",
			"Statement": [{"Effect": "Allow", "Action": "codedeploy:*", "Resource": "arn:aws:codedeploy:*:` + account + `:*"}]
		}`)})
	}
	if err != nil {
		b.Fatal(err)
	}
	key, err := c.CreateAccessKey(b.Context(), &iam.CreateAccessKeyInput{UserName: name})
	if err != nil {
		b.Fatal(err)
	}
	return sigv4.Credentials{
		AccessKeyID: aws.ToString(key.AccessKey.AccessKeyId), SecretAccessKey: aws.ToString(key.AccessKey.SecretAccessKey),
	}
}

// fillDeployments stores deployments that are over, a second apart, and returns
// the id of one.
func (w *world) fillDeployments(n int) (id string) {
	w.Helper()
	w.must(w.store.Update(w.Context(), func(tx *store.Tx) error {
		app, err := tx.Application(w.ns, shop)
		if err != nil {
			return err
		}
		group, err := tx.Group(app.ID, prod)
		if err != nil {
			return err
		}
		config, _ := deploy.PredefinedConfig(deploy.DefaultConfigName)
		for i := range n {
			d := deploy.Deployment{
				Namespace: w.ns, ID: deploy.NewDeploymentID(), ApplicationID: app.ID, ApplicationName: shop, GroupID: group.ID, GroupName: prod,
				Platform: deploy.Server, Creator: deploy.CreatorUser, Config: config, Style: group.Style, FileExistsBehavior: "DISALLOW",
				Revision:  deploy.Revision{Type: deploy.S3Revision, S3: &deploy.S3Location{Bucket: "releases", Key: "shop-7.zip", BundleType: "zip"}},
				CreatedAt: time.Unix(1_700_000_000+int64(i), 0).UTC(),
			}
			completed(&d)
			if err := tx.InsertDeployment(d); err != nil {
				return err
			}
			id = d.ID
		}
		return nil
	}))
	return id
}

// requests sends the inputs that make returns, from several connections at
// once, and reports how many were answered in a second.
func requests(b *testing.B, url, region string, key sigv4.Credentials, operation string, input func(i int) any) {
	b.Helper()
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 64
	defer transport.CloseIdleConnections()
	c := &http.Client{Transport: transport}
	var next atomic.Int64
	b.SetParallelism(8)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := send(b.Context(), c, url, region, key, operation, input(int(next.Add(1)-1))); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
}

func send(ctx context.Context, c *http.Client, url, region string, key sigv4.Credentials, operation string, input any) error {
	body, err := json.Marshal(input)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", wire.ContentType)
	r.Header.Set("X-Amz-Target", wire.TargetPrefix+"."+operation)
	sigv4.Sign(r, sigv4.HashPayload(body), key, region, "codedeploy", time.Now())
	response, err := c.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", operation, response.Status, answer)
	}
	return err
}
