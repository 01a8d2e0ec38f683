package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/slipwayhq/slipway/internal/daemon"
	"github.com/slipwayhq/slipway/internal/notification"
)

// TestDrivers: each kind of URL makes a driver, which is named after it but
// for its secrets.
func TestDrivers(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOOK_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	var c daemon.Config
	err := openProviders(t.Context(), []string{
		"notification=https://user:pw@hooks.example.org/a?token=x&secret-file=" + secret,
		"notification=webhook+http://hooks.example.org/b?secret-env=HOOK_SECRET",
		"notification=aws:?endpoint=http://127.0.0.1:4566&region=eu-west-2",
		"notification=log:", "event=log:///var/log/events.jsonl", "event=webhook+https://hooks.example.org/c",
	}, &c)
	if err != nil {
		t.Fatal(err)
	}
	var got []notification.Route
	for _, d := range append(c.Notifications, c.Events...) {
		got = append(got, d.Route)
	}
	for i, want := range []notification.Route{
		{Name: "notification=https://hooks.example.org/a"},
		{Name: "notification=webhook+http://hooks.example.org/b"},
		{Name: "notification=aws:http://127.0.0.1:4566", PerTopic: true},
		{Name: "notification=log:"},
		{Name: "event=log:///var/log/events.jsonl"},
		{Name: "event=webhook+https://hooks.example.org/c"},
	} {
		if got[i] != want {
			t.Errorf("driver %d is %+v, want %+v", i, got[i], want)
		}
	}
}

// TestWebhookQuery: the receiver gets its own part of the query, and not ours.
func TestWebhookQuery(t *testing.T) {
	t.Setenv("HOOK_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	for given, want := range map[string]string{
		"?a=1&secret-env=HOOK_SECRET&b=2": "/hook?a=1&b=2", "?b=2&a=%20": "/hook?b=2&a=%20", "": "/hook",
	} {
		asked := make(chan string, 1)
		receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			asked <- r.URL.String()
		}))
		var c daemon.Config
		if err := openProviders(t.Context(), []string{"event=" + receiver.URL + "/hook" + given}, &c); err != nil {
			t.Fatal(err)
		}
		if err := c.Events[0].Sender.Send(t.Context(), notification.Message{ID: "1", Body: "{}"}); err != nil {
			t.Fatal(err)
		}
		if got := <-asked; got != want {
			t.Errorf("%q asks for %q, want %q", given, got, want)
		}
		receiver.Close()
	}
}

func TestBadProviders(t *testing.T) {
	t.Setenv("SHORT_SECRET", "whsec_aHVudGVyMg==")
	for provider, want := range map[string]string{
		"weather=https://x":                              `unknown need; there are: alarm, container, event, function, loadbalancer, notification`,
		"notification":                                   "must be NEED=URL",
		"notification=smtp://x":                          `unknown driver "smtp"; notification has: aws, http`,
		"event=aws:":                                     `unknown driver "aws"`,
		"notification=https:///path":                     "names no host",
		"notification=https://x/%zz?token=hunter2":       "is not a URL",
		"notification=https://x?secret-file=/none":       "/none",
		"notification=https://x?secret-env=SHORT_SECRET": "24 to 64 bytes",
		"notification=https://x?secret-env=A&secret-file=b&token=hunter2": "exclude each other",
		"event=log://relative/path":                                       "must be log:///PATH",
	} {
		err := openProviders(t.Context(), []string{provider}, &daemon.Config{})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got %v, want %q, and no secret", provider, err, want)
		}
	}
}
