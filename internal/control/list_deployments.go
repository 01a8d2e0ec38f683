package control

import (
	"context"
	"fmt"
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
	After       string    // the Next of the page before
	Limit       int
}

// ListDeployments returns the ids of up to Limit deployments behind After,
// newest first.
func (c *Control) ListDeployments(ctx context.Context, ns deploy.Namespace, in ListDeployments) (Page, error) {
	if err := checkDeploymentFilter(in); err != nil {
		return Page{}, err
	}
	filter := store.DeploymentFilter{Statuses: in.Statuses, From: in.From, To: in.To}
	if in.After != "" {
		if _, err := fmt.Sscanf(in.After, placeFormat, &filter.BeforeTime, &filter.BeforeID); err != nil {
			return Page{}, deploy.Errorf("InvalidNextTokenException", "The next token is not one of this list")
		}
	}
	if in.ExternalID != nil {
		return Page{}, nil // nothing that makes deployments here has such ids
	}
	keys, err := view(ctx, c, func(tx *store.Tx) ([]store.DeploymentKey, error) {
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
	return pageOfDeployments(keys, in.Limit), err
}

// placeFormat writes a deployment's place in the order of creation: its time
// in milliseconds, and its id because several can have the same time.
const placeFormat = "%d %s"

func pageOfDeployments(keys []store.DeploymentKey, limit int) Page {
	var page Page
	for i, k := range keys {
		if i == limit {
			page.Next = fmt.Sprintf(placeFormat, keys[i-1].Time, keys[i-1].ID)
			break
		}
		page.Items = append(page.Items, k.ID)
	}
	return page
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
