package control

import (
	"errors"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// findApplication returns an application or the error that names it.
func findApplication(tx *store.Tx, ns deploy.Namespace, name string) (deploy.Application, error) {
	app, err := tx.Application(ns, name)
	if errors.Is(err, store.ErrNotFound) {
		return app, deploy.Errorf("ApplicationDoesNotExistException", "No application found for name: %s", name)
	}
	return app, err
}

// findGroup returns a group of the application or the error that names it.
func findGroup(tx *store.Tx, app deploy.Application, name string) (deploy.Group, error) {
	group, err := tx.Group(app.ID, name)
	if errors.Is(err, store.ErrNotFound) {
		return group, deploy.Errorf("DeploymentGroupDoesNotExistException", "No Deployment Group found for name: %s", name)
	}
	return group, err
}

// findConfig returns a configuration or the error that names it. Only the
// predefined ones exist so far.
func findConfig(name string) (deploy.Config, error) {
	config, ok := deploy.PredefinedConfig(name)
	if !ok {
		return config, deploy.Errorf("DeploymentConfigDoesNotExistException",
			"No deployment configuration found for name: %s", name)
	}
	return config, nil
}

// findConfigFor returns a configuration that an application can use.
func findConfigFor(app deploy.Application, name string) (deploy.Config, error) {
	config, err := findConfig(name)
	if err != nil {
		return config, err
	}
	if config.Platform != app.Platform {
		return config, deploy.Errorf("InvalidDeploymentConfigNameException",
			"The deployment configuration %s is for the compute platform %s, but the application %s runs on %s: name one for %s",
			name, config.Platform, app.Name, app.Platform, app.Platform)
	}
	return config, nil
}

// findDeployment returns a deployment of the namespace: one of another account
// or region does not exist.
func findDeployment(tx *store.Tx, ns deploy.Namespace, id string) (store.DeploymentRow, error) {
	row, err := tx.DeploymentRow(id)
	if errors.Is(err, store.ErrNotFound) || err == nil && row.Deployment.Namespace != ns {
		return store.DeploymentRow{}, deploy.Errorf("DeploymentDoesNotExistException", "No deployment found for id: %s", id)
	}
	return row, err
}

// findRegistered returns an on-premises instance that is registered now.
func findRegistered(tx *store.Tx, ns deploy.Namespace, name string) (deploy.Instance, error) {
	instance, err := tx.Instance(ns, name)
	if errors.Is(err, store.ErrNotFound) || err == nil && !instance.Registered() {
		return instance, deploy.Errorf("InstanceNotRegisteredException", "No registered instance found for name: %s", name)
	}
	return instance, err
}
