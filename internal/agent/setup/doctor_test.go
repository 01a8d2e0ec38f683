package setup_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/slipwayhq/slipway/internal/agent"
	"github.com/slipwayhq/slipway/internal/agent/setup"
	"github.com/slipwayhq/slipway/internal/sigv4"
)

const webARN = "arn:aws:iam::000000000000:user/web-1"

// fakeServer answers as a server does that knows one caller.
type fakeServer struct {
	ahead  time.Duration // of the server's clock
	caller string
	refuse string // code of the refusal; "" for none
}

func (s fakeServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Date", time.Now().Add(s.ahead).UTC().Format(http.TimeFormat))
	if r.Method == http.MethodGet {
		return
	}
	if s.refuse != "" {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, "<ErrorResponse><Error><Code>%s</Code><Message>no</Message></Error></ErrorResponse>", s.refuse)
		return
	}
	fmt.Fprintf(w, "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>%s</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>", s.caller)
}

// diagnose returns the levels of all checks by name, as text, and all findings.
func diagnose(t *testing.T, c agent.Config, configErr error) (map[string]setup.Level, string) {
	t.Helper()
	levels := map[string]setup.Level{}
	var all strings.Builder
	for _, f := range (setup.Host{Prefix: t.TempDir()}).Doctor(t.Context(), c, configErr) {
		levels[f.Check] = f.Level
		fmt.Fprintf(&all, "%s %s: %s -> %s\n", f.Level, f.Check, f.Text, f.Do)
		if f.Level != setup.OK && f.Text == "" {
			t.Errorf("the check %q says nothing", f.Check)
		}
	}
	return levels, all.String()
}

func configOf(root, endpoint string) agent.Config {
	return agent.Config{
		HostIdentifier: webARN, Region: "us-east-1", Endpoint: endpoint, Root: root,
		Credentials: agent.StaticCredentials(sigv4.Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret"}),
	}
}

func TestDoctorAsksTheServer(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		server fakeServer
		check  string
		level  setup.Level
		says   string
	}{
		"all is well":              {fakeServer{caller: webARN}, "credentials", setup.OK, "knows this host's key as " + webARN},
		"the clocks agree":         {fakeServer{caller: webARN}, "clock", setup.OK, "agree"},
		"no encryption, same host": {fakeServer{caller: webARN}, "tls", setup.OK, "the server is this host"},
		"a little behind":          {fakeServer{caller: webARN, ahead: 2 * time.Minute}, "clock", setup.Warn, "behind the server's"},
		"too far ahead":            {fakeServer{caller: webARN, ahead: -10 * time.Minute}, "clock", setup.Fail, "ahead of the server's"},
		"a refused key":            {fakeServer{refuse: "InvalidClientTokenId"}, "credentials", setup.Fail, "the key AKID was refused: InvalidClientTokenId (HTTP 403)"},
		"another's key":            {fakeServer{caller: webARN + "0"}, "credentials", setup.Fail, "not of this host"},
		"no server of ours":        {fakeServer{}, "credentials", setup.Warn, "did not say whose key"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(test.server)
			t.Cleanup(server.Close)
			levels, all := diagnose(t, configOf(t.TempDir(), server.URL), nil)
			if levels[test.check] != test.level || !strings.Contains(all, test.says) {
				t.Errorf("want %s for %s, and %q in\n%s", test.level, test.check, test.says, all)
			}
			if strings.Contains(all, "secret\"") {
				t.Error("a secret is told")
			}
		})
	}
}

func TestDoctorExplainsCertificates(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(fakeServer{caller: webARN})
	t.Cleanup(server.Close)
	config := configOf(t.TempDir(), server.URL)
	levels, all := diagnose(t, config, nil)
	if levels["tls"] != setup.Fail || !strings.Contains(all, "install --ca-bundle FILE") {
		t.Errorf("an unknown authority:\n%s", all)
	}
	config.Transport = server.Client().Transport
	if levels, all = diagnose(t, config, nil); levels["tls"] != setup.OK || !strings.Contains(all, "TLS 1.3") {
		t.Errorf("a known authority:\n%s", all)
	}
}

func TestDoctorWithoutAServer(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(fakeServer{})
	server.Close()
	if levels, all := diagnose(t, configOf(t.TempDir(), server.URL), nil); levels["endpoint"] != setup.Fail {
		t.Errorf("no server:\n%s", all)
	}
	levels, all := diagnose(t, agent.Config{Root: t.TempDir()}, errors.New("this host has no identity"))
	if levels["endpoint"] != setup.Fail || levels["configuration"] != setup.Fail || !strings.Contains(all, "this host has no identity") {
		t.Errorf("no configuration:\n%s", all)
	}
}

func TestDoctorLooksAtFolders(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for _, test := range []struct {
		prepare func() error
		check   string
		level   setup.Level
	}{
		{func() error { return nil }, "root folder", setup.OK},
		{func() error { return os.Chmod(root, 0o777) }, "root folder", setup.Fail},
		{func() error { return os.Chmod(root, 0o755) }, "root folder", setup.OK},
		{func() error { return os.WriteFile(filepath.Join(root, "codedeploy.onpremises.yml"), nil, 0o644) }, "identity file", setup.Warn},
		{func() error { return os.Chmod(filepath.Join(root, "codedeploy.onpremises.yml"), 0o600) }, "identity file", setup.OK},
	} {
		if err := test.prepare(); err != nil {
			t.Fatal(err)
		}
		if levels, all := diagnose(t, agent.Config{Root: root}, nil); levels[test.check] != test.level {
			t.Errorf("%s is %s, want %s:\n%s", test.check, levels[test.check], test.level, all)
		}
	}
	if levels, all := diagnose(t, agent.Config{Root: filepath.Join(root, "codedeploy.onpremises.yml")}, nil); levels["root folder"] != setup.Fail {
		t.Errorf("a file for a root folder:\n%s", all)
	}
}

func TestRecorderWritesPollsDown(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(fakeServer{caller: "x"})
	t.Cleanup(server.Close)
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "journal"), 0o700); err != nil {
		t.Fatal(err)
	}
	started := time.Now().Truncate(time.Second)
	recorder := &setup.Recorder{Next: http.DefaultTransport, Root: root, State: setup.State{
		PID: os.Getpid(), Started: started, Version: "v1", Host: webARN, Endpoint: server.URL,
	}}
	call := func(operation string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Amz-Target", "CodeDeployCommandService_v20141006."+operation)
		resp, err := recorder.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	status := func() setup.Status {
		t.Helper()
		s, err := (setup.Host{Prefix: root}).Status(agent.Config{Root: root})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	call("PutHostCommandComplete")
	if s := status(); s.LastPoll != nil {
		t.Errorf("a report was taken for a poll: %+v", s)
	}
	call("PollHostCommand")
	if s := status(); s.LastPoll == nil || s.Running || s.Since != nil {
		t.Errorf("the status of an agent that is gone is %+v", s)
	}
	h := &host{t: t, dir: root}
	h.write("/journal/lock", "")
	unlock := lock(t, filepath.Join(root, "journal", "lock"))
	if s := status(); !s.Running || s.Since == nil || !s.Since.Equal(started) || s.Version != "v1" || s.Host != webARN || s.Endpoint != server.URL {
		t.Errorf("the status of a running agent is %+v", s)
	}
	unlock()
	if s := status(); s.Running {
		t.Errorf("the status of a stopped agent is %+v", s)
	}
}
