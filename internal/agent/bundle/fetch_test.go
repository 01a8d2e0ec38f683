package bundle_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipwayhq/slipway/internal/agent/backoff"
	"github.com/slipwayhq/slipway/internal/agent/bundle"
	"github.com/slipwayhq/slipway/internal/sigv4"
)

// hurried is a transfer that does not wait.
func hurried(client *http.Client) bundle.Transfer {
	return bundle.Transfer{
		Client: client, Attempts: 3, Stall: 200 * time.Millisecond,
		Retry: backoff.Policy{Initial: time.Millisecond, Max: time.Millisecond}, Log: slog.New(slog.DiscardHandler),
	}
}

// fetch downloads from a server of the given behaviour and returns the file.
func fetch(t *testing.T, o bundle.Object, serve http.HandlerFunc) ([]byte, error) {
	t.Helper()
	server := httptest.NewServer(serve)
	t.Cleanup(server.Close)
	s3 := &bundle.S3{
		Endpoint: server.URL, Region: "r", Transfer: hurried(server.Client()),
		Credentials: func(context.Context) (sigv4.Credentials, error) {
			return sigv4.Credentials{AccessKeyID: "a", SecretAccessKey: "s"}, nil
		},
	}
	dst := filepath.Join(t.TempDir(), "bundle.tar")
	_, err := s3.Fetch(t.Context(), o, dst)
	if err != nil {
		if entries, _ := os.ReadDir(filepath.Dir(dst)); len(entries) > 0 {
			t.Error("a failed download left a file")
		}
		return nil, err
	}
	text, err := os.ReadFile(dst)
	if err != nil {
		t.Fatal(err)
	}
	return text, nil
}

var content = bytes.Repeat([]byte("0123456789abcdef"), 1<<16)

// serveContent serves content as S3 does, with ranges.
func serveContent(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("ETag", fmt.Sprintf(`"%x"`, md5.Sum(content)))
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}

func TestFetchGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	var ranges []string
	got, err := fetch(t, bundle.Object{Bucket: "b", Key: "dir/a b+ü", Version: "v 1"}, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/b/dir/a b+ü" || r.URL.Query().Get("versionId") != "v 1" {
			t.Errorf("asked for %s", r.URL)
		}
		ranges = append(ranges, r.Header.Get("Range"))
		if len(ranges) < 6 { // more often than failures without progress are borne
			w = &breaking{w, 100_000}
		}
		serveContent(w, r)
	})
	if err != nil || !bytes.Equal(got, content) {
		t.Fatalf("got %d bytes, %v", len(got), err)
	}
	want := []string{"", "bytes=100000-", "bytes=200000-", "bytes=300000-", "bytes=400000-", "bytes=500000-"}
	if diff := cmp.Diff(want, ranges); diff != "" {
		t.Errorf("ranges (-want +got):\n%s", diff)
	}
}

// breaking breaks the connection after some bytes.
type breaking struct {
	http.ResponseWriter
	left int
}

func (b *breaking) Write(p []byte) (int, error) {
	if len(p) > b.left {
		_, _ = b.ResponseWriter.Write(p[:b.left])
		_ = http.NewResponseController(b.ResponseWriter).Flush()
		panic(http.ErrAbortHandler)
	}
	b.left -= len(p)
	return b.ResponseWriter.Write(p)
}

func TestFetchFromAServerWithoutRanges(t *testing.T) {
	t.Parallel()
	calls := 0
	got, err := fetch(t, bundle.Object{Bucket: "b", Key: "k"}, func(w http.ResponseWriter, r *http.Request) {
		if calls++; calls == 1 {
			w = &breaking{w, 100_000}
		}
		r.Header.Del("Range")
		serveContent(w, r)
	})
	if err != nil || !bytes.Equal(got, content) {
		t.Errorf("got %d bytes, %v", len(got), err)
	}
}

func TestFetchFailures(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		serve func(w http.ResponseWriter, r *http.Request, call int)
		want  string
		calls int
	}{
		"forbidden": {func(w http.ResponseWriter, _ *http.Request, _ int) {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>")
		}, "Access Denied (AccessDenied, HTTP 403)", 1},
		"not found": {func(w http.ResponseWriter, _ *http.Request, _ int) { w.WriteHeader(http.StatusNotFound) }, "Not Found (HTTP 404)", 1},
		"overload":  {func(w http.ResponseWriter, _ *http.Request, _ int) { w.WriteHeader(http.StatusServiceUnavailable) }, "3 attempts failed", 3},
		"replaced meanwhile": {func(w http.ResponseWriter, r *http.Request, call int) {
			if call == 1 {
				w = &breaking{w, 100_000}
				serveContent(w, r)
			}
			w.WriteHeader(http.StatusPreconditionFailed)
		}, "the object changed during the download", 2},
		"another one meanwhile": {func(w http.ResponseWriter, r *http.Request, call int) {
			if call == 1 {
				w = &breaking{w, 100_000}
				serveContent(w, r)
			}
			w.Header().Set("ETag", `"other"`)
			_, _ = w.Write(content)
		}, "the object changed during the download", 2},
		"damaged": {func(w http.ResponseWriter, _ *http.Request, _ int) {
			w.Header().Set("ETag", fmt.Sprintf(`"%x"`, md5.Sum(content)))
			_, _ = w.Write(content[1:])
		}, "damaged on its way", 1},
		"another range": {func(w http.ResponseWriter, r *http.Request, call int) {
			if call == 1 {
				w = &breaking{w, 100_000}
			} else {
				r.Header.Set("Range", "bytes=5-")
			}
			serveContent(w, r)
		}, "from byte 100000 on", 2},
		"standing still": {func(w http.ResponseWriter, r *http.Request, _ int) {
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}, "stood still", 3},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			calls := 0
			_, err := fetch(t, bundle.Object{Bucket: "b", Key: "k"}, func(w http.ResponseWriter, r *http.Request) {
				calls++
				test.serve(w, r, calls)
			})
			if err == nil || !strings.Contains(err.Error(), test.want) || calls != test.calls {
				t.Errorf("after %d calls: %v; want %q after %d", calls, err, test.want, test.calls)
			}
		})
	}
}

func TestFetchComparesETags(t *testing.T) {
	t.Parallel()
	for etag, encryption := range map[string]string{
		"0123456789abcdef0123456789abcdef-7": "",        // uploaded in parts
		"0123456789abcdef0123456789abcdef":   "aws:kms", // not an MD5
	} {
		serve := func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("ETag", `"`+etag+`"`)
			w.Header().Set("X-Amz-Server-Side-Encryption", encryption)
			_, _ = w.Write(content)
		}
		if _, err := fetch(t, bundle.Object{Bucket: "b", Key: "k", ETag: etag}, serve); err != nil {
			t.Error(err)
		}
		_, err := fetch(t, bundle.Object{Bucket: "b", Key: "k", ETag: `"other"`}, serve)
		if err == nil || !strings.Contains(err.Error(), "Expected deployment artifact bundle etag other") {
			t.Errorf("error is %v", err)
		}
	}
}
