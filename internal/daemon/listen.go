package daemon

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"
)

// TLS says how the port is encrypted. The zero value is plain HTTP.
type TLS struct {
	Cert, Key  string // PEM files
	SelfSigned bool   // a certificate of our own in the data folder
}

// listen opens the port.
func listen(ctx context.Context, c Config) (net.Listener, string, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return nil, "", fmt.Errorf("cannot listen on %s: %w", c.Listen, err)
	}
	certFile, keyFile := c.TLS.Cert, c.TLS.Key
	switch {
	case c.TLS.SelfSigned:
		certFile, keyFile, err = selfSigned(c.Data, c.Listen, c.Domains)
	case certFile == "" && keyFile == "":
		return listener, "http", nil
	case certFile == "" || keyFile == "":
		err = errors.New("TLS needs both --tls-cert and --tls-key")
	}
	if err == nil {
		certificate := &certificate{certFile: certFile, keyFile: keyFile, log: c.Log}
		if err = certificate.load(time.Now()); err == nil {
			config := &tls.Config{GetCertificate: certificate.get, MinVersion: tls.VersionTLS12}
			return tls.NewListener(listener, config), "https", nil
		}
	}
	return nil, "", errors.Join(err, listener.Close())
}
