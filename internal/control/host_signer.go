package control

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"sync"
	"time"

	"github.com/smallstep/pkcs7"

	"github.com/slipwayhq/slipway/internal/store"
)

// signer signs deployment specifications. Agents check that the signature is
// right; ours also that the signer is the one it met first. RSA with SHA-256
// is what every agent is known to verify.
type signer struct {
	store *store.Store

	mu     sync.Mutex
	key    *rsa.PrivateKey // nil until it is needed
	cert   *x509.Certificate
	signed map[string]string // by what hosts get the same document for
}

// maxSigned bounds the cache of signed documents.
const maxSigned = 1000

// signingKeySecret names the key and certificate (PEM) in the store.
const signingKeySecret = "specification-signing-key"

// LoadSigner reads the key that signs deployment specifications, and makes it
// at first start. It happens by itself when the first host asks; a server does
// it before, because making a key takes a while.
func (c *Control) LoadSigner(ctx context.Context) error {
	c.signer.mu.Lock()
	defer c.signer.mu.Unlock()
	return c.signer.load(ctx)
}

// load reads the server's signing key, and makes it when there is none yet.
func (s *signer) load(ctx context.Context) error {
	var text string
	err := s.store.Update(ctx, func(tx *store.Tx) error {
		var err error
		text, err = tx.EnsureSecret(signingKeySecret, func() (string, error) { return newSigningKey(time.Now()) })
		return err
	})
	if err != nil {
		return fmt.Errorf("cannot load the key that signs deployment specifications: %w", err)
	}
	keyBlock, rest := pem.Decode([]byte(text))
	certBlock, _ := pem.Decode(rest)
	if keyBlock == nil || certBlock == nil {
		return errors.New("the stored signing key is damaged: a key and a certificate in PEM were expected")
	}
	key, err := x509.ParsePKCS1PrivateKey(keyBlock.Bytes)
	if err != nil {
		return fmt.Errorf("the stored signing key is damaged: %w", err)
	}
	s.cert, err = x509.ParseCertificate(certBlock.Bytes)
	if err != nil {
		return fmt.Errorf("the stored signing certificate is damaged: %w", err)
	}
	s.key = key
	return nil
}

// newSigningKey makes a key with a certificate of its own. Agents do not check
// the chain; the certificate lasts because nothing could renew it on hosts
// that have pinned it.
func newSigningKey(now time.Time) (string, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return "", err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()),
		Subject:      pkix.Name{CommonName: "Slipway deployment specifications"},
		NotBefore:    now.Add(-24 * time.Hour), NotAfter: now.AddDate(30, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature,
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return "", err
	}
	out := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})...)
	return string(out), nil
}

// sign returns the signed document of a key; document makes it when it has not
// been signed before. (Attached content, embedded certificate and the
// label PKCS7: what both official agents accept.)
func (s *signer) sign(ctx context.Context, key string, document func() ([]byte, error)) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if have, ok := s.signed[key]; ok {
		return have, nil
	}
	if s.key == nil {
		if err := s.load(ctx); err != nil {
			return "", err
		}
	}
	content, err := document()
	if err != nil {
		return "", err
	}
	data, err := pkcs7.NewSignedData(content)
	if err != nil {
		return "", fmt.Errorf("cannot sign the deployment specification: %w", err)
	}
	data.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
	if err := data.AddSigner(s.cert, s.key, pkcs7.SignerInfoConfig{}); err != nil {
		return "", fmt.Errorf("cannot sign the deployment specification: %w", err)
	}
	der, err := data.Finish()
	if err != nil {
		return "", fmt.Errorf("cannot sign the deployment specification: %w", err)
	}
	out := string(pem.EncodeToMemory(&pem.Block{Type: "PKCS7", Bytes: der}))
	if len(s.signed) >= maxSigned {
		clear(s.signed)
	}
	s.signed[key] = out
	return out, nil
}
