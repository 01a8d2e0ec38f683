package objectstore_test

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"io"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"

	"github.com/slipwayhq/slipway/internal/objectstore"
)

func TestObjectRoundTrip(t *testing.T) {
	t.Parallel()
	c := shop(t)
	sum := md5.Sum([]byte("hello"))
	for _, key := range []string{"a", "a b/ü+=&?#%25~.txt", "//x//", "../../etc/passwd", "trailing/", ".", "日本/語", "a\x01b"} {
		out := put(t, c, key, "hello")
		equal(t, "ETag", *out.ETag, `"`+hex.EncodeToString(sum[:])+`"`)
		content, _ := get(t, c, &s3.GetObjectInput{Key: &key})
		equal(t, key, content, "hello")
	}
	list := got(c.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String("shop"), EncodingType: types.EncodingTypeUrl}))(t)
	equal(t, "objects", len(list.Contents), 8)
}

func TestHeadersAreKept(t *testing.T) {
	t.Parallel()
	c := shop(t)
	got(c.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: aws.String("shop"), Key: aws.String("k"), Body: strings.NewReader("x"),
		ContentType: aws.String("text/plain"), CacheControl: aws.String("no-store"), ContentLanguage: aws.String("en"),
		ContentDisposition: aws.String("inline"), ContentEncoding: aws.String("identity"),
		Metadata: map[string]string{"colour": "deep  blue", "n": "1"},
	}))(t)
	_, out := get(t, c, &s3.GetObjectInput{Key: aws.String("k")})
	equal(t, "Content-Type", aws.ToString(out.ContentType), "text/plain")
	equal(t, "Cache-Control", aws.ToString(out.CacheControl), "no-store")
	equal(t, "Content-Language", aws.ToString(out.ContentLanguage), "en")
	equal(t, "Content-Encoding", aws.ToString(out.ContentEncoding), "identity")
	if d := cmp.Diff(map[string]string{"colour": "deep  blue", "n": "1"}, out.Metadata); d != "" {
		t.Error(d)
	}
	_, out = get(t, c, &s3.GetObjectInput{Key: aws.String("k"), ResponseContentType: aws.String("text/html"), ResponseExpires: aws.Time(time.Unix(0, 0))})
	equal(t, "overridden Content-Type", aws.ToString(out.ContentType), "text/html")
	put(t, c, "plain", "x")
	head := got(c.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String("shop"), Key: aws.String("plain")}))(t)
	equal(t, "length", aws.ToInt64(head.ContentLength), 1)
	_, err := c.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: aws.String("shop"), Key: aws.String("k"), Body: strings.NewReader("x"), Metadata: map[string]string{"big": strings.Repeat("x", 3000)},
	})
	wantCode(t, err, "MetadataTooLarge")
	_, err = c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("shop"), Key: aws.String("k"), Body: strings.NewReader("x"), Tagging: aws.String("a=b")})
	wantCode(t, err, "NotImplemented")
	_, err = c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("shop"), Key: aws.String("k"), Body: strings.NewReader("x"), ACL: types.ObjectCannedACLPublicRead})
	wantCode(t, err, "AccessControlListNotSupported")
}

func TestRanges(t *testing.T) {
	t.Parallel()
	c := shop(t)
	put(t, c, "k", "0123456789")
	for header, want := range map[string]string{
		"bytes=0-3": "0123", "bytes=8-": "89", "bytes=-3": "789", "bytes=5-500": "56789", "bytes=-500": "0123456789",
	} {
		content, out := get(t, c, &s3.GetObjectInput{Key: aws.String("k"), Range: &header})
		equal(t, header, content, want)
		equal(t, header+" Content-Range set", out.ContentRange != nil, true)
	}
	for _, header := range []string{"bytes=0-1,4-5", "lines=1-2", "bytes=x", "bytes=5-2"} {
		content, out := get(t, c, &s3.GetObjectInput{Key: aws.String("k"), Range: &header})
		equal(t, header, content, "0123456789")
		equal(t, header+" Content-Range", aws.ToString(out.ContentRange), "")
	}
	for _, header := range []string{"bytes=10-", "bytes=-0"} {
		_, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("shop"), Key: aws.String("k"), Range: &header})
		wantCode(t, err, "InvalidRange")
	}
}

