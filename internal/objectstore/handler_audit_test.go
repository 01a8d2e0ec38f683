package objectstore_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/slipwayhq/slipway/internal/objectstore"
)

// TestAnswersWaitForTheAudit: the audit is told when the change is made and
// the client does not know yet; when it fails, the client hears of a failure.
func TestAnswersWaitForTheAudit(t *testing.T) {
	t.Parallel()
	var store *objectstore.Store
	var full error
	var told []string
	store = openStore(t, t.TempDir(), objectstore.Options{Audit: func(ctx context.Context, c objectstore.Change) error {
		if c.Operation == "PutObject" {
			_, err := store.Head(ctx, "shop", strings.TrimPrefix(c.Resources[0], "arn:aws:s3:::shop/"), "")
			must(t, err)
		}
		told = append(told, c.Operation+" "+c.Code)
		return full
	}})
	must(t, store.CreateBucket(t.Context(), "shop"))
	server := httptest.NewServer(store.Handler(callers{}, nil))
	t.Cleanup(server.Close)
	client := rootClient(server)
	put(t, client, "k", "1")

	full = errors.New("no space left on device")
	_, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("shop"), Key: aws.String("l"), Body: strings.NewReader("2")})
	wantCode(t, err, "InternalError")
	_, err = client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("shop")})
	wantCode(t, err, "InternalError")
	text, _ := get(t, client, &s3.GetObjectInput{Key: aws.String("l")})
	equal(t, "the content that was put", text, "2")
	equal(t, "what the audit was told", strings.Join(told, ", "), "PutObject , PutObject , CreateBucket BucketAlreadyOwnedByYou")
}

// TestALongListIsNamedInPart: a record stays small, however much is deleted.
func TestALongListIsNamedInPart(t *testing.T) {
	t.Parallel()
	var change objectstore.Change
	store := openStore(t, t.TempDir(), objectstore.Options{Audit: func(_ context.Context, c objectstore.Change) error {
		change = c
		return nil
	}})
	must(t, store.CreateBucket(t.Context(), "shop"))
	server := httptest.NewServer(store.Handler(callers{}, nil))
	t.Cleanup(server.Close)
	deleteMany(t, rootClient(server), 500)
	equal(t, "the number of resources", len(change.Resources), 101)
	equal(t, "the last resource", change.Resources[100], "arn:aws:s3:::shop/*")
}

// deleteMany deletes n objects of one list.
func deleteMany(t *testing.T, client *s3.Client, n int) {
	t.Helper()
	var list types.Delete
	for i := range n {
		list.Objects = append(list.Objects, types.ObjectIdentifier{Key: aws.String("k" + strconv.Itoa(i))})
	}
	got(client.DeleteObjects(t.Context(), &s3.DeleteObjectsInput{Bucket: aws.String("shop"), Delete: &list}))(t)
}
