package control

import (
	"cmp"
	"context"
	"errors"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// DeleteDeploymentConfig deletes a configuration that nothing uses. There
// being none is a success.
func (c *Control) DeleteDeploymentConfig(ctx context.Context, ns deploy.Namespace, name string) error {
	if err := cmp.Or(requireConfigName(name), checkOwnConfig(name)); err != nil {
		return err
	}
	return c.update(ctx, func(tx *store.Tx) error {
		config, err := tx.Config(ns, name)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := checkConfigUnused(tx, ns, name); err != nil {
			return err
		}
		return tx.DeleteConfig(config.ID)
	})
}

func checkOwnConfig(name string) error {
	if _, predefined := deploy.PredefinedConfig(name); predefined {
		return deploy.Errorf("InvalidOperationException", "The deployment configuration %s is the service's own and cannot be deleted", name)
	}
	return nil
}

// checkConfigUnused checks that neither a group nor a deployment that goes on
// needs the configuration.
func checkConfigUnused(tx *store.Tx, ns deploy.Namespace, name string) error {
	const code = "DeploymentConfigInUseException"
	group, err := orNil(tx.GroupWithConfig(ns, name))
	if err != nil {
		return err
	}
	if group != nil {
		return deploy.Errorf(code, "The deployment configuration %s is used by the deployment group %s", name, group.Name)
	}
	active, err := orNil(tx.ActiveWithConfig(ns, name))
	if err != nil {
		return err
	}
	if active != nil {
		return deploy.Errorf(code, "The deployment configuration %s is used by the deployment %s, which is active", name, active.ID)
	}
	return nil
}
