package daemon

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// selfSigned returns the files of a certificate that agents can be told to
// trust: tls-ca.pem is what they are given. It is made at first start and
// stays the same.
//
// The certificate is one of an authority, whose key is thrown away, and not its
// own authority: clients that are built on rustls refuse to be served with one
// that is.
func selfSigned(data, listen string, domains []string) (certFile, keyFile string, err error) {
	caFile := filepath.Join(data, "tls-ca.pem")
	certFile, keyFile = filepath.Join(data, "tls-cert.pem"), filepath.Join(data, "tls-key.pem")
	switch _, caErr := os.Stat(caFile); {
	case caErr == nil && exists(certFile):
		return certFile, keyFile, nil
	case caErr == nil:
		return caFile, keyFile, nil // of a version that made one for both
	}
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "Slipway CA"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(10, 0, 0),
		KeyUsage: x509.KeyUsageCertSign, IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano() + 1), Subject: pkix.Name{CommonName: "Slipway"},
		NotBefore: authority.NotBefore, NotAfter: authority.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true,
	}
	leaf.DNSNames, leaf.IPAddresses = servedAs(listen, domains)
	caKey, caErr := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	key, keyErr := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err := errors.Join(caErr, keyErr); err != nil {
		return "", "", err
	}
	ca, caErr := x509.CreateCertificate(rand.Reader, authority, authority, caKey.Public(), caKey)
	der, leafErr := x509.CreateCertificate(rand.Reader, leaf, authority, key.Public(), caKey)
	private, keyErr := x509.MarshalPKCS8PrivateKey(key)
	if err := errors.Join(caErr, leafErr, keyErr); err != nil {
		return "", "", err
	}
	// The authority comes last: without it all three are made again.
	for _, f := range []struct {
		name, kind string
		der        []byte
		mode       os.FileMode
	}{
		{keyFile, "PRIVATE KEY", private, 0o600},
		{certFile, "CERTIFICATE", der, 0o644},
		{caFile, "CERTIFICATE", ca, 0o644},
	} {
		if err := os.WriteFile(f.name, pem.EncodeToMemory(&pem.Block{Type: f.kind, Bytes: f.der}), f.mode); err != nil {
			return "", "", err
		}
	}
	return certFile, keyFile, nil
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// servedAs lists the names and addresses that a server is reached by: this
// host's, those it was told, and where it listens on all of its addresses, all
// of them.
func servedAs(listen string, domains []string) (names []string, addresses []net.IP) {
	names = []string{"localhost", "*.localhost"}
	addresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	if name, err := os.Hostname(); err == nil {
		names = append(names, name)
	}
	for _, d := range domains {
		names = append(names, d, "*."+d)
	}
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return names, addresses
	}
	ip := net.ParseIP(host)
	switch {
	case host == "" || ip.IsUnspecified():
		addresses = append(addresses, ownAddresses()...)
	case ip == nil:
		names = append(names, host)
	default:
		addresses = append(addresses, ip)
	}
	return names, addresses
}

// ownAddresses lists the addresses of this host that others can reach it by.
func ownAddresses() (ips []net.IP) {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return nil // then nobody is told of them
	}
	for _, a := range addresses {
		if n, ok := a.(*net.IPNet); ok && n.IP.IsGlobalUnicast() {
			ips = append(ips, n.IP)
		}
	}
	return ips
}
