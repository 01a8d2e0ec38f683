package daemon

import (
	"log/slog"
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
		certFile: filepath.Join(first, "tls-ca.pem"), keyFile: filepath.Join(first, "tls-key.pem"),
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
	for _, name := range []string{"tls-ca.pem", "tls-key.pem"} {
		if err := os.Rename(filepath.Join(second, name), filepath.Join(first, name)); err != nil {
			t.Fatal(err)
		}
	}
	if serial() == old {
		t.Error("the renewed certificate is not served")
	}
}
