package objectstore_test

import (
	"bytes"
	"crypto/md5"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

const partSize = 5 << 20

func startUpload(t *testing.T, c *s3.Client, algorithm types.ChecksumAlgorithm, kind types.ChecksumType) *string {
	t.Helper()
	return got(c.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{
		Bucket: aws.String("shop"), Key: aws.String("big"), ContentType: aws.String("application/gzip"),
		ChecksumAlgorithm: algorithm, ChecksumType: kind,
	}))(t).UploadId
}

func putPart(t *testing.T, c *s3.Client, id *string, number int32, content []byte, algorithm types.ChecksumAlgorithm) types.CompletedPart {
	t.Helper()
	out := got(c.UploadPart(t.Context(), &s3.UploadPartInput{
		Bucket: aws.String("shop"), Key: aws.String("big"), UploadId: id, PartNumber: &number, Body: bytes.NewReader(content), ChecksumAlgorithm: algorithm,
	}))(t)
	return types.CompletedPart{
		ETag: out.ETag, PartNumber: &number, ChecksumCRC32: out.ChecksumCRC32, ChecksumCRC32C: out.ChecksumCRC32C,
		ChecksumSHA256: out.ChecksumSHA256, ChecksumCRC64NVME: out.ChecksumCRC64NVME,
	}
}

func finish(t *testing.T, c *s3.Client, id *string, parts ...types.CompletedPart) (*s3.CompleteMultipartUploadOutput, error) {
	return c.CompleteMultipartUpload(t.Context(), &s3.CompleteMultipartUploadInput{
		Bucket: aws.String("shop"), Key: aws.String("big"), UploadId: id, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
	})
}

func TestMultipartUpload(t *testing.T) {
	t.Parallel()
	c := shop(t)
	content := pattern(partSize + 1000)
	for _, test := range []struct {
		algorithm types.ChecksumAlgorithm
		kind      types.ChecksumType
	}{
		{"", ""},
		{types.ChecksumAlgorithmCrc32, types.ChecksumTypeComposite},
		{types.ChecksumAlgorithmCrc32c, types.ChecksumTypeFullObject},
		{types.ChecksumAlgorithmSha256, ""},
		{types.ChecksumAlgorithmCrc64nvme, ""},
	} {
		id := startUpload(t, c, test.algorithm, test.kind)
		two := putPart(t, c, id, 7, content[partSize:], test.algorithm)
		putPart(t, c, id, 2, []byte("to be replaced"), test.algorithm)
		one := putPart(t, c, id, 2, content[:partSize], test.algorithm)
		out := got(finish(t, c, id, one, two))(t)
		again := got(finish(t, c, id, one, two))(t) // as if the answer had been lost
		equal(t, "ETag said again", *again.ETag, *out.ETag)
		a, b := md5.Sum(content[:partSize]), md5.Sum(content[partSize:])
		equal(t, "ETag", *out.ETag, fmt.Sprintf(`"%x-2"`, md5.Sum(append(a[:], b[:]...))))

		read, object := get(t, c, &s3.GetObjectInput{Key: aws.String("big"), ChecksumMode: types.ChecksumModeEnabled})
		sameBytes(t, []byte(read), content)
		equal(t, "type", *object.ContentType, "application/gzip")
		read, object = get(t, c, &s3.GetObjectInput{Key: aws.String("big"), PartNumber: aws.Int32(2)})
		sameBytes(t, []byte(read), content[partSize:])
		equal(t, "parts", aws.ToInt32(object.PartsCount), 2)
		read, _ = get(t, c, &s3.GetObjectInput{Key: aws.String("big"), Range: aws.String(fmt.Sprintf("bytes=%d-%d", partSize-10, partSize+9))})
		sameBytes(t, []byte(read), content[partSize-10:partSize+10])
	}
}

