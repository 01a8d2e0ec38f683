// Package artifact reads revisions that the server itself has to know: the
// AppSpec files of Lambda and ECS deployments. (Bundles for servers are
// fetched by the hosts.)
package artifact

import (
	"context"
	"errors"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// Source reads objects.
type Source interface {
	// Read returns an object of at most limit bytes: the newest version, if
	// the location names none.
	Read(ctx context.Context, ns deploy.Namespace, at deploy.S3Location, limit int64) ([]byte, error)
}

// What a source fails with. Everything else may pass, and is tried again.
var (
	ErrNotFound = errors.New("there is no such object")
	ErrChanged  = errors.New("the object has another ETag")
	ErrTooLarge = errors.New("the object is too large")
	ErrDenied   = errors.New("reading the object is not allowed")
)
