package haproxy_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slipwayhq/slipway/internal/provider/loadbalancer"
	"github.com/slipwayhq/slipway/internal/provider/loadbalancer/haproxy"
	"github.com/slipwayhq/slipway/internal/provider/loadbalancer/haproxy/haproxytest"
	"github.com/slipwayhq/slipway/internal/provider/loadbalancer/loadbalancertest"
)

// site is a web server behind a load balancer.
type site struct {
	*httptest.Server
	sick atomic.Bool
	busy chan struct{} // told when a request to /wait is under way
	end  chan struct{} // lets it end
}

func newSite(t *testing.T) *site {
	s := &site{busy: make(chan struct{}), end: make(chan struct{})}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/health" && s.sick.Load():
			w.WriteHeader(http.StatusInternalServerError)
		case r.URL.Path == "/wait":
			s.busy <- struct{}{}
			<-s.end
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *site) address() string { return s.Listener.Addr().String() }

func open(t *testing.T, text string) *haproxy.Balancer {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	b, err := haproxy.Open(t.Context(), u)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// backend writes a backend of two sites, each with health checks, and a
// frontend of its own in front of it, where the header x-server chooses one.
func backend(name string, sites [2]*site) string {
	text := fmt.Sprintf("frontend to-%[1]s\n  bind DIR/%[1]s.sock\n  default_backend %[1]s\n"+
		"backend %[1]s\n  option httpchk GET /health\n", name)
	for i, s := range sites {
		text += fmt.Sprintf("  use-server h%[1]d if { hdr(x-server) h%[1]d }\n", i+1)
		text += fmt.Sprintf("  server h%d %s check inter 100ms rise 2 fall 2\n", i+1, s.address())
	}
	return text
}

// TestConformance is with a real HAProxy.
func TestConformance(t *testing.T) {
	t.Parallel()
	sites := [2]*site{newSite(t), newSite(t)}
	socket, dir := haproxytest.Start(t, backend("web", sites)+backend("api", sites))
	f := loadbalancertest.Fixture{
		Pools: [2]string{"web", "api"}, Hosts: [2]string{"h1", "h2"}, Wait: time.Sleep,
		Occupy: func(t *testing.T, pool, host string) func() {
			s := sites[host[1]-'1']
			done := make(chan int)
			go func() { done <- get(t.Context(), filepath.Join(dir, pool+".sock"), host, "/wait") }()
			<-s.busy
			return func() {
				s.end <- struct{}{}
				if status := <-done; status != http.StatusOK {
					t.Errorf("the request that was under way ends with %d", status)
				}
			}
		},
		Sicken: func(host string, sick bool) { sites[host[1]-'1'].sick.Store(sick) },
	}
	loadbalancertest.Run(t, open(t, "haproxy+unix://"+socket), f)
}

// get returns the status of a request through the frontend that listens on a
// socket, 0 if there is none.
func get(ctx context.Context, socket, host, path string) int {
	client := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}}
	defer client.CloseIdleConnections()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://balancer"+path, nil)
	if err != nil {
		return 0
	}
	r.Header.Set("X-Server", host)
	reply, err := client.Do(r)
	if err != nil {
		return 0
	}
	defer reply.Body.Close()
	return reply.StatusCode
}

// TestWithoutChecks: a server that nobody checks is in as soon as it is put in.
// One that does not end what it has begun is out when its time is over.
func TestWithoutChecks(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	socket, dir := haproxytest.Start(t, "frontend to-web\n  bind DIR/web.sock\n  default_backend web\n"+
		"backend web\n  server h1 "+s.address()+"\n")
	b := open(t, "haproxy+unix://"+socket+"?drain=1s")
	done := make(chan int)
	go func() { done <- get(t.Context(), filepath.Join(dir, "web.sock"), "", "/wait") }()
	<-s.busy
	web := loadbalancer.Pool{Kind: loadbalancer.Classic, Name: "web"}
	for {
		if err := b.PutOut(t.Context(), loadbalancer.Scope{}, web, "h1"); err != nil {
			t.Fatal(err)
		}
		state, err := b.State(t.Context(), loadbalancer.Scope{}, web, "h1")
		if err != nil {
			t.Fatal(err)
		}
		if state.Status == loadbalancer.Absent {
			break
		}
		if want := (loadbalancer.State{Status: loadbalancer.Draining, Note: "requests under way: 1"}); state != want {
			t.Fatalf("%+v, want %+v", state, want)
		}
		time.Sleep(20 * time.Millisecond)
	}
	if status := get(t.Context(), filepath.Join(dir, "web.sock"), "", "/"); status != http.StatusServiceUnavailable {
		t.Errorf("a backend whose only server is out answers %d", status)
	}
	s.end <- struct{}{}
	if status := <-done; status != http.StatusOK {
		t.Errorf("the request that was under way ends with %d", status)
	}
	if err := b.PutIn(t.Context(), loadbalancer.Scope{}, web, "h1"); err != nil {
		t.Fatal(err)
	}
	if state, err := b.State(t.Context(), loadbalancer.Scope{}, web, "h1"); err != nil || state.Status != loadbalancer.Healthy {
		t.Errorf("put in, it is %+v, %v", state, err)
	}
}

// TestTwoProcesses: a host is out when it is out of both, and a process that
// does not answer keeps the other from nothing.
func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	sites := [2]*site{newSite(t), newSite(t)}
	first, _ := haproxytest.Start(t, backend("web", sites))
	second, _ := haproxytest.Start(t, backend("web", sites))
	both := open(t, "haproxy+unix://"+first+"?also="+second)
	f := loadbalancertest.Fixture{Hosts: [2]string{"h1", "h2"}}
	web := loadbalancer.Pool{Kind: loadbalancer.TargetGroup, Name: "web"}
	wait := func(b *haproxy.Balancer, want loadbalancer.Status, put func(context.Context, loadbalancer.Scope, loadbalancer.Pool, string) error) {
		t.Helper()
		for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			if err := put(t.Context(), loadbalancer.Scope{}, web, f.Hosts[0]); err != nil {
				t.Fatal(err)
			}
			state, err := b.State(t.Context(), loadbalancer.Scope{}, web, f.Hosts[0])
			if err != nil || time.Now().After(deadline) {
				t.Fatalf("%+v, %v; want %s", state, err, want)
			}
			if state.Status == want {
				return
			}
		}
	}
	wait(both, loadbalancer.Absent, both.PutOut)
	one := open(t, "haproxy+unix://"+first)
	wait(one, loadbalancer.Healthy, one.PutIn)
	if state, err := both.State(t.Context(), loadbalancer.Scope{}, web, "h1"); err != nil || state.Status != loadbalancer.Initial {
		t.Errorf("in here and out there it is %+v, %v", state, err)
	}
	away := open(t, "haproxy+unix://"+filepath.Join(filepath.Dir(first), "nobody.sock")+"?also="+first)
	if err := away.PutOut(t.Context(), loadbalancer.Scope{}, web, "h1"); err == nil || !strings.Contains(err.Error(), "cannot be reached") {
		t.Error("a process that does not answer:", err)
	}
	wait(one, loadbalancer.Absent, one.PutOut)
	if strangers, err := both.Check(t.Context(), loadbalancer.Scope{}, web, []string{"h1", "h3"}); err != nil || len(strangers) != 1 {
		t.Errorf("strangers: %q, %v", strangers, err)
	}
}
