// Package seal keeps secrets secret where they are stored: each is encrypted
// with one key of the server (AES-256-GCM) and bound to its name, so that a
// sealed text moved to another row does not open.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// keySize is that of AES-256.
const keySize = 32

// Key is what everything is sealed with.
type Key [keySize]byte

// NewKey returns a random key.
func NewKey() Key {
	var k Key
	rand.Read(k[:]) // never fails
	return k
}

// String keeps the key out of logs and errors.
func (Key) String() string { return "[secret]" }

// GoString does so for %#v.
func (Key) GoString() string { return "[secret]" }

// Box seals and opens. It may be used from any goroutine.
type Box struct {
	key    Key
	cipher cipher.AEAD
}

// NewBox returns the box of a key.
func NewBox(key Key) *Box {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) //nolint:forbidigo // the size is right
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err) //nolint:forbidigo // AES fits
	}
	return &Box{key: key, cipher: aead}
}

// For returns a box for another purpose, whose key is derived from this one's.
// What one box has sealed no other opens, and what is sealed often does not
// wear out the key of what is kept for long.
func (b *Box) For(purpose string) *Box {
	derived, err := hkdf.Key(sha256.New, b.key[:], nil, "slipway "+purpose, keySize)
	if err != nil {
		panic(err) //nolint:forbidigo // the size is right
	}
	return NewBox(Key(derived))
}

// version is the mark of the format, so that there can be another one.
const version = "v1."

// Seal encrypts a secret and binds it to a name. The text that it returns can
// be stored, and sent in a header or a URL.
func (b *Box) Seal(name, secret string) string {
	return version + base64.RawURLEncoding.EncodeToString(b.cipher.Seal(nil, nil, []byte(secret), []byte(name)))
}

// ErrNotSealed is the error of Open for a text that this box has not sealed
// under this name, or that was changed since.
var ErrNotSealed = errors.New("the secret was sealed with another key, under another name, or was changed")

// Open returns the secret that was sealed under the name. Its error holds
// neither.
func (b *Box) Open(name, sealed string) (string, error) {
	text, ok := strings.CutPrefix(sealed, version)
	if !ok {
		return "", fmt.Errorf("%w (unknown format)", ErrNotSealed)
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return "", ErrNotSealed
	}
	secret, err := b.cipher.Open(nil, nil, raw, []byte(name))
	if err != nil {
		return "", ErrNotSealed
	}
	return string(secret), nil
}
