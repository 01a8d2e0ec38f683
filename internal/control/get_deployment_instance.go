package control

import (
	"context"
	"errors"
	"strings"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// The operations on deployment instances are the older ones on targets, for
// the platforms that there were then: an instance is a target.

// GetDeploymentInstance returns one target of a deployment.
func (c *Control) GetDeploymentInstance(ctx context.Context, ns deploy.Namespace, deploymentID, id string) (Target, error) {
	if err := checkDeploymentID(deploymentID); err != nil {
		return Target{}, err
	}
	if err := checkInstanceID(id); err != nil {
		return Target{}, err
	}
	return view(ctx, c, func(tx *store.Tx) (Target, error) {
		d, err := findWithInstances(tx, ns, deploymentID)
		if err != nil {
			return Target{}, err
		}
		if id, err = instanceID(d, id); err != nil {
			return Target{}, err
		}
		target, err := tx.Target(d.ID, id)
		if errors.Is(err, store.ErrNotFound) {
			return Target{}, deploy.Errorf("InstanceDoesNotExistException", "The deployment %s has no instance %s", d.ID, id)
		}
		return Target{target, d.Platform}, err
	})
}

func checkInstanceID(id string) error {
	if id == "" {
		return deploy.Errorf("InstanceIdRequiredException", "Instance id is missing")
	}
	return nil
}

// findWithInstances returns a deployment of a platform that these operations
// know.
func findWithInstances(tx *store.Tx, ns deploy.Namespace, id string) (deploy.Deployment, error) {
	row, err := findDeployment(tx, ns, id)
	if err == nil && row.Deployment.Platform == deploy.ECS {
		return row.Deployment, deploy.Errorf("InvalidComputePlatformException",
			"The deployment %s runs on the compute platform ECS, which has no instances: ask for its targets", id)
	}
	return row.Deployment, err
}

// instanceID returns the id of the target that is meant: a cloud instance may
// be named by its ARN too.
func instanceID(d deploy.Deployment, id string) (string, error) {
	if d.Platform == deploy.Server {
		prefix := "arn:" + deploy.Partition(d.Region) + ":ec2:" + d.Region + ":" + d.Account + ":instance/"
		if short, ok := strings.CutPrefix(id, prefix); ok && strings.HasPrefix(short, "i-") {
			id = short
		}
		return id, checkTargetForm(invalidInstanceName, d.Platform, id)
	}
	if !functionPattern.MatchString(id) {
		return id, deploy.Errorf(invalidInstanceName, "%q is not the name of a function", id)
	}
	return id, nil
}

const invalidInstanceName = "InvalidInstanceNameException"
