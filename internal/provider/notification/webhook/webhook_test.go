package webhook_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slipwayhq/slipway/internal/notification"
	"github.com/slipwayhq/slipway/internal/provider/notification/sendertest"
	"github.com/slipwayhq/slipway/internal/provider/notification/webhook"
)

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

var sentAt = time.Unix(1674087231, 0)

// receiver is a server that keeps what it is posted.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	posted []post
	status int
	header http.Header
	hang   chan struct{} // not nil: answers wait for it
}

type post struct {
	url    string
	header http.Header
	body   []byte
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{status: http.StatusNoContent, header: http.Header{}}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	r.mu.Lock()
	status, hang := r.status, r.hang
	for name, values := range r.header {
		w.Header()[name] = values
	}
	if status/100 == 2 {
		r.posted = append(r.posted, post{request.URL.String(), request.Header, body})
	}
	r.mu.Unlock()
	if hang != nil {
		<-hang
	}
	w.WriteHeader(status)
}

func (r *receiver) answers(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = status
}

func (r *receiver) posts() []post {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.posted
}

// sender returns a sender to the receiver, signing with the secret.
func (r *receiver) sender(t *testing.T) notification.Sender {
	t.Helper()
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	u, err := url.Parse(r.URL + "/hooks?token=s3cret")
	if err != nil {
		t.Fatal(err)
	}
	return webhook.New(u, fileOf(t, secret), r.Client(), func() time.Time { return sentAt })
}

func fileOf(t *testing.T, text string) webhook.Secrets {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return webhook.SecretFile(path)
}

func TestSender(t *testing.T) {
	t.Parallel()
	sendertest.Run(t, func(t *testing.T) sendertest.World {
		r := newReceiver(t)
		return sendertest.World{
			Sender:  r.sender(t),
			Secrets: []string{"s3cret", "MfKQ9r8"},
			Break: func(broken bool) {
				r.answers(http.StatusNoContent)
				if broken {
					r.answers(http.StatusNotFound)
				}
			},
			Hang: func() {
				r.hang = make(chan struct{})
				t.Cleanup(func() { close(r.hang) })
			},
			Received: func() (out []notification.Message) {
				for _, p := range r.posts() {
					out = append(out, p.message(t))
				}
				return out
			},
		}
	})
}

// message reads a post as a subscriber of SNS does, after it has verified the
// signature.
func (p post) message(t *testing.T) notification.Message {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		t.Fatal(err)
	}
	want := webhook.Sign(key, p.header.Get("webhook-id"), p.header.Get("webhook-timestamp"), p.body)
	if got := p.header.Get("webhook-signature"); got != want {
		t.Errorf("the signature is %q, want %q", got, want)
	}
	if p.url != "/hooks?token=s3cret" || p.header.Get("webhook-timestamp") != "1674087231" || p.header.Get("content-type") != "application/json" {
		t.Errorf("posted to %s with %v", p.url, p.header)
	}
	if p.header.Get("x-amz-sns-message-type") == "" {
		m := sendertest.Event(3) // the number is not in the post
		m.ID, m.Body = p.header.Get("webhook-id"), string(p.body)
		return m
	}
	var e struct{ Type, MessageID, TopicARN, Subject, Message, Timestamp string }
	if err := json.Unmarshal(p.body, &e); err != nil {
		t.Fatal(err)
	}
	at, err := time.Parse(time.RFC3339Nano, e.Timestamp)
	if err != nil || e.Type != "Notification" || e.MessageID != p.header.Get("webhook-id") ||
		e.MessageID != p.header.Get("x-amz-sns-message-id") || e.TopicARN != p.header.Get("x-amz-sns-topic-arn") {
		t.Errorf("the envelope %+v does not fit the headers %v (%v)", e, p.header, err)
	}
	m := sendertest.Trigger(0)
	m.ID, m.TargetARN, m.Subject, m.Body, m.At = e.MessageID, e.TopicARN, e.Subject, e.Message, at
	return m
}

