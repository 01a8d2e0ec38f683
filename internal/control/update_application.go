package control

import (
	"context"
	"errors"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// UpdateApplication renames an application. All that belongs to it does so by
// its id and goes along. An empty newName, or the name it has, changes nothing.
func (c *Control) UpdateApplication(ctx context.Context, ns deploy.Namespace, name, newName string) error {
	if err := checkApplicationName(name); err != nil {
		return err
	}
	if newName != "" {
		if err := checkApplicationName(newName); err != nil {
			return err
		}
	}
	return c.update(ctx, func(tx *store.Tx) error {
		app, err := findApplication(tx, ns, name)
		if err != nil || newName == "" || newName == name {
			return err
		}
		if err := checkApplicationFree(tx, ns, newName); err != nil {
			return err
		}
		app.Name = newName
		return tx.SaveApplication(app)
	})
}

// checkApplicationFree checks that no application has the name.
func checkApplicationFree(tx *store.Tx, ns deploy.Namespace, name string) error {
	_, err := tx.Application(ns, name)
	if err == nil {
		return deploy.Errorf("ApplicationAlreadyExistsException", "An application named %s exists already", name)
	}
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}
