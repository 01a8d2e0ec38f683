package control

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// CreateDeployment asks for a revision to be deployed to a group. Nil members
// and an empty ConfigName leave the choice to the group.
type CreateDeployment struct {
	Application     string
	Group           string
	Revision        *Revision // nil exactly in a restart
	ConfigName      string
	Description     string
	AutoRollback    *deploy.AutoRollback
	AlarmOverride   *deploy.Alarms
	TargetInstances *deploy.TargetInstances

	IgnoreApplicationStopFailures bool
	UpdateOutdatedInstancesOnly   bool
	FileExistsBehavior            *string
	Mode                          *string // STANDARD or RESTART; nil: STANDARD
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
		config, err := findConfigFor(tx, app, cmp.Or(in.ConfigName, group.ConfigName, deploy.DefaultConfigFor(app.Platform)))
		if err != nil {
			return err
		}
		revision, restartOf := revision, "" // a transaction may be repeated
		if in.restarts() {
			last, err := restarted(tx, app, group)
			if err != nil {
				return err
			}
			revision, restartOf = last.Revision, last.ID
		}
		if err := cmp.Or(
			checkDeploymentFits(app, group, in, revision),
			checkZonesFit(group, config),
			c.checkRoleTrusted(ctx, group.ServiceRoleARN),
		); err != nil {
			return err
		}
		if revision, err = knownContent(tx, app, revision); err != nil {
			return err
		}
		queued, err := c.checkRoom(tx, group)
		if err != nil {
			return err
		}
		d := freeze(app, group, in)
		d.ID, d.Config, d.Revision, d.RestartOf, d.CreatedAt = c.newID(), config, revision, restartOf, c.now()
		id = d.ID
		if queued != "" {
			// Created and Queued at once (in EventBridge, QUEUED): the engine takes
			// it out of the queue.
			d.Status, d.Messages = deploy.Queued, []string{queued}
		}
		if d.CreatedAt, err = behindOthers(tx, d); err != nil {
			return err
		}
		if d.PreviousRevision, err = previousRevision(tx, group); err != nil {
			return err
		}
		if err := useRevision(tx, d); err != nil {
			return err
		}
		if err := tx.InsertDeployment(d); err != nil {
			return err
		}
		return c.notifyCreated(tx, group, d)
	})
	return id, err
}

// checkDeployment checks what can be checked without the store, returns the
// revision and fills in the types of tag filters.
func (c *Control) checkDeployment(in *CreateDeployment) (deploy.Revision, error) {
	if err := cmp.Or(checkApplicationName(in.Application), checkGroupName(in.Group)); err != nil {
		return deploy.Revision{}, err
	}
	revision, err := in.givenRevision()
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

// checkRoom checks that the group has no active deployment, unless others wait
// for it. It returns why the deployment is queued, for people, or "".
func (c *Control) checkRoom(tx *store.Tx, group deploy.Group) (queued string, err error) {
	active, err := busyWith(tx, group.ID)
	if err != nil {
		return "", err
	}
	if active != nil && !group.Queues(c.queue) {
		// Tools cut the id out of exactly this text.
		return "", deploy.Errorf("DeploymentLimitExceededException",
			"The Deployment Group '%s' already has an active Deployment '%s'", group.Name, active.ID)
	}
	if active != nil {
		return fmt.Sprintf("Queued until the deployment %s to the same group has ended.", active.ID), nil
	}
	count, err := tx.CountActive(group.Namespace)
	if err == nil && count >= int64(c.quotas.ActiveDeployments) {
		queued = fmt.Sprintf("Queued because %d deployments are active, which is the limit.", count)
	}
	return queued, err
}

// busyWith returns the deployment that holds a group, or the first that waits
// for its turn there, or nil.
func busyWith(tx *store.Tx, groupID string) (*deploy.Deployment, error) {
	active, err := orNil(tx.ActiveDeployment(groupID))
	if active != nil || err != nil {
		return active, err
	}
	return orNil(tx.FirstQueued(groupID))
}

// behindOthers returns the time of creation of a deployment: later than that
// of the group's others, for it decides whose turn it is.
func behindOthers(tx *store.Tx, d deploy.Deployment) (time.Time, error) {
	last, err := orNil(tx.LastAttempted(d.GroupID))
	if last == nil || err != nil || d.CreatedAt.After(last.CreatedAt) {
		return d.CreatedAt, err
	}
	return last.CreatedAt.Add(time.Millisecond), nil
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
