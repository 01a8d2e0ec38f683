package daemon

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/slipwayhq/slipway/internal/api"
	"github.com/slipwayhq/slipway/internal/audit"
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

// objectOptions are the object store's. What its handler needs of d is there
// before it serves.
func (d *Daemon) objectOptions(c Config) objectstore.Options {
	return objectstore.Options{
		Region:    c.Region,
		Published: publish(d.installer),
		Audit: auditObjects(c.Account, func(ctx context.Context, r audit.Record) error {
			return d.control.SaveAudit(ctx, r)
		}),
	}
}

// auditObjects returns what keeps a record of each change of an object. The
// object store has an index of its own, so the record can be in no transaction
// of the change: it is stored after it, and before the answer.
func auditObjects(account string, save func(context.Context, audit.Record) error) func(context.Context, objectstore.Change) error {
	return func(ctx context.Context, c objectstore.Change) error {
		now := time.Now()
		record := audit.Record{
			At: now, RequestID: c.RequestID, Account: account, Region: c.Region,
			SourceIP: api.Environment(c.Request, now).SourceIP, UserAgent: c.Request.UserAgent(),
			Action: "s3:" + c.Operation, Resources: c.Resources, Outcome: cmp.Or(c.Code, audit.Success), Message: c.Message,
		}
		if p, ok := c.Principal.(iam.Principal); ok {
			record.Principal, record.Account = p.ARN, p.AccountID
		}
		if len(c.Details) > 0 {
			text, err := json.Marshal(c.Details)
			if err != nil {
				return err
			}
			record.Parameters = text
		}
		// Whether the caller still waits is no matter: the change is made.
		return save(context.WithoutCancel(ctx), record)
	}
}
