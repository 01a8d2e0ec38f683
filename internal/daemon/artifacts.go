package daemon

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"strings"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/objectstore"
	"github.com/slipwayhq/slipway/internal/provider/artifact"
)

// objects reads revisions from the embedded object store.
type objects struct{ store *objectstore.Store }

// Read is as in artifact.Source.
func (o objects) Read(ctx context.Context, _ deploy.Namespace, at deploy.S3Location, limit int64) ([]byte, error) {
	object, file, err := o.store.Get(ctx, at.Bucket, at.Key, at.Version)
	switch {
	case objectstore.IsCode(err, "NoSuchKey"), objectstore.IsCode(err, "NoSuchBucket"), objectstore.IsCode(err, "NoSuchVersion"):
		return nil, fmt.Errorf("%w: %w", artifact.ErrNotFound, err)
	case err != nil:
		return nil, err
	}
	defer file.Close()
	if want := strings.Trim(at.ETag, `"`); want != "" && want != strings.Trim(object.ETag, `"`) {
		return nil, fmt.Errorf("%w: %s, and %s is wanted", artifact.ErrChanged, object.ETag, want)
	}
	text, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err == nil && int64(len(text)) > limit {
		err = fmt.Errorf("%w: it has more than %d bytes", artifact.ErrTooLarge, limit)
	}
	return text, err
}

// hookID makes the ids that hooks answer with: whoever has not been told one
// cannot make it.
func hookID(key []byte) func(deploymentID, event string) string {
	return func(deploymentID, event string) string {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(deploymentID + "\x00" + event))
		return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	}
}
