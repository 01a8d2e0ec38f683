package store

import (
	"errors"
	"fmt"

	"github.com/slipwayhq/slipway/internal/seal"
)

// Secret returns the secret of that name (a signing key, a token key), or
// ErrNotFound.
func (t *Tx) Secret(name string) (string, error) {
	sealed, err := t.text(`SELECT value FROM secrets WHERE name = $1`, name)
	if err != nil {
		return "", err
	}
	return t.open("secret", name, sealed)
}

// EnsureSecret returns the secret of that name; when there is none it stores
// what create returns. All replicas get the same one.
func (t *Tx) EnsureSecret(name string, create func() (string, error)) (string, error) {
	v, err := t.Secret(name)
	if !errors.Is(err, ErrNotFound) {
		return v, err
	}
	if v, err = create(); err != nil {
		return "", err
	}
	_, err = t.exec(`INSERT INTO secrets (name, value) VALUES ($1, $2)`, name, t.seal("secret", name, v))
	return v, err
}

// Everything secret is stored sealed, bound to what it is and whose.

func (t *Tx) seal(kind, name, secret string) string { return t.box.Seal(kind+"/"+name, secret) }

func (t *Tx) open(kind, name, sealed string) (string, error) {
	secret, err := t.box.Open(kind+"/"+name, sealed)
	if err != nil {
		return "", fmt.Errorf("cannot open the stored %s %s: %w", kind, name, err)
	}
	return secret, nil
}

// keyCheck is a secret that only shows that the key is the right one.
const keyCheck = "key-check"

// checkKey fails when the store was sealed with another key, before anybody
// adds to it what the first key does not open.
func (t *Tx) checkKey() error {
	_, err := t.Secret(keyCheck)
	switch {
	case errors.Is(err, seal.ErrNotSealed):
		return errors.New("its secrets were sealed with another key: start with the key file that belongs to it")
	case !errors.Is(err, ErrNotFound):
		return err
	}
	if n, err := t.number(`SELECT (SELECT count(*) FROM secrets) + (SELECT count(*) FROM access_keys)`); err != nil || n > 0 {
		return errors.Join(err, errors.New("its secrets are not sealed: it was made by a version that this one cannot follow"))
	}
	_, err = t.EnsureSecret(keyCheck, func() (string, error) { return "ok", nil })
	return err
}
