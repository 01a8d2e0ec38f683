package seal

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// ReadKey reads a key file: 64 hexadecimal digits.
func ReadKey(path string) (Key, error) {
	var key Key
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return key, fmt.Errorf("there is no key file %s: %w", path, err)
	}
	if err != nil {
		return key, fmt.Errorf("cannot read the key file: %w", err)
	}
	raw, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(raw) != keySize {
		// The error of hex would show a part of the key.
		return key, fmt.Errorf("the key file %s must hold %d hexadecimal digits, as \"openssl rand -hex %d\" makes them",
			path, 2*keySize, keySize)
	}
	return Key(raw), nil
}

// CreateKey makes a key and writes it to a file that only its owner can read.
// The file appears whole or not at all, and is on disk before anything can be
// sealed with its key.
func CreateKey(path string) (Key, error) {
	key := NewKey()
	err := writeDurably(path, hex.EncodeToString(key[:])+"\n")
	if err != nil {
		return key, fmt.Errorf("cannot write the key file: %w", err)
	}
	return key, nil
}

func writeDurably(path, text string) error {
	f, err := os.OpenFile(path+".tmp", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+".tmp", path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}
