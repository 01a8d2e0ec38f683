package test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
)

// proxy is an HTTP proxy for TLS (CONNECT) that leads every name to an address
// of its choice.
type proxy struct {
	server *httptest.Server
	lead   func(host string) (address string) // "": nowhere
	mu     sync.Mutex
	hosts  []string
}

func startProxy(t testing.TB, lead func(host string) string) *proxy {
	t.Helper()
	p := &proxy{lead: lead}
	p.server = httptest.NewServer(p)
	t.Cleanup(p.server.Close)
	return p
}

func (p *proxy) url() string { return p.server.URL }

// asked returns the hosts that were asked for.
func (p *proxy) asked() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.hosts)
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.hosts = append(p.hosts, r.Host)
	p.mu.Unlock()
	server, err := net.Dial("tcp", p.lead(r.Host))
	if err != nil || r.Method != http.MethodConnect {
		http.Error(w, "no way to "+r.Host, http.StatusBadGateway)
		return
	}
	defer server.Close() //nolint:errcheck // the peers see what matters
	client, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer client.Close() //nolint:errcheck // likewise
	_, _ = io.WriteString(client, "HTTP/1.1 200 Connection established\r\n\r\n")
	go func() {
		_, _ = io.Copy(server, buffered)
		_ = server.Close()
	}()
	_, _ = io.Copy(client, server)
}
