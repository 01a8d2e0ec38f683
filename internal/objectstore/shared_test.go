package objectstore_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/slipwayhq/slipway/internal/objectstore"
	"github.com/slipwayhq/slipway/internal/store/pgtest"
)

func openIndex(t *testing.T, url string) *sql.DB {
	t.Helper()
	config, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	db := stdlib.OpenDB(*config)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func openShared(t *testing.T, dir, url string) *objectstore.Store {
	t.Helper()
	s, err := objectstore.OpenShared(t.Context(), dir, openIndex(t, url), objectstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func text(t *testing.T, s *objectstore.Store, key string) string {
	t.Helper()
	_, f, err := s.Get(t.Context(), "shop", key, "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // it is only read
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestShared: two processes see each other's objects at once, and of what they
// put at the same time one is the latest.
func TestShared(t *testing.T) {
	t.Parallel()
	cluster := pgtest.Start(t, "fsync=off")
	url, dir := cluster.Database(t), t.TempDir()
	one, other := openShared(t, dir, url), openShared(t, dir, url)
	must(t, one.CreateBucket(t.Context(), "shop"))
	must(t, other.SetVersioning(t.Context(), "shop", objectstore.VersioningEnabled))
	if _, err := one.PutObject(t.Context(), "shop", "a", strings.NewReader("first")); err != nil {
		t.Fatal(err)
	}
	if got := text(t, other, "a"); got != "first" {
		t.Errorf("the other store has %q", got)
	}
	var putting sync.WaitGroup
	for i, s := range []*objectstore.Store{one, other} {
		putting.Go(func() {
			for n := range 10 {
				if _, err := s.PutObject(t.Context(), "shop", "b", strings.NewReader(fmt.Sprint(i, n))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	putting.Wait()
	if a, b := text(t, one, "b"), text(t, other, "b"); a != b || !strings.HasSuffix(a, "9") {
		t.Errorf("the latest is %q to one and %q to the other", a, b)
	}
}

// TestSharedProtocol runs what depends most on the index through a client.
func TestSharedProtocol(t *testing.T) {
	t.Parallel()
	s := openShared(t, t.TempDir(), pgtest.Start(t, "fsync=off").Database(t))
	must(t, s.CreateBucket(t.Context(), "shop"))
	client := rootClient(serveStore(t, s))
	keys := []string{"B", "a", "a/1", "a/2", "b/é", "é", "\U0010FFFF"} // sorted by their bytes
	for _, key := range keys {
		if _, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("shop"), Key: &key, Body: strings.NewReader(key)}); err != nil {
			t.Fatal(err)
		}
	}
	list := func(prefix, delimiter, after string, limit int32) (got []string) {
		t.Helper()
		in := &s3.ListObjectsV2Input{Bucket: aws.String("shop"), Prefix: &prefix, Delimiter: &delimiter, StartAfter: &after, MaxKeys: &limit}
		for {
			out, err := client.ListObjectsV2(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range out.Contents {
				got = append(got, *o.Key)
			}
			for _, p := range out.CommonPrefixes {
				got = append(got, *p.Prefix)
			}
			if in.ContinuationToken = out.NextContinuationToken; in.ContinuationToken == nil {
				return got
			}
		}
	}
	for _, tc := range []struct {
		prefix, delimiter, after string
		want                     []string
	}{
		{"", "", "", keys},
		{"", "", "a", keys[2:]},
		{"", "", "a\x00", keys[2:]}, // no key can be there
		{"a/", "", "", keys[2:4]},
		{"\U0010FFFF", "", "", keys[6:]},
		{"", "/", "", []string{"B", "a", "a/", "b/", "é", "\U0010FFFF"}},
		{"\x00", "", "", nil},
	} {
		for _, limit := range []int32{1, 2, 1000} {
			got := list(tc.prefix, tc.delimiter, tc.after, limit)
			slices.Sort(got)
			if !slices.Equal(got, tc.want) {
				t.Errorf("prefix %q, delimiter %q, after %q, by %d: %q, want %q", tc.prefix, tc.delimiter, tc.after, limit, got, tc.want)
			}
		}
	}
	if _, err := client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String("shop"), Key: aws.String("a")}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Head(t.Context(), "shop", "a", ""); !objectstore.IsCode(err, "NoSuchKey") {
		t.Errorf("after it was deleted: %v", err)
	}
	for _, key := range []string{"nul\x00", "\xff"} {
		if _, err := s.Head(t.Context(), "shop", key, ""); !objectstore.IsCode(err, "NoSuchKey") {
			t.Errorf("looking for %q: %v", key, err)
		}
		if _, err := s.PutObject(t.Context(), "shop", key, strings.NewReader("")); !objectstore.IsCode(err, "InvalidArgument") {
			t.Errorf("putting %q: %v", key, err)
		}
	}
}

// TestSharedFolder: a store is not opened on a folder that has not its
// contents, and what another process is about to add stays.
func TestSharedFolder(t *testing.T) {
	t.Parallel()
	url, dir := pgtest.Start(t, "fsync=off").Database(t), t.TempDir()
	openShared(t, dir, url)
	if _, err := objectstore.OpenShared(t.Context(), t.TempDir(), openIndex(t, url), objectstore.Options{}); err == nil ||
		!strings.Contains(err.Error(), "all servers of a database need the same folder") {
		t.Errorf("another folder: %v", err)
	}
	fresh, stale := filepath.Join(dir, "content", "00", "00fresh"), filepath.Join(dir, "content", "00", "00stale")
	for _, path := range []string{fresh, stale} {
		must(t, os.WriteFile(path, nil, 0o600))
	}
	long := time.Now().Add(-25 * time.Hour)
	must(t, os.Chtimes(stale, long, long))
	openShared(t, dir, url)
	if _, err := os.Stat(fresh); err != nil {
		t.Error("a content that was just written is gone:", err)
	}
	if _, err := os.Stat(stale); !errors.Is(err, os.ErrNotExist) {
		t.Error("a content that no row names is still there after a day:", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := objectstore.OpenShared(ended, dir, openIndex(t, url), objectstore.Options{}); err == nil {
		t.Error("a store was opened without its database")
	}
}
