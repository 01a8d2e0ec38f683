package daemon

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/slipwayhq/slipway/internal/audit"
)

// TestObjectChangesAreAudited: every call that changes a bucket or an object
// is one record, also one that is refused; what only reads, and the parts of
// an upload, are none; and no record holds what was put.
func TestObjectChangesAreAudited(t *testing.T) {
	t.Parallel()
	d := start(t, Config{Data: t.TempDir()})
	defer stop(t, d)
	ctx := t.Context()
	newClient := func(id, secret string) *s3.Client {
		return s3.NewFromConfig(awsConfig(d, id, secret), func(o *s3.Options) { o.UsePathStyle = true })
	}
	root := newClient(d.Root.ID, string(d.Root.Secret))
	bucket, key := aws.String("shop"), aws.String("a/b.zip")
	const content = "what is in the bundle"

	_, err := root.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: bucket})
	check(t, err)
	_, err = root.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: key, Body: strings.NewReader(content)})
	check(t, err)
	_, err = root.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: key})
	check(t, err)
	_, err = root.CopyObject(ctx, &s3.CopyObjectInput{Bucket: bucket, Key: aws.String("copy"), CopySource: aws.String("shop/a/b.zip")})
	check(t, err)
	upload, err := root.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: bucket, Key: aws.String("large")})
	check(t, err)
	part, err := root.UploadPart(ctx, &s3.UploadPartInput{
		Bucket: bucket, Key: aws.String("large"), UploadId: upload.UploadId, PartNumber: aws.Int32(1), Body: bytes.NewReader([]byte(content)),
	})
	check(t, err)
	_, err = root.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: bucket, Key: aws.String("large"), UploadId: upload.UploadId,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{PartNumber: aws.Int32(1), ETag: part.ETag}}},
	})
	check(t, err)
	abandoned, err := root.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: bucket, Key: aws.String("large")})
	check(t, err)
	_, err = root.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: bucket, Key: aws.String("large"), UploadId: abandoned.UploadId})
	check(t, err)
	_, err = root.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: bucket})
	if err == nil {
		t.Error("a bucket with objects was deleted")
	}
	users := iam.NewFromConfig(awsConfig(d, d.Root.ID, string(d.Root.Secret)))
	_, err = users.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("stranger")})
	check(t, err)
	stranger, err := users.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("stranger")})
	check(t, err)
	_, err = newClient(*stranger.AccessKey.AccessKeyId, *stranger.AccessKey.SecretAccessKey).
		DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: bucket, Key: key})
	if err == nil {
		t.Error("a user without policies deleted an object")
	}
	_, err = root.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: bucket, Key: key})
	check(t, err)
	_, err = root.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: bucket, Delete: &types.Delete{
		Objects: []types.ObjectIdentifier{{Key: aws.String("copy")}, {Key: aws.String("large")}},
	}})
	check(t, err)
	_, err = root.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: bucket})
	check(t, err)
	kept := aws.String("kept")
	_, err = root.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: kept})
	check(t, err)
	_, err = root.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{
		Bucket: kept, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusSuspended},
	})
	check(t, err)
	// Whoever is not known leaves no record: anybody could fill the audit.
	resp, err := http.Post(d.URL+"/shop/x", "text/plain", strings.NewReader(content))
	check(t, err)
	resp.Body.Close()

	records, err := d.control.ListAudit(ctx, "000000000000", 0)
	check(t, err)
	var got []string
	for _, r := range records {
		if !strings.HasPrefix(r.Action, "s3:") {
			continue
		}
		got = append(got, fmt.Sprintf("%s %s %s %s", r.Principal, r.Action, strings.Join(r.Resources, ","), r.Outcome))
		checkRecord(t, r, content)
	}
	const by, on = "arn:aws:iam::000000000000:root s3:", " arn:aws:s3:::shop"
	want := []string{
		by + "CreateBucket" + on + " Success",
		by + "PutObject" + on + "/a/b.zip Success",
		by + "CopyObject" + on + "/copy Success",
		by + "CreateMultipartUpload" + on + "/large Success",
		by + "CompleteMultipartUpload" + on + "/large Success",
		by + "CreateMultipartUpload" + on + "/large Success",
		by + "AbortMultipartUpload" + on + "/large Success",
		by + "DeleteBucket" + on + " BucketNotEmpty",
		"arn:aws:iam::000000000000:user/stranger s3:DeleteObject" + on + "/a/b.zip AccessDenied",
		by + "DeleteObject" + on + "/a/b.zip Success",
		by + "DeleteObjects" + on + "/copy,arn:aws:s3:::shop/large Success",
		by + "DeleteBucket" + on + " Success",
		by + "CreateBucket arn:aws:s3:::kept Success",
		by + "PutBucketVersioning arn:aws:s3:::kept Success",
	}
	if !slices.Equal(got, want) {
		t.Errorf("the records are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// checkRecord checks what all records have, and what none may have.
func checkRecord(t *testing.T, r audit.Record, content string) {
	t.Helper()
	if r.SourceIP != "127.0.0.1" || r.RequestID == "" || r.UserAgent == "" || r.Region != "eu-west-1" || r.At.IsZero() {
		t.Errorf("the record of %s is incomplete: %+v", r.Action, r)
	}
	if strings.Contains(fmt.Sprintf("%+v %s", r, r.Parameters), content) {
		t.Errorf("the record of %s holds what was put: %+v", r.Action, r)
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
