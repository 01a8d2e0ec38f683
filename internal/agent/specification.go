package agent

import (
	"cmp"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/smallstep/pkcs7"

	"github.com/slipwayhq/slipway/internal/agent/bundle"
	"github.com/slipwayhq/slipway/internal/protocol"
)

// openSpecification verifies and reads the document that a command belongs to.
func (a *Agent) openSpecification(reply protocol.GetDeploymentSpecificationOutput) (*protocol.Specification, error) {
	if reply.DeploymentSystem != protocol.DeploymentSystem {
		return nil, fmt.Errorf("Deployment System mismatch: expected %q, the server sent %q", protocol.DeploymentSystem, reply.DeploymentSystem) //nolint:staticcheck // the official agent's words
	}
	if reply.DeploymentSpecification == nil || reply.DeploymentSpecification.GenericEnvelope == nil {
		return nil, errors.New("Deployment Specification missing in the server's reply") //nolint:staticcheck // as above
	}
	envelope := reply.DeploymentSpecification.GenericEnvelope
	document, err := a.openEnvelope(*envelope)
	if err != nil {
		return nil, err
	}
	spec := new(protocol.Specification)
	if err := json.Unmarshal(document, spec); err != nil {
		return nil, fmt.Errorf("cannot read the deployment specification: %w", err)
	}
	return spec, completeSpecification(spec)
}

func (a *Agent) openEnvelope(e protocol.Envelope) ([]byte, error) {
	switch {
	case e.Format == protocol.FormatPKCS7JSON:
		return a.openSigned(e.Payload)
	case a.config.DeveloperMode && (e.Format == protocol.FormatTextJSON || e.Format == protocol.FormatJSON):
		return []byte(e.Payload), nil
	case e.Format == protocol.FormatTextJSON:
		return nil, errors.New("Unsupported DeploymentSpecification format TEXT/JSON: it is not signed; only an agent in developer mode accepts it") //nolint:staticcheck // as above
	}
	return nil, fmt.Errorf("Unsupported DeploymentSpecification format %q", e.Format) //nolint:staticcheck // as above
}

// openSigned returns the content of a signed document. Unlike the official
// agent it refuses one whose signature is wrong, or whose signer is not the
// one that this host knows.
func (a *Agent) openSigned(payload string) ([]byte, error) {
	block, _ := pem.Decode([]byte(payload))
	if block == nil || block.Type != "PKCS7" {
		return nil, errors.New("the deployment specification is not a PKCS7 document in PEM form")
	}
	document, err := pkcs7.Parse(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("cannot read the signed deployment specification: %w", err)
	}
	signer := document.GetOnlySigner()
	if signer == nil {
		return nil, errors.New("the deployment specification has no signer, or several")
	}
	if err := document.Verify(); err != nil {
		return nil, fmt.Errorf("the signature of the deployment specification is wrong: %w", err)
	}
	return document.Content, a.signers.check(signer)
}

// completeSpecification checks what must be there and sets the defaults.
func completeSpecification(s *protocol.Specification) error {
	if _, id, isARN := strings.Cut(s.DeploymentID, "/"); isARN {
		s.DeploymentID = id
	}
	for _, field := range []struct{ name, value string }{
		{"DeploymentId", s.DeploymentID},
		{"DeploymentGroupId", s.DeploymentGroupID},
		{"DeploymentGroupName", s.DeploymentGroupName},
		{"ApplicationName", s.ApplicationName},
	} {
		if field.value == "" {
			return fmt.Errorf("Deployment Spec has no %s", field.name) //nolint:staticcheck // as above
		}
	}
	if err := checkSegment("deployment id", s.DeploymentID); err != nil {
		return err
	}
	if err := checkSegment("deployment group id", s.DeploymentGroupID); err != nil {
		return err
	}
	s.DeploymentCreator = cmp.Or(s.DeploymentCreator, "user")
	s.DeploymentType = cmp.Or(s.DeploymentType, "IN_PLACE")
	s.AppSpecFilename = cmp.Or(s.AppSpecFilename, "appspec.yml")
	return checkRevision(s.Revision)
}

func checkRevision(r *protocol.Revision) error {
	switch {
	case r == nil:
		return errors.New("Must specify a revison") //nolint:staticcheck // the official agent's words
	case r.RevisionType == "":
		return errors.New("Must specify a revision source") //nolint:staticcheck // as above
	}
	switch r.RevisionType {
	case protocol.RevisionS3:
		if s3 := r.S3Revision; s3 == nil || s3.Bucket == "" || s3.Key == "" || s3.BundleType == "" {
			return errors.New("S3Revision must specify Bucket, Key and BundleType")
		}
		return checkBundleType("S3Revision", r.S3Revision.BundleType, bundle.Tar, bundle.Tgz, bundle.Zip)
	case protocol.RevisionGitHub:
		if g := r.GitHubRevision; g == nil || g.Account == "" || g.Repository == "" || g.CommitID == "" {
			return errors.New("GitHubRevision must specify Account, Repository and CommitId")
		}
		return checkBundleType("GitHubRevision", cmp.Or(r.GitHubRevision.BundleType, bundle.Tar), bundle.Tar, bundle.Zip)
	case protocol.RevisionLocalFile, protocol.RevisionLocalDirectory:
		if l := r.LocalRevision; l == nil || l.Location == "" || l.BundleType == "" {
			return errors.New("LocalRevision must specify Location and BundleType")
		}
		if r.RevisionType == protocol.RevisionLocalDirectory {
			return checkBundleType("LocalRevision", r.LocalRevision.BundleType, bundleDirectory)
		}
		return checkBundleType("LocalRevision", r.LocalRevision.BundleType, bundle.Tar, bundle.Tgz, bundle.Zip)
	}
	return fmt.Errorf("Exactly one of S3Revision, GitHubRevision, or LocalRevision must be specified; the revision type %q is unknown", r.RevisionType) //nolint:staticcheck // as above
}

// bundleDirectory is the type of a revision that is not packed.
const bundleDirectory = "directory"

func checkBundleType(where, got string, may ...string) error {
	if slices.Contains(may, got) {
		return nil
	}
	return fmt.Errorf("BundleType in %s must be %s, not %q", where, strings.Join(may, " or "), got)
}
