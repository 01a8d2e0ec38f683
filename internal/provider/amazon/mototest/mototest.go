// Package mototest runs moto, a server with the APIs of AWS, for tests of the
// drivers that call AWS. It keeps what it is told and does nothing of it: no
// task runs, no request is routed.
package mototest

import (
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// startLimit is how long moto may take to start.
const startLimit = time.Minute

// Find returns the Python that has moto. Where none has, the test is skipped;
// with SLIPWAY_REQUIRE_MOTO set, as in CI, it fails.
func Find(t testing.TB) (python string) {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err == nil {
		err = exec.CommandContext(t.Context(), python, "-c", "import moto.server, flask").Run()
	}
	if err != nil {
		const reason = "moto is not installed (python3 -m pip install 'moto[server]')"
		if os.Getenv("SLIPWAY_REQUIRE_MOTO") != "" {
			t.Fatal(reason)
		}
		t.Skip(reason)
	}
	return python
}

// Start runs moto until the test ends and returns its URL. The test is skipped
// where moto is not installed, as Find says.
func Start(t testing.TB) string {
	t.Helper()
	python := Find(t)
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host, port, _ := net.SplitHostPort(listener.Addr().String())
	listener.Close()
	ctx, stop := context.WithCancel(context.Background())
	moto := exec.CommandContext(ctx, python, "-m", "moto.server", "-H", host, "-p", port)
	moto.Env = append(os.Environ(), "AWS_ENDPOINT_URL=")
	moto.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // also when the test program is killed
	if err := moto.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		_ = moto.Wait() // it was killed
	})
	url := "http://" + net.JoinHostPort(host, port)
	for limit := time.Now().Add(startLimit); !answers(t, url); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatal("moto does not start")
		}
	}
	return url
}

func answers(t testing.TB, url string) bool {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/moto-api/", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	return res.Body.Close() == nil
}

// Config is for clients of a server without checks.
func Config(url string) aws.Config {
	return aws.Config{
		Region: "us-east-1", BaseEndpoint: &url, Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	}
}
