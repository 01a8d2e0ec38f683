package control

import (
	"cmp"
	"context"
	"errors"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// BatchGetDeploymentGroups returns groups of an application in the order in
// which they are named, and says which it does not know.
func (c *Control) BatchGetDeploymentGroups(ctx context.Context, ns deploy.Namespace, application string, names []string) (found []GroupInfo, missing string, err error) {
	if err := cmp.Or(
		checkApplicationName(application),
		checkEach(names, checkGroupName),
		checkBatch("deployment group names", len(names), c.quotas.GroupsPerBatch),
	); err != nil {
		return nil, "", err
	}
	err = c.store.View(ctx, func(tx *store.Tx) error {
		app, err := findApplication(tx, ns, application)
		if err != nil {
			return err
		}
		var unknown []string
		for _, name := range distinct(names) {
			group, err := tx.Group(app.ID, name)
			if errors.Is(err, store.ErrNotFound) {
				unknown = append(unknown, name)
				continue
			}
			if err != nil {
				return err
			}
			info, err := groupInfo(tx, app, group)
			if err != nil {
				return err
			}
			found = append(found, info)
		}
		missing = notFound("deployment groups", unknown)
		return nil
	})
	return found, missing, err
}
