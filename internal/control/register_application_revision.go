package control

import (
	"context"
	"errors"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// RegisterApplicationRevision asks for a revision to be remembered.
type RegisterApplicationRevision struct {
	Application string
	Revision    *Revision
	Description *string // nil: none, or the one it has
}

// RegisterApplicationRevision records a revision without deploying it. Doing
// it again changes only the description.
func (c *Control) RegisterApplicationRevision(ctx context.Context, ns deploy.Namespace, in RegisterApplicationRevision) error {
	if err := checkApplicationName(in.Application); err != nil {
		return err
	}
	if in.Description != nil {
		if err := c.checkDescription(*in.Description); err != nil {
			return err
		}
	}
	revision, err := newRevision(in.Revision)
	if err != nil {
		return err
	}
	return c.update(ctx, func(tx *store.Tx) error {
		app, err := findApplication(tx, ns, in.Application)
		if err != nil {
			return err
		}
		if err := checkRevisionFits(app.Platform, revision); err != nil {
			return err
		}
		known, err := tx.Revision(app.ID, revision)
		if errors.Is(err, store.ErrNotFound) {
			if revision.Content != nil && revision.Content.Text == "" {
				return deploy.Errorf(invalidRevision, "The revision %s has no content and is not known by its hash", revision)
			}
			known = deploy.RegisteredRevision{Namespace: ns, ApplicationID: app.ID, Revision: revision, RegisteredAt: c.now()}
		} else if err != nil {
			return err
		}
		if in.Description != nil {
			known.Description = *in.Description
		}
		return tx.PutRevision(known)
	})
}
