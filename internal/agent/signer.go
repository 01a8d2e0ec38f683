package agent

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"
)

// signerPin remembers who signs this host's specifications: the first signer
// that was seen. Whoever can answer in the server's place later still cannot
// give orders.
type signerPin struct {
	file string
	log  *slog.Logger
	mu   sync.Mutex
}

// check accepts the pinned signer, or pins the first. It compares keys, so
// that a certificate can be renewed.
func (p *signerPin) check(signer *x509.Certificate) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	text, err := os.ReadFile(p.file)
	if errors.Is(err, fs.ErrNotExist) {
		p.log.Info("the signer of deployment specifications is trusted from now on", "fingerprint", fingerprint(signer), "file", p.file)
		block := &pem.Block{Type: "CERTIFICATE", Bytes: signer.Raw}
		return replaceFile(p.file, pem.EncodeToMemory(block), 0o644)
	}
	if err != nil {
		return fmt.Errorf("cannot read the trusted signer: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return fmt.Errorf("the trusted signer %s is not a certificate in PEM form; remove the file to trust the server's present signer", p.file)
	}
	pinned, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return fmt.Errorf("the trusted signer %s cannot be read: %w", p.file, err)
	}
	if !bytes.Equal(pinned.RawSubjectPublicKeyInfo, signer.RawSubjectPublicKeyInfo) {
		return fmt.Errorf("the deployment specification is signed by %s, but this host trusts %s; if the server's key was replaced, remove %s to trust the new one",
			fingerprint(signer), fingerprint(pinned), p.file)
	}
	return nil
}

func fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.RawSubjectPublicKeyInfo)
	return "SHA256:" + hex.EncodeToString(sum[:8])
}
