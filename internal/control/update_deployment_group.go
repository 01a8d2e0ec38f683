package control

import (
	"cmp"
	"context"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/iam"
	"github.com/slipwayhq/slipway/internal/store"
)

// UpdateDeploymentGroup asks for changes of a group. A member that is nil, or
// a name that is empty, leaves what the group has; any other replaces it, an
// empty list by nothing.
type UpdateDeploymentGroup struct {
	Application    string
	Name           string // that it has now
	NewName        string
	ConfigName     string
	ServiceRoleARN *string

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
	OutdatedInstances *string
	TerminationHook   *bool
}

// UpdateDeploymentGroup changes a group. What comes out must be as good as a
// new group; deployments that are active go on with what they started with.
func (c *Control) UpdateDeploymentGroup(ctx context.Context, ns deploy.Namespace, in UpdateDeploymentGroup) error {
	if err := c.checkChanges(ns, in); err != nil {
		return err
	}
	return c.update(ctx, func(tx *store.Tx) error {
		app, err := findApplication(tx, ns, in.Application)
		if err != nil {
			return err
		}
		old, err := findGroup(tx, app, in.Name)
		if err != nil {
			return err
		}
		group, err := c.newGroup(ns, in.over(old))
		if err != nil {
			return err
		}
		group.ID, group.ApplicationID, group.CreatedAt, group.Tags = old.ID, old.ApplicationID, old.CreatedAt, old.Tags
		if _, err := findConfigFor(tx, app, group.ConfigName); err != nil {
			return err
		}
		if err := cmp.Or(
			checkGroupFits(app, &group),
			c.checkRoleTrusted(ctx, group.ServiceRoleARN),
			checkECSMapping(tx, group),
			checkGroupFree(tx, group),
		); err != nil {
			return err
		}
		if err := tx.SaveGroup(group); err != nil {
			return err
		}
		return c.notifySaved(tx, app, old, group)
	})
}

// checkChanges checks the form of what is given, before it is known what it is
// given for: as a new group of a name and a role that are good.
func (c *Control) checkChanges(ns deploy.Namespace, in UpdateDeploymentGroup) error {
	if err := cmp.Or(checkApplicationName(in.Application), checkGroupName(in.Name)); err != nil {
		return err
	}
	if in.ServiceRoleARN != nil {
		if err := checkRoleForm(*in.ServiceRoleARN); err != nil {
			return err // also when it is empty: this call declares no other error for it
		}
	}
	_, err := c.newGroup(ns, in.over(deploy.Group{
		ServiceRoleARN:    iam.RoleARN(ns.Account, "/", "any"),
		OutdatedInstances: outdatedUpdate,
	}))
	return err
}

// over returns the request for a group that is the old one with the changes.
func (in UpdateDeploymentGroup) over(old deploy.Group) CreateDeploymentGroup {
	out := CreateDeploymentGroup{
		Application:       in.Application,
		Name:              cmp.Or(in.NewName, in.Name),
		ConfigName:        cmp.Or(in.ConfigName, old.ConfigName),
		ServiceRoleARN:    *cmp.Or(in.ServiceRoleARN, &old.ServiceRoleARN),
		AutoScalingGroups: given(in.AutoScalingGroups, old.AutoScalingGroups),
		ECSServices:       given(in.ECSServices, old.ECSServices),
		Style:             in.Style,
		BlueGreen:         cmp.Or(in.BlueGreen, request(old.BlueGreen)),
		LoadBalancer:      cmp.Or(in.LoadBalancer, old.LoadBalancer),
		Triggers:          given(in.Triggers, old.Triggers),
		Alarms:            cmp.Or(in.Alarms, old.Alarms),
		AutoRollback:      cmp.Or(in.AutoRollback, old.AutoRollback),
		OutdatedInstances: cmp.Or(in.OutdatedInstances, &old.OutdatedInstances),
		TerminationHook:   *cmp.Or(in.TerminationHook, &old.TerminationHook),
	}
	if out.Style == nil && old.Style != (deploy.Style{}) {
		out.Style = &old.Style
	}
	out.EC2Filters, out.EC2Set = selectors(in.EC2Filters, in.EC2Set, old.EC2Filters, old.EC2Set)
	out.OnPremisesFilters, out.OnPremisesSet = selectors(in.OnPremisesFilters, in.OnPremisesSet, old.OnPremisesFilters, old.OnPremisesSet)
	return out
}

// given returns the new list unless there is none.
func given[T any](list, old []T) []T {
	if list != nil {
		return list
	}
	return old
}

// selectors is given for filters and the set that takes their place: who asks
// for one of them does not want the other any more.
func selectors(filters []deploy.TagFilter, set [][]deploy.TagFilter, oldFilters []deploy.TagFilter, oldSet [][]deploy.TagFilter) ([]deploy.TagFilter, [][]deploy.TagFilter) {
	if len(filters) > 0 {
		oldSet = nil
	}
	if len(set) > 0 {
		oldFilters = nil
	}
	return given(filters, oldFilters), given(set, oldSet)
}
