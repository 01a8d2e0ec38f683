package control

import (
	"errors"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// The values of deploymentMode.
const (
	modeStandard = "STANDARD"
	modeRestart  = "RESTART"
)

// restarts reports whether the deployment runs what the group has once more.
func (in *CreateDeployment) restarts() bool { return in.Mode != nil && *in.Mode == modeRestart }

// givenRevision returns the revision that the caller names. A restart names
// none, and gets its own when the group is known. (What CodeDeploy refuses in
// a restart is documented, by which error is not.)
func (in *CreateDeployment) givenRevision() (deploy.Revision, error) {
	switch {
	case in.Mode != nil && *in.Mode != modeStandard && *in.Mode != modeRestart:
		return deploy.Revision{}, deploy.Errorf("InvalidInputException",
			"%q is not a deploymentMode: it is STANDARD or RESTART", *in.Mode)
	case !in.restarts():
		return newRevision(in.Revision)
	case in.Revision != nil:
		return deploy.Revision{}, deploy.Errorf(invalidRevision,
			"A deployment with the deploymentMode RESTART runs the revision of the group's last successful deployment: leave the revision out")
	case in.UpdateOutdatedInstancesOnly:
		return deploy.Revision{}, deploy.Errorf("InvalidUpdateOutdatedInstancesOnlyValueException",
			"updateOutdatedInstancesOnly cannot be true when the deploymentMode is RESTART, which is for instances that are up to date: leave it out")
	}
	return deploy.Revision{}, nil
}

// restarted returns the deployment whose revision a restart of the group runs
// again: its last good one.
func restarted(tx *store.Tx, app deploy.Application, group deploy.Group) (deploy.Deployment, error) {
	switch {
	case app.Platform != deploy.Server:
		return deploy.Deployment{}, deploy.Errorf("InvalidComputePlatformException",
			"The deploymentMode RESTART is for deployments to servers, but the application %s is for the compute platform %s",
			app.Name, app.Platform)
	case group.Style.Type == deploy.BlueGreenType:
		return deploy.Deployment{}, deploy.Errorf("InvalidInputException",
			"The deploymentMode RESTART is for deployments in place, but those of the deployment group %s are blue/green", group.Name)
	}
	last, err := tx.LastSuccessful(group.ID)
	if errors.Is(err, store.ErrNotFound) {
		return last, deploy.Errorf("RevisionDoesNotExistException",
			"The deployment group %s has nothing to restart: no deployment to it has succeeded yet", group.Name)
	}
	return last, err
}
