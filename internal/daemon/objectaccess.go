package daemon

import (
	"context"
	"errors"
	"fmt"

	"github.com/slipwayhq/slipway/internal/api"
	"github.com/slipwayhq/slipway/internal/iam"
	"github.com/slipwayhq/slipway/internal/objectstore"
)

// objectAccess gives the object store the same callers and policies as the
// other APIs.
type objectAccess struct{ access *api.Access }

func (a objectAccess) Credential(ctx context.Context, accessKeyID, sessionToken string) (string, any, error) {
	if sessionToken != "" {
		return "", nil, objectstore.ErrInvalidToken // no session is ever given out
	}
	principal, secret, err := a.access.Credential(ctx, accessKeyID)
	if errors.Is(err, iam.ErrNotFound) {
		return "", nil, objectstore.ErrUnknownKey
	}
	return string(secret), principal, err
}

func (a objectAccess) Allow(ctx context.Context, principal any, action, resource string) error {
	p := principal.(iam.Principal)
	decision, err := a.access.Decide(ctx, p, action, resource)
	if err != nil {
		return err
	}
	if decision != iam.Allowed {
		return fmt.Errorf("User: %s is not authorized to perform: %s on resource: %s", p.ARN, action, resource)
	}
	return nil
}
