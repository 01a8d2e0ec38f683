package control

import (
	"cmp"
	"context"
	"errors"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// GroupInfo is a group with what follows from its deployments. The revision of
// LastSuccessful is the group's target revision.
type GroupInfo struct {
	Application    deploy.Application
	Group          deploy.Group
	LastAttempted  *deploy.Deployment
	LastSuccessful *deploy.Deployment
}

// GetDeploymentGroup returns a group.
func (c *Control) GetDeploymentGroup(ctx context.Context, ns deploy.Namespace, application, name string) (GroupInfo, error) {
	if err := cmp.Or(checkApplicationName(application), checkGroupName(name)); err != nil {
		return GroupInfo{}, err
	}
	return view(ctx, c, func(tx *store.Tx) (GroupInfo, error) {
		app, err := findApplication(tx, ns, application)
		if err != nil {
			return GroupInfo{}, err
		}
		group, err := findGroup(tx, app, name)
		if err != nil {
			return GroupInfo{}, err
		}
		return groupInfo(tx, app, group)
	})
}

func groupInfo(tx *store.Tx, app deploy.Application, group deploy.Group) (info GroupInfo, err error) {
	info.Application, info.Group = app, group
	if info.LastAttempted, err = orNil(tx.LastAttempted(group.ID)); err != nil {
		return info, err
	}
	info.LastSuccessful, err = orNil(tx.LastSuccessful(group.ID))
	return info, err
}

// orNil turns a row that is not there into nil.
func orNil[T any](v T, err error) (*T, error) {
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return &v, err
}
