package control

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// Revision says what to deploy as a caller says it: Type names the one other
// member that is set. Content may be given by its hash alone.
type Revision struct {
	Type    deploy.RevisionType
	S3      *deploy.S3Location
	GitHub  *deploy.GitHubLocation
	String  *deploy.Content
	AppSpec *deploy.Content
}

const invalidRevision = "InvalidRevisionException"

var (
	repositoryPattern = regexp.MustCompile(`^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$`)
	commitPattern     = regexp.MustCompile(`^[0-9A-Fa-f]{40}$`)
	sha256Pattern     = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// newRevision checks the form of a revision. What it names is looked at when
// it is deployed.
func newRevision(in *Revision) (deploy.Revision, error) {
	var none deploy.Revision
	if in == nil {
		return none, deploy.Errorf("RevisionRequiredException", "RevisionLocation must be specified")
	}
	members := map[deploy.RevisionType]bool{
		deploy.S3Revision:      in.S3 != nil,
		deploy.GitHubRevision:  in.GitHub != nil,
		deploy.StringRevision:  in.String != nil,
		deploy.AppSpecRevision: in.AppSpec != nil,
	}
	set, known := members[in.Type]
	if !known {
		return none, deploy.Errorf(invalidRevision,
			"The revisionType is %q. Valid values: S3, GitHub, String, AppSpecContent", in.Type)
	}
	if !set {
		return none, deploy.Errorf(invalidRevision, "The revisionType is %s, but the revision has no member for it", in.Type)
	}
	for other, set := range members {
		if set && other != in.Type {
			return none, deploy.Errorf(invalidRevision,
				"The revisionType is %s, but the revision has members for other types too: leave only one", in.Type)
		}
	}
	switch in.Type {
	case deploy.S3Revision:
		return deploy.Revision{Type: in.Type, S3: in.S3}, checkS3(in.S3)
	case deploy.GitHubRevision:
		return deploy.Revision{Type: in.Type, GitHub: in.GitHub}, checkGitHub(in.GitHub)
	case deploy.StringRevision:
		return contentRevision(in.Type, *in.String)
	default:
		return contentRevision(in.Type, *in.AppSpec)
	}
}

func checkS3(s *deploy.S3Location) error {
	switch {
	case s.Bucket == "":
		return deploy.Errorf(invalidRevision, "The S3 location of the revision has no bucket")
	case s.Key == "":
		return deploy.Errorf(invalidRevision, "The S3 location of the revision has no key")
	case !slices.Contains([]string{"tar", "tgz", "zip", "YAML", "JSON"}, s.BundleType):
		return deploy.Errorf(invalidRevision, "The bundleType is %q. Valid values: tar, tgz, zip, YAML, JSON", s.BundleType)
	}
	return nil
}

func checkGitHub(g *deploy.GitHubLocation) error {
	if !repositoryPattern.MatchString(g.Repository) {
		return deploy.Errorf(invalidRevision, "%q is not a GitHub repository: write it as owner/name", g.Repository)
	}
	if !commitPattern.MatchString(g.CommitID) {
		return deploy.Errorf(invalidRevision, "%q is not a commit id: give all 40 hexadecimal digits", g.CommitID)
	}
	return nil
}

// contentRevision returns a revision of inline content with its hash. Content
// without text stands for a registered one of that hash: see knownContent.
func contentRevision(t deploy.RevisionType, content deploy.Content) (deploy.Revision, error) {
	given := strings.ToLower(content.SHA256)
	content.SHA256 = given
	switch {
	case content.Text == "" && given == "":
		return deploy.Revision{}, deploy.Errorf(invalidRevision, "The revision of type %s has no content", t)
	case given != "" && !sha256Pattern.MatchString(given):
		return deploy.Revision{}, deploy.Errorf(invalidRevision, "%q is not a SHA-256 in hexadecimal digits", given)
	case content.Text != "":
		sum := sha256.Sum256([]byte(content.Text))
		content.SHA256 = hex.EncodeToString(sum[:])
		if given != "" && given != content.SHA256 {
			return deploy.Revision{}, deploy.Errorf(invalidRevision,
				"The sha256 %s is not that of the content, which has %s: correct it or leave it out", given, content.SHA256)
		}
	}
	return deploy.Revision{Type: t, Content: &content}, nil
}

// checkRevisionFits checks that the platform can deploy revisions of this
// form. Nothing is read from where the revision lies.
func checkRevisionFits(platform deploy.ComputePlatform, r deploy.Revision) error {
	types, bundles := []deploy.RevisionType{deploy.S3Revision, deploy.AppSpecRevision}, []string{"YAML", "JSON"}
	switch platform {
	case deploy.Server:
		types, bundles = []deploy.RevisionType{deploy.S3Revision, deploy.GitHubRevision}, []string{"tar", "tgz", "zip"}
	case deploy.Lambda:
		types = append(types, deploy.StringRevision)
	case deploy.ECS:
	}
	if !slices.Contains(types, r.Type) {
		return deploy.Errorf(invalidRevision, "Revision type: %s is not supported under compute platform: %s",
			r.Type, strings.ToUpper(string(platform)))
	}
	if r.S3 != nil && !slices.Contains(bundles, r.S3.BundleType) {
		return deploy.Errorf(invalidRevision, "Bundle type: %s is not supported under compute platform: %s. Valid values: %s",
			r.S3.BundleType, strings.ToUpper(string(platform)), strings.Join(bundles, ", "))
	}
	return nil
}

// knownContent fills in the text of a revision that was given by hash alone
// from the application's registered ones.
func knownContent(tx *store.Tx, app deploy.Application, r deploy.Revision) (deploy.Revision, error) {
	if r.Content == nil || r.Content.Text != "" {
		return r, nil
	}
	known, err := findRevision(tx, app, r)
	if err != nil {
		return r, err
	}
	r.Content = known.Revision.Content
	return r, nil
}

// findRevision returns the application's record of a revision or the error
// that names it.
func findRevision(tx *store.Tx, app deploy.Application, r deploy.Revision) (deploy.RegisteredRevision, error) {
	known, err := tx.Revision(app.ID, r)
	if errors.Is(err, store.ErrNotFound) {
		return known, deploy.Errorf("RevisionDoesNotExistException",
			"The application %s has no revision %s: register or deploy it first", app.Name, r)
	}
	return known, err
}
