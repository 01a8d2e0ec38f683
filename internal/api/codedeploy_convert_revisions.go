package api

import (
	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/wire"
)

func domainRevision(r *wire.RevisionLocation) *control.Revision {
	if r == nil {
		return nil
	}
	out := &control.Revision{Type: deploy.RevisionType(wire.Value(r.RevisionType))}
	if s := r.S3Location; s != nil {
		out.S3 = &deploy.S3Location{
			Bucket:     wire.Value(s.Bucket),
			Key:        wire.Value(s.Key),
			BundleType: string(wire.Value(s.BundleType)),
			Version:    wire.Value(s.Version),
			ETag:       wire.Value(s.ETag),
		}
	}
	if g := r.GitHubLocation; g != nil {
		out.GitHub = &deploy.GitHubLocation{Repository: wire.Value(g.Repository), CommitID: wire.Value(g.CommitID)}
	}
	if c := r.String; c != nil {
		out.String = &deploy.Content{Text: wire.Value(c.Content), SHA256: wire.Value(c.SHA256)}
	}
	if c := r.AppSpecContent; c != nil {
		out.AppSpec = &deploy.Content{Text: wire.Value(c.Content), SHA256: wire.Value(c.SHA256)}
	}
	return out
}

// revisionLocation shows a revision. Of inline content the service tells only
// the hash.
func revisionLocation(r deploy.Revision) *wire.RevisionLocation {
	out := &wire.RevisionLocation{RevisionType: new(wire.RevisionLocationType(r.Type))}
	switch r.Type {
	case deploy.S3Revision:
		out.S3Location = &wire.S3Location{
			Bucket:     &r.S3.Bucket,
			Key:        &r.S3.Key,
			BundleType: new(wire.BundleType(r.S3.BundleType)),
			Version:    ifSet(r.S3.Version),
			ETag:       ifSet(r.S3.ETag),
		}
	case deploy.GitHubRevision:
		out.GitHubLocation = &wire.GitHubLocation{Repository: &r.GitHub.Repository, CommitID: &r.GitHub.CommitID}
	case deploy.StringRevision:
		out.String = &wire.RawString{SHA256: &r.Content.SHA256}
	case deploy.AppSpecRevision:
		out.AppSpecContent = &wire.AppSpecContent{SHA256: &r.Content.SHA256}
	}
	return out
}

func revisionInfo(info control.RevisionInfo) wire.RevisionInfo {
	return wire.RevisionInfo{RevisionLocation: revisionLocation(info.Revision), GenericRevisionInfo: genericRevisionInfo(info)}
}

func genericRevisionInfo(info control.RevisionInfo) *wire.GenericRevisionInfo {
	return &wire.GenericRevisionInfo{
		Description:      ifSet(info.Description),
		DeploymentGroups: orEmpty(info.Groups),
		FirstUsedTime:    timeIfSet(info.FirstUsedAt),
		LastUsedTime:     timeIfSet(info.LastUsedAt),
		RegisterTime:     wire.At(info.RegisteredAt),
	}
}
