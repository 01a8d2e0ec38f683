package daemon

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
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

// selfSigned returns the files of a certificate that agents can be told to
// trust: it is made at first start and stays the same.
func selfSigned(data, listen string, domains []string) (certFile, keyFile string, err error) {
	certFile, keyFile = filepath.Join(data, "tls-ca.pem"), filepath.Join(data, "tls-key.pem")
	if _, err := os.Stat(certFile); err == nil {
		return certFile, keyFile, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "Slipway"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(10, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IsCA: true, BasicConstraintsValid: true,
		DNSNames: []string{"localhost", "*.localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	if name, err := os.Hostname(); err == nil {
		template.DNSNames = append(template.DNSNames, name)
	}
	for _, d := range domains {
		template.DNSNames = append(template.DNSNames, d, "*."+d)
	}
	if host, _, err := net.SplitHostPort(listen); err == nil && net.ParseIP(host) != nil {
		template.IPAddresses = append(template.IPAddresses, net.ParseIP(host))
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return "", "", err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", "", err
	}
	return certFile, keyFile, errors.Join(
		os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600),
		os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644))
}
