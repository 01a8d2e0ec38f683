package control

import (
	"cmp"
	"context"
	"errors"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// CreateDeploymentGroup asks for a new group. Nil members were not given.
type CreateDeploymentGroup struct {
	Application    string
	Name           string
	ConfigName     string // empty: the default
	ServiceRoleARN string

	EC2Filters        []deploy.TagFilter
	EC2Set            [][]deploy.TagFilter
	OnPremisesFilters []deploy.TagFilter
	OnPremisesSet     [][]deploy.TagFilter
	AutoScalingGroups []string
	ECSServices       []deploy.ECSService

	Style             *deploy.Style
	BlueGreen         *BlueGreen
	LoadBalancer      *deploy.LoadBalancerInfo
	Triggers          []deploy.Trigger
	Alarms            *deploy.Alarms
	AutoRollback      *deploy.AutoRollback
	OutdatedInstances *string // nil: UPDATE
	TerminationHook   bool
	Tags              []deploy.Tag
}

// CreateDeploymentGroup makes a group and returns its id.
func (c *Control) CreateDeploymentGroup(ctx context.Context, ns deploy.Namespace, in CreateDeploymentGroup) (string, error) {
	group, err := c.newGroup(ns, in)
	if err != nil {
		return "", err
	}
	err = c.update(ctx, func(tx *store.Tx) error {
		app, err := findApplication(tx, ns, in.Application)
		if err != nil {
			return err
		}
		group := group // a second run starts from the same
		group.ApplicationID = app.ID
		group.ConfigName = cmp.Or(group.ConfigName, deploy.DefaultConfigFor(app.Platform))
		if _, err := findConfigFor(tx, app, group.ConfigName); err != nil {
			return err
		}
		if in.Style == nil && app.Platform == deploy.Server {
			group.Style = deploy.Style{Type: deploy.InPlace, Option: deploy.WithoutTrafficControl}
		}
		if err := cmp.Or(checkGroupFits(app, &group), c.checkRoleTrusted(ctx, group.ServiceRoleARN)); err != nil {
			return err
		}
		if err := c.insertGroup(tx, group); err != nil {
			return err
		}
		return c.notifySaved(tx, app, deploy.Group{}, group)
	})
	return group.ID, err
}

// newGroup checks what can be checked without the store, in the order of the
// API's parameters, and returns the group it describes.
func (c *Control) newGroup(ns deploy.Namespace, in CreateDeploymentGroup) (deploy.Group, error) {
	if err := cmp.Or(
		checkApplicationName(in.Application),
		checkGroupName(in.Name),
		checkRole(in.ServiceRoleARN),
		checkConfigName(in.ConfigName),
		checkStyle(in.Style),
	); err != nil {
		return deploy.Group{}, err
	}
	group := deploy.Group{
		Namespace:         ns,
		ID:                deploy.NewUUID(),
		Name:              in.Name,
		CreatedAt:         c.now(),
		ConfigName:        in.ConfigName,
		ServiceRoleARN:    in.ServiceRoleARN,
		AutoScalingGroups: in.AutoScalingGroups,
		ECSServices:       in.ECSServices,
		LoadBalancer:      someBalancer(in.LoadBalancer),
		Triggers:          in.Triggers,
		Alarms:            in.Alarms,
		AutoRollback:      in.AutoRollback,
		OutdatedInstances: outdatedUpdate,
		TerminationHook:   in.TerminationHook,
		Tags:              in.Tags,
	}
	if in.Style != nil {
		group.Style = *in.Style
	}
	if in.OutdatedInstances != nil {
		group.OutdatedInstances = *in.OutdatedInstances
	}
	var err error
	if group.BlueGreen, err = c.blueGreen(in.BlueGreen); err != nil {
		return group, err
	}
	if err := cmp.Or(
		c.checkLoadBalancer(in.LoadBalancer),
		checkECSServices(in.ECSServices),
	); err != nil {
		return group, err
	}
	if err := c.fillSelectors(&group, in); err != nil {
		return group, err
	}
	return group, cmp.Or(
		c.checkAutoScalingGroups(in.AutoScalingGroups),
		c.checkTriggers(ns, in.Triggers),
		c.checkAlarms(in.Alarms),
		checkAutoRollback(in.AutoRollback),
		c.checkResourceTags(in.Tags),
		checkOutdated(group.OutdatedInstances),
	)
}

// insertGroup adds the group unless a limit or another group is in its way.
func (c *Control) insertGroup(tx *store.Tx, group deploy.Group) error {
	if err := checkECSMapping(tx, group); err != nil {
		return err
	}
	count, err := tx.CountGroups(group.ApplicationID)
	if err != nil {
		return err
	}
	if count >= int64(c.quotas.Groups) {
		return deploy.Errorf("DeploymentGroupLimitExceededException",
			"The application has %d deployment groups already, which is the limit: delete one or raise it", count)
	}
	if err := checkGroupFree(tx, group); err != nil {
		return err
	}
	return tx.InsertGroup(group)
}

// checkGroupFree checks that no other group of the application has the name.
func checkGroupFree(tx *store.Tx, group deploy.Group) error {
	other, err := tx.Group(group.ApplicationID, group.Name)
	if err == nil && other.ID != group.ID {
		return deploy.Errorf("DeploymentGroupAlreadyExistsException",
			"A deployment group named %s exists already in this application", group.Name)
	}
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// What happens to instances that were launched during a deployment.
const (
	outdatedUpdate = "UPDATE"
	outdatedIgnore = "IGNORE"
)

func checkOutdated(strategy string) error {
	if strategy != outdatedUpdate && strategy != outdatedIgnore {
		return deploy.Errorf("InvalidInputException",
			"%q is not an outdatedInstancesStrategy: it is UPDATE or IGNORE", strategy)
	}
	return nil
}