func TestMultipartRefusals(t *testing.T) {
	t.Parallel()
	c, ctx := shop(t), t.Context()
	id := startUpload(t, c, "", "")
	small, last := putPart(t, c, id, 1, []byte("small"), ""), putPart(t, c, id, 2, []byte("x"), "")
	wrong := types.CompletedPart{PartNumber: aws.Int32(1), ETag: last.ETag}
	missing := types.CompletedPart{PartNumber: aws.Int32(3), ETag: last.ETag}
	for code, parts := range map[string][]types.CompletedPart{
		"EntityTooSmall": {small, last}, "InvalidPartOrder": {last, small}, "InvalidPart": {wrong}, "MalformedXML": {},
	} {
		_, err := finish(t, c, id, parts...)
		wantCode(t, err, code)
	}
	_, err := finish(t, c, id, missing)
	wantCode(t, err, "InvalidPart")
	_, err = finish(t, c, aws.String("none"), last)
	wantCode(t, err, "NoSuchUpload")
	_, err = c.UploadPart(ctx, &s3.UploadPartInput{Bucket: aws.String("shop"), Key: aws.String("big"), UploadId: id, PartNumber: aws.Int32(10001), Body: strings.NewReader("x")})
	wantCode(t, err, "InvalidArgument")
	_, err = c.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{
		Bucket: aws.String("shop"), Key: aws.String("k"), ChecksumAlgorithm: types.ChecksumAlgorithmSha1, ChecksumType: types.ChecksumTypeFullObject,
	})
	wantCode(t, err, "InvalidRequest")
}

func TestListAndAbortUploads(t *testing.T) {
	t.Parallel()
	c, ctx := shop(t), t.Context()
	id := startUpload(t, c, "", "")
	startUpload(t, c, "", "")
	for n := range int32(5) {
		putPart(t, c, id, n+1, []byte("x"), "")
	}
	pages := s3.NewListPartsPaginator(c, &s3.ListPartsInput{Bucket: aws.String("shop"), Key: aws.String("big"), UploadId: id, MaxParts: aws.Int32(2)})
	parts := 0
	for pages.HasMorePages() {
		parts += len(got(pages.NextPage(ctx))(t).Parts)
	}
	equal(t, "parts", parts, 5)
	first := got(c.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: aws.String("shop"), MaxUploads: aws.Int32(1)}))(t)
	equal(t, "first page", len(first.Uploads), 1)
	second := got(c.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{
		Bucket: aws.String("shop"), KeyMarker: first.NextKeyMarker, UploadIdMarker: first.NextUploadIdMarker,
	}))(t)
	equal(t, "second page", len(second.Uploads), 1)
	equal(t, "different uploads", *first.Uploads[0].UploadId != *second.Uploads[0].UploadId, true)
	got(c.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: aws.String("shop"), Key: aws.String("big"), UploadId: id}))(t)
	_, err := c.ListParts(ctx, &s3.ListPartsInput{Bucket: aws.String("shop"), Key: aws.String("big"), UploadId: id})
	wantCode(t, err, "NoSuchUpload")
}

func TestCopyParts(t *testing.T) {
	t.Parallel()
	c := shop(t)
	content := pattern(partSize + 10)
	got(c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("shop"), Key: aws.String("from"), Body: bytes.NewReader(content)}))(t)
	id := startUpload(t, c, "", "")
	var parts []types.CompletedPart
	for n, r := range []string{fmt.Sprintf("bytes=0-%d", partSize-1), fmt.Sprintf("bytes=%d-%d", partSize, partSize+9)} {
		number := aws.Int32(int32(n) + 1)
		out := got(c.UploadPartCopy(t.Context(), &s3.UploadPartCopyInput{
			Bucket: aws.String("shop"), Key: aws.String("big"), UploadId: id, PartNumber: number, CopySource: aws.String("shop/from"), CopySourceRange: &r,
		}))(t)
		parts = append(parts, types.CompletedPart{ETag: out.CopyPartResult.ETag, PartNumber: number})
	}
	got(finish(t, c, id, parts...))(t)
	read, _ := get(t, c, &s3.GetObjectInput{Key: aws.String("big")})
	sameBytes(t, []byte(read), content)
	// A copy of it is of one piece, and has the ETag of one.
	out := got(c.CopyObject(t.Context(), &s3.CopyObjectInput{Bucket: aws.String("shop"), Key: aws.String("copy"), CopySource: aws.String("shop/big")}))(t)
	equal(t, "ETag of copy", *out.CopyObjectResult.ETag, fmt.Sprintf(`"%x"`, md5.Sum(content)))
}