func TestConditionalReads(t *testing.T) {
	t.Parallel()
	c := shop(t)
	etag := put(t, c, "k", "x").ETag
	past, future := aws.Time(time.Now().Add(-time.Hour)), aws.Time(time.Now().Add(time.Hour))
	for name, test := range map[string]struct {
		in   s3.GetObjectInput
		code string
	}{
		"match":                 {s3.GetObjectInput{IfMatch: etag}, ""},
		"no match":              {s3.GetObjectInput{IfMatch: aws.String(`"other"`)}, "PreconditionFailed"},
		"none match":            {s3.GetObjectInput{IfNoneMatch: etag}, "NotModified"},
		"none match other":      {s3.GetObjectInput{IfNoneMatch: aws.String(`"other"`)}, ""},
		"modified":              {s3.GetObjectInput{IfModifiedSince: past}, ""},
		"not modified":          {s3.GetObjectInput{IfModifiedSince: future}, "NotModified"},
		"unmodified":            {s3.GetObjectInput{IfUnmodifiedSince: future}, ""},
		"not unmodified":        {s3.GetObjectInput{IfUnmodifiedSince: past}, "PreconditionFailed"},
		"match beats the date":  {s3.GetObjectInput{IfMatch: etag, IfUnmodifiedSince: past}, ""},
		"none match beats date": {s3.GetObjectInput{IfNoneMatch: aws.String(`"o"`), IfModifiedSince: future}, ""},
	} {
		test.in.Bucket, test.in.Key = aws.String("shop"), aws.String("k")
		out, err := c.GetObject(t.Context(), &test.in)
		if err == nil {
			_ = out.Body.Close()
		}
		if test.code == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if test.code == "NotModified" {
			equal(t, name, err != nil && strings.Contains(err.Error(), "StatusCode: 304"), true)
			continue
		}
		wantCode(t, err, test.code)
	}
}

func TestConditionalPuts(t *testing.T) {
	t.Parallel()
	c := shop(t)
	write := func(key string, ifMatch, ifNone *string) error {
		_, err := c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("shop"), Key: &key, Body: strings.NewReader("x"), IfMatch: ifMatch, IfNoneMatch: ifNone})
		return err
	}
	must(t, write("k", nil, aws.String("*")))
	wantCode(t, write("k", nil, aws.String("*")), "PreconditionFailed")
	etag := put(t, c, "k", "y").ETag
	must(t, write("k", etag, nil))
	wantCode(t, write("k", etag, nil), "PreconditionFailed")
	wantCode(t, write("absent", etag, nil), "NoSuchKey")
	wantCode(t, write("k", nil, etag), "NotImplemented")
}

func TestChecksums(t *testing.T) {
	t.Parallel()
	c := shop(t)
	for _, algorithm := range types.ChecksumAlgorithm("").Values() {
		if strings.HasPrefix(string(algorithm), "XXHASH") || algorithm == "SHA512" || algorithm == "MD5" {
			continue // newer than what the store knows
		}
		key := string(algorithm)
		got(c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("shop"), Key: &key, Body: strings.NewReader("hello"), ChecksumAlgorithm: algorithm}))(t)
		// The SDK verifies what comes back, and fails the read if it is wrong.
		content, out := get(t, c, &s3.GetObjectInput{Key: &key, ChecksumMode: types.ChecksumModeEnabled})
		equal(t, key, content, "hello")
		sums := []*string{out.ChecksumCRC32, out.ChecksumCRC32C, out.ChecksumCRC64NVME, out.ChecksumSHA1, out.ChecksumSHA256}
		present := 0
		for _, s := range sums {
			if s != nil {
				present++
			}
		}
		equal(t, key+" checksums returned", present, 1)
		equal(t, key+" type", out.ChecksumType, types.ChecksumTypeFullObject)
	}
	_, err := c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("shop"), Key: aws.String("k"), Body: strings.NewReader("hello"), ChecksumCRC32: aws.String("AAAAAA==")})
	wantCode(t, err, "BadDigest")
	_, err = c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("shop"), Key: aws.String("k"), Body: strings.NewReader("hello"), ContentMD5: aws.String("AAAAAAAAAAAAAAAAAAAAAA==")})
	wantCode(t, err, "BadDigest")
	_, err = c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("shop"), Key: aws.String("k"), Body: strings.NewReader("hello"), ContentMD5: aws.String("nonsense")})
	wantCode(t, err, "InvalidDigest")
	_, err = c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("shop"), Key: aws.String("k")})
	wantCode(t, err, "NoSuchKey")
}

func TestCopy(t *testing.T) {
	t.Parallel()
	c := versioned(t)
	first := got(c.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: aws.String("shop"), Key: aws.String("from a/ü"), Body: strings.NewReader("one"), Metadata: map[string]string{"m": "1"},
	}))(t)
	put(t, c, "from a/ü", "two")
	source := "shop/" + url.PathEscape("from a/ü")
	got(c.CopyObject(t.Context(), &s3.CopyObjectInput{Bucket: aws.String("shop"), Key: aws.String("to"), CopySource: &source}))(t)
	content, _ := get(t, c, &s3.GetObjectInput{Key: aws.String("to")})
	equal(t, "copy of latest", content, "two")
	out := got(c.CopyObject(t.Context(), &s3.CopyObjectInput{
		Bucket: aws.String("shop"), Key: aws.String("to"), CopySource: aws.String(source + "?versionId=" + *first.VersionId),
	}))(t)
	equal(t, "ETag of copy", *out.CopyObjectResult.ETag, *first.ETag)
	content, object := get(t, c, &s3.GetObjectInput{Key: aws.String("to")})
	equal(t, "copy of version", content, "one")
	equal(t, "metadata", object.Metadata["m"], "1")
	got(c.CopyObject(t.Context(), &s3.CopyObjectInput{
		Bucket: aws.String("shop"), Key: aws.String("to"), CopySource: aws.String("shop/to"),
		MetadataDirective: types.MetadataDirectiveReplace, Metadata: map[string]string{"m": "2"}, ChecksumAlgorithm: types.ChecksumAlgorithmSha256,
	}))(t)
	content, object = get(t, c, &s3.GetObjectInput{Key: aws.String("to"), ChecksumMode: types.ChecksumModeEnabled})
	equal(t, "copy onto itself", content+object.Metadata["m"], "one2")
	equal(t, "new checksum", object.ChecksumSHA256 != nil, true)
	for source, code := range map[string]string{"shop/to": "InvalidRequest", "shop/none": "NoSuchKey", "none/to": "NoSuchBucket", "shop": "InvalidArgument"} {
		_, err := c.CopyObject(t.Context(), &s3.CopyObjectInput{Bucket: aws.String("shop"), Key: aws.String("to"), CopySource: &source})
		wantCode(t, err, code)
	}
	_, err := c.CopyObject(t.Context(), &s3.CopyObjectInput{
		Bucket: aws.String("shop"), Key: aws.String("x"), CopySource: aws.String("shop/to"), CopySourceIfMatch: aws.String("other"),
	})
	wantCode(t, err, "PreconditionFailed")
}

