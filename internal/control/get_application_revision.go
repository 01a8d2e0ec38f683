package control

import (
	"context"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// RevisionInfo is a registered revision with the names of the groups whose
// target revision it is.
type RevisionInfo struct {
	deploy.RegisteredRevision
	Groups []string
}

// GetApplicationRevision returns a revision that was registered or deployed.
func (c *Control) GetApplicationRevision(ctx context.Context, ns deploy.Namespace, application string, in *Revision) (RevisionInfo, error) {
	if err := checkApplicationName(application); err != nil {
		return RevisionInfo{}, err
	}
	revision, err := newRevision(in)
	if err != nil {
		return RevisionInfo{}, err
	}
	return view(ctx, c, func(tx *store.Tx) (info RevisionInfo, err error) {
		app, err := findApplication(tx, ns, application)
		if err != nil {
			return info, err
		}
		if info.RegisteredRevision, err = findRevision(tx, app, revision); err != nil {
			return info, err
		}
		info.Groups, err = tx.GroupsAt(app.ID, revision)
		return info, err
	})
}

// KnowsRevision reports whether an application has a revision: to deploy one
// that it has not takes another permission. What is wrong with the request is
// left to the operation to say.
func (c *Control) KnowsRevision(ctx context.Context, ns deploy.Namespace, application string, in *Revision) (bool, error) {
	revision, err := newRevision(in)
	if err != nil {
		return false, nil
	}
	return view(ctx, c, func(tx *store.Tx) (bool, error) {
		app, err := orNil(tx.Application(ns, application))
		if err != nil || app == nil {
			return false, err
		}
		known, err := orNil(tx.Revision(app.ID, revision))
		return known != nil && err == nil, err
	})
}
