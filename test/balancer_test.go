package test

import (
	"io"
	"net"
	"sync/atomic"
	"testing"
)

// balancer passes connections on to servers in turn, and to the next one where
// nobody listens: what any TCP balancer does.
type balancer struct {
	net.Listener
	servers []string // host:port
	turn    atomic.Uint64
}

func startBalancer(t testing.TB, servers []string) *balancer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &balancer{Listener: l, servers: servers}
	go b.serve()
	t.Cleanup(func() { l.Close() }) //nolint:errcheck // nobody uses it any more
	return b
}

func (b *balancer) serve() {
	for {
		client, err := b.Accept()
		if err != nil {
			return // it was closed
		}
		go b.pass(client)
	}
}

func (b *balancer) pass(client net.Conn) {
	defer client.Close() //nolint:errcheck // the peers see what matters
	turn := b.turn.Add(1)
	for i := range b.servers {
		server, err := net.Dial("tcp", b.servers[(turn+uint64(i))%uint64(len(b.servers))])
		if err != nil {
			continue
		}
		go func() {
			_, _ = io.Copy(server, client) // until either has gone
			_ = server.Close()
		}()
		_, _ = io.Copy(client, server)
		_ = server.Close()
		return
	}
}
