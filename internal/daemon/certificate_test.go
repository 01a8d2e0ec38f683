package daemon

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestCertificateIsReadAgain: a renewed certificate is served without a
// restart, and a broken one is not.
func TestCertificateIsReadAgain(t *testing.T) {
	t.Parallel()
	first, second := t.TempDir(), t.TempDir()
	for _, dir := range []string{first, second} {
		if _, _, err := selfSigned(dir, "127.0.0.1:0", nil); err != nil {
			t.Fatal(err)
		}
	}
	c := &certificate{
		certFile: filepath.Join(first, "tls-cert.pem"), keyFile: filepath.Join(first, "tls-key.pem"),
		log: slog.New(slog.DiscardHandler),
	}
	if err := c.load(time.Now()); err != nil {
		t.Fatal(err)
	}
	serial := func() string {
		t.Helper()
		c.looked = time.Time{} // a second has passed
		cert, err := c.get(nil)
		if err != nil {
			t.Fatal(err)
		}
		return cert.Leaf.SerialNumber.String()
	}
	old := serial()
	if err := os.WriteFile(c.certFile, []byte("half a fi"), 0o600); err != nil {
		t.Fatal(err)
	}
	if serial() != old {
		t.Error("a broken file replaced the certificate")
	}
	for _, name := range []string{"tls-cert.pem", "tls-key.pem"} {
		if err := os.Rename(filepath.Join(second, name), filepath.Join(first, name)); err != nil {
			t.Fatal(err)
		}
	}
	if serial() == old {
		t.Error("the renewed certificate is not served")
	}
}

// TestSelfSigned: the certificate verifies against the authority that hosts
// are given, for each way to the server, and stays the same.
func TestSelfSigned(t *testing.T) {
	t.Parallel()
	for listen, ways := range map[string][]string{
		"127.0.0.1:0":            {"127.0.0.1", "::1", "localhost", "releases.localhost", "slipway.example.org", "releases.slipway.example.org"},
		"10.1.2.3:8650":          {"10.1.2.3", "127.0.0.1"},
		"deploy.example.com:443": {"deploy.example.com"},
		"[::]:8650":              {"127.0.0.1"},
		":8650":                  {"127.0.0.1"},
	} {
		dir := t.TempDir()
		certFile, keyFile, err := selfSigned(dir, listen, []string{"slipway.example.org"})
		if err != nil {
			t.Fatal(err)
		}
		if host, _, _ := net.SplitHostPort(listen); host == "" || host == "::" {
			for _, ip := range ownAddresses() {
				ways = append(ways, ip.String())
			}
		}
		pair, err := tls.LoadX509KeyPair(certFile, keyFile)
		if err != nil {
			t.Fatal(err)
		}
		if pair.Leaf.IsCA {
			t.Error("the certificate is that of an authority, which rustls does not take for a server's")
		}
		authority, err := os.ReadFile(filepath.Join(dir, "tls-ca.pem"))
		if err != nil {
			t.Fatal(err)
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(authority)
		for _, way := range ways {
			if _, err := pair.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: way}); err != nil {
				t.Errorf("listening on %s: %v", listen, err)
			}
		}
		before, err := os.ReadFile(certFile)
		if err != nil {
			t.Fatal(err)
		}
		again, _, err := selfSigned(dir, listen, nil)
		if after, readErr := os.ReadFile(again); err != nil || readErr != nil || !bytes.Equal(before, after) {
			t.Errorf("the next start has another certificate: %v %v", err, readErr)
		}
	}
}

// TestSelfSignedOfAnEarlierVersion: hosts trust it, so it stays.
func TestSelfSignedOfAnEarlierVersion(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"tls-ca.pem", "tls-key.pem"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	certFile, keyFile, err := selfSigned(dir, "127.0.0.1:0", nil)
	if err != nil || filepath.Base(certFile) != "tls-ca.pem" || filepath.Base(keyFile) != "tls-key.pem" {
		t.Errorf("served are %s and %s (%v)", certFile, keyFile, err)
	}
}
