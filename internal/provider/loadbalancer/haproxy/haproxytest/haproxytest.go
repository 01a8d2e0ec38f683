// Package haproxytest runs a real HAProxy for tests.
package haproxytest

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Start runs an HAProxy with the sections of a configuration until the test
// ends, and returns the path of its socket for commands. In the configuration
// DIR stands for a folder in which sockets may be made. The test is skipped
// where there is no HAProxy.
func Start(t *testing.T, sections string) (socket, dir string) {
	t.Helper()
	program, err := exec.LookPath("haproxy")
	if err != nil {
		t.Skip("there is no haproxy (Debian: apt-get install haproxy)")
	}
	// A socket's path is 100 characters long at most: too few for t.TempDir.
	dir, err = os.MkdirTemp("", "haproxy-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	socket = filepath.Join(dir, "admin.sock")
	config := filepath.Join(dir, "haproxy.cfg")
	text := "global\n  stats socket " + socket + " level admin\n" +
		"defaults\n  mode http\n  timeout connect 2s\n  timeout client 1m\n  timeout server 1m\n" +
		strings.ReplaceAll(sections, "DIR", dir)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	run := exec.CommandContext(ctx, program, "-db", "-f", config)
	var said strings.Builder
	run.Stdout, run.Stderr = &said, &said
	if err := run.Start(); err != nil {
		stop()
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- run.Wait() }()
	t.Cleanup(func() {
		stop()
		<-ended //nolint:errcheck // it was killed
	})
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		conn, err := new(net.Dialer).DialContext(t.Context(), "unix", socket)
		if err == nil {
			_ = conn.Close()
			return socket, dir
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("haproxy: %v\n%s", err, said.String())
		default:
		}
		if time.Now().After(deadline) {
			t.Fatal("haproxy does not listen: ", err)
		}
	}
}
