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
