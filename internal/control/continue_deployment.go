package control

import (
	"cmp"
	"context"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// The waits of a deployment that replaces instances.
const (
	waitReady       = "READY_WAIT"
	waitTermination = "TERMINATION_WAIT"
)

// ContinueDeployment ends a wait of a deployment early; waitType is nil for
// the one before traffic is rerouted. Saying it again changes nothing.
func (c *Control) ContinueDeployment(ctx context.Context, ns deploy.Namespace, id string, waitType *string) error {
	if err := cmp.Or(
		checkDeploymentID(id),
		checkChoice("InvalidDeploymentWaitTypeException", "deploymentWaitType", waitType, waitReady, waitTermination),
	); err != nil {
		return err
	}
	return c.update(ctx, func(tx *store.Tx) error {
		row, err := findDeployment(tx, ns, id)
		if err != nil {
			return err
		}
		d := row.Deployment
		if err := cmp.Or(checkRunning(d), checkReplacing(d)); err != nil {
			return err
		}
		if wait := valueOf(waitType); wait == waitTermination && d.TerminationWaitAt != nil {
			return c.endTerminationWait(tx, row)
		} else if wait != waitTermination && d.Status == deploy.Ready {
			return c.endReadyWait(tx, row)
		}
		if valueOf(waitType) != waitTermination {
			return deploy.Errorf("DeploymentIsNotInReadyStateException",
				"The deployment %s is %s: it does not wait for traffic to be rerouted", d.ID, d.Status)
		}
		if keepsBlue(d) {
			return deploy.Errorf("InvalidDeploymentWaitTypeException",
				"The deployment %s keeps its original instances (KEEP_ALIVE): it does not wait to terminate them", d.ID)
		}
		return deploy.Errorf("InvalidDeploymentStatusException",
			"The deployment %s is %s: it does not wait to terminate its original instances", d.ID, d.Status)
	})
}

// SkipWaitTimeForInstanceTermination is the older ContinueDeployment for the
// wait before the original instances are terminated.
func (c *Control) SkipWaitTimeForInstanceTermination(ctx context.Context, ns deploy.Namespace, id string) error {
	if err := checkDeploymentID(id); err != nil {
		return err
	}
	return c.update(ctx, func(tx *store.Tx) error {
		row, err := findDeployment(tx, ns, id)
		if err != nil {
			return err
		}
		d := row.Deployment
		if err := checkRunning(d); err != nil {
			return err
		}
		if d.TerminationWaitAt != nil {
			return c.endTerminationWait(tx, row)
		}
		if d.Platform != deploy.Server || d.Style.Type != deploy.BlueGreenType || keepsBlue(d) {
			return deploy.Errorf(unsupportedAction, "The deployment %s terminates no instances: there is no wait to skip", d.ID)
		}
		return deploy.Errorf("DeploymentNotStartedException",
			"The deployment %s is %s: it does not wait to terminate its original instances", d.ID, d.Status)
	})
}

func (c *Control) endReadyWait(tx *store.Tx, row store.DeploymentRow) error {
	if row.Continue.Ready != nil {
		return nil
	}
	now := c.now()
	row.Continue.Ready = &now
	return tx.RequestContinue(row.Deployment.ID, row.Continue, now)
}

func (c *Control) endTerminationWait(tx *store.Tx, row store.DeploymentRow) error {
	if row.Continue.Termination != nil {
		return nil
	}
	now := c.now()
	row.Continue.Termination = &now
	return tx.RequestContinue(row.Deployment.ID, row.Continue, now)
}

const unsupportedAction = "UnsupportedActionForDeploymentTypeException"

func checkRunning(d deploy.Deployment) error {
	if d.Status.Terminal() {
		return deploy.Errorf("DeploymentAlreadyCompletedException", "The deployment %s is %s already", d.ID, d.Status)
	}
	return nil
}

// checkReplacing checks that a deployment is of those that can wait: of those
// that put something new beside what runs, and are told when to go on.
func checkReplacing(d deploy.Deployment) error {
	if d.Style.Type != deploy.BlueGreenType || d.Platform == deploy.Lambda {
		return deploy.Errorf(unsupportedAction, "The deployment %s is %s on the compute platform %s: such deployments do not wait",
			d.ID, d.Style.Type, d.Platform)
	}
	return nil
}

func keepsBlue(d deploy.Deployment) bool {
	return d.BlueGreen != nil && d.BlueGreen.TerminateAction == keepBlue
}
