package prometheus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/slipwayhq/slipway/internal/provider/alarm"
)

// maxAnswer bounds what is read of an answer, in bytes: ten thousand rules
// with long expressions.
const maxAnswer = 32 << 20

var errAnswer = errors.New("the answer is not what the API says it is")

// server is where questions go.
type server struct {
	name      string   // for errors, without credentials
	base      *url.URL // likewise
	user      *url.Userinfo
	tokenFile string
}

// newServer takes the address out of a driver's URL. It is asked by http
// unless the scheme is https, or ends in it.
func newServer(u *url.URL, tokenFile string) (*server, error) {
	scheme := "http"
	if u.Scheme == "https" || strings.HasSuffix(u.Scheme, "+https") {
		scheme = "https"
	}
	if u.Host == "" || u.Fragment != "" {
		return nil, fmt.Errorf("the %s URL names no server: write %s://HOST:PORT", u.Scheme, u.Scheme)
	}
	if u.User != nil && tokenFile != "" {
		return nil, fmt.Errorf("the %s URL has both a user and a token-file: leave one out", u.Scheme)
	}
	base := &url.URL{Scheme: scheme, Host: u.Host, Path: strings.TrimSuffix(u.Path, "/")}
	return &server{name: base.String(), base: base, user: u.User, tokenFile: tokenFile}, nil
}

// get decodes the JSON of an answer and returns its status.
func (s *server) get(ctx context.Context, path string, form url.Values, into any) (status int, err error) {
	at := *s.base
	at.Path += path
	at.RawQuery = form.Encode()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return 0, err
	}
	if err := s.authorize(r); err != nil {
		return 0, err
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, fmt.Errorf("cannot ask %s: %w", s.name, withoutURL(err))
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	switch {
	case res.StatusCode == http.StatusUnauthorized, res.StatusCode == http.StatusForbidden:
		return 0, fmt.Errorf("%s says %d: %w", s.name, res.StatusCode, alarm.ErrDenied)
	case res.StatusCode == http.StatusTooManyRequests:
		return 0, fmt.Errorf("%s says %d: %w", s.name, res.StatusCode, alarm.ErrThrottled)
	case err != nil:
		return 0, fmt.Errorf("cannot read what %s answers: %w", s.name, err)
	case len(body) > maxAnswer:
		return 0, fmt.Errorf("the answer of %s is larger than %d bytes", s.name, maxAnswer)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return 0, fmt.Errorf("%s: %w (%d)", s.name, errAnswer, res.StatusCode)
	}
	return res.StatusCode, nil
}

func (s *server) authorize(r *http.Request) error {
	if s.user != nil {
		password, _ := s.user.Password()
		r.SetBasicAuth(s.user.Username(), password)
	}
	if s.tokenFile == "" {
		return nil
	}
	token, err := os.ReadFile(s.tokenFile)
	if err != nil {
		return fmt.Errorf("cannot read the token for %s: %w", s.name, err)
	}
	r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	return nil
}

// withoutURL takes the long URL of the question, or of where it was redirected
// to, out of an error.
func withoutURL(err error) error {
	var e *url.Error
	if errors.As(err, &e) {
		return e.Err
	}
	return err
}
