package control

import (
	"context"
	"errors"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// StopDeployment asks for a deployment to stop.
type StopDeployment struct {
	DeploymentID string
	AutoRollback *bool // nil: as the deployment is configured
}

// Stopping is how far a stop is.
type Stopping struct {
	Status  string // Pending while hosts still run something, else Succeeded
	Message string
}

// The answers to a stop, in the words of the service.
var (
	stopPending   = Stopping{"Pending", "Stopping Pending. Stopping to schedule commands in the deployment instances"}
	stopSucceeded = Stopping{"Succeeded", "No more commands will be scheduled for execution in the deployment instances"}
)

// StopDeployment records the wish for the engine, which starts nothing new
// from then on. Saying it again changes nothing.
func (c *Control) StopDeployment(ctx context.Context, ns deploy.Namespace, in StopDeployment) (Stopping, error) {
	if err := checkDeploymentID(in.DeploymentID); err != nil {
		return Stopping{}, err
	}
	var answer Stopping
	err := c.update(ctx, func(tx *store.Tx) error {
		row, err := findDeployment(tx, ns, in.DeploymentID)
		if err != nil {
			return err
		}
		d := row.Deployment
		if d.Status == deploy.Stopped && row.Stop != nil {
			answer = stopSucceeded
			return nil
		}
		if err := checkStoppable(tx, d, in.AutoRollback); err != nil {
			return err
		}
		if row.Stop == nil {
			if err := tx.RequestStop(d.ID, deploy.StopRequest{At: c.now(), AutoRollback: in.AutoRollback}); err != nil {
				return err
			}
		}
		runs, err := runsSomething(tx, d)
		if err != nil {
			return err
		}
		answer = stopSucceeded
		if runs {
			answer = stopPending
		}
		return nil
	})
	return answer, err
}

// runsSomething reports whether a stop has to wait: for hosts, or, on servers,
// for the end of what is done to their load balancers.
func runsSomething(tx *store.Tx, d deploy.Deployment) (bool, error) {
	running, err := tx.RunningCommands(d.ID)
	if err != nil || running > 0 || d.Platform != deploy.Server {
		return running > 0, err
	}
	open, err := tx.OpenActions(d.ID)
	return open > 0, err
}

func checkStoppable(tx *store.Tx, d deploy.Deployment, rollback *bool) error {
	if rollback != nil && *rollback {
		if _, err := tx.GroupByID(d.GroupID); errors.Is(err, store.ErrNotFound) {
			return deploy.Errorf("DeploymentGroupDoesNotExistException",
				"No Deployment Group found for name: %s", d.GroupName)
		} else if err != nil {
			return err
		}
	}
	if d.Status.Terminal() {
		return deploy.Errorf("DeploymentAlreadyCompletedException",
			"The deployment %s is %s already and cannot be stopped", d.ID, d.Status)
	}
	if removing, err := removesOriginal(tx, d); removing || err != nil {
		if err != nil {
			return err
		}
		return deploy.Errorf("DeploymentAlreadyCompletedException",
			"The deployment %s removes what it replaced already and cannot be stopped", d.ID)
	}
	if d.Creator == deploy.CreatorTermination {
		return deploy.Errorf(unsupportedAction,
			"The deployment %s belongs to the termination of an instance and cannot be stopped", d.ID)
	}
	return nil
}

// removesOriginal reports whether a deployment to ECS is past the point from
// which it could be undone.
func removesOriginal(tx *store.Tx, d deploy.Deployment) (bool, error) {
	if d.Platform != deploy.ECS || d.TerminationWaitAt == nil {
		return false, nil
	}
	targets, err := tx.Targets(d.ID)
	return len(targets) > 0 && targets[0].ECS != nil && targets[0].ECS.Removing, err
}
