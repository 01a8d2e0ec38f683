package control

import (
	"context"
	"slices"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// ListOnPremisesInstances asks for instances that one of the filters matches.
type ListOnPremisesInstances struct {
	Status     *string // Registered or Deregistered; nil: both
	TagFilters []deploy.TagFilter
	After      string
	Limit      int
}

// The registration statuses.
const (
	registered   = "Registered"
	deregistered = "Deregistered"
)

// ListOnPremisesInstances returns the names of up to Limit instances behind
// After, in order. Filters match exactly: those of groups have wildcards, those
// of a list have none.
func (c *Control) ListOnPremisesInstances(ctx context.Context, ns deploy.Namespace, in ListOnPremisesInstances) (Page, error) {
	if in.Status != nil && *in.Status != registered && *in.Status != deregistered {
		return Page{}, deploy.Errorf("InvalidRegistrationStatusException",
			"%q is not a registration status: it is Registered or Deregistered", *in.Status)
	}
	filters, err := normalFilters("InvalidTagFilterException", in.TagFilters)
	if err != nil {
		return Page{}, err
	}
	matches := func(i deploy.Instance) bool {
		return (in.Status == nil || i.Registered() == (*in.Status == registered)) &&
			(len(filters) == 0 || slices.ContainsFunc(filters, func(f deploy.TagFilter) bool { return f.MatchesExactly(i.Tags) }))
	}
	return view(ctx, c, func(tx *store.Tx) (Page, error) {
		names, err := matchingInstances(tx, ns, in.After, in.Limit+1, matches)
		return pageOf(names, in.Limit), err
	})
}

// matchingInstances reads instances until there are enough that match.
func matchingInstances(tx *store.Tx, ns deploy.Namespace, after string, enough int, matches func(deploy.Instance) bool) ([]string, error) {
	const batch = 500
	var names []string
	for {
		instances, err := tx.Instances(ns, after, batch)
		if err != nil {
			return nil, err
		}
		for _, i := range instances {
			if !matches(i) {
				continue
			}
			if names = append(names, i.Name); len(names) == enough {
				return names, nil
			}
		}
		if len(instances) < batch {
			return names, nil
		}
		after = instances[batch-1].Name
	}
}
