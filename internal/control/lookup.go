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

// findConfig returns a configuration or the error that names it.
func findConfig(tx *store.Tx, ns deploy.Namespace, name string) (deploy.Config, error) {
	if config, ok := deploy.PredefinedConfig(name); ok {
		return config, nil
	}
	config, err := tx.Config(ns, name)
	if errors.Is(err, store.ErrNotFound) {
		return config, deploy.Errorf("DeploymentConfigDoesNotExistException",
			"No deployment configuration found for name: %s", name)
	}
	return config, err
}

// findConfigFor returns a configuration that an application can use.
func findConfigFor(tx *store.Tx, app deploy.Application, name string) (deploy.Config, error) {
	config, err := findConfig(tx, app.Namespace, name)
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

// findDeployment returns a deployment of the namespace, with the names that its
// application and group have now: one of another account or region does not
// exist.
func findDeployment(tx *store.Tx, ns deploy.Namespace, id string) (store.DeploymentRow, error) {
	row, err := tx.DeploymentRow(id)
	if errors.Is(err, store.ErrNotFound) || err == nil && row.Deployment.Namespace != ns {
		return store.DeploymentRow{}, deploy.Errorf("DeploymentDoesNotExistException", "No deployment found for id: %s", id)
	}
	if err != nil {
		return row, err
	}
	return row, renamed(tx, &row.Deployment)
}

// renamed gives a deployment the names that its application and group have
// now. What was deleted keeps the name that it had at the start.
func renamed(tx *store.Tx, d *deploy.Deployment) error {
	app, err := orNil(tx.ApplicationByID(d.ApplicationID))
	if err != nil {
		return err
	}
	if app != nil {
		d.ApplicationName = app.Name
	}
	group, err := orNil(tx.GroupByID(d.GroupID))
	if group != nil && err == nil {
		d.GroupName = group.Name
	}
	return err
}

// findRegistered returns an on-premises instance that is registered now.
func findRegistered(tx *store.Tx, ns deploy.Namespace, name string) (deploy.Instance, error) {
	instance, err := tx.Instance(ns, name)
	if errors.Is(err, store.ErrNotFound) || err == nil && !instance.Registered() {
		return instance, deploy.Errorf("InstanceNotRegisteredException", "No registered instance found for name: %s", name)
	}
	return instance, err
}
