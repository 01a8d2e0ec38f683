package control

import (
	"cmp"
	"context"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// CreateApplication asks for a new application.
type CreateApplication struct {
	Name     string
	Platform *deploy.ComputePlatform // nil: Server
	Tags     []deploy.Tag
}

// CreateApplication makes an application and returns its id.
func (c *Control) CreateApplication(ctx context.Context, ns deploy.Namespace, in CreateApplication) (string, error) {
	app := deploy.Application{
		Namespace: ns,
		ID:        deploy.NewUUID(),
		Name:      in.Name,
		Platform:  deploy.Server,
		CreatedAt: c.now(),
		Tags:      in.Tags,
	}
	if in.Platform != nil {
		app.Platform = *in.Platform
	}
	if err := cmp.Or(checkApplicationName(app.Name), checkPlatform(app.Platform), c.checkResourceTags(app.Tags)); err != nil {
		return "", err
	}
	err := c.update(ctx, func(tx *store.Tx) error { return c.insertApplication(tx, app) })
	return app.ID, err
}

func (c *Control) insertApplication(tx *store.Tx, app deploy.Application) error {
	count, err := tx.CountApplications(app.Namespace)
	if err != nil {
		return err
	}
	if count >= int64(c.quotas.Applications) {
		return deploy.Errorf("ApplicationLimitExceededException",
			"There are %d applications already, which is the limit: delete one or raise it", count)
	}
	if err := checkApplicationFree(tx, app.Namespace, app.Name); err != nil {
		return err
	}
	return tx.InsertApplication(app)
}

func checkPlatform(p deploy.ComputePlatform) error {
	if !p.Valid() {
		return deploy.Errorf("InvalidComputePlatformException",
			"%q is not a compute platform. Valid values: Server, Lambda, ECS", p)
	}
	return nil
}
