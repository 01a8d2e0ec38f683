// Package harness runs a whole Slipway in one process: the server, hosts with
// their agents, and clients. Tests and `slipway demo` use it; nothing in it is
// simulated, requests go over HTTP and scripts run.
package harness

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/slipwayhq/slipway/internal/daemon"
	"github.com/slipwayhq/slipway/internal/deploy"
)

// Config is what a harness is started with.
type Config struct {
	Dir    string        // folder for the server's data and the hosts
	Daemon daemon.Config // Listen and Data have defaults of the harness's own
	Log    *slog.Logger  // of the agents; default none
}

// Harness is a running server with its hosts.
type Harness struct {
	Dir    string
	Daemon *daemon.Daemon
	AWS    aws.Config // of the root
	Deploy *codedeploy.Client

	log   *slog.Logger
	iam   *iam.Client
	s3    *s3.Client
	hosts []*Host
}

// Start starts a server on a port of its own.
func Start(ctx context.Context, c Config) (*Harness, error) {
	if c.Daemon.Listen == "" {
		c.Daemon.Listen = "127.0.0.1:0"
	}
	if c.Daemon.Data == "" {
		c.Daemon.Data = filepath.Join(c.Dir, "server")
	}
	if c.Daemon.Engine.Order == nil {
		c.Daemon.Engine.Order = func([]deploy.Instance) {} // by name: easier to follow
	}
	d, err := daemon.Start(ctx, c.Daemon)
	if err != nil {
		return nil, err
	}
	h := &Harness{Dir: c.Dir, Daemon: d, log: c.Log}
	h.AWS = aws.Config{
		Region: "us-east-1", BaseEndpoint: &d.URL,
		Credentials: credentials.NewStaticCredentialsProvider(d.Root.ID, string(d.Root.Secret), ""),
	}
	h.Deploy = codedeploy.NewFromConfig(h.AWS)
	h.iam = iam.NewFromConfig(h.AWS)
	h.s3 = s3.NewFromConfig(h.AWS, func(o *s3.Options) { o.UsePathStyle = true })
	return h, nil
}

// Stop stops the agents and the server.
func (h *Harness) Stop() error {
	var errs []error
	for _, host := range h.hosts {
		errs = append(errs, host.StopAgent())
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return errors.Join(append(errs, h.Daemon.Stop(ctx))...)
}

// Push packs a folder as a bundle (tgz) and puts it into a bucket, which is
// made when it is not there. It returns the object's ETag.
func (h *Harness) Push(ctx context.Context, folder fs.FS, bucket, key string) (etag string, err error) {
	bundle, err := Pack(folder)
	if err != nil {
		return "", err
	}
	if _, err := h.s3.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &bucket}); err != nil {
		if _, err := h.s3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &bucket}); err != nil {
			return "", err
		}
	}
	put, err := h.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(bundle)})
	if err != nil {
		return "", err
	}
	return aws.ToString(put.ETag), nil
}

// Pack returns a folder as a gzipped tar archive. Scripts are executable,
// because the file systems that folders come from may not say so.
func Pack(folder fs.FS) ([]byte, error) {
	var out bytes.Buffer
	gz := gzip.NewWriter(&out)
	tw := tar.NewWriter(gz)
	err := fs.WalkDir(folder, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == "." {
			return err
		}
		header := &tar.Header{Name: path, Mode: 0o644, Typeflag: tar.TypeReg}
		if filepath.Ext(path) == ".sh" {
			header.Mode = 0o755
		}
		if d.IsDir() {
			header.Name, header.Mode, header.Typeflag = path+"/", 0o755, tar.TypeDir
			return tw.WriteHeader(header)
		}
		content, err := fs.ReadFile(folder, path)
		if err != nil {
			return err
		}
		header.Size = int64(len(content))
		if err := tw.WriteHeader(header); err != nil {
			return err
		}
		_, err = tw.Write(content)
		return err
	})
	if err = errors.Join(err, tw.Close(), gz.Close()); err != nil {
		return nil, fmt.Errorf("cannot pack the bundle: %w", err)
	}
	return out.Bytes(), nil
}

// makeDir makes a folder below the harness's own.
func (h *Harness) makeDir(name string) (string, error) {
	dir := filepath.Join(h.Dir, name)
	return dir, os.MkdirAll(dir, 0o755)
}