// TestSign is the example of the Standard Webhooks specification.
func TestSign(t *testing.T) {
	t.Parallel()
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		t.Fatal(err)
	}
	got := webhook.Sign(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("the signature is %s, want %s", got, want)
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]struct {
		fails, permanent bool
		after            time.Duration
	}{
		200: {}, 202: {}, 299: {},
		301: {fails: true}, 307: {fails: true}, 400: {fails: true}, 401: {fails: true}, 404: {fails: true},
		410: {fails: true, permanent: true},
		429: {fails: true, after: 90 * time.Second}, 500: {fails: true}, 503: {fails: true, after: 90 * time.Second},
	} {
		r := newReceiver(t)
		r.answers(status)
		if want.after > 0 {
			r.header.Set("Retry-After", "90")
		}
		r.header.Set("Location", r.URL+"/elsewhere")
		err := r.sender(t).Send(t.Context(), sendertest.Trigger(1))
		var asked *notification.RetryAfterError
		var after time.Duration
		if errors.As(err, &asked) {
			after = asked.After
		}
		if (err != nil) != want.fails || errors.Is(err, notification.ErrPermanent) != want.permanent || after != want.after {
			t.Errorf("%d: error %v, want %+v", status, err, want)
		}
		for _, p := range r.posts() {
			if p.url == "/elsewhere" {
				t.Errorf("%d: the redirect was followed", status)
			}
		}
	}
}

// TestRotation: while a secret is replaced there is a signature for each.
func TestRotation(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	u, err := url.Parse(r.URL)
	if err != nil {
		t.Fatal(err)
	}
	second := "whsec_" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("b", 32)))
	s := webhook.New(u, fileOf(t, secret+"\n"+second+"\n"), nil, nil)
	if err := s.Send(t.Context(), sendertest.Event(1)); err != nil {
		t.Fatal(err)
	}
	h := r.posts()[0].header
	want := webhook.Sign([]byte(strings.Repeat("b", 32)), h.Get("webhook-id"), h.Get("webhook-timestamp"), []byte(sendertest.Event(1).Body))
	if got := strings.Fields(h.Get("webhook-signature")); len(got) != 2 || got[1] != want {
		t.Errorf("the signatures are %q, want two, and the second to be %q", got, want)
	}
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                          "there is no webhook secret",
		"hunter2hunter2hunter2":     "must be whsec_",
		"whsec_aHVudGVyMg==":        "24 to 64 bytes",
		"whsec_!!":                  "in base64",
		secret + " hunter2hunter2x": "the secret 2",
	} {
		_, err := fileOf(t, text)()
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: error %v, want %q in it, and no secret", text, err, want)
		}
	}
	if _, err := webhook.SecretFile(filepath.Join(t.TempDir(), "none"))(); err == nil {
		t.Error("a file that is not there has secrets")
	}
}

func TestSecretEnv(t *testing.T) {
	t.Setenv("HOOK_SECRET", secret)
	if got, err := webhook.SecretEnv("HOOK_SECRET")(); err != nil || len(got) != 1 {
		t.Errorf("%d secrets, error %v", len(got), err)
	}
	if _, err := webhook.SecretEnv("HOOK_SECRET_NOT_SET")(); err == nil {
		t.Error("a variable that is not set holds a secret")
	}
}

// TestUnsigned: without a secret nothing claims to be signed.
func TestUnsigned(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	u, err := url.Parse(r.URL)
	if err != nil {
		t.Fatal(err)
	}
	if err := webhook.New(u, nil, nil, nil).Send(t.Context(), sendertest.Event(1)); err != nil {
		t.Fatal(err)
	}
	if h := r.posts()[0].header; h.Get("webhook-id") == "" || h.Get("webhook-signature") != "" {
		t.Errorf("the headers are %v", h)
	}
}
