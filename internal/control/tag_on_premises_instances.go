package control

import (
	"context"
	"slices"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// AddTagsToOnPremisesInstances puts the tags on every named instance, or on
// none when one of them cannot have them. A tag replaces that of its key.
func (c *Control) AddTagsToOnPremisesInstances(ctx context.Context, ns deploy.Namespace, names []string, tags []deploy.Tag) error {
	if err := checkEach(names, checkInstanceName); err != nil {
		return err
	}
	if err := checkInstanceTags(tags); err != nil {
		return err
	}
	return c.changeTags(ctx, ns, names, func(have []deploy.Tag) ([]deploy.Tag, error) {
		for _, t := range tags {
			have = slices.DeleteFunc(have, func(old deploy.Tag) bool { return old.Key == t.Key })
			have = append(have, t)
		}
		if len(have) > c.quotas.InstanceTags {
			return nil, deploy.Errorf("TagLimitExceededException",
				"An instance would have %d tags, %d are allowed: remove some first", len(have), c.quotas.InstanceTags)
		}
		return have, nil
	})
}

// RemoveTagsFromOnPremisesInstances removes the tags, which match by key and
// value, from every named instance. Tags that are not there are no fault.
func (c *Control) RemoveTagsFromOnPremisesInstances(ctx context.Context, ns deploy.Namespace, names []string, tags []deploy.Tag) error {
	if err := checkEach(names, checkInstanceName); err != nil {
		return err
	}
	if err := requireTags(tags); err != nil {
		return err
	}
	for _, t := range tags {
		if t.Key == "" {
			return deploy.Errorf("InvalidTagException", "A tag has no key")
		}
	}
	if len(tags) > c.quotas.InstanceTags {
		return deploy.Errorf("TagLimitExceededException", "There are %d tags in one call, %d are allowed", len(tags), c.quotas.InstanceTags)
	}
	return c.changeTags(ctx, ns, names, func(have []deploy.Tag) ([]deploy.Tag, error) {
		return slices.DeleteFunc(have, func(t deploy.Tag) bool { return slices.Contains(tags, t) }), nil
	})
}

// changeTags gives every named instance the tags that change returns for it.
func (c *Control) changeTags(ctx context.Context, ns deploy.Namespace, names []string,
	change func([]deploy.Tag) ([]deploy.Tag, error),
) error {
	if len(names) > c.quotas.InstancesPerTagCall {
		return deploy.Errorf("InstanceLimitExceededException",
			"There are %d instances in one call, %d are allowed", len(names), c.quotas.InstancesPerTagCall)
	}
	return c.update(ctx, func(tx *store.Tx) error {
		for _, name := range names {
			instance, err := findRegistered(tx, ns, name)
			if err != nil {
				return err
			}
			if instance.Tags, err = change(instance.Tags); err != nil {
				return err
			}
			if err := tx.PutInstance(instance); err != nil {
				return err
			}
		}
		return nil
	})
}
