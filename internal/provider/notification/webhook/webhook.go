// Package webhook posts messages to a URL, signed as the Standard Webhooks
// specification has it.
//
// The body of a trigger's message is what a topic of Amazon SNS would post to
// its HTTP subscribers, but for SNS's own signature; that of an event is the
// event.
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
	"strconv"
	"strings"
	"time"

	"github.com/slipwayhq/slipway/internal/notification"
)

// Sender posts to one URL.
type Sender struct {
	url     string
	secrets Secrets
	client  *http.Client
	now     func() time.Time
}

// New returns a sender. The secrets sign what it posts; with nil, nothing is
// signed. A client of nil is one with the system's certificates and proxies.
// Redirects are never followed: they would tell the message to somebody else.
func New(u *url.URL, secrets Secrets, client *http.Client, now func() time.Time) *Sender {
	if client == nil {
		client = &http.Client{Transport: http.DefaultTransport.(*http.Transport).Clone()}
	}
	alone := *client
	alone.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if now == nil {
		now = time.Now
	}
	return &Sender{url: u.String(), secrets: secrets, client: &alone, now: now}
}

// envelope is what SNS posts.
type envelope struct {
	Type      string
	MessageID string `json:"MessageId"`
	TopicARN  string `json:"TopicArn"`
	Subject   string
	Message   string
	Timestamp string
}

// Send posts the message. Any status of 2xx says that it was taken, 410 that
// the address will never take it. All other answers may be a receiver's that
// is being put up, or put right: they are worth another try.
func (s *Sender) Send(ctx context.Context, m notification.Message) error {
	r, err := s.request(ctx, m)
	if err != nil {
		return err
	}
	answer, err := s.client.Do(r)
	if err != nil {
		return withoutURL(err)
	}
	defer answer.Body.Close()
	// Read, the connection can be used again; but not if there is too much.
	io.CopyN(io.Discard, answer.Body, 64<<10) //nolint:errcheck // nothing depends on it
	status := fmt.Errorf("the receiver answered %d %s", answer.StatusCode, http.StatusText(answer.StatusCode))
	switch {
	case answer.StatusCode/100 == 2:
		return nil
	case answer.StatusCode == http.StatusGone:
		return fmt.Errorf("%w: %w", status, notification.ErrPermanent)
	}
	if seconds, err := strconv.Atoi(answer.Header.Get("Retry-After")); err == nil && seconds > 0 {
		return &notification.RetryAfterError{Err: status, After: time.Duration(min(seconds, 1<<20)) * time.Second}
	}
	return status
}

func (s *Sender) request(ctx context.Context, m notification.Message) (*http.Request, error) {
	body := []byte(m.Body)
	if !m.Event() {
		var err error
		if body, err = json.Marshal(envelope{
			Type: "Notification", MessageID: m.ID, TopicARN: m.TargetARN, Subject: m.Subject, Message: m.Body,
			Timestamp: m.At.UTC().Format("2006-01-02T15:04:05.000Z"),
		}); err != nil {
			return nil, err
		}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(body))
	if err != nil {
		return nil, withoutURL(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "slipway")
	if !m.Event() {
		r.Header.Set("X-Amz-Sns-Message-Type", "Notification")
		r.Header.Set("X-Amz-Sns-Message-Id", m.ID)
		r.Header.Set("X-Amz-Sns-Topic-Arn", m.TargetARN)
	}
	timestamp := strconv.FormatInt(s.now().Unix(), 10)
	r.Header.Set("Webhook-Id", m.ID)
	r.Header.Set("Webhook-Timestamp", timestamp)
	if s.secrets == nil {
		return r, nil
	}
	secrets, err := s.secrets()
	if err != nil {
		return nil, err
	}
	var signatures []string
	for _, secret := range secrets {
		signatures = append(signatures, Sign(secret, m.ID, timestamp, body))
	}
	r.Header.Set("Webhook-Signature", strings.Join(signatures, " "))
	return r, nil
}

// withoutURL keeps the address out of an error: it may hold a secret.
func withoutURL(err error) error {
	var of *url.Error
	if errors.As(err, &of) {
		err = of.Err
	}
	return fmt.Errorf("cannot reach the receiver: %w", err)
}
