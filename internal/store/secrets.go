package store

import "errors"

// Secret returns the server's own secret of that name (a signing key, a token
// key), or ErrNotFound.
func (t *Tx) Secret(name string) (string, error) {
	return t.text(`SELECT value FROM secrets WHERE name = $1`, name)
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
	_, err = t.exec(`INSERT INTO secrets (name, value) VALUES ($1, $2)`, name, v)
	return v, err
}
