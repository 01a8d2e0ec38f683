package store_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/slipwayhq/slipway/internal/iam"
	"github.com/slipwayhq/slipway/internal/seal"
	"github.com/slipwayhq/slipway/internal/store"
)

// TestNoSecretInTheFiles looks for secrets in the bytes of the database, with
// the write-ahead log that is still there before it is closed.
func TestNoSecretInTheFiles(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "slipway.db")
	box := seal.NewBox(seal.NewKey())
	s, err := store.OpenSQLite(t.Context(), path, box)
	if err != nil {
		t.Fatal(err)
	}
	const keySecret, ownSecret = "wJalrXUtnFEMIK7MDENGbPxRfiCY", "a-signing-key-nobody-may-see"
	err = s.Update(t.Context(), func(tx *store.Tx) error {
		if _, err := tx.EnsureSecret("key", func() (string, error) { return ownSecret, nil }); err != nil {
			return err
		}
		if err := tx.InsertUser(iam.User{AccountID: "1", Name: "marker-of-ann", Path: "/"}); err != nil {
			return err
		}
		return tx.InsertAccessKey(iam.AccessKey{AccountID: "1", UserName: "marker-of-ann", ID: "AKIA1", Secret: keySecret, CreatedAt: time.Now()})
	})
	if err != nil {
		t.Fatal(err)
	}
	look := func(when string) {
		marker := false
		files, _ := filepath.Glob(path + "*")
		for _, name := range files {
			content, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			marker = marker || bytes.Contains(content, []byte("marker-of-ann"))
			for _, secret := range []string{keySecret, ownSecret} {
				if bytes.Contains(content, []byte(secret)) {
					t.Errorf("%s: %s holds %q", when, filepath.Base(name), secret)
				}
			}
		}
		if !marker {
			t.Errorf("%s: what is not secret is not found either: is this the right place to look?", when)
		}
	}
	look("open")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	look("closed")

	if s, err = store.OpenSQLite(t.Context(), path, box); err != nil {
		t.Fatal("with the same key:", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	_, err = store.OpenSQLite(t.Context(), path, seal.NewBox(seal.NewKey()))
	if err == nil || !strings.Contains(err.Error(), "sealed with another key") || !strings.Contains(err.Error(), path) {
		t.Error("with another key:", err)
	}
}
