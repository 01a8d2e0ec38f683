package agent

import (
	"cmp"
	"fmt"
	"net/url"
	"strings"

	"github.com/slipwayhq/slipway/internal/agent/bundle"
	"github.com/slipwayhq/slipway/internal/protocol"
)

// inS3 describes s3://BUCKET/KEY?versionId=V&etag=E.
func (d Local) inS3() (*protocol.Revision, error) {
	u, err := url.Parse(d.Location)
	if err != nil || u.Host == "" || strings.Trim(u.Path, "/") == "" {
		return nil, fmt.Errorf("the location %s is not like s3://BUCKET/KEY", d.Location)
	}
	kind := cmp.Or(d.Type, typeByName(u.Path))
	if kind == "" || kind == bundleDirectory {
		return nil, fmt.Errorf("the location %s is an archive; give --type tgz, tar or zip", d.Location)
	}
	return &protocol.Revision{RevisionType: protocol.RevisionS3, S3Revision: &protocol.S3Revision{
		Bucket: u.Host, Key: strings.TrimPrefix(u.Path, "/"), BundleType: kind,
		Version: u.Query().Get("versionId"), ETag: u.Query().Get("etag"),
	}}, nil
}

// atGitHub describes a repository, as https://github.com/OWNER/REPO, or one of
// the archives that GitHub's API has of it:
// https://api.github.com/repos/OWNER/REPO/{tarball,zipball}/REF. endpoint is
// the API of the configuration.
func (d Local) atGitHub(endpoint string) (*protocol.Revision, error) {
	wrong := fmt.Errorf("the location %s is neither a repository like https://github.com/OWNER/REPO nor an archive like https://api.github.com/repos/OWNER/REPO/zipball/REF", d.Location)
	g := &protocol.GitHubRevision{CommitID: "HEAD", BundleType: bundle.Zip}
	if d.Type == bundle.Tar || d.Type == bundle.Zip {
		g.BundleType = d.Type
	}
	api := strings.TrimSuffix(cmp.Or(endpoint, bundle.DefaultGitHub), "/") + "/repos/"
	if rest, ok := strings.CutPrefix(d.Location, api); ok {
		parts := strings.SplitN(strings.TrimSuffix(rest, "/"), "/", 4)
		if len(parts) != 4 || (parts[2] != "tarball" && parts[2] != "zipball") {
			return nil, wrong
		}
		g.Account, g.Repository, g.CommitID = parts[0], parts[1], parts[3]
		if parts[2] == "tarball" && d.Type != bundle.Zip {
			g.BundleType = bundle.Tar
		}
	} else {
		u, err := url.Parse(d.Location)
		if err != nil || !isGitHub(u.Hostname(), endpoint) {
			return nil, wrong
		}
		parts := strings.Split(strings.Trim(u.Path, "/"), "/")
		if len(parts) != 2 {
			return nil, wrong
		}
		g.Account, g.Repository = parts[0], strings.TrimSuffix(parts[1], ".git")
	}
	if g.Account == "" || g.Repository == "" || g.CommitID == "" {
		return nil, wrong
	}
	return &protocol.Revision{RevisionType: protocol.RevisionGitHub, GitHubRevision: g}, nil
}

// isGitHub reports whether a host is the one whose API the endpoint is.
func isGitHub(host, endpoint string) bool {
	if host == "github.com" || host == "www.github.com" {
		return endpoint == "" || endpoint == bundle.DefaultGitHub
	}
	u, err := url.Parse(endpoint)
	return err == nil && endpoint != "" && u.Hostname() == host
}
