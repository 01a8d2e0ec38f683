// Package webhook is a driver for hooks that are URLs: a hook is invoked by a
// POST request. It has no versions and no aliases.
package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/provider/function"
)

// Hooks posts to the URLs below one that the server's owner gave: an AppSpec
// file, which others write, must not send the server anywhere else.
type Hooks struct {
	base   *url.URL
	client *http.Client
}

// maxAnswer is how much of an answer is read.
const maxAnswer = 64 << 10

// Open returns a driver for the hooks below an http or https URL.
func Open(base *url.URL) (*Hooks, error) {
	if base.Host == "" || base.User != nil || base.RawQuery != "" || base.Fragment != "" {
		return nil, errors.New("the URL of hooks must be http://HOST/PATH or https://HOST/PATH, without credentials and parameters")
	}
	b := *base
	b.Path = strings.TrimSuffix(b.Path, "/") + "/"
	return &Hooks{&b, &http.Client{
		Timeout: 25 * time.Second,
		// A redirect would lead away from what the owner allowed.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Invoke posts the payload. The hook is a name below the base, or its whole
// URL. An answer with a body {"status": "Succeeded" or "Failed", "message":
// TEXT} is the hook's answer; with any other one the hook calls back.
func (h *Hooks) Invoke(ctx context.Context, _ function.Scope, hook string, payload []byte) (function.Answer, error) {
	target, err := h.target(hook)
	if err != nil {
		return function.Answer{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(payload))
	if err != nil {
		return function.Answer{}, fmt.Errorf("%w: %w", function.ErrInvalid, err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := h.client.Do(req)
	if err != nil {
		return function.Answer{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	switch status := res.StatusCode; {
	case status == http.StatusTooManyRequests:
		return function.Answer{}, fmt.Errorf("%w: %s", function.ErrThrottled, res.Status)
	case status == http.StatusNotFound, status == http.StatusGone:
		return function.Answer{}, fmt.Errorf("%w: %s", function.ErrNotFound, res.Status)
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return function.Answer{}, fmt.Errorf("%w: %s", function.ErrDenied, res.Status)
	case status >= 300 && status < 500:
		return function.Answer{}, fmt.Errorf("%w: %s", function.ErrInvalid, res.Status)
	case status >= 500:
		return function.Answer{}, fmt.Errorf("the hook answered %s", res.Status)
	case err != nil:
		return function.Answer{}, err
	}
	return answer(body)
}

// target is the URL of a hook. What is not below the base belongs to another
// driver.
func (h *Hooks) target(hook string) (string, error) {
	u, err := h.base.Parse(hook)
	switch {
	case err != nil, strings.HasPrefix(hook, "arn:"), u.Scheme != h.base.Scheme, u.Host != h.base.Host, u.User != nil:
		return "", function.ErrUnknown
	case !strings.HasPrefix(path.Clean(u.Path)+"/", h.base.Path): // dots may be escaped
		return "", function.ErrUnknown
	}
	return u.String(), nil
}

// answer reads the body of an answer. Text that is no answer means that the
// hook calls back.
func answer(body []byte) (function.Answer, error) {
	var a struct {
		Status  deploy.EventStatus `json:"status"`
		Message string             `json:"message"`
	}
	if json.Unmarshal(body, &a) != nil || a.Status != deploy.EventSucceeded && a.Status != deploy.EventFailed {
		return function.Answer{}, nil
	}
	return function.Answer{Status: a.Status, Message: a.Message}, nil
}
