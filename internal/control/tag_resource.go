package control

import (
	"cmp"
	"context"
	"slices"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// TagResource puts tags on an application or a group. A tag replaces that of
// its key.
func (c *Control) TagResource(ctx context.Context, ns deploy.Namespace, arn string, tags []deploy.Tag) error {
	return c.changeResourceTags(ctx, ns, arn, cmp.Or(requireTags(tags), c.checkResourceTags(tags)),
		func(have []deploy.Tag) ([]deploy.Tag, error) {
			for _, t := range tags {
				i := slices.IndexFunc(have, func(old deploy.Tag) bool { return old.Key == t.Key })
				if i < 0 {
					have = append(have, t)
				} else {
					have[i] = t
				}
			}
			return have, c.checkResourceTags(have)
		})
}

// UntagResource removes the tags with the keys from an application or a group.
// Keys that are not there are no fault.
func (c *Control) UntagResource(ctx context.Context, ns deploy.Namespace, arn string, keys []string) error {
	return c.changeResourceTags(ctx, ns, arn, checkTagKeys(keys), func(have []deploy.Tag) ([]deploy.Tag, error) {
		return slices.DeleteFunc(have, func(t deploy.Tag) bool { return slices.Contains(keys, t.Key) }), nil
	})
}

// changeResourceTags gives a resource the tags that change returns for those
// that it has. unfit is what is wrong with the tags of the call: the service
// says so after what is wrong with the ARN, and before that nothing has it.
func (c *Control) changeResourceTags(ctx context.Context, ns deploy.Namespace, arn string, unfit error,
	change func([]deploy.Tag) ([]deploy.Tag, error),
) error {
	res, err := parseResource(ns, arn)
	if err != nil {
		return err
	}
	return c.update(ctx, func(tx *store.Tx) error {
		if err := cmp.Or(checkTaggable(tx, ns, res), unfit); err != nil {
			return err
		}
		app, group, err := res.find(tx, ns)
		if err != nil {
			return err
		}
		if group != nil {
			if group.Tags, err = change(group.Tags); err != nil {
				return err
			}
			return tx.SaveGroup(*group)
		}
		if app.Tags, err = change(app.Tags); err != nil {
			return err
		}
		return tx.SaveApplication(app)
	})
}

// ListTagsForResource returns the tags of an application or a group; none for
// one that does not exist.
func (c *Control) ListTagsForResource(ctx context.Context, ns deploy.Namespace, arn string) ([]deploy.Tag, error) {
	res, err := parseResource(ns, arn)
	if err != nil {
		return nil, err
	}
	return view(ctx, c, func(tx *store.Tx) ([]deploy.Tag, error) {
		if err := checkTaggable(tx, ns, res); err != nil {
			return nil, err
		}
		app, group, err := res.find(tx, ns)
		switch {
		case deploy.CodeOf(err) != "":
			return nil, nil // there is none: it may have been deleted just now
		case err != nil:
			return nil, err
		case group != nil:
			return group.Tags, nil
		}
		return app.Tags, nil
	})
}

// checkTaggable checks that the ARN is not that of a configuration, which has
// no tags. That there is none of that name is another fault.
func checkTaggable(tx *store.Tx, ns deploy.Namespace, res resource) error {
	if res.kind != configResource {
		return nil
	}
	_, err := findConfig(tx, ns, res.name)
	if err == nil {
		return deploy.Errorf("ArnNotSupportedException", "Deployment configurations have no tags, but the ARN names the one called %s", res.name)
	}
	if deploy.CodeOf(err) != "" {
		return nil
	}
	return err
}

// find returns the application, and the group if the resource is one.
func (r resource) find(tx *store.Tx, ns deploy.Namespace) (deploy.Application, *deploy.Group, error) {
	if r.kind == configResource {
		_, err := findConfig(tx, ns, r.name)
		return deploy.Application{}, nil, err
	}
	app, err := findApplication(tx, ns, r.name)
	if err != nil || r.kind == applicationResource {
		return app, nil, err
	}
	group, err := findGroup(tx, app, r.group)
	return app, &group, err
}

func checkTagKeys(keys []string) error {
	const code = "InvalidTagsToAddException"
	if len(keys) == 0 {
		return deploy.Errorf("TagRequiredException", "TagKeys is missing or empty")
	}
	for _, key := range keys {
		if key == "" {
			return deploy.Errorf(code, "A tag key is empty")
		}
		if err := checkTagLength(code, key, ""); err != nil {
			return err
		}
	}
	return nil
}
