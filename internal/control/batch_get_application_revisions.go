package control

import (
	"context"
	"errors"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// BatchGetApplicationRevisions returns revisions of an application in the
// order in which they are named, and says which it does not know.
func (c *Control) BatchGetApplicationRevisions(ctx context.Context, ns deploy.Namespace, application string, in []Revision) (found []RevisionInfo, missing string, err error) {
	if err := checkApplicationName(application); err != nil {
		return nil, "", err
	}
	revisions, err := c.newRevisions(in)
	if err != nil {
		return nil, "", err
	}
	err = c.store.View(ctx, func(tx *store.Tx) error {
		app, err := findApplication(tx, ns, application)
		if err != nil {
			return err
		}
		var unknown []string
		for _, r := range revisions {
			known, err := tx.Revision(app.ID, r)
			if errors.Is(err, store.ErrNotFound) {
				unknown = append(unknown, r.String())
				continue
			}
			if err != nil {
				return err
			}
			groups, err := tx.GroupsAt(app.ID, r)
			if err != nil {
				return err
			}
			found = append(found, RevisionInfo{known, groups})
		}
		missing = notFound("revisions", unknown)
		return nil
	})
	return found, missing, err
}

// newRevisions checks the revisions of a batch and returns each once.
func (c *Control) newRevisions(in []Revision) ([]deploy.Revision, error) {
	if len(in) == 0 {
		_, err := newRevision(nil)
		return nil, err
	}
	var out []deploy.Revision
	seen := map[string]bool{}
	for i := range in {
		r, err := newRevision(&in[i])
		if err != nil {
			return nil, err
		}
		if !seen[r.Key()] {
			seen[r.Key()] = true
			out = append(out, r)
		}
	}
	return out, checkBatch("revisions", len(in), c.quotas.RevisionsPerBatch)
}
