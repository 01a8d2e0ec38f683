package daemon

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/slipwayhq/slipway/internal/api"
	"github.com/slipwayhq/slipway/internal/iam"
	"github.com/slipwayhq/slipway/internal/objectstore"
)

// objectAccess gives the object store the same callers and policies as the
// other APIs.
type objectAccess struct {
	access *api.Access
	log    *slog.Logger
}

// environmentKey is the context's key for what conditions can ask of a
// request: the object store, which knows nothing of policies, passes it on.
type environmentKey struct{}

// withEnvironment stands before the object store.
func withEnvironment(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		env := api.Environment(r, time.Now())
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), environmentKey{}, env)))
	})
}

func (a objectAccess) Credential(ctx context.Context, accessKeyID, sessionToken string) (string, any, error) {
	principal, secret, err := a.access.Credential(ctx, accessKeyID, sessionToken, time.Now())
	switch {
	case errors.Is(err, iam.ErrNotFound):
		err = objectstore.ErrUnknownKey
	case errors.Is(err, iam.ErrInvalidToken):
		err = objectstore.ErrInvalidToken
	case errors.Is(err, iam.ErrExpiredToken):
		err = objectstore.ErrExpiredToken
	}
	return string(secret), principal, err
}

func (a objectAccess) Allow(ctx context.Context, principal any, action, resource string) error {
	env, _ := ctx.Value(environmentKey{}).(iam.Environment) // without one, conditions find nothing
	err := a.access.Check(ctx, principal.(iam.Principal), env, api.Permission{Action: action, Resource: resource})
	if message, refused := api.AccessDenied(err); refused {
		return errors.New(message)
	}
	if err != nil {
		a.log.ErrorContext(ctx, "cannot decide about an object", "error", err)
		return errors.New("Access Denied") // what broke is not for callers
	}
	return nil
}
