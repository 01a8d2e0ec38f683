package daemon

import (
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// certificate is a TLS certificate that is read again when its files change,
// so that renewing it takes no restart.
type certificate struct {
	certFile, keyFile string
	log               *slog.Logger

	mu      sync.Mutex
	current *tls.Certificate
	stamp   string    // of the files that current came from
	looked  time.Time // when they were looked at
}

// lookEvery is how often the files are looked at, at most.
const lookEvery = time.Second

// load reads the files.
func (c *certificate) load(now time.Time) error {
	stamp := c.stampNow()
	cert, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return fmt.Errorf("cannot load the TLS certificate %s with the key %s: %w", c.certFile, c.keyFile, err)
	}
	c.current, c.stamp, c.looked = &cert, stamp, now
	return nil
}

// get is called for every handshake. Files that cannot be read, perhaps
// because they are being written, leave the certificate as it is.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if now.Sub(c.looked) < lookEvery {
		return c.current, nil
	}
	c.looked = now
	if c.stampNow() != c.stamp {
		if err := c.load(now); err != nil {
			c.log.Error("the TLS certificate has changed and cannot be used; the old one stays", "error", err)
		} else {
			c.log.Info("the TLS certificate has changed", "file", c.certFile)
		}
	}
	return c.current, nil
}

// stampNow tells whether the files have changed. It reads them: their times may
// be the same, and they are small.
func (c *certificate) stampNow() string {
	h := sha256.New()
	for _, file := range []string{c.certFile, c.keyFile} {
		content, _ := os.ReadFile(file) // a file that cannot be read has changed too
		h.Write(content)
	}
	return string(h.Sum(nil))
}
