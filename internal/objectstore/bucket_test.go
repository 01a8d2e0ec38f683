package objectstore_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/slipwayhq/slipway/internal/objectstore"
)

func TestBuckets(t *testing.T) {
	t.Parallel()
	_, server := serve(t, objectstore.Options{})
	c, ctx := rootClient(server), t.Context()
	name := aws.String("my.bucket-1")
	got(c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: name}))(t)
	_, err := c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: name})
	wantCode(t, err, "BucketAlreadyOwnedByYou")
	got(c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("other"), CreateBucketConfiguration: &types.CreateBucketConfiguration{
		LocationConstraint: types.BucketLocationConstraintEuWest1,
	}}))(t)
	head := got(c.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: name}))(t)
	equal(t, "region", aws.ToString(head.BucketRegion), "us-east-1")
	location := got(c.GetBucketLocation(ctx, &s3.GetBucketLocationInput{Bucket: aws.String("other")}))(t)
	equal(t, "location", location.LocationConstraint, "eu-west-1")
	location = got(c.GetBucketLocation(ctx, &s3.GetBucketLocationInput{Bucket: name}))(t)
	equal(t, "location of us-east-1", location.LocationConstraint, "")
	list := got(c.ListBuckets(ctx, &s3.ListBucketsInput{MaxBuckets: aws.Int32(1)}))(t)
	equal(t, "first bucket", aws.ToString(list.Buckets[0].Name), "my.bucket-1")
	list = got(c.ListBuckets(ctx, &s3.ListBucketsInput{ContinuationToken: list.ContinuationToken}))(t)
	equal(t, "second bucket", aws.ToString(list.Buckets[0].Name), "other")
	equal(t, "end", list.ContinuationToken == nil, true)

	got(c.PutObject(ctx, &s3.PutObjectInput{Bucket: name, Key: aws.String("k")}))(t)
	_, err = c.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: name})
	wantCode(t, err, "BucketNotEmpty")
	got(c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: name, Key: aws.String("k")}))(t)
	got(c.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: name, Key: aws.String("k")}))(t)
	got(c.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: name}))(t)
	_, err = c.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: name})
	wantCode(t, err, "NoSuchBucket")
	_, err = c.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: name})
	wantCode(t, err, "NotFound")
	_, err = c.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: aws.String("other")})
	wantCode(t, err, "NotImplemented")
}

func TestBucketNames(t *testing.T) {
	t.Parallel()
	store := openStore(t, t.TempDir(), objectstore.Options{})
	for _, name := range []string{"abc", "a-b", "a.b.c", "0ab", "codedeploy-bundles-2026"} {
		must(t, store.CreateBucket(t.Context(), name))
	}
	for _, name := range []string{"", "ab", "Abc", "a_b", "-ab", "ab-", "a..b", "10.0.0.1", "xn--abc", "a/b", "../x", fmt.Sprintf("%064d", 1)} {
		if err := store.CreateBucket(t.Context(), name); !objectstore.IsCode(err, "InvalidBucketName") {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestVersioning(t *testing.T) {
	t.Parallel()
	c, ctx := shop(t), t.Context()
	bucket, key := aws.String("shop"), aws.String("k")
	state := got(c.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: bucket}))(t)
	equal(t, "state", state.Status, "")
	equal(t, "version without versioning", put(t, c, "k", "null").VersionId == nil, true)
	setVersioning(t, c, types.BucketVersioningStatusEnabled)
	one, two := put(t, c, "k", "one").VersionId, put(t, c, "k", "two").VersionId

	content, _ := get(t, c, &s3.GetObjectInput{Key: key})
	equal(t, "latest", content, "two")
	content, out := get(t, c, &s3.GetObjectInput{Key: key, VersionId: one})
	equal(t, "first", content+*out.VersionId, "one"+*one)
	content, _ = get(t, c, &s3.GetObjectInput{Key: key, VersionId: aws.String("null")})
	equal(t, "null", content, "null")
	_, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: key, VersionId: aws.String("none")})
	wantCode(t, err, "NoSuchVersion")

	deleted := got(c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: bucket, Key: key}))(t)
	equal(t, "marker", aws.ToBool(deleted.DeleteMarker), true)
	_, err = c.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: key})
	wantCode(t, err, "NoSuchKey")
	_, err = c.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: key, VersionId: deleted.VersionId})
	wantCode(t, err, "MethodNotAllowed")
	list := got(c.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: bucket}))(t)
	equal(t, "objects", len(list.Contents), 0)
	versions := got(c.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: bucket}))(t)
	equal(t, "versions", len(versions.Versions), 3)
	equal(t, "markers", len(versions.DeleteMarkers), 1)
	equal(t, "latest is the marker", *versions.DeleteMarkers[0].IsLatest && !*versions.Versions[0].IsLatest, true)

	// Without the marker the object is back, without its latest version an older one is.
	got(c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: bucket, Key: key, VersionId: deleted.VersionId}))(t)
	content, _ = get(t, c, &s3.GetObjectInput{Key: key})
	equal(t, "undeleted", content, "two")
	got(c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: bucket, Key: key, VersionId: two}))(t)
	content, _ = get(t, c, &s3.GetObjectInput{Key: key})
	equal(t, "older", content, "one")

	setVersioning(t, c, types.BucketVersioningStatusSuspended)
	put(t, c, "k", "null 2")
	put(t, c, "k", "null 3")
	versions = got(c.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: bucket}))(t)
	equal(t, "versions when suspended", len(versions.Versions), 2)
	got(c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: bucket, Key: key}))(t)
	versions = got(c.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: bucket}))(t)
	equal(t, "after delete when suspended", fmt.Sprint(len(versions.Versions), len(versions.DeleteMarkers)), "1 1")
	equal(t, "marker's version", aws.ToString(versions.DeleteMarkers[0].VersionId), "null")
}

func setVersioning(t *testing.T, c *s3.Client, status types.BucketVersioningStatus) {
	t.Helper()
	got(c.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{
		Bucket: aws.String("shop"), VersioningConfiguration: &types.VersioningConfiguration{Status: status},
	}))(t)
}