func TestSizeLimit(t *testing.T) {
	t.Parallel()
	store, server := serve(t, objectstore.Options{MaxObjectSize: 10})
	must(t, store.CreateBucket(t.Context(), "shop"))
	c := rootClient(server)
	put(t, c, "k", "0123456789")
	_, err := c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("shop"), Key: aws.String("k"), Body: strings.NewReader("0123456789a")})
	wantCode(t, err, "EntityTooLarge")
	_, err = store.PutObject(t.Context(), "shop", "k", strings.NewReader("0123456789a"))
	equal(t, "in process", objectstore.IsCode(err, "EntityTooLarge"), true)
	content, _ := get(t, c, &s3.GetObjectInput{Key: aws.String("k")})
	equal(t, "what was there", content, "0123456789")
	_, err = c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("shop"), Key: aws.String(strings.Repeat("k", 1025)), Body: strings.NewReader("")})
	wantCode(t, err, "KeyTooLongError")
}

func TestInProcess(t *testing.T) {
	t.Parallel()
	store := openStore(t, t.TempDir(), objectstore.Options{})
	must(t, store.CreateBucket(t.Context(), "shop"))
	content := pattern(100_000)
	o := got(store.PutObject(t.Context(), "shop", "k", bytes.NewReader(content)))(t)
	equal(t, "size", o.Size, 100_000)
	found, f, err := store.Get(t.Context(), "shop", "k", "")
	must(t, err)
	defer f.Close()
	equal(t, "ETag", found.ETag, o.ETag)
	sameBytes(t, got(io.ReadAll(f))(t), content)
	if _, err := store.Head(t.Context(), "shop", "none", ""); !objectstore.IsCode(err, "NoSuchKey") {
		t.Error(err)
	}
	if _, err := store.PutObject(t.Context(), "none", "k", strings.NewReader("")); !objectstore.IsCode(err, "NoSuchBucket") {
		t.Error(err)
	}
}

func TestSmallMercies(t *testing.T) {
	t.Parallel()
	c, ctx := shop(t), t.Context()
	put(t, c, "k", "hello")
	tags := got(c.GetObjectTagging(ctx, &s3.GetObjectTaggingInput{Bucket: aws.String("shop"), Key: aws.String("k")}))(t)
	equal(t, "tags", len(tags.TagSet), 0)
	content, _ := get(t, c, &s3.GetObjectInput{Key: aws.String("k"), PartNumber: aws.Int32(1)})
	equal(t, "the only part", content, "hello")
	_, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("shop"), Key: aws.String("k"), PartNumber: aws.Int32(2)})
	wantCode(t, err, "InvalidPartNumber")
	_, err = c.HeadObject(ctx, &s3.HeadObjectInput{Bucket: aws.String("shop"), Key: aws.String("none")})
	wantCode(t, err, "NotFound")
	_, err = c.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: aws.String("none-such")})
	wantCode(t, err, "NoSuchBucket")
	_, err = c.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: aws.String("shop"), ContinuationToken: aws.String("%")})
	wantCode(t, err, "InvalidArgument")
	_, err = c.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: aws.String("shop"), MaxKeys: aws.Int32(-1)})
	wantCode(t, err, "InvalidArgument")
	none := got(c.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: aws.String("shop"), MaxKeys: aws.Int32(0)}))(t)
	equal(t, "a page of none", len(none.Contents) == 0 && !*none.IsTruncated, true)
	_, err = c.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("none-such"), Key: aws.String("k"), Body: strings.NewReader("x")})
	wantCode(t, err, "NoSuchBucket")
	_, err = c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: aws.String("none-such"), Key: aws.String("k")})
	wantCode(t, err, "NoSuchBucket")
	got(c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: aws.String("shop"), Key: aws.String("never was")}))(t)
}
