package control

import (
	"cmp"
	"context"
	"errors"
	"regexp"
	"strings"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// Target is a target with the platform it is on.
type Target struct {
	deploy.Target
	Platform deploy.ComputePlatform
}

// GetDeploymentTarget returns one target of a deployment.
func (c *Control) GetDeploymentTarget(ctx context.Context, ns deploy.Namespace, deploymentID, id string) (Target, error) {
	if err := checkDeploymentID(deploymentID); err != nil {
		return Target{}, err
	}
	if err := checkTargetID(id); err != nil {
		return Target{}, err
	}
	return view(ctx, c, func(tx *store.Tx) (Target, error) {
		d, err := findStarted(tx, ns, deploymentID)
		if err != nil {
			return Target{}, err
		}
		// Only this call has an exception of its own for bad instance names.
		if err := checkTargetForm("InvalidInstanceNameException", d.Platform, id); err != nil {
			return Target{}, err
		}
		return findTarget(tx, d, id)
	})
}

func checkTargetID(id string) error {
	if id == "" {
		return deploy.Errorf("DeploymentTargetIdRequiredException", "Target id is missing")
	}
	return nil
}

var functionPattern = regexp.MustCompile(`^[A-Za-z0-9_:-]{1,400}$`)

// checkTargetForm checks that an id can be one of a target on the platform.
func checkTargetForm(instanceCode string, platform deploy.ComputePlatform, id string) error {
	switch platform {
	case deploy.Server:
		// Names of on-premises instances and ids of cloud instances together
		// are all names.
		if !deploy.ValidName(id) {
			return deploy.Errorf(instanceCode, "%q is neither an instance id nor the name of an on-premises instance", id)
		}
	case deploy.Lambda:
		if !functionPattern.MatchString(id) {
			return deploy.Errorf("InvalidDeploymentTargetIdException", "%q is not the name of a function", id)
		}
	case deploy.ECS:
		cluster, service, _ := strings.Cut(id, ":")
		if cluster == "" || service == "" {
			return deploy.Errorf("InvalidDeploymentTargetIdException", "%q is not a target on ECS: write it as cluster:service", id)
		}
	}
	return nil
}

// findTarget returns a target by its id. That of a Lambda deployment, which is
// the function and the alias, may be given by the function alone: CodeDeploy's
// guide and what clients have seen differ.
func findTarget(tx *store.Tx, d deploy.Deployment, id string) (Target, error) {
	target, err := tx.Target(d.ID, id)
	if errors.Is(err, store.ErrNotFound) && d.Platform == deploy.Lambda {
		targets, all := tx.Targets(d.ID)
		err = cmp.Or(all, err)
		for _, t := range targets {
			if function, _, _ := strings.Cut(t.ID, ":"); function == id {
				target, err = t, nil
			}
		}
	}
	if errors.Is(err, store.ErrNotFound) {
		return Target{}, deploy.Errorf("DeploymentTargetDoesNotExistException", "The deployment %s has no target %s", d.ID, id)
	}
	return Target{target, d.Platform}, err
}
