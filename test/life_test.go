package test

import (
	"encoding/json"
	"net/http"
	"net/http/httptrace"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/slipwayhq/slipway/internal/agent"
	"github.com/slipwayhq/slipway/internal/protocol"
)

// TestStart shows what a starting server prints and writes.
func TestStart(t *testing.T) {
	t.Parallel()
	s := startServer(t) // checks the first line
	path := filepath.Join(s.data, "root-credentials")
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != 0o600 {
		t.Errorf("%s has the mode %v, want -rw-------", path, info.Mode())
	}
	for _, probe := range []string{"/healthz", "/readyz"} {
		resp, err := http.Get(s.url + probe)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close() //nolint:errcheck // nothing is read
		if resp.StatusCode != http.StatusOK {
			t.Errorf("GET %s: %s", probe, resp.Status)
		}
	}
	key := read(t, path)
	s.kill()
	if line, more := <-s.stdout; more {
		t.Errorf("the server printed a second line: %q", line)
	}
	s.restart(t)
	if read(t, path) != key {
		t.Error("the second start made another root key")
	}
	s.healthy(t) // with the first start's key
}

// TestSecondServer shows that two servers cannot share a data folder, and that
// the first one is not disturbed.
func TestSecondServer(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	second := start(t, serverCommand(s.data, "127.0.0.1:0"))
	if err := second.wait(t, patience); err == nil {
		t.Error("the second server ended well")
	}
	const want = "is in use by another slipway server"
	if log := string(second.log.bytes()); !strings.Contains(log, want) {
		t.Errorf("the second server says %q, want %q in it", log, want)
	}
	if line, ok := <-second.stdout; ok {
		t.Errorf("the second server printed %q", line)
	}
	s.healthy(t)
}

// TestGracefulStop stops a server while hosts wait for commands: it ends well
// within 10 s, and every poll gets its answer.
func TestGracefulStop(t *testing.T) {
	t.Parallel()
	const hosts = 5
	s := startServer(t)
	var held, answered sync.WaitGroup
	held.Add(hosts)
	for i := range hosts {
		poll := s.waitingPoll(t, string(rune('a'+i)), held.Done)
		answered.Go(func() {
			got, err := poll()
			if err != nil || got.StatusCode != http.StatusOK || string(got.body) != "{}" {
				t.Errorf("a waiting poll was answered %+v, %v; want {}", got, err)
			}
		})
	}
	held.Wait()

	began := time.Now()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := s.wait(t, 10*time.Second); err != nil {
		t.Error("the server ended badly:", err)
	}
	t.Logf("stopped in %v", time.Since(began).Round(time.Millisecond))
	answered.Wait()
}

// waitingPoll enrols a host and returns a poll for it. held is called once the
// server has begun to handle the poll: it asks for the body only then, because
// the request expects to be asked.
func (s *server) waitingPoll(t *testing.T, name string, held func()) func() (answer, error) {
	t.Helper()
	identity, err := agent.Enroll(t.Context(), agent.Enrolment{
		Name: name, Endpoint: s.url, Region: "us-east-1", Credentials: agent.StaticCredentials(s.key),
	})
	if err != nil {
		t.Fatal(err)
	}
	key, err := identity.Credentials()(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(protocol.PollHostCommandInput{HostIdentifier: identity.HostIdentifier()})
	if err != nil {
		t.Fatal(err)
	}
	client := newRawClient(s.url, key)
	client.http.Transport.(*http.Transport).ExpectContinueTimeout = patience
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got100Continue: held})
	r := client.request(ctx, commandTarget+"PollHostCommand", body)
	r.Header.Set("Expect", "100-continue")
	return func() (answer, error) { return do(client.http, r) }
}
