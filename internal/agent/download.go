package agent

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"regexp"

	"github.com/slipwayhq/slipway/internal/agent/bundle"
	"github.com/slipwayhq/slipway/internal/protocol"
)

// downloadBundle fetches and unpacks the revision.
func (a *Agent) downloadBundle(ctx context.Context, e *event) error {
	if err := a.prune(e); err != nil {
		return err
	}
	if err := a.obtain(ctx, e); err != nil {
		return err
	}
	return writePointer(a.layout.mostRecent(e.spec.DeploymentGroupID), e.dir)
}

// obtain puts the unpacked revision into the deployment's folder.
func (a *Agent) obtain(ctx context.Context, e *event) error {
	r := e.spec.Revision
	file, kind := bundleFile(e.dir), ""
	switch r.RevisionType {
	case protocol.RevisionS3:
		s3 := r.S3Revision
		if kind = s3.BundleType; a.reuse(e) {
			break
		}
		object := bundle.Object{Bucket: s3.Bucket, Key: s3.Key, Version: s3.Version, ETag: s3.ETag}
		if _, err := a.bucket.Fetch(ctx, object, file); err != nil {
			return err
		}
	case protocol.RevisionGitHub:
		g := r.GitHubRevision
		if kind = cmp.Or(g.BundleType, bundle.Tar); a.reuse(e) {
			break
		}
		commit := bundle.Commit{Account: g.Account, Repository: g.Repository, ID: g.CommitID, Token: e.spec.GitHubAccessToken}
		if err := a.github.Fetch(ctx, commit, kind, file); err != nil {
			return err
		}
	case protocol.RevisionLocalFile:
		kind = r.LocalRevision.BundleType
		if err := bundle.Link(r.LocalRevision.Location, file); err != nil {
			return err
		}
	case protocol.RevisionLocalDirectory:
		return bundle.CopyFolder(ctx, r.LocalRevision.Location, archiveOf(e.dir), a.layout.root)
	default:
		return fmt.Errorf("revisions of the type %q are unknown to this agent", r.RevisionType)
	}
	return bundle.Unpack(ctx, bundle.Extraction{
		File: file, Type: kind, Dir: archiveOf(e.dir), Limits: a.config.Limits,
		IgnoreOwners: a.config.IgnoreOwners, RejectLinks: a.config.RejectLinks,
	})
}

var deploymentID = regexp.MustCompile(`^d-[A-Z0-9]{1,62}$`)

// reuse gives the deployment the bundle of an earlier one, if the
// specification names it and this host still has it.
func (a *Agent) reuse(e *event) bool {
	id := e.spec.ReuseArchiveFromDeploymentID
	if a.config.NoReuse || !deploymentID.MatchString(id) || id == e.spec.DeploymentID {
		return false
	}
	earlier, file := bundleFile(a.layout.deployment(e.spec.DeploymentGroupID, id)), bundleFile(e.dir)
	_ = os.Remove(file) // of an event that was repeated
	if err := os.Link(earlier, file); err != nil {
		a.config.Log.Info("the bundle of an earlier deployment is not there; it is downloaded", "deployment", id, "error", err)
		return false
	}
	return true
}
