package objectstore_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/slipwayhq/slipway/internal/objectstore"
)

// TestListingMatchesModel compares every page of version 1 and 2 with what a
// plain loop over the sorted keys says.
func TestListingMatchesModel(t *testing.T) {
	t.Parallel()
	store, server := serve(t, objectstore.Options{})
	must(t, store.CreateBucket(t.Context(), "shop"))
	c := rootClient(server)
	keys := []string{"a", "a/", "a/1", "a/2", "a/b/1", "a0", "b//c", "b/c/d", "c", "d--e--f", "d--g", "z/\U0010ffff", "ü/1", "ü/2"}
	for _, k := range keys {
		got(store.PutObject(t.Context(), "shop", k, strings.NewReader(k)))(t)
	}
	slices.Sort(keys)
	rapid.Check(t, func(rt *rapid.T) {
		prefix := rapid.SampledFrom([]string{"", "a", "a/", "b/", "ü", "none", "d--"}).Draw(rt, "prefix")
		delimiter := rapid.SampledFrom([]string{"", "/", "--", "0"}).Draw(rt, "delimiter")
		after := rapid.SampledFrom(append([]string{"", "a/3", "zz"}, keys...)).Draw(rt, "after")
		size := rapid.Int32Range(1, 6).Draw(rt, "page")
		want := model(keys, prefix, delimiter, after)
		var listed []string
		pages := s3.NewListObjectsV2Paginator(c, &s3.ListObjectsV2Input{
			Bucket: aws.String("shop"), Prefix: &prefix, Delimiter: &delimiter, StartAfter: &after, MaxKeys: &size,
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(t.Context())
			if err != nil {
				rt.Fatal(err)
			}
			if n := len(page.Contents) + len(page.CommonPrefixes); n > int(size) || n != int(*page.KeyCount) {
				rt.Fatalf("page of %d, said %d, wanted at most %d", n, *page.KeyCount, size)
			}
			listed = append(listed, names(page.Contents, page.CommonPrefixes)...)
		}
		if d := cmp.Diff(want, listed); d != "" {
			rt.Fatalf("version 2: %s", d)
		}
		if after != "" {
			return // as a marker a group means what follows the group
		}
		listed = nil
		in := &s3.ListObjectsInput{Bucket: aws.String("shop"), Prefix: &prefix, Delimiter: &delimiter, MaxKeys: &size}
		for {
			page, err := c.ListObjects(t.Context(), in)
			if err != nil {
				rt.Fatal(err)
			}
			listed = append(listed, names(page.Contents, page.CommonPrefixes)...)
			if !*page.IsTruncated {
				break
			}
			in.Marker = page.NextMarker
		}
		if d := cmp.Diff(want, listed); d != "" {
			rt.Fatalf("version 1: %s", d)
		}
	})
}

func names(objects []types.Object, groups []types.CommonPrefix) []string {
	var all []string
	for _, o := range objects {
		all = append(all, *o.Key)
	}
	for _, g := range groups {
		all = append(all, *g.Prefix)
	}
	slices.Sort(all)
	return all
}

func model(keys []string, prefix, delimiter, after string) (want []string) {
	for _, k := range keys {
		if !strings.HasPrefix(k, prefix) || k <= after {
			continue
		}
		if delimiter != "" {
			if head, _, ok := strings.Cut(k[len(prefix):], delimiter); ok {
				k = prefix + head + delimiter
			}
		}
		if !slices.Contains(want, k) {
			want = append(want, k)
		}
	}
	return want
}

// TestDeleteVersionsPageByPage does what "aws s3 rb --force" and boto do: the
// marker of the next page is a version that is gone by then.
func TestDeleteVersionsPageByPage(t *testing.T) {
	t.Parallel()
	c, ctx := versioned(t), t.Context()
	for i := range 12 {
		put(t, c, fmt.Sprintf("k%d", i%3), "x")
	}
	got(c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: aws.String("shop"), Key: aws.String("k1")}))(t)
	pages := s3.NewListObjectVersionsPaginator(c, &s3.ListObjectVersionsInput{Bucket: aws.String("shop"), MaxKeys: aws.Int32(5)})
	total := 0
	for pages.HasMorePages() {
		page := got(pages.NextPage(ctx))(t)
		var ids []types.ObjectIdentifier
		for _, v := range page.Versions {
			ids = append(ids, types.ObjectIdentifier{Key: v.Key, VersionId: v.VersionId})
		}
		for _, m := range page.DeleteMarkers {
			ids = append(ids, types.ObjectIdentifier{Key: m.Key, VersionId: m.VersionId})
		}
		out := got(c.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: aws.String("shop"), Delete: &types.Delete{Objects: ids}}))(t)
		total += len(out.Deleted)
	}
	equal(t, "deleted", total, 13)
	got(c.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: aws.String("shop")}))(t)
}

func TestDeleteObjects(t *testing.T) {
	t.Parallel()
	c := shop(t)
	put(t, c, "a", "x")
	put(t, c, "b&<", "x")
	in := &s3.DeleteObjectsInput{Bucket: aws.String("shop"), Delete: &types.Delete{Objects: []types.ObjectIdentifier{
		{Key: aws.String("a")}, {Key: aws.String("b&<")}, {Key: aws.String("never was")},
	}}}
	out := got(c.DeleteObjects(t.Context(), in))(t)
	equal(t, "deleted", len(out.Deleted), 3)
	in.Delete.Quiet = aws.Bool(true)
	out = got(c.DeleteObjects(t.Context(), in))(t)
	equal(t, "quietly deleted", len(out.Deleted)+len(out.Errors), 0)
	in.Delete.Objects = make([]types.ObjectIdentifier, 1001)
	for i := range in.Delete.Objects {
		in.Delete.Objects[i].Key = aws.String("k")
	}
	_, err := c.DeleteObjects(t.Context(), in)
	wantCode(t, err, "MalformedXML")
	list := got(c.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String("shop")}))(t)
	equal(t, "left", len(list.Contents), 0)
}
