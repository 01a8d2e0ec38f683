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
	if err := cmp.Or(a.prune(e), a.shrink(ctx, e)); err != nil {
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
	switch r.RevisionType {
	case protocol.RevisionS3:
		return a.fetchAndUnpack(ctx, e, r.S3Revision.BundleType, a.fromS3)
	case protocol.RevisionGitHub:
		return a.fetchAndUnpack(ctx, e, gitHubType(r.GitHubRevision), a.fromGitHub)
	case protocol.RevisionLocalFile:
		if err := bundle.Link(r.LocalRevision.Location, bundleFile(e.dir)); err != nil {
			return err
		}
		return a.unpack(ctx, e, r.LocalRevision.BundleType)
	case protocol.RevisionLocalDirectory:
		return bundle.CopyFolder(ctx, r.LocalRevision.Location, archiveOf(e.dir), a.layout.root)
	}
	return fmt.Errorf("revisions of the type %q are unknown to this agent", r.RevisionType)
}

func gitHubType(g *protocol.GitHubRevision) string { return cmp.Or(g.BundleType, bundle.Tar) }

// fetchAndUnpack uses the bundle of the deployment that the specification
// names. Where there is none, or it does not unpack, the revision is fetched.
func (a *Agent) fetchAndUnpack(ctx context.Context, e *event, kind string, fetch func(context.Context, *event) error) error {
	if a.reuse(ctx, e) {
		err := a.unpack(ctx, e, kind)
		if err == nil || ctx.Err() != nil {
			return err
		}
		e.note("The archive of the deployment %s was to be used again, but does not unpack: %v. The revision is fetched instead.",
			e.spec.ReuseArchiveFromDeploymentID, err)
	}
	if err := fetch(ctx, e); err != nil {
		return err
	}
	return a.unpack(ctx, e, kind)
}

func (a *Agent) unpack(ctx context.Context, e *event, kind string) error {
	return bundle.Unpack(ctx, bundle.Extraction{
		File: bundleFile(e.dir), Type: kind, Dir: archiveOf(e.dir), Limits: a.config.Limits,
		IgnoreOwners: a.config.IgnoreOwners, RejectLinks: a.config.RejectLinks,
	})
}

var deploymentID = regexp.MustCompile(`^d-[A-Z0-9]{1,62}$`)

// reuse gives the deployment the bundle of an earlier one, if the
// specification names it and this host still has it.
func (a *Agent) reuse(ctx context.Context, e *event) bool {
	id := e.spec.ReuseArchiveFromDeploymentID
	if a.config.NoReuse || !deploymentID.MatchString(id) || id == e.spec.DeploymentID {
		return false
	}
	earlier, file := a.layout.deployment(e.spec.DeploymentGroupID, id), bundleFile(e.dir)
	_ = os.Remove(file) // of an event that was repeated
	_ = os.Remove(provenanceFile(e.dir))
	if err := os.Link(bundleFile(earlier), file); err != nil {
		a.config.Log.Info("the bundle of an earlier deployment is not there; it is fetched", "deployment", id, "error", err)
		e.note("The archive of the deployment %s was to be used again, but is not on this host. The revision is fetched instead.", id)
		return false
	}
	if p, ok := readProvenance(earlier); ok && a.intact(ctx, file, p) {
		a.keep(ctx, e.dir, p)
	}
	e.note("The archive of the deployment %s is used again; nothing was downloaded.", id)
	return true
}
