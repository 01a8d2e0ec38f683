package deploy

import (
	"strings"
	"time"
)

// RevisionType names the one member of a [Revision] that is set.
type RevisionType string

// The revision types.
const (
	S3Revision      RevisionType = "S3"
	GitHubRevision  RevisionType = "GitHub"
	StringRevision  RevisionType = "String"
	AppSpecRevision RevisionType = "AppSpecContent"
)

// Revision says what is deployed: where a bundle lies, or the text of an
// AppSpec file.
type Revision struct {
	Type    RevisionType    `json:"type"`
	S3      *S3Location     `json:"s3,omitempty"`
	GitHub  *GitHubLocation `json:"gitHub,omitempty"`
	Content *Content        `json:"content,omitempty"` // String and AppSpecContent
}

// S3Location is an object in a bucket. BundleType is tar, tgz or zip, or YAML
// or JSON for Lambda and ECS.
type S3Location struct {
	Bucket     string `json:"bucket"`
	Key        string `json:"key"`
	BundleType string `json:"bundleType"`
	Version    string `json:"version,omitempty"`
	ETag       string `json:"eTag,omitempty"`
}

// GitHubLocation is a commit of a repository "owner/name".
type GitHubLocation struct {
	Repository string `json:"repository"`
	CommitID   string `json:"commitId"`
}

// Content is an AppSpec file given in the call. SHA256 is the lower-case hex
// hash of Text.
type Content struct {
	Text   string `json:"text"`
	SHA256 string `json:"sha256"`
}

// Key identifies the revision among those of one application: equal keys are
// the same revision.
func (r Revision) Key() string {
	switch {
	case r.S3 != nil:
		s := r.S3
		return joinKey("s3", s.Bucket, s.Key, s.Version, strings.Trim(s.ETag, `"`), s.BundleType)
	case r.GitHub != nil:
		return joinKey("github", r.GitHub.Repository, r.GitHub.CommitID)
	case r.Content != nil:
		return joinKey("content", r.Content.SHA256)
	}
	return ""
}

// Same reports whether a host that was given o runs r. Objects in a bucket are
// the same by what both say of version and ETag; where only one is pinned nobody
// knows, so they are not.
func (r Revision) Same(o Revision) bool {
	if r.S3 == nil || o.S3 == nil {
		return r.Key() == o.Key()
	}
	a, b := *r.S3, *o.S3
	a.ETag, b.ETag = strings.Trim(a.ETag, `"`), strings.Trim(b.ETag, `"`)
	if a.Bucket != b.Bucket || a.Key != b.Key {
		return false
	}
	versions, tags := a.Version != "" && b.Version != "", a.ETag != "" && b.ETag != ""
	if !versions && !tags {
		return a.Version == b.Version && a.ETag == b.ETag // neither is pinned
	}
	return (!versions || a.Version == b.Version) && (!tags || a.ETag == b.ETag)
}

// joinKey joins with a character that no part can hold.
func joinKey(parts ...string) string { return strings.Join(parts, "\x1f") }

// FitsOn reports whether the platform can deploy revisions of this type.
func (r Revision) FitsOn(p ComputePlatform) bool {
	switch r.Type {
	case S3Revision:
		return r.S3 != nil
	case GitHubRevision:
		return r.GitHub != nil && p == Server
	case StringRevision:
		return r.Content != nil && p == Lambda
	case AppSpecRevision:
		return r.Content != nil && p != Server
	}
	return false
}

// String describes the revision for messages, without its content.
func (r Revision) String() string {
	switch {
	case r.S3 != nil:
		s := "s3://" + r.S3.Bucket + "/" + r.S3.Key
		if r.S3.Version != "" {
			s += "?versionId=" + r.S3.Version
		}
		return s
	case r.GitHub != nil:
		return "github.com/" + r.GitHub.Repository + "@" + r.GitHub.CommitID
	case r.Content != nil:
		return "appspec sha256:" + r.Content.SHA256
	}
	return "no revision"
}

// RegisteredRevision is a revision that an application knows.
type RegisteredRevision struct {
	Namespace
	ApplicationID string     `json:"applicationId"`
	Revision      Revision   `json:"revision"`
	Description   string     `json:"description,omitempty"`
	RegisteredAt  time.Time  `json:"registeredAt"`
	FirstUsedAt   *time.Time `json:"firstUsedAt,omitempty"`
	LastUsedAt    *time.Time `json:"lastUsedAt,omitempty"`
}
