package webhook

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/provider/function"
)

// TestInvoke: what a receiver answers, and what that means.
func TestInvoke(t *testing.T) {
	t.Parallel()
	other := errors.New("any other")
	for name, c := range map[string]struct {
		status int
		body   string
		want   function.Answer
		err    error
	}{
		"calls back":              {200, "", function.Answer{}, nil},
		"calls back, with a text": {200, "thanks", function.Answer{}, nil},
		"accepted":                {202, `{"status":"Pending"}`, function.Answer{}, nil},
		"succeeded":               {200, `{"status":"Succeeded"}`, function.Answer{Status: deploy.EventSucceeded}, nil},
		"failed":                  {200, `{"status":"Failed","message":"no"}`, function.Answer{Status: deploy.EventFailed, Message: "no"}, nil},
		"throttled":               {429, "", function.Answer{}, function.ErrThrottled},
		"not there":               {404, "", function.Answer{}, function.ErrNotFound},
		"denied":                  {403, "", function.Answer{}, function.ErrDenied},
		"a redirect":              {302, "", function.Answer{}, function.ErrInvalid},
		"refused":                 {400, "", function.Answer{}, function.ErrInvalid},
		"broken":                  {503, "", function.Answer{}, other},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				if r.Method != http.MethodPost || r.URL.Path != "/hooks/check" || string(body) != `{"a":1}` {
					t.Errorf("%s %s %s", r.Method, r.URL, body)
				}
				w.Header().Set("Location", "http://169.254.169.254/")
				w.WriteHeader(c.status)
				io.WriteString(w, c.body) //nolint:errcheck // the client sees it
			}))
			defer server.Close()
			got, err := open(t, server.URL+"/hooks").Invoke(t.Context(), function.Scope{}, "check", []byte(`{"a":1}`))
			if got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
			switch {
			case c.err == other && err == nil, c.err == nil && err != nil, c.err != other && !errors.Is(err, c.err): //nolint:errorlint // identity is meant
				t.Errorf("error %v, want %v", err, c.err)
			}
		})
	}
}

func open(t *testing.T, base string) *Hooks {
	t.Helper()
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	h, err := Open(u)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// TestTarget: nothing that an AppSpec file says leads out of the base.
func TestTarget(t *testing.T) {
	t.Parallel()
	h := open(t, "https://hooks.example.org/deploy/")
	for hook, want := range map[string]string{
		"check":                                    "https://hooks.example.org/deploy/check",
		"a/b?x=1":                                  "https://hooks.example.org/deploy/a/b?x=1",
		"https://hooks.example.org/deploy/x":       "https://hooks.example.org/deploy/x",
		"https://hooks.example.org/other":          "",
		"https://elsewhere.example.org/deploy/x":   "",
		"http://hooks.example.org/deploy/x":        "",
		"https://u:p@hooks.example.org/deploy/x":   "",
		"//169.254.169.254/deploy/":                "",
		"/etc":                                     "",
		"../admin":                                 "",
		"a/../../admin":                            "",
		"%2e%2e/admin":                             "",
		"arn:aws:lambda:us-east-1:1:function:name": "",
	} {
		if got, err := h.target(hook); got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q %v, want %q", hook, got, err, want)
		}
	}
	for _, bad := range []string{"https:", "https://u:p@h/", "https://h/?a=b"} {
		u, err := url.Parse(bad)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Open(u); err == nil {
			t.Errorf("%s is accepted", bad)
		}
	}
}
