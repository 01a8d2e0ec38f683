package control

import (
	"context"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// ListDeployments asks for deployments that fit all that is given. Application
// and Group are given together or not at all.
type ListDeployments struct {
	Application string
	Group       string
	ExternalID  *string
	Statuses    []deploy.Status
	From, To    time.Time // of the creation, inclusive; zero: open
	After       store.DeploymentKey
	Limit       int
}

// ListDeployments returns up to Limit deployments that are older than After,
// newest first, and whether there are more.
func (c *Control) ListDeployments(ctx context.Context, ns deploy.Namespace, in ListDeployments) (keys []store.DeploymentKey, more bool, err error) {
	if err := checkDeploymentFilter(in); err != nil {
		return nil, false, err
	}
	if in.ExternalID != nil {
		return nil, false, nil // nothing that makes deployments here has such ids
	}
	keys, err = view(ctx, c, func(tx *store.Tx) ([]store.DeploymentKey, error) {
		filter := store.DeploymentFilter{
			Statuses:   in.Statuses,
			From:       in.From,
			To:         in.To,
			BeforeTime: in.After.Time,
			BeforeID:   in.After.ID,
		}
		if in.Application != "" {
			app, err := findApplication(tx, ns, in.Application)
			if err != nil {
				return nil, err
			}
			group, err := findGroup(tx, app, in.Group)
			if err != nil {
				return nil, err
			}
			filter.GroupID = group.ID
		}
		return tx.Deployments(ns, filter, in.Limit+1)
	})
	if len(keys) > in.Limit {
		return keys[:in.Limit], true, err
	}
	return keys, false, err
}

func checkDeploymentFilter(in ListDeployments) error {
	if in.Application != "" || in.Group != "" {
		if err := checkApplicationName(in.Application); err != nil {
			return err
		}
		if err := checkGroupName(in.Group); err != nil {
			return err
		}
	}
	if !in.From.IsZero() && !in.To.IsZero() && in.From.After(in.To) {
		return deploy.Errorf("InvalidTimeRangeException", "createTimeRange starts at %s, after its end at %s",
			in.From.Format(time.RFC3339), in.To.Format(time.RFC3339))
	}
	for _, s := range in.Statuses {
		if !s.Valid() {
			return deploy.Errorf("InvalidDeploymentStatusException", "%q is not a deployment status. Valid values: %v", s, deploy.Statuses())
		}
	}
	if in.ExternalID != nil {
		if *in.ExternalID == "" {
			return deploy.Errorf("InvalidExternalIdException", "externalId is empty")
		}
		if in.Application != "" {
			return deploy.Errorf("InvalidInputException", "externalId does not go with names: give one or the other")
		}
	}
	return nil
}
