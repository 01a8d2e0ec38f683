package bundle_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/slipwayhq/slipway/internal/agent/bundle"
)

// fetchCommit downloads from an API of the given behaviour.
func fetchCommit(t *testing.T, c bundle.Commit, kind string, serve http.HandlerFunc) ([]byte, error) {
	t.Helper()
	server := httptest.NewServer(serve)
	t.Cleanup(server.Close)
	dst := filepath.Join(t.TempDir(), "bundle.tar")
	g := &bundle.GitHub{Transfer: hurried(server.Client()), Endpoint: server.URL + "/api/v3/"}
	if err := g.Fetch(t.Context(), c, kind, dst); err != nil {
		if entries, _ := os.ReadDir(filepath.Dir(dst)); len(entries) > 0 {
			t.Error("a failed download left a file")
		}
		return nil, err
	}
	return os.ReadFile(dst)
}

// GitHub redirects to another host, which must not get the token.
func TestCommitIsFetchedByRedirect(t *testing.T) {
	t.Parallel()
	archives := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Error("the token was sent to another host")
		}
		_, _ = w.Write(content)
	}))
	t.Cleanup(archives.Close)
	elsewhere := strings.Replace(archives.URL, "127.0.0.1", "localhost", 1)
	for kind, format := range map[string]string{"tar": "tarball", "zip": "zipball"} {
		got, err := fetchCommit(t, bundle.Commit{Account: "o", Repository: "r", ID: "feature/a b", Token: "secret"}, kind,
			func(w http.ResponseWriter, r *http.Request) {
				if want := "/api/v3/repos/o/r/" + format + "/feature/a%20b"; r.URL.EscapedPath() != want {
					t.Errorf("asked for %s, want %s", r.URL.EscapedPath(), want)
				}
				if got := r.Header.Get("Authorization"); got != "token secret" {
					t.Errorf("authorization is %q", got)
				}
				http.Redirect(w, r, elsewhere+"/archive", http.StatusFound)
			})
		if err != nil || !bytes.Equal(got, content) {
			t.Errorf("%s: got %d bytes, %v", kind, len(got), err)
		}
	}
}

func TestCommitDownloadBeginsAnew(t *testing.T) {
	t.Parallel()
	calls := 0
	got, err := fetchCommit(t, bundle.Commit{Account: "o", Repository: "r", ID: "1"}, "tar", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Range") != "" || r.Header.Get("Authorization") != "" {
			t.Errorf("headers %v", r.Header)
		}
		// GitHub's ETags are not of the bytes, and it makes the archive anew.
		w.Header().Set("ETag", fmt.Sprintf(`W/"%d"`, calls))
		if calls++; calls == 1 {
			w = &breaking{w, 100_000}
		}
		_, _ = w.Write(content)
	})
	if err != nil || !bytes.Equal(got, content) || calls != 2 {
		t.Errorf("got %d bytes after %d calls, %v", len(got), calls, err)
	}
}

func TestCommitFailures(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		status int
		header string
		body   string
		token  string
		want   string
		calls  int
	}{
		"private":      {404, "", `{"message":"Not Found"}`, "", "Not Found (HTTP 404); there is no such commit, or the repository is private and needs a token", 1},
		"no access":    {404, "", `{}`, "t-secret", "does not give access", 1},
		"bad token":    {401, "", `{"message":"Bad credentials"}`, "t-secret", "Bad credentials (HTTP 401); the token was refused", 1},
		"rate limit":   {403, "0", `{"message":"API rate limit exceeded"}`, "", "API rate limit exceeded (HTTP 403) (3 attempts failed", 3},
		"forbidden":    {403, "17", ``, "", "Forbidden (HTTP 403)", 1},
		"out of order": {502, "", `<html>`, "", "Bad Gateway (HTTP 502) (3 attempts failed; is the GitHub endpoint", 3},
		"too many":     {429, "", ``, "", "3 attempts failed", 3},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			calls := 0
			_, err := fetchCommit(t, bundle.Commit{Account: "o", Repository: "r", ID: "1", Token: test.token}, "zip", func(w http.ResponseWriter, _ *http.Request) {
				calls++
				w.Header().Set("X-RateLimit-Remaining", test.header)
				w.WriteHeader(test.status)
				_, _ = w.Write([]byte(test.body))
			})
			if err == nil || !strings.Contains(err.Error(), test.want) || calls != test.calls {
				t.Errorf("after %d calls: %v; want %q after %d", calls, err, test.want, test.calls)
			}
			if err != nil && strings.Contains(err.Error(), "t-secret") {
				t.Errorf("the token is in the error: %v", err)
			}
		})
	}
}
