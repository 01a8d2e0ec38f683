package control

import (
	"cmp"
	"context"
	"errors"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// CreateDeployment asks for a revision to be deployed to a group. Nil members
// and an empty ConfigName leave the choice to the group.
type CreateDeployment struct {
	Application     string
	Group           string
	Revision        *Revision
	ConfigName      string
	Description     string
	AutoRollback    *deploy.AutoRollback
	AlarmOverride   *deploy.Alarms
	TargetInstances *deploy.TargetInstances

	IgnoreApplicationStopFailures bool
	UpdateOutdatedInstancesOnly   bool
	FileExistsBehavior            *string
}

// CreateDeployment stores a deployment for the engine and returns its id.
// Nothing has been deployed when it returns: what the revision holds and which
// instances there are is judged later, and a fault there fails the deployment.
func (c *Control) CreateDeployment(ctx context.Context, ns deploy.Namespace, in CreateDeployment) (string, error) {
	revision, err := c.checkDeployment(&in)
	if err != nil {
		return "", err
	}
	var id string
	err = c.update(ctx, func(tx *store.Tx) error {
		app, err := findApplication(tx, ns, in.Application)
		if err != nil {
			return err
		}
		group, err := findGroup(tx, app, in.Group)
		if err != nil {
			return err
		}
		config, err := findConfigFor(tx, app, cmp.Or(in.ConfigName, group.ConfigName, deploy.DefaultConfigName))
		if err != nil {
			return err
		}
		if err := cmp.Or(
			checkDeploymentFits(app, group, in, revision),
			c.checkRoleTrusted(ctx, group.ServiceRoleARN),
		); err != nil {
			return err
		}
		revision, err := knownContent(tx, app, revision)
		if err != nil {
			return err
		}
		if err := c.checkRoom(tx, group); err != nil {
			return err
		}
		d := freeze(app, group, in)
		d.ID, d.Config, d.Revision, d.CreatedAt = c.newID(), config, revision, c.now()
		id = d.ID
		if d.PreviousRevision, err = previousRevision(tx, group); err != nil {
			return err
		}
		if err := useRevision(tx, d); err != nil {
			return err
		}
		return tx.InsertDeployment(d)
	})
	return id, err
}

// checkDeployment checks what can be checked without the store, returns the
// revision and fills in the types of tag filters.
func (c *Control) checkDeployment(in *CreateDeployment) (deploy.Revision, error) {
	if err := cmp.Or(checkApplicationName(in.Application), checkGroupName(in.Group)); err != nil {
		return deploy.Revision{}, err
	}
	revision, err := newRevision(in.Revision)
	if err != nil {
		return revision, err
	}
	if err := cmp.Or(
		checkConfigName(in.ConfigName),
		c.checkDescription(in.Description),
		checkAutoRollback(in.AutoRollback),
		c.checkAlarms(in.AlarmOverride),
		checkFileExistsBehavior(in.FileExistsBehavior),
	); err != nil {
		return revision, err
	}
	in.TargetInstances, err = c.targetInstances(in.TargetInstances)
	return revision, err
}

// checkRoom checks that the group has no active deployment and the account no
// more than it may have.
func (c *Control) checkRoom(tx *store.Tx, group deploy.Group) error {
	const code = "DeploymentLimitExceededException"
	active, err := tx.ActiveDeployment(group.ID)
	if err == nil {
		// Tools cut the id out of exactly this text.
		return deploy.Errorf(code, "The Deployment Group '%s' already has an active Deployment '%s'", group.Name, active.ID)
	}
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	count, err := tx.CountActive(group.Namespace)
	if err != nil {
		return err
	}
	if count >= int64(c.quotas.ActiveDeployments) {
		return deploy.Errorf(code, "There are %d active deployments, which is the limit: wait for one to end", count)
	}
	return nil
}

// freeze returns a deployment with the settings that the group has now: later
// changes of the group do not reach it.
func freeze(app deploy.Application, group deploy.Group, in CreateDeployment) deploy.Deployment {
	d := deploy.Deployment{
		Namespace:       app.Namespace,
		ApplicationID:   app.ID,
		ApplicationName: app.Name,
		GroupID:         group.ID,
		GroupName:       group.Name,
		Platform:        app.Platform,
		Description:     in.Description,
		Creator:         deploy.CreatorUser,
		Style:           group.Style,
		BlueGreen:       group.BlueGreen,
		LoadBalancer:    group.LoadBalancer,
		AutoRollback:    cmp.Or(in.AutoRollback, group.AutoRollback),
		Alarms:          cmp.Or(in.AlarmOverride, group.Alarms),
		AlarmOverride:   in.AlarmOverride,
		TargetInstances: in.TargetInstances,

		IgnoreApplicationStopFailures: in.IgnoreApplicationStopFailures,
		UpdateOutdatedInstancesOnly:   in.UpdateOutdatedInstancesOnly,
		FileExistsBehavior:            fileExistsDisallow,
		Status:                        deploy.Created,
	}
	if in.FileExistsBehavior != nil {
		d.FileExistsBehavior = *in.FileExistsBehavior
	}
	return d
}

// previousRevision returns the revision of the group's last good deployment,
// or nil.
func previousRevision(tx *store.Tx, group deploy.Group) (*deploy.Revision, error) {
	last, err := orNil(tx.LastSuccessful(group.ID))
	if err != nil || last == nil {
		return nil, err
	}
	return &last.Revision, nil
}

// useRevision notes in the application's record of the revision that it is
// deployed, and registers it when it is new.
func useRevision(tx *store.Tx, d deploy.Deployment) error {
	known, err := tx.Revision(d.ApplicationID, d.Revision)
	if errors.Is(err, store.ErrNotFound) {
		known = deploy.RegisteredRevision{
			Namespace:     d.Namespace,
			ApplicationID: d.ApplicationID,
			Revision:      d.Revision,
			Description:   "Application revision registered by Deployment ID: " + d.ID,
			RegisteredAt:  d.CreatedAt,
		}
	} else if err != nil {
		return err
	}
	if known.FirstUsedAt == nil {
		known.FirstUsedAt = &d.CreatedAt
	}
	known.LastUsedAt = &d.CreatedAt
	return tx.PutRevision(known)
}
