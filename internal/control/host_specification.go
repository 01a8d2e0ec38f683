package control

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/protocol"
	"github.com/slipwayhq/slipway/internal/store"
)

// ExecutionID is how agents are told which deployment a command belongs to.
// The form is the service's: at least three slashes.
func ExecutionID(ns deploy.Namespace, deploymentID string) string {
	return "CodeDeploy/" + ns.Region + "/prod/" + ns.Account + ":" + deploymentID
}

// DeploymentSpecification returns the signed document (PKCS #7, PEM) that
// tells a host what to install, and the host's place among the targets. Only
// targets of the deployment get it.
func (c *Control) DeploymentSpecification(ctx context.Context, ns deploy.Namespace, host, executionID string) (signed string, index int, err error) {
	id := executionID[strings.LastIndexAny(executionID, ":/")+1:]
	var d deploy.Deployment
	var token, reuse string
	err = c.store.View(ctx, func(tx *store.Tx) error {
		if d, err = tx.Deployment(id); err != nil {
			return err
		}
		instance, err := tx.InstanceByIdentity(ns, host)
		if err != nil {
			return err
		}
		target, err := tx.Target(id, instance.Name)
		if err != nil {
			return err
		}
		index = target.Order
		if reuse, err = reusable(tx, d, target.ID); err != nil {
			return err
		}
		token, err = gitHubToken(tx, d)
		return err
	})
	if errors.Is(err, store.ErrNotFound) || (err == nil && d.Namespace != ns) {
		return "", 0, deploy.Errorf(clientError, "The host %s is not a target of %q.", host, executionID)
	}
	if err != nil {
		return "", 0, err
	}
	c.heard(ns, host)
	signed, err = c.signer.sign(ctx, d.ID+"/"+reuse, func() ([]byte, error) { return c.document(ctx, d, token, reuse) })
	return signed, index, err
}

// reusable returns the deployment whose archive a host has of the revision
// that a restart runs again, as far as is known here; "" where it is no
// restart. The group's last good one is not a host's own if the host was left
// out of it, or joined with a follow-up.
func reusable(tx *store.Tx, d deploy.Deployment, host string) (string, error) {
	if d.RestartOf == "" {
		return "", nil
	}
	known, err := tx.GroupHost(d.GroupID, host)
	if err == nil && known.Healthy && known.Installed != nil && known.Installed.Key() == d.Revision.Key() {
		return known.DeploymentID, nil
	}
	return d.RestartOf, ignoreMissing(err)
}

// document returns what is signed for those hosts of a deployment that reuse
// the archive of the same other one.
func (c *Control) document(ctx context.Context, d deploy.Deployment, token, reuse string) ([]byte, error) {
	spec := specification(d, token)
	spec.ReuseArchiveFromDeploymentID = reuse
	err := c.store.View(ctx, func(tx *store.Tx) error {
		targets, err := tx.Targets(d.ID)
		if err != nil {
			return err
		}
		spec.TargetCount = len(targets)
		previous, err := tx.LastSuccessful(d.GroupID)
		if err == nil {
			spec.PreviousDeploymentID, spec.PreviousRevision = previous.ID, specificationRevision(previous.Revision)
		}
		group, groupErr := tx.GroupByID(d.GroupID)
		spec.Variables = group.Variables()
		return errors.Join(ignoreMissing(err), ignoreMissing(groupErr))
	})
	if err != nil {
		return nil, err
	}
	return json.Marshal(spec)
}

// specification describes a deployment to its hosts. Members are left out
// rather than null, and AllPossibleLifecycleEvents is never set: the official
// agent 1.x fails on it.
func specification(d deploy.Deployment, gitHubToken string) protocol.Specification {
	return protocol.Specification{
		DeploymentID: d.ID, DeploymentGroupID: d.GroupID, DeploymentGroupName: d.GroupName,
		ApplicationName: d.ApplicationName, DeploymentCreator: string(d.Creator),
		DeploymentType: string(d.Style.Type), AppSpecFilename: "appspec.yml",
		AgentActionOverrides: &protocol.AgentActionOverrides{
			AgentOverrides: protocol.AgentOverrides{FileExistsBehavior: d.FileExistsBehavior},
		},
		Revision:          specificationRevision(d.Revision),
		GitHubAccessToken: gitHubToken,
	}
}

// gitHubToken returns the token of the application that is deployed, if its
// revision is in a GitHub repository. Without one the repository is public.
func gitHubToken(tx *store.Tx, d deploy.Deployment) (string, error) {
	if d.Revision.GitHub == nil {
		return "", nil
	}
	app, err := tx.ApplicationByID(d.ApplicationID)
	if err != nil || app.GitHubAccountName == "" {
		return "", ignoreMissing(err)
	}
	token, err := tx.GitHubToken(d.Namespace, app.GitHubAccountName)
	return token.Token, ignoreMissing(err)
}

// ignoreMissing passes over something that has been deleted meanwhile.
func ignoreMissing(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

func specificationRevision(r deploy.Revision) *protocol.Revision {
	out := &protocol.Revision{RevisionType: string(r.Type)}
	switch {
	case r.S3 != nil:
		out.S3Revision = &protocol.S3Revision{
			Bucket: r.S3.Bucket, Key: r.S3.Key, BundleType: r.S3.BundleType,
			Version: r.S3.Version, ETag: strings.Trim(r.S3.ETag, `"`),
		}
	case r.GitHub != nil:
		owner, name, _ := strings.Cut(r.GitHub.Repository, "/")
		out.GitHubRevision = &protocol.GitHubRevision{Account: owner, Repository: name, CommitID: r.GitHub.CommitID}
	}
	return out
}
