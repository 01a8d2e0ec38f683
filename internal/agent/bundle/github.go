package bundle

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// DefaultGitHub is where the API of github.com is.
const DefaultGitHub = "https://api.github.com"

// GitHub fetches commits as archives.
type GitHub struct {
	Transfer
	// Endpoint is the API's address; https://HOST/api/v3 for GitHub Enterprise
	// Server.
	Endpoint string
}

// Commit is the state of a repository. Token may be empty for a public one.
type Commit struct {
	Account, Repository, ID string
	Token                   string
}

// Fetch downloads c to the file dst: as a zip, or else as a tar that is
// compressed with gzip. GitHub makes archives as it sends them, so that one
// that breaks off begins anew.
func (g *GitHub) Fetch(ctx context.Context, c Commit, archiveType, dst string) error {
	format := "tarball"
	if archiveType == Zip {
		format = "zipball"
	}
	// Escaped as a whole it could not be a branch with a slash in its name.
	ref := strings.ReplaceAll(url.PathEscape(c.ID), "%2F", "/")
	address := strings.TrimSuffix(g.Endpoint, "/") + "/repos/" + url.PathEscape(c.Account) + "/" + url.PathEscape(c.Repository) + "/" + format + "/" + ref
	d := &download{
		Transfer: g.Transfer, name: address,
		hint: "is the GitHub endpoint " + g.Endpoint + " right, and can this host reach it?",
		ask: func(ctx context.Context, _ *download) (*http.Request, error) {
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
			if err != nil {
				return nil, final{err}
			}
			if c.Token != "" {
				// Not sent along to the host that GitHub redirects to.
				req.Header.Set("Authorization", "token "+c.Token)
			}
			return req, nil
		},
		refused: func(resp *http.Response) error { return githubError(resp, c.Token != "") },
	}
	return d.to(ctx, dst)
}

// githubError tells a refusal in GitHub's words, and what to do about it.
func githubError(resp *http.Response, withToken bool) error {
	var body struct{ Message string }
	const enough = 64 << 10
	text, _ := io.ReadAll(io.LimitReader(resp.Body, enough)) // a reply cut short still has its status
	_ = json.Unmarshal(text, &body)
	err := fmt.Errorf("%s (HTTP %d)", http.StatusText(resp.StatusCode), resp.StatusCode)
	if body.Message != "" {
		err = fmt.Errorf("%s (HTTP %d)", body.Message, resp.StatusCode)
	}
	limited := resp.Header.Get("X-RateLimit-Remaining") == "0"
	switch {
	case resp.StatusCode >= 500, resp.StatusCode == http.StatusTooManyRequests, resp.StatusCode == http.StatusRequestTimeout, limited:
		return err
	case resp.StatusCode == http.StatusUnauthorized:
		return final{fmt.Errorf("%w; the token was refused: store a new one for the deployment's GitHub account", err)}
	case resp.StatusCode == http.StatusNotFound && !withToken:
		return final{fmt.Errorf("%w; there is no such commit, or the repository is private and needs a token", err)}
	case resp.StatusCode == http.StatusNotFound:
		return final{fmt.Errorf("%w; there is no such commit, or the token does not give access to the repository", err)}
	}
	return final{err}
}
