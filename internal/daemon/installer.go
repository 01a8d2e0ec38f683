package daemon

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"strings"

	"github.com/slipwayhq/slipway/internal/installer"
	"github.com/slipwayhq/slipway/internal/objectstore"
)

// The name under which `aws deploy install` looks for the installer: a bucket
// for each region, and a key.
const (
	installerBuckets = "aws-codedeploy-"
	installerKey     = "latest/install"
)

// newPublisher returns what has the agent's installer.
func newPublisher(c Config) *installer.Publisher {
	return &installer.Publisher{Binaries: c.AgentBinaries, Cache: filepath.Join(c.Data, "installer"), Log: c.Log}
}

// publish gives the object store the installer as an object of each region's
// bucket, as AWS has it. There is no such bucket: who makes it and puts the
// object has the installer replaced.
func publish(p *installer.Publisher) func(context.Context, string, string) (*objectstore.Published, error) {
	return func(_ context.Context, bucket, key string) (*objectstore.Published, error) {
		if !strings.HasPrefix(bucket, installerBuckets) || key != installerKey {
			return nil, nil //nolint:nilnil // nothing is published there
		}
		i, err := p.Installer()
		var none *installer.NoBinariesError
		if errors.As(err, &none) {
			return nil, objectstore.MissingKey(key, none.Error())
		}
		if err != nil {
			return nil, err
		}
		return &objectstore.Published{Path: i.Path, ETag: i.MD5, Modified: i.Time, ContentType: installer.ContentType}, nil
	}
}

// knownEndpoint is the server's URL if other hosts may reach it there: a
// server that listens on all addresses does not know by which one.
func knownEndpoint(url string, address net.Addr) string {
	if a, ok := address.(*net.TCPAddr); ok && a.IP.IsUnspecified() {
		return ""
	}
	return url
}
